#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Active and backup: ours of ours, ours of the peer's, the peer's of ours; killed, restarted, promoted."""
import itertools
import subprocess
import sys

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {
    "A": {"isRoot": True, "indexes": [["name"]], "columns": {
        "name": {"type": "string"}, "n": {"type": "integer"},
        "tags": {"type": {"key": "string", "min": 0, "max": "unlimited"}},
        "ids": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}},
        "kids": {"type": {"key": {"type": "uuid", "refTable": "B"}, "min": 0, "max": "unlimited"}},
        "peer": {"type": {"key": {"type": "uuid", "refTable": "A", "refType": "weak"}, "min": 0, "max": 1}}}},
    "B": {"columns": {"v": {"type": "string"}, "eph": {"type": "string", "ephemeral": True}}},
    "C": {"isRoot": True, "columns": {"x": {"type": "string"}}}}}
N_ROWS = 20000
markers = itertools.count()


def contents(server, tables=("A", "B", "C")):
    """All rows by uuid, but for "_version", which is each server's own."""
    client = harness.Client(server.sock)
    result = client.transact("T", *({"op": "select", "table": table, "where": []} for table in tables))
    client.close()
    return {table: {row.pop("_uuid")[1]: row for row in rows["rows"] if row.pop("_version")}
            for table, rows in zip(tables, result)}


def wait_equal(active, backup, tables=("A", "B", "C")):
    """Until a last row has arrived, with which all must have."""
    marker = "marker %d" % next(markers)
    with_marker = {"op": "select", "table": "A", "where": [["name", "==", marker]]}
    writer, reader = harness.Client(active.sock), harness.Client(backup.sock)
    writer.transact("T", {"op": "insert", "table": "A", "row": {"name": marker}})
    harness.wait_until(lambda: reader.transact("T", with_marker)[0]["rows"], "the last row")
    assert contents(active, tables) == contents(backup, tables)
    writer.close()
    reader.close()


def insert_many(client, n):
    for start in range(0, n, 2000):
        client.transact("T", *(
            {"op": "insert", "table": "A", "row": {
                "name": "row %d" % i, "n": i, "tags": ["set", ["a%d" % (i % 7), "b"]], "ids": ["map", [["k", "v%d" % i]]]}}
            for i in range(start, start + 2000)))


def change(client):
    client.transact(
        "T", {"op": "insert", "table": "B", "uuid-name": "b", "row": {"v": "b", "eph": "e"}},
        {"op": "mutate", "table": "A", "where": [["name", "==", "row 1"]],
         "mutations": [["tags", "insert", "new"], ["tags", "delete", "b"], ["kids", "insert", ["named-uuid", "b"]],
                       ["ids", "insert", ["map", [["l", "w"]]]]]},
        {"op": "delete", "table": "A", "where": [["name", "==", "row 2"]]},
        {"op": "insert", "table": "C", "row": {"x": "c"}}, {"op": "comment", "comment": "changes"})


def refuses(function, *arguments):
    try:
        function(*arguments)
    except RuntimeError as error:
        return str(error.args[0])
    raise AssertionError("must be refused")


def check_read_only(backup):
    client = harness.Client(backup.sock)
    result = client.transact("T", {"op": "insert", "table": "C", "row": {}})
    assert result[0]["error"] == "not allowed", result
    assert "read only" in refuses(client.call, "lock", "l")
    assert "read only" in refuses(client.call, "unlock", "l")
    client.close()


def life(active_kind, backup_kind, n_rows):
    """From an empty backup to the promoted one."""
    with harness.Server([SCHEMA], active_kind) as active:
        writer = harness.Client(active.sock)
        insert_many(writer, n_rows)
        backup = harness.Server([SCHEMA], backup_kind, ["--sync-from=" + active.remote])
        with backup:
            status = "state: backup\nreplicating: %s\ndatabase: T\n" % active.remote
            harness.wait_until(lambda: backup.control("sync-status") == status, "the first copy")
            wait_equal(active, backup)
            change(writer)
            wait_equal(active, backup)
            check_read_only(backup)
            assert backup.control("get-active-ovsdb-server").strip() == active.remote
            backup.kill()
            writer.transact("T", {"op": "delete", "table": "A", "where": [["n", ">", 100]]},
                            {"op": "update", "table": "A", "where": [["n", "<", 5]], "row": {"n": -1}})
            backup.start()
            wait_equal(active, backup)
            active.kill()
            active.start()                         # its names of transactions are new
            writer = harness.Client(active.sock)
            change(writer)
            wait_equal(active, backup)
            last = contents(active)
            active.kill()
            backup.control("disconnect-active-ovsdb-server")
            assert backup.control("sync-status") == "state: active\n"
            client = harness.Client(backup.sock)
            assert client.call("lock", "l") == {"locked": True}
            assert "uuid" in client.transact("T", {"op": "insert", "table": "C", "row": {"x": "promoted"}})[0]
            client.close()
            backup.kill()
            backup.options = []
            backup.start()
            assert contents(backup, ["A"])["A"] == last["A"]      # all of it was in the file
            # The former active server, revived, becomes the backup.
            active.options = ["--sync-from=" + backup.remote]
            active.start()
            wait_equal(backup, active)


def check_disconnected(client):
    try:
        client.call("list_dbs")
        raise AssertionError("clients are to be disconnected when the role changes")
    except (EOFError, OSError):
        pass


def excluded_tables(active_kind, backup_kind):
    with harness.Server([SCHEMA], active_kind) as active:
        writer = harness.Client(active.sock)
        insert_many(writer, 2000)
        change(writer)
        options = ["--sync-from=" + active.remote, "--sync-exclude-tables=T:C", "--active"]
        with harness.Server([SCHEMA], backup_kind, options) as backup:
            assert backup.control("sync-status") == "state: active\n"
            client = harness.Client(backup.sock)
            client.transact("T", {"op": "insert", "table": "C", "row": {"x": "mine"}})
            backup.control("connect-active-ovsdb-server")
            status = "state: backup\nreplicating: %s\ndatabase: T\nexclude: T:C\n" % active.remote
            harness.wait_until(lambda: backup.control("sync-status") == status, "the first copy")
            wait_equal(active, backup, ("A", "B"))
            assert [row["x"] for row in contents(backup)["C"].values()] == ["mine"]
            assert backup.control("get-sync-exclude-tables").strip() == "T:C"
            backup.control("set-active-ovsdb-server-probe-interval", "3000")
            backup.control("set-sync-exclude-tables", "")
            wait_equal(active, backup)
            if backup_kind == "ours":
                check_disconnected(client)


def other_schemas():
    """Ours says what the peer's says."""
    more = {**SCHEMA, "tables": {**SCHEMA["tables"], "D": {"columns": {"y": {"type": "string"}}}}}
    lines = {}
    for kind in ("peer", "ours"):
        with harness.Server([more], "peer") as active:
            with harness.Server([SCHEMA], kind, ["--sync-from=" + active.remote]) as backup:
                log = backup.folder / "log"
                harness.wait_until(lambda: "T cannot be replicated." in log.read_text(), "the verdict")
                assert "replicating" not in backup.control("sync-status")
                said = [line.split("|")[4] for line in log.read_text().splitlines() if "|replication|" in line]
                lines[kind] = said[:said.index("T cannot be replicated.") + 1]
    assert lines["ours"] == lines["peer"], lines


def northd_finds_the_active_one():
    """Of a pair, whichever it tries first; also after the backup was promoted."""
    schemas = [harness.SOURCE / "schemas" / name for name in ("ovn-nb.ovsschema", "ovn-sb.ovsschema")]
    with harness.Server(schemas) as active, harness.Server(schemas, "ours", ["--sync-from=" + active.remote]) as backup:
        client = harness.Client(active.sock)
        client.transact("OVN_Northbound", {"op": "insert", "table": "NB_Global", "row": {}})
        harness.wait_until(lambda: "replicating" in backup.control("sync-status"), "the first copy")
        pair = "%s,%s" % (backup.remote, active.remote)
        # The order of remotes is drawn by lot: several draw both.
        daemons = [subprocess.Popen([harness.BUILD / "northd/weft-northd", "--ovnnb-db=" + pair, "--ovnsb-db=" + pair,
                                     "--unixctl=%s" % (active.folder / ("northd%d" % i)), "-vconsole:off"]) for i in range(4)]

        def sync(client, number):
            client.transact("OVN_Northbound", {"op": "insert", "table": "Logical_Switch", "row": {"name": "sw%d" % number}},
                            {"op": "update", "table": "NB_Global", "where": [], "row": {"nb_cfg": number}})
            harness.wait_until(lambda: client.transact("OVN_Northbound", {
                "op": "select", "table": "NB_Global", "where": [], "columns": ["sb_cfg"]})[0]["rows"] == [{"sb_cfg": number}],
                "northd to write for the %d. time" % number)
        try:
            sync(client, 1)
            active.kill()
            backup.control("disconnect-active-ovsdb-server")
            sync(harness.Client(backup.sock), 2)
        finally:
            for daemon in daemons:
                daemon.terminate()
            for daemon in daemons:
                daemon.wait(30)


def command_errors():
    """Without an active server."""
    with harness.Server([SCHEMA], "ours") as ours, harness.Server([SCHEMA], "peer") as peer:
        for command in ("get-active-ovsdb-server", "get-sync-exclude-tables", "sync-status",
                        "disconnect-active-ovsdb-server"):
            assert ours.control(command) == peer.control(command), command
        ask = "connect-active-ovsdb-server"
        assert refuses(ours.control, ask).strip() == peer.control(ask).strip()
        assert "expected DB:TABLE" in refuses(ours.control, "set-sync-exclude-tables", "T")
        assert "Invalid probe interval" in refuses(ours.control, "set-active-ovsdb-server-probe-interval", "x")
        ours.control("set-active-ovsdb-server", ours.remote)
        ours.control(ask)
        harness.wait_until(lambda: "cannot synchronize from itself" in (ours.folder / "log").read_text(), "the log")
        assert ours.control("sync-status") == "state: active\n"


def main():
    for active, backup in (("ours", "ours"), ("peer", "ours"), ("ours", "peer")):
        life(active, backup, N_ROWS if backup == "ours" else 2000)
        excluded_tables(active, backup)
        print("ok: %s is the backup of %s" % (backup, active))
    other_schemas()
    command_errors()
    northd_finds_the_active_one()
    print("ok: errors")


if __name__ == "__main__":
    sys.exit(main())
