#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Relays: ours over ours, ours over the peer's, the peer's over ours, a relay of a relay, and a crowd behind two."""
import shutil
import subprocess
import sys

import harness

harness.debian_python()

import ovs.db.idl  # noqa: E402

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {
    "A": {"isRoot": True, "indexes": [["name"]], "columns": {
        "name": {"type": "string"}, "group": {"type": "integer"}, "n": {"type": "integer"}}}}}
N_CLIENTS = 50
N_WATCHERS = 200
NO_TXN = "00000000-0000-0000-0000-000000000000"


def relay(kind, *sources, name="T"):
    server = harness.Server([], kind)
    server.databases = ["relay:%s:" % name + ",".join(source.remote for source in sources)]
    return server


def database_row(server, name="T"):
    """None if the connection is closed, as the peer's relay does once it has learnt the schema."""
    client = harness.Client(server.sock)
    try:
        return client.transact("_Server", {"op": "select", "table": "Database", "where": [["name", "==", name]]})[0]["rows"][0]
    except (EOFError, OSError):
        return None
    finally:
        client.close()


def wait_connected(server, connected=True, name="T"):
    harness.wait_until(lambda: (database_row(server, name) or {}).get("connected") is connected,
                       "the relay to be %sconnected" % ("" if connected else "dis"))
    row = database_row(server, name)
    assert row["model"] == "relay" and row["leader"] is False, row


def names(client):
    rows = client.transact("T", {"op": "select", "table": "A", "where": [], "columns": ["name"]})[0]["rows"]
    return sorted(row["name"] for row in rows)


def insert(name, group=0):
    return {"op": "insert", "table": "A", "row": {"name": name, "group": group}}


def fan_out(source, through):
    """Each of many clients sees its own group, and all of that."""
    clients = [harness.Client(through.sock) for _ in range(N_CLIENTS)]
    for i, client in enumerate(clients):
        client.call("monitor_cond_since", "T", "m", {"A": [{"columns": ["name"], "where": [["group", "==", i]]}]}, NO_TXN)
    writer = harness.Client(source.sock)
    writer.transact("T", *(insert("fan %d" % i, i) for i in range(N_CLIENTS)))
    for i, client in enumerate(clients):
        while not client.notifications:
            client.call("echo")
        (update,) = client.notifications
        seen = [row["insert"]["name"] for row in update["params"][2]["A"].values()]
        assert seen == ["fan %d" % i], seen
        client.close()
    writer.close()


def transactions(through, source):
    client, at_source = harness.Client(through.sock), harness.Client(source.sock)
    assert "uuid" in client.transact("T", insert("one"))[0]
    assert "one" in names(at_source) and "one" in names(client)
    assert client.transact("T", insert("one"))[-1]["error"] == "constraint violation"
    bad = {"op": "insert", "table": "A", "row": {"nope": 1}}
    assert client.transact("T", insert("two"), bad)[1]["error"] == "unknown column"
    assert "two" not in names(at_source)
    wait = {"op": "wait", "table": "A", "where": [["name", "==", "go"]], "columns": ["name"], "until": "==",
            "rows": [{"name": "go"}]}
    number = client.request("transact", "T", wait, insert("went"))
    at_source.transact("T", insert("go"))
    assert client.reply_to(number)["error"] is None
    assert "went" in names(at_source)
    client.close()
    at_source.close()


def source_restart(source, through):
    """Clients stay, read on, and their writes wait for the source."""
    client = harness.Client(through.sock)
    before = names(client)
    source.kill()
    wait_connected(through, False)
    assert names(client) == before
    number = client.request("transact", "T", insert("patient"))
    source.start()
    reply = client.reply_to(number)
    assert reply["error"] is None and "uuid" in reply["result"][0], reply
    wait_connected(through)
    assert "patient" in names(client)
    client.close()


def python_idl(through):
    helper = ovs.db.idl.SchemaHelper(schema_json=SCHEMA)
    helper.register_all()
    idl = ovs.db.idl.Idl(through.remote, helper, leader_only=False)

    def run_until(condition, what):
        def step():
            done = condition()                     # before run(), which wants no transaction to be in the making
            if not done:
                idl.run()
            return done
        harness.wait_until(step, what)

    run_until(lambda: idl.change_seqno and idl.tables["A"].rows, "the first rows")
    txn = ovs.db.idl.Transaction(idl)
    row = txn.insert(idl.tables["A"])
    row.name = "by the IDL"
    status = []

    def committed():
        status[:] = [txn.commit()]
        return status[0] != ovs.db.idl.Transaction.INCOMPLETE

    run_until(committed, "the commit")
    assert status[0] in (ovs.db.idl.Transaction.SUCCESS, ovs.db.idl.Transaction.UNCHANGED), status
    run_until(lambda: any(r.name == "by the IDL" for r in idl.tables["A"].rows.values()), "the row")
    idl.close()


def life(source_kind, relay_kind):
    with harness.Server([SCHEMA], source_kind) as source, relay(relay_kind, source) as through:
        wait_connected(through)
        transactions(through, source)
        fan_out(source, through)
        python_idl(through)
        if relay_kind == "ours":                   # the peer's does not say that it lost its source
            source_restart(source, through)


def relay_of_relay():
    with harness.Server([SCHEMA], "ours") as source, relay("ours", source) as one, relay("ours", one) as two:
        wait_connected(two)
        transactions(two, source)
        fan_out(source, two)
        client = harness.Client(two.sock)
        before = names(client)
        source.kill()
        wait_connected(two, False)
        assert names(client) == before
        source.start()
        wait_connected(two)
        assert "uuid" in client.transact("T", insert("after"))[0]
        client.close()


class Watcher:
    """A change-aware client that watches its own group, as a chassis watches its datapaths."""

    def __init__(self, group):
        self.group, self.last_txn, self.seen, self.n_canceled = group, NO_TXN, [], 0

    def connect(self, server):
        self.client = harness.Client(server.sock)
        self.client.call("set_db_change_aware", True)

    def watch(self):
        """What the server answers; whether it knew what we had seen, and how many rows that left to tell."""
        found, self.last_txn, rows = self.client.call("monitor_cond_since", "T", "m", {
            "A": [{"columns": ["name"], "where": [["group", "==", self.group]]}]}, self.last_txn)
        return found, len(rows.get("A", {}))

    def hear(self):
        """What has arrived."""
        self.client.call("echo")
        for notification in self.client.notifications:
            if notification["method"] == "monitor_canceled":
                self.n_canceled += 1
            else:
                _, self.last_txn, rows = notification["params"]
                self.seen += [row["insert"]["name"] for row in rows["A"].values()]
        self.client.notifications.clear()
        return self


def crowd():
    """Behind two relays, which lose each other and their source, and see it converted: all is heard once, nobody is dropped."""
    watchers = [Watcher(i) for i in range(N_WATCHERS)]
    with harness.Server([SCHEMA], "ours") as source, relay("ours", source) as one, relay("ours", one) as two:

        def write(name):
            client = harness.Client(two.sock)
            result = client.transact("T", *(insert("%s %d" % (name, w.group), w.group) for w in watchers))
            assert all("uuid" in r for r in result), result
            client.close()

        def heard(name):
            for w in watchers:
                harness.wait_until(lambda: w.hear().seen, "%s at %d" % (name, w.group))
                assert w.seen == ["%s %d" % (name, w.group)], w.seen
                w.seen.clear()

        def watch_again(*expected):
            for w in watchers:
                answer = w.watch()
                assert answer == expected, answer
        wait_connected(two)
        for w in watchers:
            w.connect(two)
        watch_again(False, 0)
        write("first")
        heard("first")
        for name, server in (("after the source", source), ("after the relay", one)):
            server.kill()
            wait_connected(two, False)
            server.start()
            wait_connected(two)
            write(name)
            heard(name)
            assert not any(w.n_canceled for w in watchers)
        admin = harness.Client(source.sock)
        admin.call("set_db_change_aware", True)
        columns = {**SCHEMA["tables"]["A"]["columns"], "more": {"type": "string"}}
        admin.call("convert", "T", {**SCHEMA, "version": "2.0.0", "tables": {"A": {**SCHEMA["tables"]["A"], "columns": columns}}})
        for w in watchers:
            harness.wait_until(lambda: w.hear().n_canceled == 1, "the end of the monitor at %d" % w.group)
        wait_connected(two)
        watch_again(False, 3)
        write("after the conversion")
        heard("after the conversion")
        two.kill()
        two.start()
        wait_connected(two)
        for w in watchers:
            w.connect(two)
        watch_again(True, 0)                       # the new process knows the name of the state that they have
        write("after both")
        heard("after both")
        assert len(names(admin)) == 5 * N_WATCHERS
        admin.close()


def new_schema():
    """A source that comes back with another schema: clients that know of such changes stay."""
    with harness.Server([SCHEMA], "ours") as source, relay("ours", source) as through:
        wait_connected(through)
        client = harness.Client(through.sock)
        client.call("set_db_change_aware", True)
        client.call("monitor", "T", "m", {"A": [{}]})
        source.kill()
        columns = {**SCHEMA["tables"]["A"]["columns"], "more": {"type": "string"}}
        table = {**SCHEMA["tables"]["A"], "columns": columns}
        harness.write_database(source.databases[0], {**SCHEMA, "version": "2.0.0", "tables": {"A": table}})
        source.start()
        harness.wait_until(lambda: client.call("get_schema", "T")["version"] == "2.0.0", "the new schema")
        assert any(n["method"] == "monitor_canceled" for n in client.notifications), client.notifications
        client.transact("T", {"op": "insert", "table": "A", "row": {"more": "x"}})
        client.close()


def commands():
    with harness.Server([SCHEMA], "ours") as source, harness.Server([], "ours", ["--no-dbs"]) as server:
        control = harness.Client(server.ctl)
        control.call("ovsdb-server/add-db", "relay:T:" + source.remote)
        wait_connected(server)
        assert control.call("ovsdb-server/list-dbs").split() == ["T", "_Server"]
        for bad in ("relay:T", "relay::x", "relay:U:nonsense", "relay:T:" + source.remote):
            number = control.request("ovsdb-server/add-db", bad)
            assert control.reply_to(number)["error"], bad
        control.call("ovsdb-server/remove-db", "T")
        assert control.call("ovsdb-server/list-dbs").split() == ["_Server"]
        control.close()


def say(tool, servers, *words):
    """Whether the command line goes through, and what it prints."""
    done = subprocess.run([tool, "--no-shuffle-remotes", "-t", "30", "--db=" + ",".join(s.remote for s in servers), *words],
                          capture_output=True, text=True)
    assert done.returncode in (0, 1), done
    return done.returncode == 0, done.stdout if done.returncode == 0 else done.stderr


def command_lines():
    """nbctl and sbctl, ours and Debian's, leave a relay that has lost its source for the next remote."""
    for part, database, table in (("nb", "OVN_Northbound", "Logical_Switch"), ("sb", "OVN_Southbound", "Chassis_Private")):
        schema = harness.SOURCE / ("schemas/ovn-%s.ovsschema" % part)
        tools = [harness.BUILD / ("%sctl/weft-%sctl" % (part, part))]
        tools += filter(None, [shutil.which("ovn-%sctl" % part)])
        rows = ["--bare", "--columns=name", "list", table]
        with harness.Server([schema], "ours") as source, harness.Server([schema], "ours") as other, \
                relay("ours", source, name=database) as through:
            wait_connected(through, name=database)
            for server, name in ((source, "source"), (other, "other")):
                done = subprocess.run([tools[0], "--db=" + server.remote, "create", table, "name=" + name],
                                      capture_output=True, text=True)
                assert done.returncode == 0, done
            harness.wait_until(lambda: say(tools[0], [through], *rows) == (True, "source\n"), "the row to be relayed")
            source.kill()
            wait_connected(through, False, database)
            for tool in tools:
                for option in ("--leader-only", "--no-leader-only"):
                    assert say(tool, [through, other], option, *rows) == (True, "other\n"), (tool, option)
                    ok, error = say(tool, [through], option, *rows)
                    assert not ok and "%s: database connection failed (" % through.remote in error, (tool, option, error)
            source.start()
            wait_connected(through, name=database)
            for tool in tools:
                got = say(tool, [through, other], "--no-leader-only", *rows)     # with --leader-only Debian's take no relay
                assert got == (True, "source\n"), (tool, got)


def main():
    for source, through in (("ours", "ours"), ("peer", "ours"), ("ours", "peer")):
        life(source, through)
        print("ok: %s relays %s" % (through, source))
    relay_of_relay()
    crowd()
    new_schema()
    commands()
    command_lines()
    print("ok: relay of a relay, a crowd, new schema, commands, command lines")


if __name__ == "__main__":
    sys.exit(main())
