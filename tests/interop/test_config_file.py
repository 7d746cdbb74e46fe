#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--config-file and ovsdb-server/reload; and, without a file, what control commands changed outlives a crash under --monitor."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import harness
import transports

CONTROL_CHANGES = [
    ("add-remote", "punix:x"), ("remove-remote", "punix:x"), ("add-db", "x.db"), ("remove-db", "A"),
    ("set-active-ovsdb-server", "unix:x"), ("connect-active-ovsdb-server",), ("disconnect-active-ovsdb-server",),
    ("set-sync-exclude-tables", "A:T"), ("set-active-ovsdb-server-probe-interval", "1000"),
]


def schema(name):
    return {"name": name, "version": "1.0.0", "tables": {
        "T": {"isRoot": True, "columns": {"n": {"type": "integer"}}},
        "Remotes": {"isRoot": True, "columns": {"targets": {"type": {"key": "string", "min": 0, "max": "unlimited"}}}}}}


class ConfiguredServer(harness.Server):
    """One that is told everything by a file, 'config', whose paths are relative to its folder."""

    def __init__(self, schemas, config):
        super().__init__(schemas)
        self.file = self.folder / "config.json"
        self.write(config)

    def write(self, config):
        text = config if isinstance(config, str) else json.dumps(config)
        self.file.write_text(text.replace("DIR", str(self.folder)))

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--config-file=config.json", "--unixctl=%s" % self.ctl, "-vconsole:off",
             "--log-file=%s" % (self.folder / "log"), *self.options],
            env=dict(os.environ, OVS_DBDIR=str(self.folder)))
        harness.wait_until(self.answers, "the server")
        return self

    def reload(self, config):
        self.write(config)
        return self.control("reload")

    def refuses(self, config, *words):
        """The file is wrong, the answer says why, and nothing has changed."""
        before = self.state()
        try:
            self.reload(config)
        except RuntimeError as e:
            assert str(self.file) in str(e) and all(w in str(e) for w in words), (config, e)
        else:
            raise AssertionError("%s was taken" % (config,))
        assert self.state() == before, config

    def state(self):
        return [self.control(c) for c in ("list-remotes", "list-dbs", "sync-status", "get-sync-exclude-tables")]


MAIN = {"punix:DIR/db.sock": None}
PLAIN = {"remotes": MAIN, "databases": {"A.db": None}}


def differences():
    """Only what differs is touched."""
    with ConfiguredServer([schema("A"), schema("B")], PLAIN) as server:
        client = harness.Client(server.sock)
        client.call("set_db_change_aware", True)
        assert client.call("list_dbs") == ["A", "_Server"]
        server.reload({"remotes": dict(MAIN, **{"punix:DIR/two.sock": {"read-only": True}}),
                       "databases": {"DIR/A.db": {"service-model": "standalone"}, "B.db": {}}})
        assert client.call("list_dbs") == ["A", "B", "_Server"]          # on the connection of before
        assert server.control("list-remotes").split() == ["punix:%s/db.sock" % server.folder,
                                                          "punix:%s/two.sock" % server.folder]
        reader = harness.Client(server.folder / "two.sock")
        reader.call("set_db_change_aware", True)
        insert = {"op": "insert", "table": "T", "row": {"n": 1}}
        assert "error" in reader.transact("A", insert)[0]
        server.reload({"remotes": dict(MAIN, **{"punix:DIR/two.sock": {}}), "databases": {"A.db": {}}})
        assert "uuid" in reader.transact("A", insert)[0]                 # an option changed in place
        assert client.call("list_dbs") == ["A", "_Server"]
        server.reload(PLAIN)
        try:
            while True:
                reader.receive()
        except (EOFError, ConnectionError):
            pass
        assert not (server.folder / "two.sock").exists()
        rows = client.transact("A", insert, {"op": "select", "table": "T", "where": [], "columns": ["_uuid", "n"]})[1]["rows"]
        assert [row["n"] for row in rows] == [1, 1]


def database_remotes():
    """A "db:" remote is checked against the databases that there will be; its options are the defaults of its rows."""
    rows = "db:B,Remotes,targets"
    with ConfiguredServer([schema("A"), schema("B")], PLAIN) as server:
        server.refuses(dict(PLAIN, remotes=dict(MAIN, **{rows: None})), "remotes", "no database named B")
        server.refuses({"remotes": dict(MAIN, **{"db:B,T,n": None}), "databases": {"A.db": None, "B.db": None}},
                       "invalid type")
        server.reload({"remotes": dict(MAIN, **{rows: {"read-only": True}}), "databases": {"A.db": None, "B.db": None}})
        client = harness.Client(server.sock)
        where = server.folder / "three.sock"
        client.transact("B", {"op": "insert", "table": "Remotes", "row": {"targets": "punix:%s" % where}})
        harness.wait_until(where.exists, "the remote of the row")
        reader = harness.Client(where)
        assert "error" in reader.transact("A", {"op": "insert", "table": "T", "row": {}})[0]
        server.refuses(dict(PLAIN, remotes=dict(MAIN, **{rows: None})), "no database named B")


def shown_tos(family, local_port, peer_port):
    """What the sender's socket of a connection of this machine with itself puts on its packets; None if ss does not tell."""
    host = "[::1]" if family == socket.AF_INET6 else "127.0.0.1"
    done = subprocess.run(["ss", "-H", "-tn", "--tos", "src", "%s:%d" % (host, local_port), "dst", "%s:%d" % (host, peer_port)],
                          capture_output=True, text=True)
    found = re.search(r"\b%s:(\w+)" % ("tclass" if family == socket.AF_INET6 else "tos"), done.stdout)
    return int(found.group(1), 0) if found else None


def can_see_tos():
    if not shutil.which("ss"):
        return False
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x48)
        return shown_tos(socket.AF_INET, client.getsockname()[1], listener.getsockname()[1]) == 0x48


def marked_packets():
    """"dscp" is on what the server sends, over connections that it accepts and makes, and changes in place."""
    if not can_see_tos():
        print("skip - marked_packets # ss does not show the TOS of connections")
        return
    families = [(socket.AF_INET, "127.0.0.1", "127.0.0.1")]
    if socket.has_ipv6 and os.path.exists("/proc/sys/net/ipv6/conf/lo"):
        families.append((socket.AF_INET6, "::1", "[::1]"))
    for family, address, host in families:
        port = transports.free_port()
        with ConfiguredServer([schema("A")], PLAIN) as server, socket.create_server((address, 0), family=family) as listener:
            listener.settimeout(30)
            own_port = listener.getsockname()[1]

            def reload(dscp):
                options = {} if dscp is None else {"dscp": dscp}
                remotes = dict(MAIN, **{"ptcp:%d:%s" % (port, host): options, "tcp:%s:%d" % (host, own_port): options})
                server.reload(dict(PLAIN, remotes=remotes))

            reload(18)
            accepted = harness.Client((address, port))
            assert "A" in accepted.call("list_dbs")
            made = listener.accept()[0]
            ends = ((port, accepted.socket.getsockname()[1]), (made.getpeername()[1], own_port))
            for dscp in (18, 46, 0, 63, None):
                if dscp != 18:                                   # which it had from the start
                    reload(dscp)
                for local_port, peer_port in ends:
                    harness.wait_until(lambda: shown_tos(family, local_port, peer_port) == (dscp or 0) << 2,
                                       "dscp %s at %s" % (dscp, host))
            assert "A" in accepted.call("list_dbs")              # nothing was interrupted
            accepted.close()
            made.close()


def wrong_files():
    relay = {"service-model": "relay", "source": {"unix:x": None}}
    with ConfiguredServer([schema("A"), schema("B")], PLAIN) as server:
        (server.folder / "copy.db").write_bytes((server.folder / "A.db").read_bytes())
        (server.folder / "bad.db").write_text("no database")
        server.refuses('{"remotes": {},\n "databases": [}', "line 2, column 16")
        server.refuses('{"remotes": {}, "remotes": {}}', "line 1", "duplicate")
        server.refuses([], "an object expected")
        server.refuses(dict(PLAIN, other=1), '"other": not known')
        server.refuses(" " * (1 << 20) + "{}", "larger than")
        for remotes, words in (
                ({"nowhere": None}, ('"nowhere"', "not a connection method")),
                ({"punix:x": 1}, ('"punix:x"', "an object expected")),
                ({"punix:x": {"role": 1}}, ('"role"', "a string expected")),
                ({"punix:x": {"read-only": "yes"}}, ('"read-only"', "true or false")),
                ({"punix:x": {"dscp": 64}}, ('"dscp"', "between 0 and 63")),
                ({"punix:x": {"inactivity-probe": -1}}, ('"inactivity-probe"', "between")),
                ({"punix:x": {"inactivity_probe": 1}}, ('"inactivity_probe"', "not known"))):
            server.refuses(dict(PLAIN, remotes=remotes), '"remotes"', *words)
        for name, database, words in (
                ("none.db", None, ("No such file",)),
                ("bad.db", None, ("bad.db",)),
                ("copy.db", None, ("A", "duplicate database name")),
                ("B.db", {"service-model": "clustered"}, ("not supported yet",)),
                ("B.db", {"service-model": "other"}, ('"other"', "not a service model")),
                ("B.db", {"service-model": "active-backup"}, ('"source"',)),
                ("B.db", {"source": {"unix:x": None}}, ('"source"',)),
                ("B.db", {"exclude-tables": ["T"]}, ('"exclude-tables"',)),
                ("B.db", dict(relay, **{"service-model": "active-backup", "exclude-tables": [1]}), ("index 0",)),
                ("B", dict(relay, source={}), ("exactly one member",)),
                ("B", dict(relay, source={"unix:x": None, "unix:y": None}), ("exactly one member",)),
                ("B", dict(relay, source={"punix:x": None}), ('"punix:x"',)),
                ("B", dict(relay, source={"tcp:127.0.0.1:99999": None}), ("99999",)),
                ("B", dict(relay, backup=True), ('"backup"',)),
                ("A", relay, ("duplicate database name",)),
                ("_Server", relay, ("reserved",)),
                ("x.db", relay, ("not the name of a database",))):
            server.refuses(dict(PLAIN, databases={"A.db": None, name: database}), '"databases"', *words)
        server.file.unlink()
        try:
            server.control("reload")
            raise AssertionError("there is no file")
        except RuntimeError as e:
            assert "No such file" in str(e), e
        for command, *arguments in CONTROL_CHANGES:
            try:
                server.control(command, *arguments)
                raise AssertionError("%s must be refused" % command)
            except RuntimeError as e:
                assert "not allowed with --config-file" in str(e), e
        server.write(PLAIN)
        assert server.control("reload") == ""


def values(client, name):
    rows = client.transact(name, {"op": "select", "table": "T", "where": [], "columns": ["n"]})[0]["rows"]
    return sorted(row["n"] for row in rows)


def copies():
    """Each database has a source of its own, or none, and changes its role alone."""
    def backup(source, **more):
        return dict({"service-model": "active-backup", "backup": True, "source": {source.remote: {"max-backoff": 100}}}, **more)
    with harness.Server([schema("A"), schema("R")]) as one, harness.Server([schema("B")]) as two:
        for server, names in ((one, "AR"), (two, "B")):
            client = harness.Client(server.sock)
            for name in names:
                client.transact(name, {"op": "insert", "table": "T", "row": {"n": ord(name)}},
                                {"op": "insert", "table": "Remotes", "row": {}})
        databases = {"A.db": backup(one), "B.db": backup(two, **{"exclude-tables": ["Remotes"]}), "C.db": None,
                     "R": {"service-model": "relay", "source": {one.remote: {"inactivity-probe": 0}}}}
        config = {"remotes": MAIN, "databases": databases}
        with ConfiguredServer([schema(n) for n in "ABC"], config) as server:
            def show(name):
                client = harness.Client(server.sock)
                try:
                    return values(client, name)
                except RuntimeError:                                     # the relay knows no schema yet
                    return None
                finally:
                    client.close()
            for name in "ABR":
                harness.wait_until(lambda: show(name) == [ord(name)], "the copy of " + name)
            client = harness.Client(server.sock)
            assert "uuid" in client.transact("C", {"op": "insert", "table": "T", "row": {}})[0]
            for name in "AB":
                assert "error" in client.transact(name, {"op": "insert", "table": "T", "row": {}})[0], name
                remotes = client.transact(name, {"op": "select", "table": "Remotes", "where": []})[0]["rows"]
                assert len(remotes) == (name == "A"), (name, remotes)
            status = server.control("sync-status")
            assert "database: A" in status and "database: B" in status and "exclude: B:Remotes" in status, status
            assert server.control("get-active-ovsdb-server").split() == sorted([one.remote, two.remote])
            assert server.control("get-sync-exclude-tables").strip() == "B:Remotes"
            databases["A.db"]["backup"] = False
            server.reload(config)
            client = harness.Client(server.sock)
            assert "uuid" in client.transact("A", {"op": "insert", "table": "T", "row": {"n": 1}})[0]
            assert "error" in client.transact("B", {"op": "insert", "table": "T", "row": {}})[0]
            databases["B.db"] = {"service-model": "standalone"}
            databases["A.db"]["backup"] = True
            server.reload(config)
            harness.wait_until(lambda: show("A") == [ord("A")], "A to be a copy again")
            client = harness.Client(server.sock)
            assert "uuid" in client.transact("B", {"op": "insert", "table": "T", "row": {}})[0]


def bad_starts():
    with ConfiguredServer([schema("A")], PLAIN) as server:
        ctl = "--unixctl=%s" % (server.folder / "ctl2")
        for options, word in ((["--config-file=%s" % (server.folder / "none")], "No such file"),
                              (["--config-file=%s" % server.file], "lock"),
                              (["--config-file=%s" % server.file, "--remote=punix:x"], "excludes"),
                              (["--config-file=%s" % server.file, "--active"], "excludes"),
                              (["--config-file=%s" % server.file, "x.db"], "excludes"),
                              (["--no-dbs", "--record"], "not supported"), (["--no-dbs", "--replay=x"], "not supported")):
            done = subprocess.run([server.program, ctl, *options], capture_output=True, text=True, timeout=60,
                                  env=dict(os.environ, OVS_DBDIR=str(server.folder)))
            assert done.returncode == 1 and word in done.stderr, (options, done)


def without_a_file():
    with harness.Server([schema("A")]) as server:
        client = harness.Client(server.ctl)
        try:
            client.call("ovsdb-server/reload")
            raise AssertionError("there is nothing to read")
        except RuntimeError as e:
            assert "no configuration file" in str(e), e


def server_pid(server):
    try:
        return int((server.folder / "pid").read_text())
    except (OSError, ValueError):
        return None


def crash():
    """The monitor starts the server again as it was, not as the command line says; names may be relative."""
    server = harness.Server([schema("A"), schema("B"), schema("C")])
    subprocess.run([server.program, "--remote=punix:%s" % server.sock, "--unixctl=%s" % server.ctl, "-vconsole:off",
                    "--pidfile=%s" % (server.folder / "pid"), "--log-file=%s" % (server.folder / "log"), "--detach", "--monitor",
                    "A.db"], cwd=server.folder, check=True, timeout=60)
    pid = server_pid(server)
    monitor = int([f for f in open("/proc/%d/status" % pid) if f.startswith("PPid:")][0].split()[1])
    try:
        client = harness.Client(server.ctl)
        client.call("ovsdb-server/add-db", str(server.folder / "B.db"))
        client.call("ovsdb-server/add-db", str(server.folder / "C.db"))
        client.call("ovsdb-server/add-remote", "db:C,Remotes,targets")
        client.call("ovsdb-server/remove-db", "C")   # and the remote stays
        client.call("ovsdb-server/add-db", "relay:R:unix:%s" % (server.folder / "nobody"))
        client.call("ovsdb-server/add-remote", "punix:%s" % (server.folder / "two.sock"))
        client.call("ovsdb-server/remove-remote", "punix:%s" % server.sock)
        client.call("ovsdb-server/set-sync-exclude-tables", "A:T")
        client.call("ovsdb-server/set-active-ovsdb-server", "unix:%s" % (server.folder / "nobody"))
        client.call("ovsdb-server/connect-active-ovsdb-server")

        def state():
            try:
                client = harness.Client(server.ctl)
                return [client.call("ovsdb-server/" + c) for c in (
                    "list-dbs", "list-remotes", "sync-status", "get-active-ovsdb-server", "get-sync-exclude-tables")]
            except (OSError, EOFError):
                return None
        before = state()
        assert before[0].split() == ["A", "B", "R", "_Server"] and "state: backup" in before[2], before
        assert "db:C,Remotes,targets" in before[1], before
        os.kill(pid, signal.SIGABRT)                 # the sanitizer lets it through
        harness.wait_until(lambda: server_pid(server) not in (None, pid) and state(), "the next server")
        assert state() == before, (state(), before)
        client = harness.Client(server.folder / "two.sock")
        assert "B" in client.call("list_dbs")
    finally:
        for process in (server_pid(server), monitor):                   # without its child the monitor ends by itself
            try:
                if process:
                    os.kill(process, signal.SIGTERM)
            except ProcessLookupError:
                pass
        server.__exit__(None, None, None)


def main():
    for test in (differences, database_remotes, marked_packets, wrong_files, copies, bad_starts, without_a_file, crash):
        test()
        print(test.__name__, "ok", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
