#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Options and control commands of the server beside Debian's ovsdb-server: exit statuses, answers, errors; and what it counts."""
import os
import pwd
import signal
import subprocess
import sys

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {"A": {"isRoot": True, "columns": {
    "n": {"type": "integer"}, "set": {"type": {"key": "integer", "min": 0, "max": "unlimited"}}}}}}
KINDS = ("ours", "peer")


def run_option(kind):
    """The exit status of a server that lives as long as a command."""
    statuses = []
    for command in ("true", "exit 3", "kill -9 $$", "test -S DIR/db.sock"):
        server = harness.Server([SCHEMA], kind)
        with server:                               # makes the folder; a second server is asked
            path = server.folder / "second.db"
            harness.write_database(path, SCHEMA)
            done = subprocess.run([server.program, "--remote=punix:%s" % (server.folder / "db2.sock"), "-vconsole:off",
                                   "--unixctl=%s" % (server.folder / "ctl2"), "--no-self-confinement",
                                   "--run=" + command.replace("DIR/db", "%s/db2" % server.folder), path],
                                  capture_output=True, text=True, timeout=60)
            statuses.append((command, done.returncode, done.stdout))
    return statuses


def values_in_the_file(kind):
    with harness.Server([SCHEMA], kind, ["--disable-file-column-diff"]) as server:
        client = harness.Client(server.sock)
        client.transact("T", {"op": "insert", "table": "A", "row": {"set": ["set", [1, 2]]}})
        client.transact("T", {"op": "update", "table": "A", "where": [], "row": {"set": ["set", [2, 3, 4]]}})
        text = (server.folder / "T.db").read_text()
        assert "_is_diff" not in text and text.count('["set",[2,3,4]]') == 1, text
        control = harness.Client(server.ctl)
        control.call("ovsdb-server/compact")
        text = (server.folder / "T.db").read_text()
        assert "_is_diff" not in text and '["set",[2,3,4]]' in text, text
        server.kill(signal.SIGTERM)
        server.start()
        client = harness.Client(server.sock)
        rows = client.transact("T", {"op": "select", "table": "A", "where": [], "columns": ["set"]})
        assert rows == [{"rows": [{"set": ["set", [2, 3, 4]]}]}], rows


def other_user(kind):
    nobody = pwd.getpwnam("nobody")
    server = harness.Server([SCHEMA], kind, ["--user=nobody"])
    os.chown(server.folder, nobody.pw_uid, nobody.pw_gid)
    for path in server.databases:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    with server:
        client = harness.Client(server.sock)
        client.transact("T", {"op": "insert", "table": "A", "row": {}})
        with open("/proc/%d/status" % server.process.pid) as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        assert set(status["Uid"].split()) == {str(nobody.pw_uid)}, status["Uid"]
        assert set(status["Gid"].split()) == {str(nobody.pw_gid)}, status["Gid"]


# Asked in this order.  What only one of the two knows is not here, nor what the peer takes against its manual.
COMMANDS = [
    ("ovsdb-server/list-dbs",), ("ovsdb-server/add-db", "DIR/T.db"), ("ovsdb-server/add-db", "DIR/none.db"),
    ("ovsdb-server/remove-db", "none"), ("ovsdb-server/remove-db", "_Server"),
    ("ovsdb-server/add-remote", "db:T,A"), ("ovsdb-server/add-remote", "db:T,B,n"),
    ("ovsdb-server/remove-remote", "punix:DIR/none"), ("ovsdb-server/list-remotes",),
    ("ovsdb-server/compact", "none"), ("ovsdb-server/compact", "_Server"), ("ovsdb-server/compact", "T"),
    ("ovsdb-server/memory-trim-on-compaction", "maybe"), ("ovsdb-server/memory-trim-on-compaction", "on"),
    ("ovsdb-server/get-db-storage-status", "none"), ("ovsdb-server/get-db-storage-status", "T"),
    ("ovsdb-server/tlog-set", "T", "on"), ("ovsdb-server/tlog-set", "none:A", "on"), ("ovsdb-server/tlog-set", "T:none", "on"),
    ("ovsdb-server/tlog-set", "T:A", "maybe"), ("ovsdb-server/tlog-set", "T:A", "on"),
    ("ovsdb-server/sync-status",), ("ovsdb-server/get-active-ovsdb-server",), ("ovsdb-server/get-sync-exclude-tables",),
    ("ovsdb-server/set-sync-exclude-tables", "T:A"), ("ovsdb-server/get-sync-exclude-tables",),
    ("ovsdb-server/set-active-ovsdb-server", "unix:none"), ("ovsdb-server/get-active-ovsdb-server",),
    ("ovsdb-server/disconnect-active-ovsdb-server",), ("ovsdb-server/reconnect",), ("ovsdb-server/perf-counters-clear",),
    ("ovsdb-server/remove-db", "T"), ("ovsdb-server/list-dbs",), ("coverage/read-counter", "none"),
    ("ovsdb-server/compact", "T", "T"), ("ovsdb-server/add-db",), ("none",),
]


def answers(kind):
    """What each command is answered, None for nothing, and whether that is an error."""
    with harness.Server([SCHEMA], kind) as server:
        control = harness.Client(server.ctl)
        told = []
        for command, *arguments in COMMANDS:
            reply = control.reply_to(control.request(command, *(a.replace("DIR", str(server.folder)) for a in arguments)))
            text = reply["error"] if reply["error"] is not None else reply["result"]
            told.append((command, arguments, reply["error"] is not None, text.replace(str(server.folder), "DIR").strip()))
        return told


def starts(kind):
    """The exit status of command lines that end at once."""
    server = harness.Server([SCHEMA], kind)
    statuses = []
    for options in ("--no-dbs", "DIR/T.db DIR/T.db", "DIR/none.db", "/etc/passwd", "--no-dbs --bogus", "--no-dbs --remote=db:T,A,n",
                    "--no-dbs --user=no-such-user", "--no-dbs --pidfile=DIR/none/pid", "--no-dbs -vnone:info",
                    "--no-dbs --remote=punix:DIR/none/sock", "--no-dbs --private-key=DIR/none", "-V", "--help",
                    "--no-dbs --no-self-confinement --syslog-method=null"):
        done = subprocess.run([server.program, "--unixctl=none", "--run=true", "-vconsole:off",
                               *options.replace("DIR", str(server.folder)).split()], capture_output=True, text=True, timeout=60)
        statuses.append((options, done.returncode))
    server.__exit__(None, None, None)
    return statuses


def counters():
    """They say what happened since they were cleared."""
    with harness.Server([SCHEMA]) as server:
        client, control = harness.Client(server.sock), harness.Client(server.ctl)
        insert = {"op": "insert", "table": "A", "row": {"n": 1}}
        client.transact("T", insert)

        def shown():
            return {name: int(n) for name, n in map(str.split, control.call("ovsdb-server/perf-counters-show").splitlines())}
        def total(name):
            return int(control.call("coverage/read-counter", name))
        assert shown()["ovsdb_commit"] == total("ovsdb_commit") >= 1
        control.call("ovsdb-server/perf-counters-clear")
        before = total("ovsdb_rows_changed")
        client.transact("T", insert, insert, {"op": "commit", "durable": True})
        client.transact("T", {"op": "abort"})
        monitor = {"A": {"columns": ["n"]}}
        found, last, _ = client.call("monitor_cond_since", "T", "a", monitor, "00000000-0000-0000-0000-000000000000")
        assert not found
        assert client.call("monitor_cond_since", "T", "b", monitor, last)[0]
        other = harness.Client(server.sock)
        other.call("monitor_cond", "T", "c", monitor)
        now = shown()
        expected = {"ovsdb_transact": 2, "ovsdb_transact_failed": 1, "ovsdb_commit": 1, "ovsdb_rows_changed": 2, "ovsdb_sync": 1,
                    "storage_records": 1, "storage_sync": 1, "ovsdb_history_hit": 1, "ovsdb_history_miss": 1,
                    "ovsdb_snapshot_made": 1, "ovsdb_snapshot_shared": 1, "ovsdb_session": 1}
        assert {name: now.get(name, 0) for name in expected} == expected, now
        assert now["storage_bytes"] > 100 and now["stream_bytes_in"] > 100 and now["stream_bytes_out"] > 100, now
        assert total("ovsdb_rows_changed") == before + 2
        assert "Statistics for 'storage-sync'\n  Total samples: 1\n" in control.call("stopwatch/show", "storage-sync")
        control.call("ovsdb-server/compact")
        assert shown()["storage_snapshot"] == 1
        memory = dict(item.split(":") for item in control.call("memory/show").split())
        assert memory["rows"] == "5" and memory["monitors"] == "3", memory       # two of the rows are _Server's


def main():
    if not harness.PROGRAMS["peer"].exists():
        harness.skip("ovsdb-server is not installed")
    ours, peer = map(run_option, KINDS)
    assert ours == peer, (ours, peer)
    assert [status for _, status, _ in ours] == [0, 1, 1, 0], ours
    for what in (starts, answers):
        for ours, peer in zip(*map(what, KINDS)):
            assert ours == peer, (ours, peer)
    counters()
    for kind in KINDS:
        values_in_the_file(kind)
        if os.geteuid() == 0:
            other_user(kind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
