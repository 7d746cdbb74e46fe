#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records that do not fit what came before them, as other programs or people write them: ours makes of a file what the peer makes.

A row that is deleted but not there: servers pass over the transaction, tools refuse the file.  A row that is modified but not
there is inserted; one that is inserted but there is modified.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {"N": {"isRoot": True, "columns": {
    "name": {"type": "string"}, "n": {"type": {"key": "integer", "min": 0, "max": 1}}}}}}
TOOLS = {"ours": harness.BUILD / "ovsdb/tool/weft-ovsdb-tool", "peer": shutil.which("ovsdb-tool")}
QUERY = '["T",{"op":"select","table":"N","where":[]}]'


def uuid(n):
    return "11111111-1111-4111-8111-%012d" % n


def record(rows, **more):
    return {"_date": 1700000000000, "N": {uuid(n): row for n, row in rows.items()}, **more}


FIRST = record({1: {"name": "first", "n": 5}})
LAST = record({9: {"name": "last"}})
FILES = {                                          # what stands between; whether a tool takes it
    "deletes what is not there": ([record({2: None})], False),
    "deletes twice": ([record({1: None}), record({1: None})], False),
    "deletes what is not there, and more": ([record({1: {"name": "changed"}, 3: {"name": "new"}, 2: None})], False),
    "deletes what is not there, after all else": ([record({1: None, 3: {"name": "new"}}), record({1: None, 3: None})], False),
    "modifies what is not there": ([record({2: {"name": "new"}}, _is_diff=True)], True),
    "modifies what was deleted": ([record({1: None}), record({1: {"name": "again"}}, _is_diff=True)], True),
    "inserts what is there": ([record({1: {"name": "other"}})], True),
    "inserts what is there, alike": ([record({1: {"name": "first", "n": 5}})], True),
    "inserts what is there, as a difference": ([record({1: {"name": "other", "n": 6}}, _is_diff=True)], True),
}


def select(server):
    client = harness.Client(server.sock)
    result = client.transact("T", {"op": "select", "table": "N", "where": [], "columns": ["_uuid", "name", "n"]})
    client.close()
    return sorted(result[0]["rows"], key=lambda row: row["_uuid"])


def insert(server, name):
    client = harness.Client(server.sock)
    result = client.transact("T", {"op": "insert", "table": "N", "row": {"name": name}})
    client.close()
    assert "error" not in result[0], result


def rows_at(kind, records):
    """What a server makes of the file."""
    with harness.Server([SCHEMA], kind) as server:
        server.kill()
        harness.write_database(server.databases[0], SCHEMA, records)
        rows = select(server.start())
        if kind == "ours":                         # the peer writes over the record, and loses what is behind
            insert(server, "later")
            server.kill()
            again = [row for row in select(server.start()) if row["name"] != "later"]
            assert again == rows, "%s, after a transaction and a restart %s" % (rows, again)
        return rows


def tool_says(kind, records):
    """Whether a tool takes the file, and what it says of a row that is missing."""
    with tempfile.TemporaryDirectory(prefix="weft-records-") as folder:
        path = pathlib.Path(folder) / "T.db"
        harness.write_database(path, SCHEMA, records)
        done = subprocess.run([TOOLS[kind], "query", path, QUERY], capture_output=True, text=True)
        at = done.stderr.find("transaction deletes")
        return done.returncode, done.stderr[at:] if at >= 0 else done.stderr


def main():
    if not TOOLS["peer"]:
        harness.skip("ovsdb-tool is not installed")
    for name, (between, is_fine) in FILES.items():
        records = [FIRST, *between, LAST]
        ours, peers = rows_at("ours", records), rows_at("peer", records)
        assert ours == peers, "%s: ours has %s\nthe peer's has %s" % (name, ours, peers)
        ours, peers = tool_says("ours", records), tool_says("peer", records)
        assert ours == peers and (ours[0] == 0) == is_fine, "%s: %s, the peer's %s" % (name, ours, peers)
        print("ok:", name)


if __name__ == "__main__":
    sys.exit(main())
