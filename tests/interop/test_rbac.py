#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Access control by role: northd fills in what Debian's ovn-northd fills in; with that, a chassis that has proved its name
attempts every table and column of the Southbound schema, on our server and on Debian's; rules of every kind are applied
alike by both."""
import json
import re
import shutil
import subprocess
import sys

import harness
import test_tls
import transports

NB = json.loads(test_tls.NB.read_text())
SB = json.loads(test_tls.SB.read_text())
DB = "OVN_Southbound"
ME, FOREIGN = "client", "elsewhere"                # the first is the common name of the certificate
# ovn-architecture(7) and what ovn-northd 23.03 writes: who owns a row, may rows come and go, which columns change.
# FDB.timestamp came later.
DOCUMENTED = {
    "BFD": ("", False, {"status"}),
    "Chassis": ("name", True, {"encaps", "external_ids", "nb_cfg", "other_config", "transport_zones",
                               "vtep_logical_switches"}),
    "Chassis_Private": ("name", True, {"chassis", "external_ids", "nb_cfg", "nb_cfg_timestamp"}),
    "Controller_Event": ("", True, {"chassis", "event_info", "event_type", "seq_num"}),
    "Encap": ("chassis_name", True, {"ip", "options", "type"}),
    "FDB": ("", True, {"dp_key", "mac", "port_key", "timestamp"}),
    "IGMP_Group": ("", True, {"address", "chassis", "datapath", "ports"}),
    "MAC_Binding": ("", True, {"datapath", "ip", "logical_port", "mac", "timestamp"}),
    "Port_Binding": ("", False, {"additional_chassis", "additional_encap", "chassis", "encap", "options", "up",
                                 "virtual_parent"}),
    "Service_Monitor": ("", False, {"status"}),
}


def elements(value):
    """Of a set or map in JSON."""
    return value[1] if isinstance(value, list) and value[0] in ("set", "map") else [value]


def select(client, table):
    return client.transact(DB, {"op": "select", "table": table, "where": []})[0]["rows"]


# --- What northd writes ---

def read_rules(client):
    """{table: (authorization, insert_delete, columns)} of the role "ovn-controller"."""
    roles = select(client, "RBAC_Role")
    assert [role["name"] for role in roles] == ["ovn-controller"], roles
    permissions = {row["_uuid"][1]: row for row in select(client, "RBAC_Permission")}
    rules = {}
    for table, uuid in elements(roles[0]["permissions"]):
        row = permissions.pop(uuid[1])
        assert row["table"] == table and len(elements(row["authorization"])) == 1, row
        rules[table] = (row["authorization"], row["insert_delete"], set(elements(row["update"])))
    assert not permissions, permissions
    return rules


def rules_of(program, server):
    process = subprocess.Popen([program, "--ovnnb-db=" + server.remote, "--ovnsb-db=" + server.remote,
                                "--unixctl=%s" % (server.folder / "northd.ctl"), "-vconsole:off"])
    client = harness.Client(server.sock)
    try:
        client.transact("OVN_Northbound", {"op": "insert", "table": "NB_Global", "row": {}})
        number = max([row["nb_cfg"] for row in client.transact(
            "OVN_Northbound", {"op": "select", "table": "NB_Global", "where": []})[0]["rows"]], default=0) + 1
        client.transact("OVN_Northbound", {"op": "update", "table": "NB_Global", "where": [], "row": {"nb_cfg": number}})
        harness.wait_until(lambda: any(row["nb_cfg"] == number for row in select(client, "SB_Global")),
                           "%s to write" % program)
        harness.wait_until(lambda: select(client, "RBAC_Role"), "the role")
        return read_rules(client)
    finally:
        process.terminate()
        process.wait(30)
        client.close()


def northd_fills_the_tables():
    peer, ours = shutil.which("ovn-northd"), harness.BUILD / "northd/weft-northd"
    with harness.Server([NB, SB]) as server:
        assert rules_of(ours, server) == DOCUMENTED
        if not peer:
            print("ovn-northd is not installed: not compared")
            return
        older = dict(DOCUMENTED, FDB=("", True, {"dp_key", "mac", "port_key"}))
        assert rules_of(peer, server) == older
        assert rules_of(ours, server) == DOCUMENTED          # takes over what the peer left


# --- Every table and column ---

class Seed:
    """The operations that put one row, called NAME, into every table, each referring to all it can."""

    def __init__(self, name, number):
        self.name, self.number = name, number
        self.operations = [{"op": "insert", "table": table, "uuid-name": "r" + table + name, "row": self.row(table)}
                           for table in SB["tables"] if not (number > 1 and SB["tables"][table].get("maxRows") == 1)]

    def atom(self, base):
        base = {"type": base} if isinstance(base, str) else base
        if "enum" in base:
            return elements(base["enum"])[0]
        if base["type"] == "integer":
            return base.get("minInteger", 0) + self.number
        if base["type"] == "uuid":
            return ["named-uuid", "r" + base["refTable"] + self.name] if "refTable" in base else None
        return {"string": self.name, "real": 0.5, "boolean": False}[base["type"]]

    def row(self, table):
        row = {}
        for name, column in SB["tables"][table]["columns"].items():
            kind = column["type"] if isinstance(column["type"], dict) else {"key": column["type"]}
            key = self.atom(kind["key"])
            if "value" in kind:
                value = self.atom(kind["value"])
                row[name] = ["map", [[key, value]]] if None not in (key, value) else ["map", []]
            elif key is not None:
                row[name] = key
        return row


def attempts(rows):
    """(what, operation) for all that can be tried on one's own row and on another's, each a change that changes nothing."""
    for table, schema in SB["tables"].items():
        yield (table, "insert", ME), {"op": "insert", "table": table, "row": Seed(ME, 1).row(table)}
        yield (table, "insert", FOREIGN), {"op": "insert", "table": table, "row": Seed(FOREIGN, 2).row(table)}
        for whose, row in rows[table].items():
            where = {"table": table, "where": [["_uuid", "==", row["_uuid"]]]}
            yield (table, "delete", whose), {"op": "delete", **where}
            for name, column in schema["columns"].items():
                if column.get("mutable", True):
                    yield (table, "update", whose, name), {"op": "update", **where, "row": {name: row[name]}}
                    mutation = neutral_mutation(name, column["type"])
                    if mutation:
                        yield (table, "mutate", whose, name), {"op": "mutate", **where, "mutations": [mutation]}


def neutral_mutation(name, kind):
    if isinstance(kind, dict) and (kind.get("min", 1) == 0 or kind.get("max", 1) != 1):
        return [name, "insert", ["map" if "value" in kind else "set", []]]
    key = kind["key"] if isinstance(kind, dict) else kind
    return [name, "+=", 0] if (key["type"] if isinstance(key, dict) else key) in ("integer", "real") else None


def is_allowed(what):
    table, verb, whose = what[:3]
    if table not in DOCUMENTED:
        return False
    owner, insert_delete, columns = DOCUMENTED[table]
    return (whose == ME or not owner) and (what[3] in columns if len(what) > 3 else insert_delete)


def connect(pki, port):
    clients = []

    def is_there():
        try:
            clients.append(test_tls.TlsClient(pki, port))
            return True
        except OSError:
            return False
    harness.wait_until(is_there, "the listener")
    return clients[0]


def rules_rows(rules, role):
    """The operations that store 'rules', each (authorization: one or a list, insert_delete, columns)."""
    yield {"op": "insert", "table": "RBAC_Role", "row": {"name": role, "permissions": [
        "map", [[table, ["named-uuid", "permission" + table]] for table in rules]]}}
    for table, (owner, insert_delete, columns) in rules.items():
        yield {"op": "insert", "table": "RBAC_Permission", "uuid-name": "permission" + table, "row": {
            "table": table, "authorization": ["set", owner if isinstance(owner, list) else [owner]],
            "insert_delete": insert_delete, "update": ["set", sorted(columns)]}}


def is_refusal(result):
    refusals = [r for r in result if r and r.get("error") == "permission error"]
    for r in refusals:
        assert re.fullmatch(r'RBAC rules for client "client" role "[a-z-]+" prohibit (row insertion into|modification of|'
                            r'mutate operation on|row deletion from) table "\w+"\.', r["details"]), r
    return bool(refusals)


def every_table_and_column(pki):
    for kind in test_tls.KINDS:
        port = transports.free_port()
        options = [*pki.options("server"), "--remote=db:%s,SB_Global,connections" % DB]
        with harness.Server([SB], kind, options) as server:
            boss = harness.Client(server.sock)
            mine, other = Seed(ME, 1), Seed(FOREIGN, 2)
            for op in mine.operations + other.operations:
                if op["table"] == "Connection":
                    op["row"].update(target="pssl:%d:127.0.0.1" % port if op in mine.operations else "punix:unused",
                                     role="ovn-controller")
                    op["row"].update(max_backoff=1000, inactivity_probe=0)         # the client answers only while it asks
            result = boss.transact(DB, *mine.operations, *other.operations, *rules_rows(DOCUMENTED, "ovn-controller"))
            assert not any(r is None or "error" in r for r in result), [r for r in result if r is None or "error" in r]
            rows = {table: {} for table in SB["tables"]}
            for op, r in zip(mine.operations + other.operations, result):
                whose = ME if op in mine.operations else FOREIGN
                found = boss.transact(DB, {"op": "select", "table": op["table"], "where": [["_uuid", "==", r["uuid"]]]})
                for row in found[0]["rows"]:                 # some foreign ones are garbage
                    rows[op["table"]][whose] = row
            assert all(ME in found for found in rows.values()), rows
            chassis = connect(pki, port)
            n = 0
            for what, op in attempts(rows):
                result = chassis.transact(DB, op, {"op": "abort"})
                assert is_refusal(result) == (not is_allowed(what)), (kind, what, result)
                assert is_refusal(result) or result[1]["error"] == "aborted" or what[1] == "insert", (kind, what, result)
                n += 1
            print("%s: %d attempts" % (kind, n))
            for table in SB["tables"]:                       # reading is free
                assert len(chassis.transact(DB, {"op": "select", "table": table, "where": []})[0]["rows"]) >= 1
            try:
                chassis.call("convert", DB, SB)
                raise AssertionError("a chassis converted the database")
            except RuntimeError as e:
                assert "permission error" in str(e), e
            if kind == "ours":
                log = (server.folder / "log").read_text()
                assert 'RBAC rules for client "client" role "ovn-controller" prohibit' in log


# --- Rules of every kind ---

STRINGS = {"key": "string", "min": 0, "max": "unlimited"}
KINDS = {"name": "T", "version": "1.0.0", "tables": {
    "Own": {"isRoot": True, "columns": {
        "name": {"type": "string"}, "n": {"type": "integer"}, "fixed": {"type": "integer"}, "ids": {"type": STRINGS},
        "maybe": {"type": {"key": "string", "min": 0}}, "ext": {"type": dict(STRINGS, value="string")}}},
    "Everybody": {"isRoot": True, "columns": {"n": {"type": "integer"}, "fixed": {"type": "integer"}}},
    "Nobody": {"isRoot": True, "columns": {"n": {"type": "integer"}}},
    "Unnamed": {"isRoot": True, "columns": {"n": {"type": "integer"}}},
    "Remote": {"isRoot": True, "columns": {"target": {"type": "string"}, "role": {"type": "string"}}},
    "Root": {"isRoot": True, "columns": {"remotes": {"type": {
        "key": {"type": "uuid", "refTable": "Remote"}, "min": 0, "max": "unlimited"}}}},
    "RBAC_Role": SB["tables"]["RBAC_Role"], "RBAC_Permission": SB["tables"]["RBAC_Permission"]}}
RULES = {"Own": (["name", "maybe", "ids", "ext:owner"], True, {"n", "ext:good"}), "Everybody": ("", False, {"n"}),
         "Nobody": ([], True, {"n"})}
OWN_ROWS = [{"name": ME, "ext": ["map", [["good", "1"], ["bad", "1"]]]}, {"name": "by-maybe", "maybe": ME},
            {"name": "by-key", "ext": ["map", [["owner", ME]]]}, {"name": "by-set", "ids": ME}, {"name": FOREIGN}]
INSERT, UPDATE, MUTATE, DELETE = (
    lambda table, **row: {"op": "insert", "table": table, "row": row},
    lambda table, where, **row: {"op": "update", "table": table, "where": where, "row": row},
    lambda table, where, *m: {"op": "mutate", "table": table, "where": where, "mutations": list(m)},
    lambda table, where: {"op": "delete", "table": table, "where": where})


def own(name):
    return "Own", [["name", "==", name]]


def cases():
    """(operation, is allowed, is allowed by the peer, which ignores COLUMN:KEY in "update")"""
    def case(operation, allowed, by_peer=None):
        return operation, allowed, allowed if by_peer is None else by_peer
    for row in OWN_ROWS:
        allowed = row["name"] in (ME, "by-maybe", "by-key")  # a set of any size names nobody
        yield case(INSERT("Own", **row), allowed)
        yield case(UPDATE(*own(row["name"]), n=5), allowed)
        yield case(UPDATE(*own(row["name"])), allowed)
        yield case(MUTATE(*own(row["name"]), ["n", "+=", 1]), allowed)
        yield case(DELETE(*own(row["name"])), allowed)
    yield case(UPDATE("Own", [], n=5), False)                # one of the rows is foreign
    yield case(DELETE("Own", []), False)
    yield case(UPDATE(*own(ME), fixed=0), False)             # though it is 0
    yield case(UPDATE(*own(ME), n=1, fixed=1), False)
    yield case(UPDATE(*own("none"), fixed=1), True)          # no row
    yield case(MUTATE(*own(ME), ["n", "+=", 1], ["fixed", "+=", 1]), False)
    yield case(UPDATE(*own(ME), ext=["map", [["good", "2"], ["bad", "1"]]]), True, False)
    yield case(UPDATE(*own(ME), ext=["map", [["good", "1"], ["bad", "2"]]]), False)
    yield case(UPDATE(*own(ME), ext=["map", []]), False)
    yield case(MUTATE(*own(ME), ["ext", "delete", ["set", ["good"]]]), True, False)
    yield case(MUTATE(*own(ME), ["ext", "delete", ["set", ["bad"]]]), False)
    yield case(MUTATE(*own(ME), ["ext", "delete", ["set", ["good", "bad"]]]), False)
    yield case(MUTATE(*own(ME), ["ext", "insert", ["map", [["new", "1"]]]]), False)
    yield case(UPDATE("Everybody", [], n=1), True)
    yield case(UPDATE("Everybody", [], fixed=1), False)
    yield case(INSERT("Everybody"), False)
    yield case(DELETE("Everybody", []), False)
    for table in "Nobody", "Unnamed":
        yield case(INSERT(table), False)
        yield case(UPDATE(table, [], n=1), False)
        yield case(DELETE(table, []), False)
    yield case(DELETE("Nobody", [["n", "==", 99]]), True)    # no row
    yield case(DELETE("Unnamed", [["n", "==", 99]]), False)  # no rule either
    yield case(INSERT("RBAC_Role", name="mine"), False)
    yield case({"op": "wait", "table": "Unnamed", "where": [], "until": "!=", "rows": [], "columns": ["n"]}, True)


def rules_of_every_kind(pki):
    for kind in test_tls.KINDS:
        port = transports.free_port()
        with harness.Server([KINDS], kind, [*pki.options("server"), "--remote=db:T,Root,remotes"]) as server:
            boss = harness.Client(server.sock)
            targets = ["pssl:%d:127.0.0.1" % port, "punix:%s/unproved" % server.folder]
            result = boss.transact(
                "T", *rules_rows(RULES, "some-role"), *(INSERT("Own", **row) for row in OWN_ROWS), INSERT("Everybody"),
                INSERT("Nobody"), INSERT("Unnamed"),
                *({"op": "insert", "table": "Remote", "uuid-name": "r%d" % i, "row": {"target": t, "role": "some-role"}}
                  for i, t in enumerate(targets)),
                INSERT("Root", remotes=["set", [["named-uuid", "r0"], ["named-uuid", "r1"]]]))
            assert all("error" not in r for r in result), result
            client = connect(pki, port)
            for operation, *allowed in cases():
                result = client.transact("T", operation, {"op": "abort"})
                assert is_refusal(result) == (not allowed[kind == "peer"]), (kind, operation, result)
            # An operation is judged by what the transaction has made of the row.
            result = client.transact("T", INSERT("Own", name=ME), UPDATE(*own(ME), n=4), INSERT("Unnamed"))
            assert is_refusal(result) and result[1] == {"count": 2} and result[2]["error"], result
            harness.wait_until((server.folder / "unproved").exists, "the second listener")
            unproved = harness.Client(server.folder / "unproved")
            result = unproved.transact("T", UPDATE("Everybody", [], n=1))
            assert result[0]["details"].startswith('RBAC rules for client "(null)" role "some-role" prohibit'), result
            if kind == "ours":                               # the peer's listeners keep the role they began with
                boss.transact("T", UPDATE("Remote", [], role=""))
                harness.wait_until(lambda: unproved.transact("T", INSERT("Unnamed"))[0].get("uuid"), "the new role")


def main():
    if not harness.PROGRAMS["peer"].exists():
        harness.skip("ovsdb-server is not installed")
    pki = transports.Pki()
    try:
        northd_fills_the_tables()
        every_table_and_column(pki)
        rules_of_every_kind(pki)
    finally:
        shutil.rmtree(pki.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
