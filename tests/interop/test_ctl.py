#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs command lines with Debian's ovn-nbctl and ovn-sbctl and with ours, and compares everything.

usage: test_ctl.py [--builddir DIR] [--server PROGRAM] [--verbose] [SCRIPT]...

Each script (tests/interop/ctl/*.cmds) starts on two pairs of empty databases, one for each side.  A line is a command
line: "nbctl ls-add sw0".  Both sides run it; exit status, standard output and error are compared, uuids apart.
A line that begins with "~" has output whose lines come in the order of uuids: they are compared sorted.  One
that begins with "!" runs on both sides without comparing what it prints.  At the end the databases must hold the same.
"@daemon" starts nbctl's daemon mode, which the lines up to "@exit" go through.
A word UUID(TABLE,COLUMN,VALUE) stands for a row's uuid; VALUE "#3" is the number 3.  Lines that begin with "#" are comments.
Exits 77 if Debian's tools are not there.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[^|]*\|\d+\|[^\n]*\n", re.M)
UUID_WORD = re.compile(r"UUID\((\w+),(\w+),([^)]*)\)")
HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = pathlib.Path("/usr/share/ovn")                     # Debian's, so that both sides know the same tables


class Side:
    """One pair of databases, and the tools that work on it."""

    def __init__(self, folder, server, tools):
        self.folder = folder
        self.tools = tools
        folder.mkdir()
        for name in ("nb", "sb"):
            subprocess.run(["ovsdb-tool", "create", folder / f"{name}.db", SCHEMAS / f"ovn-{name}.ovsschema"], check=True)
        self.socket = folder / "db.sock"
        self.log = open(folder / "server.log", "w")
        self.process = subprocess.Popen(
            [server, f"--remote=punix:{self.socket}", f"--unixctl={folder}/server.ctl", folder / "nb.db", folder / "sb.db"],
            stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"{server} did not start: " + (folder / "server.log").read_text())
            time.sleep(0.02)
        self.env = dict(os.environ, OVN_NB_DB=f"unix:{self.socket}", OVN_SB_DB=f"unix:{self.socket}",
                        OVS_RUNDIR=str(folder), OVN_RUNDIR=str(folder), OVS_SYSLOG_METHOD="null", LC_ALL="C.UTF-8")

    def uuid_of(self, match):
        table, column, value = match.groups()
        value = int(value[1:]) if value.startswith("#") else value     # "#3" is a number
        query = ["OVN_Southbound" if table.startswith("SB_") else "OVN_Northbound",
                 {"op": "select", "table": table.removeprefix("SB_"), "where": [[column, "==", value]], "columns": ["_uuid"]}]
        reply = subprocess.run(["ovsdb-client", "transact", f"unix:{self.socket}", json.dumps(query)], check=True,
                               capture_output=True, text=True).stdout
        rows = json.loads(reply)[0]["rows"]
        return rows[0]["_uuid"][1] if rows else "no-such-row"

    def run(self, words):
        words = [UUID_WORD.sub(self.uuid_of, w) for w in words]
        env = self.env
        while words and re.match(r"^[A-Z_]+=", words[0]):
            name, _, value = words.pop(0).partition("=")
            env = dict(env, **{name: value})
        words = [self.tools[words[0]]] + words[1:]
        r = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        return r.returncode, self.clean(r.stdout), self.clean(LOG_LINE.sub("", r.stderr))

    def start_daemon(self):
        r = subprocess.run([self.tools["nbctl"], "--detach", f"--pidfile={self.folder}/nbctl.pid"], env=self.env, check=True,
                           capture_output=True, text=True, timeout=60)
        self.env = dict(self.env, OVN_NB_DAEMON=r.stdout.strip(), OVN_NB_DB="unix:/nonexistent")

    def stop_daemon(self):
        subprocess.run(["ovs-appctl", "-t", self.env.pop("OVN_NB_DAEMON"), "exit"], check=True, timeout=60)
        self.env["OVN_NB_DB"] = f"unix:{self.socket}"

    def clean(self, text):
        return without_uuids(text).replace(str(self.folder), "DIR")

    def dump(self):
        """The contents of both databases as sorted text, uuids replaced by what the rows are."""
        text = []
        for database in ("OVN_Northbound", "OVN_Southbound"):
            tables = {}
            dump = subprocess.run(["ovsdb-client", "-f", "json", "dump", f"unix:{self.socket}", database], check=True,
                                  capture_output=True, text=True).stdout
            for line in dump.splitlines():
                table = json.loads(line)
                tables[table["caption"].removesuffix(" table")] = [dict(zip(table["headings"], row)) for row in table["data"]]
            text += describe(tables)
        return text

    def stop(self):
        if "OVN_NB_DAEMON" in self.env:
            self.stop_daemon()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()


def name_of(text):
    return hashlib.sha1(text.encode()).hexdigest()


def describe(tables):
    labels = {row["_uuid"][1]: name for name, rows in tables.items() for row in rows}

    def put(value):
        if isinstance(value, list) and len(value) == 2 and value[0] == "uuid":
            return labels.get(value[1], "?")
        if isinstance(value, list):
            items = [put(v) for v in value]
            return ["set", sorted(items[1], key=json.dumps)] if items[:1] == ["set"] else items
        return value

    for _ in range(4):                                       # references, then what they refer to, ...
        labels = {row["_uuid"][1]: name + json.dumps({k: put(v) for k, v in row.items() if k not in ("_uuid", "_version")},
                                                     sort_keys=True)
                  for name, rows in tables.items() for row in rows}
        labels = {uuid: label if len(label) < 400 else name_of(label) for uuid, label in labels.items()}
    return sorted(labels.values())


def without_uuids(text):
    """Also without what depends on them: which of two rows is the first."""
    text = UUID.sub("UUID", text)
    text = re.sub(r"uuid=0x[0-9a-f]+|(?<=UUID\">)[0-9a-f]{8}(?=<)", "UUID", text)
    return re.sub(r"(First|Second) row, with UUID.*?(transaction|commit)\.", r"\1 row", text)


def without_order(out):
    """The lines of 'out', sorted, and what is in brackets as well."""
    def in_order(m):
        text = m.group(0)
        return text[0] + " ".join(sorted(re.split(r"[ ,]+", text[1:-1]))) + text[-1]
    return sorted(re.sub(r"[\[(][^])\"]*[\])]", in_order, out).splitlines())


def compare_line(line, sides, verbose):
    """Runs one line on both sides; returns what differs, as text, or None."""
    if line[0] == "@":
        for side in sides:
            side.start_daemon() if line == "@daemon" else side.stop_daemon()
        return None
    mode = line[0] if line[0] in "~!" else ""
    words = shlex.split(line[len(mode):])
    oracle, ours = [side.run(list(words)) for side in sides]
    if verbose:
        print(f"    {line}\n{ours[1]}{ours[2]}", end="")
    if mode == "!":
        return None
    if mode == "~":
        oracle, ours = [(rc, without_order(out), err) for rc, out, err in (oracle, ours)]
    if oracle == ours:
        return None
    return f"  {line}\n    oracle: {oracle}\n    ours:   {ours}"


def run_script(path, server, tools, folder, verbose):
    sides = [Side(folder / name, server, t) for name, t in zip(("oracle", "ours"), tools)]
    failures = []
    n = 0
    try:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                n += 1
                difference = compare_line(line, sides, verbose)
                if difference:
                    failures.append(f"{path.name}:{number}:\n{difference}")
        dumps = [side.dump() for side in sides]
        if dumps[0] != dumps[1]:
            only = [sorted(set(a) - set(b)) for a, b in (dumps, dumps[::-1])]
            failures.append(f"{path.name}: the databases differ\n    oracle: " + "\n            ".join(only[0])
                            + "\n    ours:   " + "\n            ".join(only[1]))
    finally:
        for side in sides:
            side.stop()
    return n, failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--builddir", default="." if os.path.exists("nbctl/weft-nbctl") else "build", type=pathlib.Path)
    parser.add_argument("--server")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("scripts", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    for tool in ("ovn-nbctl", "ovn-sbctl", "ovsdb-tool", "ovsdb-client", "ovsdb-server"):
        if not shutil.which(tool):
            print(f"SKIP: {tool} is not installed")
            return 77
    ours = args.builddir.resolve() / "ovsdb" / "server" / "weft-ovsdb-server"
    server = args.server or (str(ours) if ours.exists() else shutil.which("ovsdb-server"))
    total, failures = 0, []
    with tempfile.TemporaryDirectory(prefix="weft-ctl-") as tmp:
        bin_folder = pathlib.Path(tmp) / "bin"
        bin_folder.mkdir()
        for name in ("nbctl", "sbctl"):                      # under the names that the oracle has
            (bin_folder / f"ovn-{name}").symlink_to(args.builddir.resolve() / name / f"weft-{name}")
        tools = [{n: f"ovn-{n}" for n in ("nbctl", "sbctl")}, {n: str(bin_folder / f"ovn-{n}") for n in ("nbctl", "sbctl")}]
        for i, script in enumerate(args.scripts or sorted((HERE / "ctl").glob("*.cmds"))):
            folder = pathlib.Path(tmp) / str(i)
            folder.mkdir()
            n, failed = run_script(script, server, tools, folder, args.verbose)
            total += n
            failures += failed
    print("\n".join(failures))
    print(f"{total} command lines, {len(failures)} differences (server: {server})")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
