#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python3-ovsdbapp's Northbound API works against our server: create, read, update, delete, events."""
import sys

import harness

harness.debian_python()
try:
    from ovsdbapp.backend.ovs_idl import connection, event, idlutils
    from ovsdbapp.schema.ovn_northbound import impl_idl
except ImportError:
    harness.skip("python3-ovsdbapp is not installed")

NB = harness.SOURCE / "schemas/ovn-nb.ovsschema"


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


def main():
    with harness.Server([NB]) as server:
        helper = idlutils.get_schema_helper(server.remote, "OVN_Northbound")
        helper.register_all()
        idl = NotifyIdl(server.remote, helper)
        conn = connection.Connection(idl, timeout=30)
        api = impl_idl.OvnNbApiIdlImpl(conn)
        switches(api)
        routers(api)
        events(api, idl)
        database_commands(api)
        removal(api)
        conn.stop(5)
    print("ovsdbapp is content")
    return 0


if __name__ == "__main__":
    sys.exit(main())
