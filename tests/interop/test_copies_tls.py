#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Relays and backups that reach their source over TLS, with keys in files and in rows, believed and not; and roles at a
relay, ours and Debian's."""
import re
import shutil

import harness
import test_rbac
import test_relay
import test_replication
import test_tls
import transports

SB = test_rbac.SB
DB = "OVN_Southbound"
COLUMNS = ["--private-key=db:%s,SSL,private_key", "--certificate=db:%s,SSL,certificate", "--ca-cert=db:%s,SSL,ca_cert"]


def relay(kind, source, options, name="T"):
    server = harness.Server([], kind, options)
    server.databases = ["relay:%s:%s" % (name, source)]
    return server


def log(server):
    return (server.folder / "log").read_text()


def wait_log(server, pattern):
    harness.wait_until(lambda: re.search(pattern, log(server)), "the log to say " + pattern)


def relays(pki):
    for source_kind, relay_kind in (("ours", "ours"), ("peer", "ours"), ("ours", "peer")):
        with test_tls.TlsServer(source_kind, pki.options("server"), [test_relay.SCHEMA]) as source:
            with relay(relay_kind, source.ssl, pki.options("client")) as through:
                test_relay.wait_connected(through)
                test_relay.transactions(through, source)
                test_relay.fan_out(source, through)


def backups(pki):
    for active_kind, backup_kind in (("ours", "ours"), ("peer", "ours"), ("ours", "peer")):
        with test_tls.TlsServer(active_kind, pki.options("server"), [test_replication.SCHEMA]) as active:
            options = ["--sync-from=" + active.ssl, *pki.options("client")]
            with harness.Server([test_replication.SCHEMA], backup_kind, options) as backup:
                test_replication.insert_many(harness.Client(active.sock), 2000)
                test_replication.wait_equal(active, backup)
                status = "state: backup\nreplicating: %s\ndatabase: T\n" % active.ssl
                assert backup.control("sync-status") == status


def believed_only_later(pki, reason, start, options, repair):
    """'start' makes a copy of a source with 'options'; 'repair' replaces the files that they name by good ones."""
    with test_tls.TlsServer("ours", pki.options("server"), [test_replication.SCHEMA]) as source:
        with start(source, options) as copy:
            # One line tells the reason, and the attempts are further and further apart.
            wait_log(copy, reason)
            wait_log(copy, "waiting 1 seconds before reconnect(.|\n)*waiting 2 seconds before reconnect")
            repair()
            client = harness.Client(source.sock)
            client.transact("T", {"op": "insert", "table": "A", "row": {"name": "seen"}})
            harness.wait_until(lambda: has_row(copy), "the copy")


def has_row(server):
    """False while there is no schema."""
    client = harness.Client(server.sock)
    try:
        return "seen" in str(client.transact("T", {"op": "select", "table": "A", "where": []}))
    except (EOFError, OSError, RuntimeError):
        return False
    finally:
        client.close()


def refused_copies(pki):
    def start_relay(source, options):
        return relay("ours", source.ssl, options)

    def start_backup(source, options):
        return harness.Server([test_replication.SCHEMA], "ours", ["--sync-from=" + source.ssl, *options])
    for start in start_relay, start_backup:
        pki.copy("intruder", "changing")
        believed_only_later(pki, "alert unknown ca", start, pki.options("changing"),
                            lambda: pki.copy("client", "changing"))
        shutil.copy(pki.cert("ca2"), pki.cert("believed"))
        believed_only_later(pki, "SSL_connect: .*certificate verify failed", start, pki.options("client", "believed"),
                            lambda: shutil.copy(pki.cert("ca1"), pki.cert("believed")))


def keys_in_rows(pki):
    """Of a database beside the relay; none at first."""
    with test_tls.TlsServer("ours", pki.options("server"), [test_relay.SCHEMA]) as source:
        through = harness.Server([test_tls.NB], "ours", [option % test_tls.DB for option in COLUMNS])
        through.databases.append("relay:T:" + source.ssl)
        with through:
            wait_log(through, "Private key must be configured to use SSL")
            row = {"private_key": str(pki.key("intruder")), "certificate": str(pki.cert("intruder")),
                   "ca_cert": str(pki.cert("ca1"))}
            client = harness.Client(through.sock)
            client.call("set_db_change_aware", True)
            insert = {"op": "insert", "table": "SSL", "uuid-name": "ssl", "row": row}
            client.transact(test_tls.DB, insert, {"op": "insert", "table": "NB_Global", "row": {"ssl": ["named-uuid", "ssl"]}})
            wait_log(through, "alert unknown ca")
            client.transact(test_tls.DB, {"op": "update", "table": "SSL", "where": [], "row": {
                "private_key": str(pki.key("client")), "certificate": str(pki.cert("client"))}})
            test_relay.wait_connected(through)
            test_relay.transactions(through, source)


def attempt(client, operation):
    """Whether it is allowed; it does not happen."""
    result = client.transact(DB, operation, {"op": "abort"})
    assert any(r and "error" in r for r in result), result
    return not test_rbac.is_refusal(result)


def roles_at_a_relay(pki):
    """As ovn-ctl starts it: keys and listeners are those that the relayed database names.  What the copy says of roles is
    applied by the relay, which itself may write anything at the source."""
    for kind in test_tls.KINDS:
        port = transports.free_port()
        with harness.Server([SB]) as source:
            options = [option % DB for option in COLUMNS] + ["--remote=db:%s,SB_Global,connections" % DB]
            with relay(kind, source.remote, options, DB) as through:
                boss = harness.Client(source.sock)
                chassis_row = {"name": "elsewhere", "encaps": ["named-uuid", "encap"]}
                result = boss.transact(
                    DB, *test_rbac.rules_rows(test_rbac.DOCUMENTED, "ovn-controller"),
                    {"op": "insert", "table": "SSL", "uuid-name": "ssl", "row": {
                        "private_key": str(pki.key("server")), "certificate": str(pki.cert("server")),
                        "ca_cert": str(pki.cert("ca1"))}},
                    {"op": "insert", "table": "Connection", "uuid-name": "connection", "row": {
                        "target": "pssl:%d:127.0.0.1" % port, "role": "ovn-controller", "inactivity_probe": 0}},
                    {"op": "insert", "table": "Encap", "uuid-name": "encap", "row": {
                        "chassis_name": "elsewhere", "ip": "127.0.0.9", "type": "geneve"}},
                    {"op": "insert", "table": "Chassis", "row": chassis_row},
                    {"op": "insert", "table": "SB_Global", "row": {
                        "ssl": ["named-uuid", "ssl"], "connections": ["named-uuid", "connection"]}})
                assert not any("error" in r for r in result), result
                chassis = test_rbac.connect(pki, port)
                mine = [{"op": "insert", "table": "Encap", "uuid-name": "e", "row": {
                            "chassis_name": "client", "ip": "127.0.0.1", "type": "geneve"}},
                        {"op": "insert", "table": "Chassis", "row": {"name": "client", "encaps": ["named-uuid", "e"]}}]
                result = chassis.transact(DB, *mine)
                assert not any("error" in r for r in result), (kind, result)
                at_source = boss.transact(DB, {"op": "select", "table": "Chassis", "where": []})[0]["rows"]
                assert {row["name"] for row in at_source} == {"client", "elsewhere"}, at_source
                for name, allowed in (("client", True), ("elsewhere", False)):
                    where = [["name", "==", name]]
                    assert attempt(chassis, {"op": "update", "table": "Chassis", "where": where, "row": {"nb_cfg": 7}}) == allowed
                    assert attempt(chassis, {"op": "delete", "table": "Chassis", "where": where}) == allowed
                assert not attempt(chassis, {"op": "insert", "table": "Address_Set", "row": {"name": "x"}})
                assert not attempt(chassis, {"op": "update", "table": "SB_Global", "where": [], "row": {"nb_cfg": 7}})
                refused = chassis.transact(DB, {"op": "update", "table": "SB_Global", "where": [], "row": {"nb_cfg": 7}})
                assert test_rbac.is_refusal(refused), refused
                assert boss.transact(DB, {"op": "select", "table": "SB_Global", "where": []})[0]["rows"][0]["nb_cfg"] == 0
                assert chassis.transact(DB, {"op": "select", "table": "SB_Global", "where": []})[0]["rows"]
                if kind == "ours":
                    refuses_to_convert(chassis, source)
                    waiting_writes_are_judged_again(chassis, source, through)
            print("ok - roles at a relay, " + kind)


def refuses_to_convert(chassis, source):
    before = harness.Client(source.sock).call("get_schema", DB)
    try:
        chassis.call("convert", DB, dict(before, version="99.0.0"))
        raise AssertionError("a chassis converted the database")
    except RuntimeError as e:
        assert "permission error" in str(e), e
    assert harness.Client(source.sock).call("get_schema", DB) == before


def waiting_writes_are_judged_again(chassis, source, through):
    """What was allowed when the source was lost may not be any more when it is back."""
    source.kill()
    test_relay.wait_connected(through, False, DB)
    write = {"op": "update", "table": "Chassis", "where": [["name", "==", "client"]], "row": {"nb_cfg": 9}}
    number = chassis.request("transact", DB, write)
    assert chassis.call("echo") == []                        # the relay has judged it, and keeps it
    away = harness.Server([], "ours")                        # the same file, changed while the relay does not look
    away.databases = source.databases
    with away:
        harness.Client(away.sock).transact(DB, {"op": "delete", "table": "RBAC_Role", "where": []})
    source.start()
    reply = chassis.reply_to(number)
    assert test_rbac.is_refusal(reply["result"]), reply


def main():
    if not harness.PROGRAMS["peer"].exists() or not shutil.which("openssl"):
        harness.skip("ovsdb-server or openssl is not installed")
    test_tls.run_with_pki(relays, backups, refused_copies, keys_in_rows, roles_at_a_relay)


if __name__ == "__main__":
    main()
