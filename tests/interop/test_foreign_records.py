#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records that do not fit what came before them, as other programs or people write them: ours makes of a file what the peer makes.

A row that is deleted but not there: servers pass over the transaction, tools refuse the file.  A row that is modified but not
there is inserted; one that is inserted but there is modified.  Transactions that break an index, a reference or the greatest
number of rows are passed over, too; garbage is collected.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {"N": {"isRoot": True, "columns": {
    "name": {"type": "string"}, "n": {"type": {"key": "integer", "min": 0, "max": 1}}}}}}


def reference(least, kind):
    return {"type": {"key": {"type": "uuid", "refTable": "K", "refType": kind}, "min": least, "max": "unlimited"}}


RULES = {"name": "T", "version": "1.0.0", "tables": {
    "N": {"isRoot": True, "columns": {"name": {"type": "string"}, "n": {"type": "integer"}}, "indexes": [["name"]]},
    "R": {"isRoot": True, "columns": {"to": reference(0, "strong"), "w": reference(0, "weak")}},
    "W": {"isRoot": True, "columns": {"w": reference(1, "weak")}},
    "M": {"isRoot": True, "maxRows": 1, "columns": {"few": {"type": {"key": "integer", "min": 1, "max": 3}}}},
    "K": {"columns": {"x": {"type": "integer"}}}}}
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


def to(n):
    return ["uuid", uuid(n)]


def change(**tables):
    return {"_date": 1700000000000, **{name: {uuid(n): row for n, row in of.items()} for name, of in tables.items()}}


KIDS = change(R={1: {"to": to(2), "w": to(2)}}, K={2: {"x": 1}}, W={3: {"w": to(2)}})
PASSED_OVER = {                                    # whole transactions, under RULES; the number of the record that is
    "the name of another row": ([record({2: {"name": "first"}, 3: {"name": "third"}})], 2),
    "the same name twice": ([record({2: {"name": "x"}, 3: {"name": "x"}})], 2),
    "takes the name of another row": ([record({2: {"name": "x"}}), record({2: {"name": "first"}})], 3),
    "refers to no row": ([change(R={2: {"to": to(77)}}, N={2: {"name": "x"}})], 2),
    "deletes what is referred to": ([KIDS, change(K={2: None}, N={4: {"name": "x"}})], 3),
    "weakly to no row, where it must": ([change(W={2: {"w": to(77)}}, N={2: {"name": "x"}})], 2),
    "the last of weak ones is deleted": ([KIDS, change(R={1: None}, K={2: None})], 3),
    "too many rows": ([change(M={2: {"few": 1}}), change(M={3: {"few": 2}}, N={2: {"name": "x"}})], 3),
    "leans on one that is passed over": ([record({2: {"name": "first"}}), record({2: {"n": 4}})], 2),
}
TAKEN = {
    "garbage": [change(K={2: {"x": 1}, 3: {"x": 2}}, N={2: {"name": "x"}})],
    "what was referred to is garbage": [change(R={1: {"to": to(2)}}, K={2: {"x": 1}}), change(R={1: None})],
    "weakly to no row": [change(R={2: {"w": to(77)}})],
    "a comment that is no text": [record({2: {"name": "x"}}, _comment=3)],
    "columns that are the server's": [record({2: {"name": "x", "_uuid": to(2), "_version": to(3)}})],
}
REFUSED = {                                        # by our server and all tools; the peer's server passes over
    "more elements than may be": [change(M={2: {"few": ["set", [1, 2]]}}), change(M={2: {"few": ["set", [3, 4]]}})],
    "fewer elements than may be": [change(M={2: {"few": ["set", [1, 2]]}}), change(M={2: {"few": ["set", [1, 2]]}})],
}
for _, difference in REFUSED.values():
    difference["_is_diff"] = True


def select(server):
    client = harness.Client(server.sock)
    tables = sorted(client.call("get_schema", "T")["tables"])
    results = client.transact("T", *({"op": "select", "table": table, "where": []} for table in tables))
    client.close()
    return sorted(((table, *sorted((name, str(value)) for name, value in row.items() if name != "_version"))
                   for table, result in zip(tables, results) for row in result["rows"]))


def insert(server, name):
    client = harness.Client(server.sock)
    result = client.transact("T", {"op": "insert", "table": "N", "row": {"name": name}})
    client.close()
    assert "error" not in result[0], result


def rows_at(kind, records, schema=SCHEMA):
    """What a server makes of the file, and the numbers of the records that it passes over."""
    with harness.Server([schema], kind) as server:
        server.kill()
        harness.write_database(server.databases[0], schema, records)
        rows = select(server.start())
        passed_over = re.findall(r"\|ERR\|\S+T\.db: record (\d+) is passed over: ", (server.folder / "log").read_text())
        if kind == "ours":                         # the peer writes over the record, and loses what is behind
            insert(server, "later")
            server.kill()
            again = [row for row in select(server.start()) if ("name", "later") not in row]
            assert again == rows, "%s, after a transaction and a restart %s" % (rows, again)
        return rows, list(map(int, passed_over))


def starts(records):
    """Whether our server, and what it says of the file."""
    with tempfile.TemporaryDirectory(prefix="weft-records-") as folder:
        path = pathlib.Path(folder) / "T.db"
        harness.write_database(path, RULES, records)
        done = subprocess.run([harness.PROGRAMS["ours"], "--remote=punix:%s/sock" % folder, "--unixctl=none", "--run=true", path],
                              capture_output=True, text=True)
        return done.returncode == 0, done.stderr


def tool_says(kind, records, schema=SCHEMA):
    """Whether a tool takes the file, and what it says of a row that is missing."""
    with tempfile.TemporaryDirectory(prefix="weft-records-") as folder:
        path = pathlib.Path(folder) / "T.db"
        harness.write_database(path, schema, records)
        done = subprocess.run([TOOLS[kind], "query", path, QUERY], capture_output=True, text=True)
        at = done.stderr.find("transaction deletes")
        return done.returncode, done.stderr[at:] if at >= 0 else done.stderr


def stays_passed_over():
    """Also when what it ran against goes: the file is written anew, and kept as it was."""
    with harness.Server([RULES]) as server:
        server.kill()
        path = server.databases[0]
        harness.write_database(path, RULES, [FIRST, record({2: {"name": "first", "n": 2}}), LAST])
        before = path.read_bytes()
        server.start()
        assert path.with_name("T.db.broken").read_bytes() == before
        client = harness.Client(server.sock)
        assert client.transact("T", {"op": "delete", "table": "N", "where": [["name", "==", "first"]]}) == [{"count": 1}]
        rows = select(server)
        server.kill()
        server.start()
        assert select(server) == rows and len(rows) == 1, rows
        assert not path.with_name("T.db.broken-2").exists()
    print("ok: stays passed over")


def compare_rules():
    """Files that break what is checked when a transaction is committed."""
    for name, between in {**{name: of for name, (of, _) in PASSED_OVER.items()}, **TAKEN}.items():
        records = [FIRST, *between, LAST]
        (ours, passed_over), (peers, _) = rows_at("ours", records, RULES), rows_at("peer", records, RULES)
        assert ours == peers, "%s: ours has %s\nthe peer's has %s" % (name, ours, peers)
        status, text = tool_says("ours", records, RULES)
        if name in TAKEN:
            assert not passed_over and status == 0, "%s: %s, tool: %s" % (name, passed_over, text)
        else:                                      # the peer's tools take what stands before it, and say nothing
            number = PASSED_OVER[name][1]
            assert passed_over[:1] == [number] and status != 0 and "record %d at offset" % number in text, \
                "%s: %s, tool: %s" % (name, passed_over, text)
        print("ok:", name)
    for name, between in REFUSED.items():
        is_started, text = starts([FIRST, *between, LAST])
        assert not is_started and "record 3 at offset" in text, "%s: %s" % (name, text)
        assert tool_says("ours", [FIRST, *between], RULES)[0] and tool_says("peer", [FIRST, *between], RULES)[0], name
        print("ok:", name)
    stays_passed_over()
    snapshot = record({1: {"name": "x"}, 2: {"name": "x"}})
    is_started, text = starts([snapshot, LAST])    # to pass over the snapshot is to serve an empty database
    assert not is_started and "record 1 at offset" in text, text


def main():
    if not TOOLS["peer"]:
        harness.skip("ovsdb-tool is not installed")
    for name, (between, is_fine) in FILES.items():
        records = [FIRST, *between, LAST]
        (ours, _), (peers, _) = rows_at("ours", records), rows_at("peer", records)
        assert ours == peers, "%s: ours has %s\nthe peer's has %s" % (name, ours, peers)
        ours, peers = tool_says("ours", records), tool_says("peer", records)
        assert ours == peers and (ours[0] == 0) == is_fine, "%s: %s, the peer's %s" % (name, ours, peers)
        print("ok:", name)
    compare_rules()


if __name__ == "__main__":
    sys.exit(main())
