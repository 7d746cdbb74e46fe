#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One database, all its life long: converted, backed up, restored, replicated, promoted, relayed, compacted, on a full disk,
without power at every byte of its last record.  Whatever happens, it holds what was acknowledged.

Writers with a ledger (ledger.py) work all the time, and are held against the database after each step.

usage: test_survival.py [--seed N]
The disk is a tmpfs in a mount namespace of its own; where that is not allowed the full disk is skipped.
"""
import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys

import harness
from ledger import SELECT, Writer, operations, schema, state_after, state_of
from small_disk import SmallDisk, enter_namespace

CLIENT = harness.BUILD / "ovsdb/clientprog/weft-ovsdb-client"
TOOL = harness.BUILD / "ovsdb/tool/weft-ovsdb-tool"
PEER_TOOL = shutil.which("ovsdb-tool")
DISK_BYTES = 12 << 20


class Story:
    """The database, where it is, the writers, and the files of its disk."""

    def __init__(self, disk, rng):
        self.disk, self.rng = disk, rng
        self.version = 1
        self.server = None
        self.servers = []
        self.writers = []

    def new_server(self, name, options=()):
        server = harness.Server([], options=options)
        server.databases = [name if name.startswith("relay:") else self.disk.path / name]
        self.servers.append(server)
        return server

    def begin(self):
        harness.write_database(self.disk.path / "first.db", schema(1))
        self.server = self.new_server("first.db").start()
        self.writers = [Writer("w%d" % i, self.server) for i in range(2)]
        for writer in self.writers:
            writer.start()

    def end(self):
        for writer in self.writers:
            writer.ended.set()
        for writer in self.writers:
            writer.join(30)
        for server in self.servers:
            server.__exit__(sys.exc_info()[0], None, None)

    @property
    def database(self):
        return self.server.databases[0]

    def run(self, *command, **options):
        return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60, **options)

    def works(self, *command, **options):
        done = self.run(*command, **options)
        assert done.returncode == 0, (command, done)
        return done.stdout

    @contextlib.contextmanager
    def quiet(self):
        """Between their transactions the writers rest."""
        with contextlib.ExitStack() as stack:
            for writer in self.writers:
                stack.enter_context(writer.turn)
            yield

    def move(self, server, writers=None):
        """The writers go on with another server."""
        for writer in writers or self.writers:
            writer.server = server
            writer.leave()

    def progress(self, count=5):
        """Each writer gets on: the server takes transactions."""
        goals = [writer.acknowledged + count for writer in self.writers]
        harness.wait_until(lambda: any(w.error for w in self.writers)
                           or all(w.acknowledged >= goal for w, goal in zip(self.writers, goals)), "the writers")
        self.complain()

    def complain(self):
        for writer in self.writers:
            if writer.error:
                raise AssertionError("writer %s ended" % writer.name) from writer.error

    def schema_version(self):
        client = harness.Client(self.server.sock)
        try:
            return int(client.call("get_schema", "T")["version"].split(".")[0])
        finally:
            client.close()

    def contents(self, server=None):
        client = harness.Client((server or self.server).sock)
        try:
            return client.transact("T", *SELECT)
        finally:
            client.close()

    def check(self, server=None):
        """The database is what the ledger says, also for those whom nothing was interrupted."""
        self.complain()
        with self.quiet():
            result = self.contents(server)
            assert len(result[0]["rows"]) == len(self.writers), result[0]
            for writer in self.writers:
                writer.settle(result)

    def crash(self):
        """kill -9 while transactions are on their way, and a new start."""
        self.server.kill()
        self.server.start()
        self.check()
        self.progress()


# --- The steps ---


def convert(story):
    """Online, and by the tools while the server is away."""
    new = story.disk.path / "new.ovsschema"
    for tool in filter(None, (CLIENT, TOOL, PEER_TOOL)):
        story.version += 1
        new.write_text(json.dumps(schema(story.version)))
        if tool == CLIENT:
            story.works(CLIENT, "convert", story.server.remote, new)
            story.check()
            story.crash()
        else:
            story.server.kill(signal.SIGTERM)
            story.works(tool, "convert", story.database, new)
            story.server.start()
            story.check()
        assert story.schema_version() == story.version
        story.progress()
    story.version += 1
    new.write_text(json.dumps(schema(story.version)))
    client = subprocess.Popen([CLIENT, "convert", story.server.remote, new], stderr=subprocess.DEVNULL)
    story.progress(story.rng.randrange(2))
    story.crash()                                  # before, after or amid
    client.wait(30)
    found = story.schema_version()
    assert found in (story.version, story.version - 1), found
    story.version = found


def back_up_and_restore(story):
    """A backup that is made while others write is one moment of the database, and comes back as that."""
    before = [writer.acknowledged for writer in story.writers]
    backup = story.works(CLIENT, "backup", story.server.remote, "T")
    after = [writer.maybe or writer.acknowledged for writer in story.writers]
    story.progress()
    with story.quiet():
        story.works(CLIENT, "restore", story.server.remote, "T", input=backup)
        result = story.contents()
        for writer, low, high in zip(story.writers, before, after):
            n = state_of(writer.name, result)[0]
            assert low <= n <= high + 1, (low, n, high)
            writer.acknowledged, writer.maybe = n, None
            writer.leave()
    story.check()
    story.crash()


def replicate_and_promote(story):
    """The backup server follows, also through kill -9 of either, and takes over."""
    backup = story.new_server("second.db", ["--sync-from=" + story.server.remote])
    harness.write_database(backup.databases[0], schema(story.version))
    backup.start()

    def has_followed():
        try:
            there, here = story.contents(backup), story.contents()
        except (OSError, EOFError):
            return False
        return all(state_of(w.name, there) == state_of(w.name, here) for w in story.writers)

    def follow():
        with story.quiet():
            harness.wait_until(has_followed, "the backup to follow")

    follow()
    backup.kill()
    story.progress()
    backup.start()
    follow()
    story.crash()
    follow()
    with story.quiet():
        harness.wait_until(has_followed, "the backup to follow")
        story.server.kill()
        backup.control("disconnect-active-ovsdb-server")
        story.server = backup
        backup.options = []
        story.move(backup)
    story.check()
    story.crash()


def relay(story):
    """One writer goes through a relay, whose source is killed; what the relay cannot know it says so."""
    with story.new_server("relay:T:" + story.server.remote) as through:
        def is_connected():
            client = harness.Client(through.sock)
            try:
                row = client.transact("_Server", {"op": "select", "table": "Database", "where": [["name", "==", "T"]]})[0]["rows"]
                return row[0]["connected"]
            finally:
                client.close()
        harness.wait_until(is_connected, "the relay")
        with story.quiet():
            story.move(through, story.writers[:1])
        story.progress()
        story.check()
        story.crash()
        harness.wait_until(is_connected, "the relay to come back")
        story.check(through)
        story.progress()
        with story.quiet():
            story.move(story.server)
    story.check()


def compact(story):
    """While others write; with kill -9 at some moment of it; by the tool."""
    for _ in range(3):
        story.server.control("compact")
        story.progress(1)
    story.check()
    for _ in range(3):
        client = harness.Client(story.server.ctl)
        client.request("ovsdb-server/compact")
        story.rng.random() < 0.5 and story.progress(1)
        story.crash()
        client.close()
    story.server.kill(signal.SIGTERM)
    size = story.database.stat().st_size
    story.works(TOOL, "compact", story.database)
    assert story.database.stat().st_size < size
    story.server.start()
    story.check()


def fill_the_disk(story):
    """Writers hear "I/O error", readers are served, nothing is lost, and all goes on when there is space."""
    for free in (0, 20480):
        story.progress()                           # some records for refuse_to_lose_records()
        story.disk.fill(free)
        before = [writer.refused for writer in story.writers]

        def are_refused():
            return any(w.error for w in story.writers) or all(w.refused > n for w, n in zip(story.writers, before))

        harness.wait_until(are_refused, "the disk to be full")
        story.check()
        try:
            story.server.control("compact")
            raise AssertionError("there is no space to compact")
        except RuntimeError:
            pass
        story.check()
        new = story.server.folder / "new.ovsschema"
        new.write_text(json.dumps(schema(story.version + 1)))
        done = story.run(CLIENT, "convert", story.server.remote, new)
        assert done.returncode != 0, done
        assert story.schema_version() == story.version
        story.check()
        story.server.kill()
        run_tools_in_vain(story, new)
        refuse_to_lose_records(story)
        story.server.start()
        story.check()
        before = [writer.refused for writer in story.writers]
        harness.wait_until(are_refused, "the disk to be full after the restart")
        story.disk.make_room()
        story.progress()                           # by itself
        story.check()
        story.crash()
        story.server.control("compact")
        story.check()


def run_tools_in_vain(story, new):
    """Without space the tool changes nothing and leaves nothing behind."""
    whole = story.database.read_bytes()
    files = sorted(os.listdir(story.disk.path))
    big = json.dumps(["T", {"op": "insert", "table": "Entry", "row": {"pad": "x" * 50000}}])
    for words in (["compact", story.database], ["convert", story.database, new], ["transact", story.database, big]):
        done = story.run(TOOL, *words)
        assert done.returncode == 1 and "No space left on device" in done.stderr, done
        assert story.database.read_bytes() == whole and sorted(os.listdir(story.disk.path)) == files, words


def refuse_to_lose_records(story):
    """Whole records behind a corrupt one are not cut off while there is no space to keep them elsewhere."""
    whole = story.database.read_bytes()
    at = whole.index(b"OVSDB JSON ", whole.index(b"\nOVSDB JSON ") + 2)
    assert whole.count(b"OVSDB JSON ", at) > 2

    def write(byte):
        with open(story.database, "r+b") as f:
            f.seek(at)
            f.write(byte)
    write(b"X")
    files = sorted(os.listdir(story.disk.path))
    done = story.run(story.server.program, "--unixctl=%s" % story.server.ctl, story.database)
    assert done.returncode == 1 and "more records follow, which cannot be kept" in done.stderr, done
    assert sorted(os.listdir(story.disk.path)) == files
    write(b"O")
    assert story.database.read_bytes() == whole


def read_file(server, path):
    """What each writer has in the file 'path', by a server that serves it for that long."""
    control = harness.Client(server.ctl)
    control.call("ovsdb-server/add-db", str(path))
    client = harness.Client(server.sock)           # now, because a new database ends the sessions of others
    result = client.transact("T", *SELECT)
    control.call("ovsdb-server/remove-db", "T")
    control.close()
    client.close()
    return [state_of(name, result) for name in ("w0", "w1")]


def filler(n):
    """The record of 'n' bytes that durable commits keep at the end of a file (docs/adr/0090)."""
    return next(text for text in (harness.framed(b" " * (n - k) + b"{}\n") for k in range(55, 70)) if len(text) == n)


def lose_power(story):
    """The last record is there up to each of its bytes, or has one that is wrong: the state is the one before.  Where it has
    overwritten what was at the end of the file, that is what follows."""
    story.progress()                               # some of it is durable
    with story.quiet():
        story.server.kill()
    found = story.database.read_bytes()
    end = found.rindex(b"OVSDB JSON ")
    assert found[end:] == filler(len(found) - end), "durable commits left no room"
    whole = found[:end]
    begin = whole.rindex(b"OVSDB JSON ")
    room = filler(len(found) - begin)
    path = story.disk.path / "torn.db"
    for kind in ("ours", "peer"):
        if not harness.PROGRAMS[kind].exists():
            print("skip - Debian's server on torn files # it is not installed")
            continue
        with harness.Server([{"name": "Other", "tables": {}}], kind) as server:
            def read(text):
                path.write_bytes(text)
                return read_file(server, path)
            before, after = read(whole[:begin]), read(whole)
            assert after != before, "the last record is to be a writer's"
            assert read(whole[:begin] + room) == before and read(found) == after, kind
            for at in range(begin, len(whole)):
                assert read(whole[:at]) == before, (kind, "torn", at - begin)
                assert read(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]) == before, (kind, "wrong", at - begin)
                assert read(whole[:at] + room[at - begin:]) == before, (kind, "overwritten in part", at - begin)
    story.server.start()
    story.check()
    for at in story.rng.sample(range(begin + 1, len(whole)), 4):
        serve_torn(story, path, whole[:at], before)
    for at in story.rng.sample(range(begin + 60, len(whole)), 4):
        serve_torn(story, path, whole[:at] + room[at - begin:], before)


def serve_torn(story, path, text, before):
    """The tool says that the file is torn and leaves it alone; the server cuts it, and what it then takes is not lost."""
    path.write_bytes(text)
    done = story.run(TOOL, "query", path, json.dumps(["T", *SELECT]))
    assert done.returncode == 1 and "error" in done.stderr and path.read_bytes() == text, done
    with story.new_server(path.name) as server:
        result = story.contents(server)
        assert [state_of(w.name, result) for w in story.writers] == before, len(text)
        client = harness.Client(server.sock)
        n = before[0][0] + 1
        client.transact("T", *operations("w0", n, True))
        client.close()
        server.kill()
        server.start()
        assert state_of("w0", story.contents(server)) == state_after(n), len(text)


def tell(story):
    story.begin()
    story.progress()
    for step in (convert, back_up_and_restore, replicate_and_promote, relay, compact, fill_the_disk, lose_power):
        if step is fill_the_disk and not story.disk.is_small:
            print("skip - fill_the_disk # no mount namespace of our own (CAP_SYS_ADMIN)")
            continue
        step(story)
        story.check()
        print("ok - %s; acknowledged: %s" % (step.__name__, [w.acknowledged for w in story.writers]), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args = parser.parse_args()
    enter_namespace()
    print("seed", args.seed, flush=True)
    with SmallDisk(DISK_BYTES) as disk:
        story = Story(disk, random.Random(args.seed))
        try:
            tell(story)
        finally:
            story.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
