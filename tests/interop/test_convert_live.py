#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A large database is converted while clients work: those on another database do not notice, those on this one wait; one row
that does not fit, a child that is killed, or kill -9 at any moment leave the old contents or the new, whole."""
import copy
import itertools
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys

import harness

TOOLS = [harness.BUILD / "ovsdb/tool/weft-ovsdb-tool", shutil.which("ovsdb-tool")]
N_ROWS = 20000
SCHEMA = {"name": "T", "version": "1.0.0", "cksum": "1 1", "tables": {"A": {"isRoot": True, "columns": {
    "name": {"type": "string"}, "n": {"type": "integer"}}, "indexes": [["name"]]}}}
OTHER = {"name": "U", "version": "1.0.0", "cksum": "1 1", "tables": {"B": {"isRoot": True, "columns": {"x": {"type": "integer"}}}}}
NEWER = copy.deepcopy(SCHEMA)
NEWER["version"] = "2.0.0"
NEWER["tables"]["A"]["columns"]["extra"] = {"type": {"key": "string", "min": 0}}
NARROW = copy.deepcopy(NEWER)                                # one row does not fit
NARROW["tables"]["A"]["columns"]["n"] = {"type": {"key": {"type": "integer", "maxInteger": N_ROWS - 2}}}
COUNT = {"op": "select", "table": "A", "where": [], "columns": ["n"]}


def big_server():
    server = harness.Server([SCHEMA, OTHER])
    rows = {"%08x-1111-1111-1111-111111111111" % i: {"name": "row%d" % i, "n": i} for i in range(N_ROWS)}
    harness.write_database(server.databases[0], SCHEMA, [{"A": rows}])
    return server


def aware_client(server):
    client = harness.Client(server.sock)
    client.call("set_db_change_aware", True)
    return client


def has_input(client):
    return bool(client.text.strip()) or bool(select.select([client.socket], [], [], 0)[0])


def replies_until(client, number):
    """The replies up to that to request 'number', by their numbers."""
    replies = {}
    while number not in replies:
        message = client.receive()
        if "method" in message:
            client.notifications.append(message)
        else:
            replies[message["id"]] = message
    return replies


def expect_all_rows(client, version):
    assert client.call("get_schema", "T")["version"] == version
    found = sorted(row["n"] for row in client.transact("T", COUNT)[0]["rows"])
    assert found == list(range(N_ROWS))


def others_go_on():
    with big_server() as server:
        asker, waiter, other = (aware_client(server) for _ in range(3))
        waiter.call("monitor", "T", "m", {"A": [{"columns": ["n"], "select": {"initial": False}}]})
        other.call("monitor", "U", "m", {"B": [{"columns": ["x"]}]})
        asker_id = asker.request("convert", "T", NEWER)
        asker.call("echo")                                   # it has been received
        waiter_id = waiter.request("transact", "T", {"op": "update", "table": "A", "where": [["n", "==", 7]],
                                                     "row": {"extra": "new"}}, {"op": "commit", "durable": True})
        n_served, replies = 0, {}
        while not has_input(asker):
            other.transact("U", {"op": "insert", "table": "B", "row": {"x": n_served}}, {"op": "commit", "durable": True})
            assert len(other.notifications) == n_served + 1 and other.notifications[-1]["method"] == "update"
            replies.update(replies_until(waiter, waiter.request("echo")))    # does not wait
            n_served += 1
        assert n_served >= 3, n_served
        assert asker.reply_to(asker_id)["result"] == {}
        replies.update({} if waiter_id in replies else replies_until(waiter, waiter_id))
        assert replies[waiter_id]["result"][0] == {"count": 1}       # by the new schema
        assert [m["method"] for m in waiter.notifications] == ["monitor_canceled"]
        assert [m["method"] for m in other.notifications] == ["update"] * n_served
        expect_all_rows(waiter, "2.0.0")
        server.kill(signal.SIGKILL)
        server.start()
        client = harness.Client(server.sock)
        expect_all_rows(client, "2.0.0")
        assert client.transact("T", dict(COUNT, where=[["extra", "==", "new"]])) == [{"rows": [{"n": 7}]}]
        assert len(client.transact("U", {"op": "select", "table": "B", "where": []})[0]["rows"]) == n_served
        print("%d transactions on another database meanwhile" % n_served)


def the_last_row_does_not_fit():
    with big_server() as server:
        client = aware_client(server)
        before = server.databases[0].read_bytes()
        reply = client.reply_to(client.request("convert", "T", NARROW))
        assert reply["error"]["error"] == "constraint violation", reply
        assert str(N_ROWS - 1) in reply["error"]["details"], reply
        expect_all_rows(client, "1.0.0")
        assert server.databases[0].read_bytes() == before
        client.transact("T", {"op": "delete", "table": "A", "where": [["n", "==", N_ROWS - 1]]})
        client.call("convert", "T", NARROW)
        assert len(client.transact("T", COUNT)[0]["rows"]) == N_ROWS - 1
        assert client.call("get_schema", "T")["version"] == "2.0.0"


def children(server):
    pid = server.process.pid
    return [int(p) for p in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]


def the_child_is_killed():
    with big_server() as server:
        client = aware_client(server)
        for attempt in itertools.count():
            assert attempt < 20, "no child was caught alive"
            number = client.request("convert", "T", dict(NEWER, version="1.0.0"))
            while not children(server) and not has_input(client):
                pass
            for pid in children(server):
                os.kill(pid, signal.SIGKILL)
            error = client.reply_to(number)["error"]
            if error:
                break
        assert error == {"error": "I/O error", "details": "child process died of signal 9"}, error
        assert not list(server.folder.glob("*.tmp"))
        expect_all_rows(client, "1.0.0")
        client.call("convert", "T", NEWER)
        expect_all_rows(client, "2.0.0")


def stored_version(path):
    versions = set()
    for tool in filter(None, TOOLS):
        run = [subprocess.run([tool, *words], capture_output=True, text=True, check=True).stdout for words in (
            ("db-version", path), ("query", path, json.dumps(["T", COUNT])))]
        assert sorted(row["n"] for row in json.loads(run[1])[0]["rows"]) == list(range(N_ROWS))
        versions.add(run[0].strip())
    assert len(versions) == 1, versions
    return versions.pop()


def killed_when(is_time):
    """The server is killed once is_time(server, round trips since) or it has answered.  Returns the version that is stored."""
    with big_server() as server:
        client, other = aware_client(server), aware_client(server)
        client.request("convert", "T", NEWER)
        client.call("echo")
        for i in itertools.count():
            if has_input(client) or is_time(server, i):
                break
            other.call("echo")
        is_acknowledged = has_input(client)
        server.kill(signal.SIGKILL)
        version = stored_version(server.databases[0])
        assert version == "2.0.0" or not is_acknowledged
        server.start()
        client = aware_client(server)
        expect_all_rows(client, version)
        client.call("convert", "T", NEWER)                   # whatever was left lying about is no obstacle
        expect_all_rows(client, "2.0.0")
        return version


def killed_at_any_moment():
    def is_written(server, _):
        return bool(list(server.folder.glob("*.tmp")))

    inodes = {}

    def is_renamed(server, _):
        inode = server.databases[0].stat().st_ino
        return inodes.setdefault(server, inode) != inode

    moments = [lambda _, i, n=n: i == n for n in (0, 5, 20, 60)] + [is_written, is_renamed, lambda *_: False]
    versions = [killed_when(moment) for moment in moments]
    print("after kill -9:", *versions)
    assert versions[0] == "1.0.0" and versions[-2:] == ["2.0.0", "2.0.0"], versions


def main():
    others_go_on()
    the_last_row_does_not_fit()
    the_child_is_killed()
    killed_at_any_moment()
    return 0


if __name__ == "__main__":
    sys.exit(main())
