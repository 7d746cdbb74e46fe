#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A backup whose own disk is full serves what it has, says why it does not follow, and follows again when there is space.

The disk is a tmpfs in a mount namespace of its own; where that is not allowed the test is skipped.
"""
import sys

import harness
from small_disk import SmallDisk, enter_namespace

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {
    "A": {"isRoot": True, "indexes": [["name"]], "columns": {"name": {"type": "string"}, "pad": {"type": "string"}}}}}
DISK_BYTES = 4 << 20
ALL = {"op": "select", "table": "A", "where": [], "columns": ["_uuid", "name", "pad"]}


def transact(server, *operations):
    client = harness.Client(server.sock)
    try:
        return client.transact("T", *operations)
    finally:
        client.close()


def contents(server):
    return sorted(transact(server, ALL)[0]["rows"], key=lambda row: row["name"])


def write(server, *names):
    results = transact(server, *(
        {"op": "insert", "table": "A", "row": {"name": name, "pad": "x" * 5000}} for name in names))
    assert all("uuid" in result for result in results), results


class Watcher:
    """Hears of each row that is added from now on, and answers probes when it is asked something."""

    def __init__(self, server):
        self.client = harness.Client(server.sock)
        self.client.call("monitor", "T", "m", {"A": {"columns": ["name"], "select": {"initial": False}}})

    def heard(self):
        self.client.call("echo")
        return [row["new"]["name"] for n in self.client.notifications for row in n["params"][1]["A"].values()]


def wait_following(backup, active):
    harness.wait_until(lambda: contents(backup) == contents(active) and "replicating: " in backup.control("sync-status"),
                       "the backup to follow")


def says_why(backup):
    text = backup.control("sync-status")
    return text.startswith("state: backup\nerror: ") and "No space left on device" in text


def check_full(backup, known):
    """It says so, and serves what it had, no part of what came since; nobody may write."""
    harness.wait_until(lambda: says_why(backup), "the backup to say that its disk is full")
    assert contents(backup) == known
    refused = transact(backup, {"op": "insert", "table": "A", "row": {"name": "mine"}})
    assert any("error" in (result or {}) for result in refused), refused
    assert "No space left on device" in (backup.folder / "log").read_text()


def tell(disk, active, backup, free):
    """'free' bytes of the disk are left: none, or enough for a part of what comes."""
    write(active, "small %d" % free)
    wait_following(backup, active)
    known = contents(backup)
    watcher = Watcher(backup)
    disk.fill(free)
    new = ["%s %d" % (name, free) for name in "abcdef"]
    write(active, *new)                            # one record of 30 kB
    check_full(backup, known)
    assert watcher.heard() == []
    write(active, "later %d" % free)               # the active server is not held up
    check_full(backup, known)
    assert watcher.heard() == []
    disk.make_room()
    harness.wait_until(lambda: watcher.heard(), "the backup to go on by itself")
    wait_following(backup, active)
    assert sorted(watcher.heard()) == [*new, "later %d" % free]          # each once
    watcher.client.close()


def restart_full(disk, active, backup):
    """A backup that starts with a full disk opens what it has."""
    known = contents(backup)
    disk.fill()
    backup.kill()
    write(active, *("while away %d" % i for i in range(5)))
    backup.start()
    check_full(backup, known)
    disk.make_room()
    wait_following(backup, active)


def promote(active, backup):
    """All that it showed is in its file."""
    known = contents(active)
    active.kill()
    backup.control("disconnect-active-ovsdb-server")
    backup.kill()
    backup.options = []
    backup.start()
    assert contents(backup) == known
    write(backup, "promoted")


def main():
    enter_namespace()
    with SmallDisk(DISK_BYTES) as disk:
        if not disk.is_small:
            harness.skip("no mount namespace of our own (CAP_SYS_ADMIN)")
        with harness.Server([SCHEMA]) as active:
            backup = harness.Server([], options=["--sync-from=" + active.remote])
            backup.databases = [disk.path / "T.db"]
            harness.write_database(backup.databases[0], SCHEMA)
            with backup:
                for free in (0, 8192):
                    tell(disk, active, backup, free)
                restart_full(disk, active, backup)
                promote(active, backup)


if __name__ == "__main__":
    sys.exit(main())
