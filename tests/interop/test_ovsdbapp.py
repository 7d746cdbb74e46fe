#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python3-ovsdbapp's APIs of the Northbound and Southbound databases and of the switch's work against our server, over each
transport: create, read, update, delete, events."""
import pathlib
import sys
import threading

import harness
import transports

harness.debian_python()
try:
    from ovsdbapp.backend.ovs_idl import connection, event, idlutils
    from ovsdbapp.schema.open_vswitch import impl_idl as switch_impl
    from ovsdbapp.schema.ovn_northbound import impl_idl as nb_impl
    from ovsdbapp.schema.ovn_southbound import impl_idl as sb_impl
except ImportError:
    harness.skip("python3-ovsdbapp is not installed")

NB = harness.SOURCE / "schemas/ovn-nb.ovsschema"
SB = harness.SOURCE / "schemas/ovn-sb.ovsschema"
SWITCH = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")


class PortEvent(event.WaitEvent):
    """Fires once, when a port of that name comes, changes or goes."""
    event_name = "PortEvent"

    def __init__(self, kind, name):
        super().__init__((kind,), "Logical_Switch_Port", (("name", "=", name),), timeout=30)


class NotifyIdl(connection.OvsdbIdl):
    def __init__(self, remote, schema):
        super().__init__(remote, schema)
        self.notify_handler = event.RowEventHandler()

    def notify(self, kind, row, updates=None):
        self.notify_handler.notify(kind, row, updates)


def switches(api):
    api.ls_add("s1").execute(check_error=True)
    api.ls_add("s1", may_exist=True).execute(check_error=True)
    with api.transaction(check_error=True) as txn:
        txn.add(api.lsp_add("s1", "p1"))
        txn.add(api.lsp_add("s1", "p2", addresses=["00:00:00:00:00:02 10.0.0.2"]))
        txn.add(api.lsp_set_addresses("p1", ["dynamic"]))
    assert sorted(p.name for p in api.lsp_list("s1").execute(check_error=True)) == ["p1", "p2"]
    assert api.lsp_get_addresses("p1").execute(check_error=True) == ["dynamic"]
    api.lsp_set_options("p1", key="value").execute(check_error=True)
    assert api.lsp_get_options("p1").execute(check_error=True) == {"key": "value"}
    api.acl_add("s1", "to-lport", 100, "ip4", "allow", log=True).execute(check_error=True)
    assert len(api.acl_list("s1").execute(check_error=True)) == 1


def routers(api):
    api.lr_add("r1").execute(check_error=True)
    api.lrp_add("r1", "rp1", "00:00:00:00:00:01", ["10.0.0.1/24"]).execute(check_error=True)
    api.lr_route_add("r1", "0.0.0.0/0", "10.0.0.254").execute(check_error=True)
    routes = api.lr_route_list("r1").execute(check_error=True)
    assert [(r.ip_prefix, r.nexthop) for r in routes] == [("0.0.0.0/0", "10.0.0.254")]
    api.lr_route_del("r1", "0.0.0.0/0").execute(check_error=True)
    assert not api.lr_route_list("r1").execute(check_error=True)


def events(api, idl):
    handlers = {kind: PortEvent(kind, "p3") for kind in ("create", "update", "delete")}
    idl.notify_handler.watch_events(list(handlers.values()))
    api.lsp_add("s1", "p3").execute(check_error=True)
    assert handlers["create"].wait(), "no create event"
    api.db_set("Logical_Switch_Port", "p3", ("type", "localnet")).execute(check_error=True)
    assert handlers["update"].wait(), "no update event"
    api.lsp_del("p3").execute(check_error=True)
    assert handlers["delete"].wait(), "no delete event"


def database_commands(api):
    row = api.db_find("Logical_Switch", ("name", "=", "s1")).execute(check_error=True)[0]
    api.db_add("Logical_Switch", row["_uuid"], "external_ids", {"a": "b"}).execute(check_error=True)
    assert api.db_get("Logical_Switch", "s1", "external_ids").execute(check_error=True) == {"a": "b"}
    uuid = api.db_create("Address_Set", name="as1", addresses=["10.0.0.1"]).execute(check_error=True)
    api.db_destroy("Address_Set", uuid).execute(check_error=True)
    try:
        api.lookup("Address_Set", uuid)
        raise AssertionError("the row should be gone")
    except idlutils.RowNotFound:
        pass


def removal(api):
    api.ls_del("s1").execute(check_error=True)
    api.lr_del("r1").execute(check_error=True)
    assert not api.tables["Logical_Switch_Port"].rows, "ports must go with their switch"


def connect(server, database, implementation):
    helper = idlutils.get_schema_helper(server.remote, database)
    helper.register_all()
    idl = NotifyIdl(server.remote, helper)
    conn = connection.Connection(idl, timeout=30)
    class Api(implementation):
        """Keeps the connection as its class's, so a class can have only one."""
    return conn, idl, Api(conn)


def northbound(server):
    conn, idl, api = connect(server, "OVN_Northbound", nb_impl.OvnNbApiIdlImpl)
    switches(api)
    routers(api)
    events(api, idl)
    database_commands(api)
    removal(api)
    conn.stop(5)


def chassis_of_port(api):
    (row,) = api.db_find("Port_Binding", ("logical_port", "=", "p1"), columns=["chassis"]).execute(check_error=True)
    chassis = row["chassis"]
    return chassis if isinstance(chassis, list) else [chassis]


def southbound(server):
    client = harness.Client(server.sock)
    client.transact("OVN_Southbound", {"op": "insert", "table": "Datapath_Binding", "uuid-name": "d", "row": {"tunnel_key": 1}},
                    {"op": "insert", "table": "Port_Binding", "row": {
                        "logical_port": "p1", "tunnel_key": 1, "datapath": ["named-uuid", "d"]}})
    conn, idl, api = connect(server, "OVN_Southbound", sb_impl.OvnSbApiIdlImpl)
    bound = event.WaitEvent(("update",), "Port_Binding", (("logical_port", "=", "p1"),), timeout=30)
    bound.event_name = "bound"
    idl.notify_handler.watch_event(bound)
    api.chassis_add("c1", ["geneve", "vxlan"], "10.0.0.1", hostname="h1").execute(check_error=True)
    api.chassis_add("c1", ["geneve"], "10.0.0.1", may_exist=True).execute(check_error=True)
    (chassis,) = api.chassis_list().execute(check_error=True)
    assert chassis.name == "c1" and sorted(e.type for e in chassis.encaps) == ["geneve", "vxlan"]
    api.lsp_bind("p1", "c1").execute(check_error=True)
    assert bound.wait(), "no event when the port is bound"
    assert chassis_of_port(api) == [chassis.uuid]
    api.db_set("Chassis", "c1", ("external_ids", {"k": "v"})).execute(check_error=True)
    assert api.db_get("Chassis", "c1", "external_ids").execute(check_error=True) == {"k": "v"}
    api.lsp_unbind("p1").execute(check_error=True)
    assert chassis_of_port(api) == []
    api.chassis_del("c1").execute(check_error=True)
    assert not api.tables["Chassis"].rows and not api.tables["Encap"].rows
    conn.stop(5)
    client.close()


class Vswitchd(threading.Thread):
    """Says that it has done what was asked, as ovs-vswitchd does: ports have numbers, cur_cfg follows next_cfg."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = harness.Client(server.sock)
        self.client.transact("Open_vSwitch", {"op": "insert", "table": "Open_vSwitch", "row": {}})
        self.client.call("monitor", "Open_vSwitch", None, {"Open_vSwitch": [{"columns": ["next_cfg"]}]})
        self.n = 0

    def run(self):
        while True:
            try:
                message = self.client.receive()
            except (OSError, EOFError):
                return
            if message.get("method") == "update":
                self.follow(message["params"][1]["Open_vSwitch"])

    def follow(self, rows):
        for row in rows.values():
            self.n += 1
            self.client.send({"id": self.n, "method": "transact", "params": [
                "Open_vSwitch", {"op": "update", "table": "Interface", "where": [], "row": {"ofport": self.n}},
                {"op": "update", "table": "Open_vSwitch", "where": [], "row": {"cur_cfg": row["new"]["next_cfg"]}}]})


def switch(server):
    vswitchd = Vswitchd(server)
    vswitchd.start()
    conn, idl, api = connect(server, "Open_vSwitch", switch_impl.OvsdbIdl)
    created = event.WaitEvent(("create",), "Interface", (("name", "=", "p1"),), timeout=30)
    created.event_name = "created"
    idl.notify_handler.watch_event(created)
    api.add_br("br0").execute(check_error=True)
    with api.transaction(check_error=True) as txn:
        txn.add(api.add_port("br0", "p1"))
        txn.add(api.db_set("Interface", "p1", ("type", "internal"), ("external_ids", {"iface-id": "vif1"})))
    assert created.wait(), "no event when the interface comes"
    assert api.br_exists("br0").execute(check_error=True)
    assert api.list_br().execute(check_error=True) == ["br0"]
    assert api.list_ports("br0").execute(check_error=True) == ["p1"]
    assert api.port_to_br("p1").execute(check_error=True) == api.iface_to_br("p1").execute(check_error=True) == "br0"
    assert api.iface_get_external_id("p1", "iface-id").execute(check_error=True) == "vif1"
    assert api.db_get("Interface", "p1", "ofport").execute(check_error=True) > 0
    api.br_set_external_id("br0", "k", "v").execute(check_error=True)
    assert api.br_get_external_id("br0", "k").execute(check_error=True) == "v"
    api.set_controller("br0", ["tcp:127.0.0.1:6653"]).execute(check_error=True)
    assert api.get_controller("br0").execute(check_error=True) == ["tcp:127.0.0.1:6653"]
    api.set_fail_mode("br0", "secure").execute(check_error=True)
    assert api.db_get("Bridge", "br0", "fail_mode").execute(check_error=True) == "secure"
    api.add_manager("ptcp:6640:127.0.0.1").execute(check_error=True)
    assert api.get_manager().execute(check_error=True) == ["ptcp:6640:127.0.0.1"]
    api.remove_manager("ptcp:6640:127.0.0.1").execute(check_error=True)
    api.del_controller("br0").execute(check_error=True)
    api.del_port("p1").execute(check_error=True)
    api.del_br("br0").execute(check_error=True)
    for table in ("Bridge", "Port", "Interface", "Controller", "Manager"):
        assert not api.tables[table].rows, table
    conn.stop(5)
    vswitchd.client.socket.shutdown(2)
    vswitchd.join(30)


def main():
    lives = [("northbound", [NB], northbound), ("southbound", [SB], southbound)]
    if SWITCH.exists():
        lives.append(("switch", [SWITCH], switch))
    else:
        print("skip - switch # openvswitch-switch is not installed")
    transports.each(lives, transports.give_keys_to_python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
