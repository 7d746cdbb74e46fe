#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs command lines with Debian's ovn-nbctl and ovn-sbctl and with ours, and compares everything.

usage: test_ctl.py [--verbose] [SCRIPT]...

Each script (tests/interop/ctl/*.cmds) starts on two pairs of empty databases, one for each side.  A line is a command
line: "nbctl ls-add sw0".  Both sides run it; exit status, standard output and error are compared, uuids apart.
A line that begins with "~" has output whose lines come in the order of uuids: they are compared sorted.  One
that begins with "!" runs on both sides without comparing what it prints.  At the end the databases must hold the same.
"@daemon" starts nbctl's daemon mode, which the lines up to "@exit" go through.
A word UUID(TABLE,COLUMN,VALUE) stands for a row's uuid; VALUE "#3" is the number 3.  Lines that begin with "#" are comments.
Exits 77 if Debian's tools are not there.
"""
import hashlib
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import harness
import scripts

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UUID_WORD = re.compile(r"UUID\((\w+),(\w+),([^)]*)\)")
HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = pathlib.Path("/usr/share/ovn")                     # Debian's, so that both sides know the same tables
PROGRAMS = {"nbctl": ("ovn-nbctl", "nbctl/weft-nbctl"), "sbctl": ("ovn-sbctl", "sbctl/weft-sbctl")}


class Side:
    """One pair of databases, and the tools that work on it."""

    def __init__(self, folder, tools):
        self.folder = folder
        self.tools = tools
        folder.mkdir()
        self.server = harness.Server([SCHEMAS / ("ovn-%s.ovsschema" % part) for part in ("nb", "sb")]).start()
        self.remote = self.server.remote
        self.env = scripts.environment(folder, OVN_RUNDIR=str(folder), OVN_NB_DB=self.remote, OVN_SB_DB=self.remote)

    def uuid_of(self, match):
        table, column, value = match.groups()
        value = int(value[1:]) if value.startswith("#") else value     # "#3" is a number
        query = ["OVN_Southbound" if table.startswith("SB_") else "OVN_Northbound",
                 {"op": "select", "table": table.removeprefix("SB_"), "where": [[column, "==", value]], "columns": ["_uuid"]}]
        reply = subprocess.run(["ovsdb-client", "transact", self.remote, json.dumps(query)], check=True,
                               capture_output=True, text=True).stdout
        rows = json.loads(reply)[0]["rows"]
        return rows[0]["_uuid"][1] if rows else "no-such-row"

    def run(self, words):
        words, env = scripts.take_settings([UUID_WORD.sub(self.uuid_of, w) for w in words], self.env)
        r = subprocess.run([self.tools[words[0]], *words[1:]], env=env, capture_output=True, text=True, timeout=60,
                           stdin=subprocess.DEVNULL)
        return r.returncode, self.clean(r.stdout), self.clean(r.stderr)

    def start_daemon(self):
        r = subprocess.run([self.tools["nbctl"], "--detach", f"--pidfile={self.folder}/nbctl.pid"], env=self.env, check=True,
                           capture_output=True, text=True, timeout=60)
        self.env = dict(self.env, OVN_NB_DAEMON=r.stdout.strip(), OVN_NB_DB="unix:/nonexistent")

    def stop_daemon(self):
        subprocess.run(["ovs-appctl", "-t", self.env.pop("OVN_NB_DAEMON"), "exit"], check=True, timeout=60)
        self.env["OVN_NB_DB"] = self.remote

    def clean(self, text):
        return without_uuids(text).replace(str(self.folder), "DIR").replace(str(self.server.folder), "SERVER")

    def dump(self):
        """The contents of both databases as sorted text, uuids replaced by what the rows are."""
        text = []
        for database in ("OVN_Northbound", "OVN_Southbound"):
            tables = {}
            dump = subprocess.run(["ovsdb-client", "-f", "json", "dump", self.remote, database], check=True,
                                  capture_output=True, text=True).stdout
            for line in dump.splitlines():
                table = json.loads(line)
                tables[table["caption"].removesuffix(" table")] = [dict(zip(table["headings"], row)) for row in table["data"]]
            text += describe(tables)
        return text

    def stop(self):
        if "OVN_NB_DAEMON" in self.env:
            self.stop_daemon()
        self.server.__exit__(sys.exc_info()[0], None, None)


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
    """Also without what depends on them or on the time."""
    text = UUID.sub("UUID", scripts.without_chance(text))
    return re.sub(r"uuid=0x[0-9a-f]+|(?<=UUID\">)[0-9a-f]{8}(?=<)", "UUID", text)


def without_order(out):
    """The lines of 'out', sorted, and what is in brackets as well."""
    def in_order(m):
        text = m.group(0)
        return text[0] + " ".join(sorted(re.split(r"[ ,]+", text[1:-1]))) + text[-1]
    return sorted(re.sub(r"[\[(][^])\"]*[\])]", in_order, out).splitlines())


def run_line(line, side):
    """What is compared."""
    if line[0] == "@":
        return side.start_daemon() if line == "@daemon" else side.stop_daemon()
    mode = line[0] if line[0] in "~!" else ""
    status, out, err = side.run(shlex.split(line[len(mode):]))
    return {"": (status, out, err), "~": (status, "\n".join(without_order(out)), err), "!": None}[mode]


def run_script(path, tools, folder, verbose):
    sides = []
    try:
        for name, t in zip(("peer", "ours"), tools):
            sides.append(Side(folder / name, t))
        n, failures = scripts.compare(path, sides, run_line, verbose)
        peer, ours = ("\n".join(side.dump()) for side in sides)
        if peer != ours:
            failures.append("%s: the databases differ\n%s" % (path.name, scripts.difference((0, peer, ""), (0, ours, ""))))
        return n, failures
    finally:
        for side in sides:
            side.stop()


def main():
    for name in ("ovsdb-client", "ovs-appctl"):
        if not shutil.which(name):
            harness.skip("%s is not installed" % name)
    return scripts.main(HERE / "ctl", PROGRAMS, run_script)


if __name__ == "__main__":
    sys.exit(main())
