#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Options of the server beside Debian's ovsdb-server: --run, --disable-file-column-diff, --user, --no-self-confinement."""
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


def main():
    if not harness.PROGRAMS["peer"].exists():
        harness.skip("ovsdb-server is not installed")
    ours, peer = map(run_option, KINDS)
    assert ours == peer, (ours, peer)
    assert [status for _, status, _ in ours] == [0, 1, 1, 0], ours
    for kind in KINDS:
        values_in_the_file(kind)
        if os.geteuid() == 0:
            other_user(kind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
