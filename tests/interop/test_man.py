#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Man pages and programs agree: what a program offers is in its page, with the same words, and what is there is offered.

A page names its options and commands in tags: the lines after .TP and .TQ.  What stands elsewhere is talk."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import harness

PROGRAMS = {
    "weft-ovsdb-server.1": "ovsdb/server/weft-ovsdb-server",
    "weft-ovsdb-client.1": "ovsdb/clientprog/weft-ovsdb-client",
    "weft-ovsdb-tool.1": "ovsdb/tool/weft-ovsdb-tool",
    "weft-northd.8": "northd/weft-northd",
    "weft-controller.8": "controller/weft-controller",
    "weft-nbctl.8": "nbctl/weft-nbctl",
    "weft-sbctl.8": "sbctl/weft-sbctl",
    "weft-appctl.8": "utilities/weft-appctl",
    "weft-ctl.8": "utilities/weft-ctl",
}
DAEMONS = ["weft-northd.8", "weft-controller.8"]
CTLS = ["weft-nbctl.8", "weft-sbctl.8"]
LONG, SHORT = r"(?<![\w-])--[a-z][a-z0-9-]+", r"(?<![\w-])-[a-zA-Z](?![a-z])"
OPTION = "%s|%s" % (LONG, SHORT)
REFUSED = {"weft-sbctl.8": {"--no-wait", "--wait", "--print-wait-time"}}     # known, to be refused by name


def page_path(page):
    return harness.SOURCE / "docs/man" / page


def plain(line):
    """A line of roff as its reader sees it, roughly."""
    line = re.sub(r"^\.[BIR]+ ", "", line)
    line = re.sub(r"\\f[A-Z]|\\&", "", line).replace("\\-", "-").replace('\\(dq', '"')
    return line.replace('"', "")


def tags(page, section="", but=None):
    """The tags of those sections of 'page' whose heading has the words 'section', and has not 'but'."""
    found, heading, previous = [], "", ""
    for line in page_path(page).read_text().splitlines():
        if line.startswith(".SH "):
            heading = line
        elif previous in (".TP", ".TQ") and section in heading and not (but and but in heading):
            found.append(plain(line))
        previous = line
    return found


def run(page, *arguments):
    # A tool's options may come from the environment, and its help tells the defaults.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OVN_", "OVS_"))}
    return subprocess.run([harness.BUILD / PROGRAMS[page], *arguments], capture_output=True, text=True, check=True,
                          env=environment).stdout


def compare(page, what, offered, described):
    return (["%s: %s %s is not described" % (page, what, x) for x in sorted(offered - described)]
            + ["%s: %s %s is not offered" % (page, what, x) for x in sorted(described - offered)])


def check_options(page):
    usage = run(page, "--help")
    pattern = LONG if page.endswith(".1") else OPTION
    offered = set(re.findall(pattern, "\n".join(line for line in usage.splitlines() if line.startswith("  "))))
    problems = []
    if page in CTLS:
        listed = set(re.findall(pattern, run(page, "--options")))
        problems = ["%s: --help does not tell %s" % (page, o) for o in sorted(listed - offered - REFUSED.get(page, set()))]
        offered |= listed
    return problems + compare(page, "option", offered, set(re.findall(pattern, "\n".join(tags(page, but="CONTROL COMMANDS")))))


def check_client_commands(page):
    """Commands of the clients whose --help begins a line with each."""
    commands = set(re.findall(r"^  (?:\[-m\]\.\.\. )?([a-z][a-z-]+)(?= )", run(page, "--help"), re.M))
    text = "\n".join(tags(page))
    return ["%s: %s is not described" % (page, c) for c in sorted(commands)
            if not re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(c), text)]


def words(usage):
    """A usage without what marks that words are optional or may come again."""
    return " ".join(re.sub(r"[][{}!?*+]|\.\.\.| \|(?= )", "", usage).split())


def check_ctl_commands(page):
    """Each command has a tag with the options and arguments that --commands tells, and a place in --help."""
    usage, offered, problems = run(page, "--help"), set(), []
    for line in run(page, "--commands").splitlines():
        options, name, arguments = line.split(",", 2)
        offered.add(words("%s %s %s" % (options, name, arguments.replace("|", " | "))))
        if not re.search(r"^  (?:\[.*\] )?%s(?= |$)" % re.escape(name), usage, re.M):
            problems.append("%s: --help does not tell %s" % (page, name))
    described = {words(tag.replace("|", " | ")) for tag in tags(page, "COMMANDS")}
    return problems + compare(page, "command", offered, described)


def list_commands(program, arguments):
    """What a daemon that reaches nothing lists: (name, usage) of each."""
    with tempfile.TemporaryDirectory(prefix="weft-man-") as folder:
        socket = pathlib.Path(folder) / "ctl"
        process = subprocess.Popen([harness.BUILD / program, *(a.replace("DIR", folder) for a in arguments),
                                    "--unixctl=%s" % socket, "-vconsole:off"])
        try:
            harness.wait_until(lambda: answers(socket) or process.poll() is not None, "the control socket")
            client = harness.Client(socket)
            listed = client.call("list-commands")
            client.close()
        finally:
            process.kill()
            process.wait(30)
    return set(re.findall(r"^  (\S+) *(.*?) *$", listed, re.M))


def answers(socket):
    try:
        harness.Client(socket).close()
    except OSError:
        return False
    return True


def check_control_commands():
    arguments = {"weft-northd.8": ["--ovnnb-db=unix:DIR/nb", "--ovnsb-db=unix:DIR/sb"], "weft-controller.8": ["unix:DIR/ovs"]}
    common = {words(tag) for tag in tags("weft-appctl.8", "OF EVERY DAEMON")}
    problems = []
    for page in DAEMONS:
        offered = {words("%s %s" % command) for command in list_commands(PROGRAMS[page], arguments[page])}
        own = {words(tag) for tag in tags(page, "CONTROL COMMANDS")}
        problems += compare(page, "control command", offered, own | common)
    page, names = "weft-ovsdb-server.1", r"(?<![\w/-])[a-z][a-z-]+/[a-z-]+"
    listed = "\n".join(name for name, _ in list_commands(PROGRAMS[page], ["--no-dbs"]))
    described = "\n".join([*tags(page, "CONTROL COMMANDS"), *common])
    return problems + compare(page, "control command", set(re.findall(names, listed)), set(re.findall(names, described)))


def check_scripts():
    """weft-ctl's commands, and those that weft-appctl's --help calls common."""
    pattern = r"\b(?:start|stop|restart|run|status)_\w+"
    problems = compare("weft-ctl.8", "command", set(re.findall(pattern, run("weft-ctl.8", "--help"))),
                       set(re.findall(pattern, "\n".join(tags("weft-ctl.8", "COMMANDS")))))
    common = re.findall(r"^  ([a-z/-]+)(?= )", run("weft-appctl.8", "--help").split("\n\n")[0], re.M)
    text = page_path("weft-appctl.8").read_text().replace("\\-", "-")
    return problems + ["weft-appctl.8: %s is not described" % c for c in common if c not in text]


def check_rendering(page):
    """Without a warning, by what is there to render it."""
    problems = []
    for command in (["groff", "-man", "-ww", "-Tutf8", "-z"], ["mandoc", "-Tlint", "-Wwarning"]):
        if shutil.which(command[0]):
            result = subprocess.run([*command, page_path(page)], capture_output=True, text=True)
            problems += ["%s: %s" % (page, line) for line in (result.stdout + result.stderr).splitlines()]
    return problems


def main():
    problems = []
    for page in PROGRAMS:
        problems += check_options(page) + check_rendering(page)
    for page in ("weft-ovsdb-client.1", "weft-ovsdb-tool.1"):
        problems += check_client_commands(page)
    for page in CTLS:
        problems += check_ctl_commands(page)
    problems += check_control_commands() + check_scripts()
    if not shutil.which("groff") and not shutil.which("mandoc"):
        print("skip: neither groff nor mandoc is there to render the pages")
    print("\n".join(problems) or "pages and programs agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
