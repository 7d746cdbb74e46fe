#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file that ends in a filler, while ours serves it and after it was killed: both programs read it, append to it, and read that.

The filler (docs/adr/0090) is room that durable commits keep at the end of a file: a record of nothing.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {"N": {"isRoot": True, "columns": {"name": {"type": "string"}}}}}
TOOLS = {"ours": harness.BUILD / "ovsdb/tool/weft-ovsdb-tool", "peer": shutil.which("ovsdb-tool")}
MIN_FILLER = 10000


def insert(server, name, durable=True):
    client = harness.Client(server.sock)
    result = client.transact("T", {"op": "insert", "table": "N", "row": {"name": name}}, {"op": "commit", "durable": durable})
    client.close()
    assert len(result) == 2 and "uuid" in result[0], result


def tool(kind, *arguments):
    return subprocess.run([TOOLS[kind], *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def names(kind, path):
    query = ["T", {"op": "select", "table": "N", "where": [], "columns": ["name"]}]
    return sorted(row["name"] for row in json.loads(tool(kind, "query", path, json.dumps(query)))[0]["rows"])


def names_served(kind, path, added):
    """What a server of 'kind' makes of the file at 'path', to which it adds a row."""
    with harness.Server([SCHEMA], kind) as server:
        server.kill()
        shutil.copy(path, server.databases[0])
        server.start()
        insert(server, added)
        server.kill()
        return [names(reader, server.databases[0]) for reader in TOOLS], server.databases[0].read_bytes()


def check_file(path, expected):
    """Each tool and each server with the file at 'path', and with what the other has appended to it."""
    with tempfile.TemporaryDirectory(prefix="weft-filler-") as folder:
        copy, twice = pathlib.Path(folder) / "copy.db", pathlib.Path(folder) / "twice.db"
        for kind in TOOLS:
            assert names(kind, path) == expected
            for command in (["db-version"], ["show-log"], ["compact"], ["transact", '["T",{"op":"comment","comment":"x"}]']):
                shutil.copy(path, copy)
                tool(kind, command[0], copy, *command[1:])
                assert [names(reader, copy) for reader in TOOLS] == [expected] * 2, (kind, command)
            found, content = names_served(kind, path, "z1")
            assert found == [expected + ["z1"]] * 2, (kind, found)
            for other in TOOLS:
                twice.write_bytes(content)
                found, _ = names_served(other, twice, "z2")
                assert found == [expected + ["z1", "z2"]] * 2, (kind, other, found)


def test_ours_live_and_killed():
    with harness.Server([SCHEMA]) as server:
        size_before = server.databases[0].stat().st_size
        expected = []
        for i in range(5):
            expected.append("n%d" % i)
            insert(server, expected[-1], durable=i != 3)
        size = server.databases[0].stat().st_size
        assert size - size_before > MIN_FILLER, "no filler"
        check_file(server.databases[0], expected)
        server.kill()
        check_file(server.databases[0], expected)
        server.start()
        insert(server, "n5")
        assert server.databases[0].stat().st_size == size, "the filler that was left was not used"
        assert server.control("compact") == ""
        assert server.databases[0].stat().st_size < size_before + MIN_FILLER
        insert(server, "n6")
        check_file(server.databases[0], expected + ["n5", "n6"])
        server.kill(harness.signal.SIGTERM)
        assert server.databases[0].stat().st_size < size_before + MIN_FILLER, "closing leaves the filler"


def test_without_durable_commits_there_is_none():
    with harness.Server([SCHEMA]) as server:
        size_before = server.databases[0].stat().st_size
        insert(server, "a", durable=False)
        assert server.databases[0].stat().st_size < size_before + MIN_FILLER


def main():
    if not TOOLS["peer"]:
        harness.skip("ovsdb-tool is not installed")
    for test in (test_ours_live_and_killed, test_without_durable_commits_there_is_none):
        test()
        print("ok:", test.__name__)


if __name__ == "__main__":
    sys.exit(main())
