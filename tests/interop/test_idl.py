#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python3-openvswitch's IDL lives its life against our server, over each transport: create, read, update, delete, events,
conditions, locks, a restart of the server."""
import sys

import harness
import transports

harness.debian_python()

import ovs.db.idl  # noqa: E402
import ovs.poller  # noqa: E402

NB = harness.SOURCE / "schemas/ovn-nb.ovsschema"


class Idl(ovs.db.idl.Idl):
    """Remembers the events that it is told of."""

    def __init__(self, remote, tables):
        helper = ovs.db.idl.SchemaHelper(str(NB))
        for table in tables:
            helper.register_table(table)
        super().__init__(remote, helper)
        self.events = []

    def notify(self, event, row, updates=None):
        self.events.append((event, row._table.name, getattr(row, "name", None)))


def run(idl, until, what):
    def step():
        idl.run()
        if until():
            return True
        poller = ovs.poller.Poller()
        idl.wait(poller)
        poller.timer_wait(50)
        poller.block()
        return False
    harness.wait_until(step, what)


def commit(idl, txn):
    status = txn.commit_block()
    assert status in (txn.SUCCESS, txn.UNCHANGED), (status, txn.get_error())


def rows(idl, table, name):
    return [r for r in idl.tables[table].rows.values() if r.name == name]


def create(idl):
    txn = ovs.db.idl.Transaction(idl)
    lswitch = txn.insert(idl.tables["Logical_Switch"])
    lswitch.name = "s1"
    for i in range(3):
        port = txn.insert(idl.tables["Logical_Switch_Port"])
        port.name = "p%d" % i
        port.options = {"a": "b"}
        lswitch.addvalue("ports", port)
    commit(idl, txn)
    return txn.get_insert_uuid(lswitch.uuid)


def life_cycle(server):
    writer = Idl(server.remote, ["Logical_Switch", "Logical_Switch_Port"])
    reader = Idl(server.remote, ["Logical_Switch", "Logical_Switch_Port"])
    run(writer, lambda: writer.has_ever_connected(), "the connection")
    run(reader, lambda: reader.has_ever_connected(), "the connection")
    uuid = create(writer)
    run(reader, lambda: rows(reader, "Logical_Switch", "s1"), "the new rows")
    assert len(rows(reader, "Logical_Switch", "s1")[0].ports) == 3
    assert ("create", "Logical_Switch_Port", "p1") in reader.events

    txn = ovs.db.idl.Transaction(writer)
    port = rows(writer, "Logical_Switch_Port", "p1")[0]
    port.verify("name")
    port.setkey("options", "k", "v")
    port.up = True
    commit(writer, txn)
    run(reader, lambda: rows(reader, "Logical_Switch_Port", "p1")[0].options == {"a": "b", "k": "v"}, "the update")
    assert rows(reader, "Logical_Switch_Port", "p1")[0].up == [True]

    txn = ovs.db.idl.Transaction(writer)
    lswitch = writer.tables["Logical_Switch"].rows[uuid]
    lswitch.delvalue("ports", rows(writer, "Logical_Switch_Port", "p0")[0])
    commit(writer, txn)
    run(reader, lambda: not rows(reader, "Logical_Switch_Port", "p0"), "the unreferenced port to go")
    assert ("delete", "Logical_Switch_Port", "p0") in reader.events
    return writer, reader


def conflicting_verify_fails(writer, reader):
    run(reader, lambda: rows(reader, "Logical_Switch_Port", "p2"), "the row")
    txn = ovs.db.idl.Transaction(reader)
    port = rows(reader, "Logical_Switch_Port", "p2")[0]
    port.verify("type")
    port.type = "router"
    other = ovs.db.idl.Transaction(writer)
    rows(writer, "Logical_Switch_Port", "p2")[0].type = "localnet"
    commit(writer, other)
    status = txn.commit_block()
    assert status == txn.TRY_AGAIN, status


def conditions(server, writer):
    narrow = Idl(server.remote, ["Logical_Switch_Port"])
    narrow.cond_change("Logical_Switch_Port", [["name", "==", "p1"]])
    run(narrow, lambda: rows(narrow, "Logical_Switch_Port", "p1"), "the row that fits")
    assert len(narrow.tables["Logical_Switch_Port"].rows) == 1
    narrow.cond_change("Logical_Switch_Port", [["name", "==", "p2"]])
    run(narrow, lambda: rows(narrow, "Logical_Switch_Port", "p2"), "the other row")
    run(narrow, lambda: not rows(narrow, "Logical_Switch_Port", "p1"), "the first to go")
    return narrow


def restart(server, writer, reader):
    seqno = writer.change_seqno
    server.kill()
    server.start()
    run(writer, lambda: writer.change_seqno != seqno, "the reconnection")
    txn = ovs.db.idl.Transaction(writer)
    rows(writer, "Logical_Switch", "s1")[0].external_ids = {"after": "restart"}
    commit(writer, txn)
    run(reader, lambda: rows(reader, "Logical_Switch", "s1")[0].external_ids == {"after": "restart"},
        "the reader to hear of it")


def locks(server):
    one, two = Idl(server.remote, ["NB_Global"]), Idl(server.remote, ["NB_Global"])
    one.set_lock("leader")
    run(one, lambda: one.has_lock, "the lock")
    two.set_lock("leader")
    run(two, lambda: two.is_lock_contended, "contention")
    one.close()
    run(two, lambda: two.has_lock, "the lock to be handed over")
    two.close()


def life(server):
    writer, reader = life_cycle(server)
    conflicting_verify_fails(writer, reader)
    narrow = conditions(server, writer)
    locks(server)
    restart(server, writer, reader)
    for idl in (writer, reader, narrow):
        idl.close()


def main():
    transports.each([("idl", [NB], life)], transports.give_keys_to_python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
