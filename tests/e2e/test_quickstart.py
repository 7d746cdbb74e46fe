#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./quickstart on a build that is there: what it shows, what can be played with then, and that "down" leaves no trace."""
import pathlib
import re
import shutil
import tempfile

from harness import SOURCE, Failure, build_folder, main, require_lab, run

PROGRAMS = ("weft-nbctl", "weft-sbctl", "weft-appctl", "weft-ovsdb-tool", "weft-ovsdb-client", "lab")


def check(condition, what, output):
    if not condition:
        raise Failure("%s:\n%s" % (what, output[-4000:]))


def processes_naming(text):
    """The command lines of what runs that has 'text' among its arguments."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue                               # it has ended
        if text in line:
            found.append(line)
    return found


def up_play_down():
    require_lab()
    parent = pathlib.Path(tempfile.mkdtemp(prefix="weft-quickstart-"))
    folder = parent / parent.name                  # the lab names its namespaces after the last part
    env = {"WEFT_BUILD": str(build_folder()), "WEFT_RUN": str(folder)}

    def quickstart(*words):
        return run(SOURCE / "quickstart", *words, timeout=240, env=env)
    try:
        output = quickstart()
        check(len(re.findall(r"3 packets transmitted, 3 received, 0% packet loss", output)) == 4, "not four clean pings", output)
        for line in (r"^switch \S+ \(sw1\)$", r"^router \S+ \(lr0\)$", r'^Chassis "?hv2"?$', r"^logical flows +[1-9]",
                     r"^OpenFlow flows of hv1 +[1-9]", r"^OpenFlow flows of hv2 +[1-9]"):
            check(re.search(line, output, re.M), "no line like " + line, output)
        play = 'eval "$(%s/quickstart env)" && command -v %s && weft-nbctl lsp-list sw0 && lab exec b2 ping -c 1 -W 5 10.0.1.11'
        output = run("bash", "-ec", play % (SOURCE, " ".join(PROGRAMS)), env=env)
        check(all(re.search(r"^/.*/%s$" % p, output, re.M) for p in PROGRAMS), "a program is not on PATH", output)
        check("1 received" in output and "(a1)" in output, "the network does not work", output)
    finally:
        down = quickstart("down")
        left = [str(path) for path in parent.iterdir()]
        shutil.rmtree(parent)
    check(not left, "files are left", "\n".join(left))
    check(parent.name not in run("ip", "netns", "list"), "namespaces are left", down)
    left = processes_naming(parent.name)
    check(not left, "processes are left", "\n".join(left))


if __name__ == "__main__":
    main([up_play_down])
