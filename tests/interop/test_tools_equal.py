#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs command lines with Debian's ovsdb-client and ovsdb-tool and with ours, and compares everything.

usage: test_tools_equal.py [--verbose] [SCRIPT]...

Each script (tests/interop/tools/*.cmds) starts twice, in an empty folder and with a server of our own for each side, so that the
tools are all that differs.  A line is a command line, "client list-dbs" or "tool db-name a.db", perhaps with "< FILE"
or "> FILE" at its end and NAME=VALUE in front.  Both sides run it; exit status, standard output and error are compared,
uuids and times apart.  What stands before the command:

  ~  what it prints comes in no order: the words are compared sorted
  =  exit status, output and the class of the error ("syntax error") are compared, not its words
  ?  exit status alone is compared; the script says why
  !  nothing is compared; likewise
  &  it stays in the background; "@until N TEXT" waits until its output has TEXT N times, "@end" ends it and compares,
     "@ended" waits until it ends

Other lines set the scene, for both sides alike:

  @write FILE TEXT       TEXT may have \\n, \\x escapes
  @log FILE JSON         appends a record to a database file, with its header
  @cut FILE N            takes N bytes off the end
  @serve FILE            the server serves it, too
  @control COMMAND...    a control command for the process of ovsdb-client.pid, whose answer is compared
  @gone                  waits until that process is gone
  @until FILE N TEXT     waits until the file has TEXT N times
  @same FILE             compares the contents of a file, in no order

REMOTE is the server, "peer-tool" Debian's ovsdb-tool on both sides.  Exits 77 if Debian's tools are not there.
"""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys

import harness
import scripts

HERE = pathlib.Path(__file__).resolve().parent
UUID = re.compile(r"[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}")
PROGRAMS = {"client": ("ovsdb-client", "ovsdb/clientprog/weft-ovsdb-client"),
            "tool": ("ovsdb-tool", "ovsdb/tool/weft-ovsdb-tool")}
REDIRECTION = re.compile(r"\s([<>])\s*(\S+)$")


def clean(text, folder):
    """Without what differs from one run to the next.  A uuid keeps its width, which tables show."""
    text = text.replace(str(folder), "DIR")
    text = scripts.without_chance(text)
    text = re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "TIME", text)
    text = re.sub(r'("?time"?|"_date"):\d{13}\b', r"\1:TIME", text)
    text = UUID.sub("U" * 36, text)
    text = text.replace("I/O error: ", "") if "failed to lock lockfile" in text else text     # the peer's has both
    text = re.sub(r"\b[0-9a-f]{8}(?=\)|:$|</a>)", "U" * 8, text, flags=re.M)         # show-log, HTML
    text = re.sub(r"OVSDB JSON (\d+) [0-9a-f]{40}", r"OVSDB JSON \1 SHA1", text)
    return re.sub(r"Weft\) \S+|Open vSwitch\) \S+|(?<=by ovsdb-tool )[\w.]+", "VERSION", text)


def control(path, method, *arguments):
    """The answer of a control socket, and whether it is an error."""
    client = harness.Client(path)
    try:
        return True, client.call(method, *arguments)
    except RuntimeError as error:
        return False, str(error)
    finally:
        client.close()


class Side:
    """A folder, a server, and the tools of one of the two."""

    def __init__(self, folder, tools):
        self.folder = folder
        self.tools = tools
        folder.mkdir()
        self.server = harness.Server([], options=["--no-dbs"])
        self.server.start()
        self.env = scripts.environment(folder, OVS_DBDIR=str(folder))
        self.background = None

    def prepare(self, line):
        """Arguments for subprocess."""
        redirection = REDIRECTION.search(line)
        words, env = scripts.take_settings(shlex.split(REDIRECTION.sub("", line)), self.env)
        words = [self.tools[words[0]]] + [w.replace("REMOTE", self.server.remote) for w in words[1:]]
        files = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        if redirection:
            which, mode = ("stdin", "rb") if redirection.group(1) == "<" else ("stdout", "wb")
            files[which] = open(self.folder / redirection.group(2), mode)
        return words, env, files

    def clean(self, text):
        text = clean(text.decode("utf-8", "backslashreplace"), self.folder)
        return text.replace(str(self.server.folder), "SERVER").replace("%s/" % pathlib.Path(self.tools["tool"]).parent, "")

    def run(self, line):
        words, env, files = self.prepare(line)
        path = self.folder / "stderr"                        # no pipe: who detaches may keep it
        try:
            with open(path, "wb") as err:
                result = subprocess.run(words, env=env, cwd=self.folder, timeout=60, stderr=err, **files)
        finally:
            for file in files.values():
                if not isinstance(file, int):
                    file.close()
        return result.returncode, self.clean(result.stdout or b""), self.clean(path.read_bytes())

    def start(self, line):
        words, env, _ = self.prepare(line)
        self.outputs = [open(self.folder / ("background." + name), "wb") for name in ("out", "err")]
        self.background = subprocess.Popen(words, env=env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.outputs[0],
                                           stderr=self.outputs[1])

    def read_background(self, name):
        return (self.folder / ("background." + name)).read_bytes()

    def control_socket(self):
        """Of the one background process that has called setsid and left a pidfile."""
        pid = (self.folder / "ovsdb-client.pid").read_text().strip()
        return self.folder / ("ovsdb-client.%s.ctl" % pid)

    def until(self, path, n, text):
        is_background = path.name == "background.out"

        def is_there():
            return path.read_bytes().count(text.encode()) >= n
        harness.wait_until(lambda: is_there() or is_background and self.background.poll() is not None,
                           "%d times '%s' in %s" % (n, text, path))
        if not is_there():
            raise AssertionError("%s: ended: %s" % (self.folder.name, self.read_background("err").decode()))

    def gone(self):
        """A detached process that we started takes its pidfile away at its end."""
        harness.wait_until(lambda: not (self.folder / "ovsdb-client.pid").exists(), "the end of the process")

    def ended(self):
        self.background.wait(30)
        return self.end()

    def end(self):
        if self.background is None:
            return None
        if self.background.poll() is None:
            self.background.send_signal(signal.SIGTERM)
        status = self.background.wait(30)
        self.background = None
        for file in self.outputs:
            file.close()
        return status, self.clean(self.read_background("out")), self.clean(self.read_background("err"))

    def set_scene(self, command, words):
        if command == "write":
            text = " ".join(words[1:])
            (self.folder / words[0]).write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))
        elif command == "log":
            with open(self.folder / words[0], "ab") as file:
                text = (" ".join(words[1:]) + "\n").encode()
                file.write(harness.framed(text))
        elif command == "cut":
            path = self.folder / words[0]
            os.truncate(path, path.stat().st_size - int(words[1]))
        elif command == "serve":
            control(self.server.ctl, "ovsdb-server/add-db", str(self.folder / words[0]))
        elif command == "until":
            *name, n, text = words
            self.until(self.folder / (name[0] if name else "background.out"), int(n), text)
        elif command == "gone":
            self.gone()
        else:
            raise ValueError("@%s: no such command" % command)

    def stop(self):
        self.end()
        if (self.folder / "ovsdb-client.pid").exists():
            control(self.control_socket(), "exit")
        self.server.__exit__(None, None, None)


def sort_words(text):
    return " ".join(sorted(re.split(r"[][{},\s]+", text)))


def error_class(err):
    found = re.search("((I/O|ovsdb|syntax) error|unknown (table|column)|constraint violation): ", err)
    return found.group(0) if found else "an error" if err else ""


def run_line(line, side):
    """What is compared."""
    if line[0] == "@":
        command, *words = line[1:].split(" ") if line.startswith(("@write", "@log")) else shlex.split(line[1:])
        if command in ("end", "ended"):
            return side.end() if command == "end" else side.ended()
        if command == "control":
            return control(side.control_socket(), *words)
        if command == "same":
            return sort_words(side.clean((side.folder / words[0]).read_bytes()))
        return side.set_scene(command, words)
    if line[0] == "&":
        return side.start(line[1:])
    mode = line[0] if line[0] in "~=?!" else ""
    status, out, err = side.run(line[len(mode):])
    return {"": (status, out, err), "~": (status, sort_words(out), err), "=": (status, out, error_class(err)), "?": status, "!": None}[mode]


def run_script(path, tools, folder, verbose):
    sides = []
    try:
        for name, t in zip(("peer", "ours"), tools):
            sides.append(Side(folder / name, dict(t, **{"peer-tool": shutil.which("ovsdb-tool")})))
        return scripts.compare(path, sides, run_line, verbose)
    finally:
        for side in sides:
            side.stop()


if __name__ == "__main__":
    sys.exit(scripts.main(HERE / "tools", PROGRAMS, run_script))
