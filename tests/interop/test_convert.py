#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Conversion, backup and restore: our client and Debian's, on our server and on Debian's, say and do the same; what was
converted survives kill -9 and is read by either tool; northd, ours and Debian's, goes on through a conversion."""
import copy
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import harness

OURS = harness.BUILD / "ovsdb/clientprog/weft-ovsdb-client"
PEER = shutil.which("ovsdb-client")
TOOLS = [harness.BUILD / "ovsdb/tool/weft-ovsdb-tool", shutil.which("ovsdb-tool")]
WEFT_NORTHD = harness.BUILD / "northd/weft-northd"
STRINGS = {"key": "string", "min": 0, "max": "unlimited"}
SCHEMA = {"name": "T", "version": "1.0.0", "cksum": "1 1", "tables": {
    "A": {"isRoot": True, "columns": {
        "name": {"type": "string"}, "n": {"type": "integer"}, "set": {"type": STRINGS},
        "map": {"type": dict(STRINGS, value="string")}, "gone": {"type": "integer", "ephemeral": True},
        "fixed": {"type": "integer", "mutable": False},
        "kids": {"type": {"key": {"type": "uuid", "refTable": "K"}, "min": 0, "max": "unlimited"}},
        "friend": {"type": {"key": {"type": "uuid", "refTable": "A", "refType": "weak"}, "min": 0}}}},
    "K": {"columns": {"x": {"type": "integer"}}},
    "Old": {"isRoot": True, "columns": {"y": {"type": "integer"}}}}}
UUID_A, UUID_K = ("%d1111111-1111-1111-1111-111111111111" % i for i in (1, 2))


def changed(**columns):
    """The schema in version 2, with other types of columns in "A" and without "Old"."""
    schema = copy.deepcopy(SCHEMA)
    schema["version"] = "2.0.0"
    del schema["tables"]["Old"]
    for name, kind in columns.items():
        schema["tables"]["A"]["columns"][name] = {"type": kind}
    return schema


SCHEMAS = {
    "same": SCHEMA, "newer": changed(extra=STRINGS), "real": changed(extra=STRINGS, n="real"), "bad": changed(n="string"),
    "constraint": changed(n={"key": {"type": "integer", "minInteger": 5}}),
    "map": changed(name=dict(STRINGS, value="string")), "ref": changed(set={"key": {"type": "uuid", "refTable": "K"}}),
    "rows": copy.deepcopy(SCHEMA), "empty": {}, "lost": dict(SCHEMA, name="lost")}
SCHEMAS["rows"]["tables"]["K"]["maxRows"] = 0
SCHEMAS["ref"]["tables"]["A"]["columns"]["kids"]["type"]["min"] = 1

# Words for the client; "<X" is the standard input: the file X, or what the last backup wrote.
STORY = """
    backup T | backup U | backup | backup lost | backup T x | needs-conversion same | needs-conversion newer
    needs-conversion empty | needs-conversion missing | restore T <backup | restore U <backup | restore T <empty
    restore T <bad | restore T <torn | restore lost <backup | convert bad | convert constraint | convert map | convert ref
    convert empty | convert missing | get-schema-version T | convert newer | get-schema-version T | convert newer
    needs-conversion newer | backup T | restore T <first | --force restore T <first | restore T <backup
    convert same | backup T | --force restore T <first | convert real | backup T
"""


def fill(client):
    client.transact("T", {"op": "insert", "table": "A", "uuid": UUID_A, "row": {
        "name": "a", "n": 1, "set": ["set", ["p", "q"]], "map": ["map", [["k", "v"]]], "gone": 4, "fixed": 3,
        "kids": ["uuid", UUID_K], "friend": ["uuid", UUID_A]}}, {"op": "insert", "table": "K", "uuid": UUID_K, "row": {"x": 3}})
    client.transact("T", {"op": "insert", "table": "Old", "row": {"y": 1}})


def normalise(text, folder):
    text = text.replace("weft-ovsdb-client", "ovsdb-client").replace(str(folder), "DIR")
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>", text)
    text = re.sub(r"^OVSDB JSON \d+ [0-9a-f]{40}$", "OVSDB JSON", text, flags=re.M)
    # Which operation fails first depends on the order of tables, which is not ours to say.
    text = re.sub("(server returned error reply): .*", r"\1", text)
    text = re.sub(r'"_date":\d+', '"_date":0', text)
    text = re.sub(r"^20\S*\|[^|]*\|[^|]*\|", "", text, flags=re.M)     # the time and module of log lines
    # Objects have no order; Debian's backup also writes what is the default.
    return [json.loads(line, object_hook=without_defaults) if line.startswith("{") else line for line in text.splitlines()]


def without_defaults(json_object):
    return {name: value for name, value in json_object.items() if value not in (["set", []], ["map", []], "", 0, 0.0)}


def contents(client, schema=SCHEMA):
    """Without uuids, which change: how often each row is referred to instead."""
    tables = [t for t in schema["tables"] if t in client.call("get_schema", "T")["tables"]]
    rows = client.transact("T", *({"op": "select", "table": t, "where": []} for t in tables))
    text = json.dumps(rows)
    for table in rows:
        for row in table["rows"]:
            row["referrers"] = text.count(row["_uuid"][1])
            for column in ("_uuid", "_version", "kids", "friend"):
                row.pop(column, None)
    return dict(zip(tables, rows))


def tell(program, kind):
    """What the story prints, command by command, and what it leaves."""
    with harness.Server([SCHEMA, dict(SCHEMA, name="U")], kind) as server:
        folder = server.folder
        client = harness.Client(server.sock)
        client.call("set_db_change_aware", True)
        fill(client)
        for name, schema in SCHEMAS.items():
            (folder / name).write_text(json.dumps(schema))
        (folder / "nothing").write_text("")
        said = []
        for command in re.split(r"[|\n]", STORY.strip()):
            words, stdin = command.split(), "nothing"
            if words[-1].startswith("<"):
                stdin = words.pop()[1:]
            at = words.index("restore" if "restore" in words else words[0]) + 1
            words = [*words[:at], server.remote, *words[at:]]
            with open(folder / stdin) as f:
                done = subprocess.run([program, *words], stdin=f, capture_output=True, text=True, timeout=60, cwd=folder)
            if words[0] == "backup" and done.returncode == 0 and words[-1] == "T":
                (folder / "backup").write_text(done.stdout)
                (folder / "torn").write_text(done.stdout[:-20])
                if not (folder / "first").exists():
                    (folder / "first").write_text(done.stdout)
            said.append((command, done.returncode, normalise(done.stdout, folder), normalise(done.stderr, folder),
                         contents(client)))
        # What the server made is what either tool finds in its file.
        assert len({subprocess.run([tool, "query", folder / "T.db", json.dumps(["T", *(
            {"op": "select", "table": t, "where": [], "columns": sorted(set(c["columns"]) - {"gone"})}
            for t, c in SCHEMA["tables"].items())])], capture_output=True, text=True, check=True).stdout.replace(" ", "")
            for tool in TOOLS if tool}) == 1
        return said


def same_story():
    told = {(program, kind): tell(program, kind) for program in (OURS, PEER) for kind in ("ours", "peer")}
    reference = told[PEER, "peer"]
    for who, said in told.items():
        for ours, peer in zip(said, reference):
            assert ours == peer, "%s on %s:\n%s\nDebian's:\n%s" % (*who, ours, peer)
    print("%d commands by two clients on two servers" % len(reference))


def from_a_pipe():
    """Debian's client cannot: it seeks."""
    with harness.Server([SCHEMA]) as server:
        client = harness.Client(server.sock)
        fill(client)
        before = contents(client)
        backup = subprocess.run([OURS, "backup", server.remote, "T"], capture_output=True, check=True).stdout
        client.transact("T", *({"op": "delete", "table": t, "where": []} for t in SCHEMA["tables"]))
        subprocess.run([OURS, "restore", server.remote, "T"], input=backup, check=True, timeout=60)
        for row in before["A"]["rows"]:
            row["gone"] = 0                                  # ephemeral
        assert contents(client) == before


def survives_power_loss():
    with harness.Server([SCHEMA]) as server:
        client = harness.Client(server.sock)
        client.call("set_db_change_aware", True)
        fill(client)
        client.call("convert", "T", SCHEMAS["newer"])
        server.kill(signal.SIGKILL)
        for tool in filter(None, TOOLS):
            version = subprocess.run([tool, "db-version", server.folder / "T.db"], capture_output=True, text=True, check=True)
            assert version.stdout == "2.0.0\n"
        server.start()
        client = harness.Client(server.sock)
        assert client.call("get_schema", "T")["version"] == "2.0.0"
        rows = client.transact("T", {"op": "select", "table": "A", "where": [], "columns": ["_uuid", "name", "n", "extra"]})
        assert rows == [{"rows": [{"_uuid": ["uuid", UUID_A], "name": "a", "n": 1, "extra": ["set", []]}]}], rows


def check_nobody_left(server):
    """By our server's log, and by that of the daemon if it left one there."""
    log = (server.folder / "log").read_text()
    assert server.program != harness.PROGRAMS["ours"] or "disconnecting" not in log, log
    for path in server.folder.glob("weft-*.log"):            # two connections each, and no third
        log = path.read_text()
        assert log.count(": connected") == 2, log


def start_northd(program, server):
    name = pathlib.Path(program).name
    return subprocess.Popen([program, "--ovnnb-db=" + server.remote, "--ovnsb-db=" + server.remote, "-vconsole:off",
                             "--unixctl=%s" % (server.folder / "northd.ctl"),
                             "--log-file=%s" % (server.folder / (name + ".log"))])


def northd_stays(program, kind="ours"):
    """Clients that are change-aware go on where they are.  (Python's IDL says that it is, but does not listen.)"""
    schemas = [json.loads((harness.SOURCE / "schemas" / name).read_text()) for name in ("ovn-nb.ovsschema", "ovn-sb.ovsschema")]
    with harness.Server(schemas, kind) as server:
        client = harness.Client(server.sock)
        client.call("set_db_change_aware", True)
        client.transact("OVN_Northbound", {"op": "insert", "table": "NB_Global", "row": {}})
        northd = start_northd(program, server)

        def sync(number):
            client.transact("OVN_Northbound", {"op": "insert", "table": "Logical_Switch", "row": {"name": "sw%d" % number}},
                            {"op": "update", "table": "NB_Global", "where": [], "row": {"nb_cfg": number}})
            harness.wait_until(lambda: client.transact("OVN_Northbound", {
                "op": "select", "table": "NB_Global", "where": [], "columns": ["sb_cfg"]})[0]["rows"] == [{"sb_cfg": number}],
                "%s to write for the %d. time" % (program, number))
            rows = client.transact("OVN_Southbound", {"op": "select", "table": "Datapath_Binding", "where": []})[0]["rows"]
            assert len(rows) == number, rows
        try:
            sync(1)
            for number, (name, table) in enumerate((("OVN_Southbound", "SB_Global"), ("OVN_Northbound", "NB_Global")), 2):
                schema = client.call("get_schema", name)
                schema["version"] = "99.0.0"
                schema["tables"][table]["columns"]["extra"] = {"type": "string"}
                client.call("convert", name, schema)
                sync(number)
            check_nobody_left(server)
        finally:
            northd.terminate()
            northd.wait(30)


def columns_that_come(kind):
    """A database that is too old for northd, and is converted under it: what could not be written is written then."""
    schemas = [json.loads((harness.SOURCE / "schemas" / name).read_text()) for name in ("ovn-nb.ovsschema", "ovn-sb.ovsschema")]
    new = copy.deepcopy(schemas[1])
    del schemas[1]["tables"]["Datapath_Binding"]["columns"]["external_ids"]
    with harness.Server(schemas, kind) as server:
        client = harness.Client(server.sock)
        client.call("set_db_change_aware", True)
        client.transact("OVN_Northbound", {"op": "insert", "table": "NB_Global", "row": {}},
                        {"op": "insert", "table": "Logical_Switch", "row": {"name": "sw0"}})
        northd = start_northd(WEFT_NORTHD, server)

        def datapaths():
            return client.transact("OVN_Southbound", {"op": "select", "table": "Datapath_Binding", "where": []})[0]["rows"]
        try:
            harness.wait_until(datapaths, "the datapath")
            client.call("convert", "OVN_Southbound", new)
            harness.wait_until(lambda: ["name", "sw0"] in datapaths()[0]["external_ids"][1], "its name")
            check_nobody_left(server)
        finally:
            northd.terminate()
            northd.wait(30)


def controller_stays():
    """The controller, without a switch: its chassis follows the configuration, before and after."""
    vswitch = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
    if not vswitch.exists():
        print("skip: no schema of Open vSwitch")
        return
    with harness.Server([harness.SOURCE / "schemas/ovn-sb.ovsschema"]) as server, harness.Server([vswitch]) as local:
        client, switch = harness.Client(server.sock), harness.Client(local.sock)
        client.call("set_db_change_aware", True)
        client.transact("OVN_Southbound", {"op": "insert", "table": "SB_Global", "row": {}})

        def configure(address):
            ids = {"system-id": "hv1", "ovn-remote": server.remote, "ovn-encap-type": "geneve", "ovn-encap-ip": address}
            row = {"external_ids": ["map", [list(pair) for pair in ids.items()]]}
            switch.transact("Open_vSwitch", {"op": "update", "table": "Open_vSwitch", "where": [], "row": row})

        def addresses():
            return [row["ip"] for row in client.transact("OVN_Southbound", {"op": "select", "table": "Encap", "where": []})[0]["rows"]]
        switch.transact("Open_vSwitch", {"op": "insert", "table": "Open_vSwitch", "row": {}})
        configure("127.0.0.2")
        controller = subprocess.Popen([harness.BUILD / "controller/weft-controller", local.remote, "-vconsole:off",
                                       "--unixctl=%s" % (server.folder / "controller.ctl"),
                                       "--log-file=%s" % (server.folder / "weft-controller.log")])
        try:
            harness.wait_until(lambda: addresses() == ["127.0.0.2"], "the encapsulation")
            for number in (3, 4):
                schema = client.call("get_schema", "OVN_Southbound")
                schema["version"] = "99.0.%d" % number
                schema["tables"]["Chassis"]["columns"]["extra%d" % number] = {"type": "string"}
                client.call("convert", "OVN_Southbound", schema)
                configure("127.0.0.%d" % number)
                harness.wait_until(lambda: addresses() == ["127.0.0.%d" % number], "the new address")
            check_nobody_left(server)
        finally:
            controller.terminate()
            controller.wait(30)


def main():
    if not PEER or not harness.PROGRAMS["peer"].exists():
        harness.skip("ovsdb-client or ovsdb-server is not installed")
    same_story()
    from_a_pipe()
    survives_power_loss()
    for program in filter(None, (WEFT_NORTHD, shutil.which("ovn-northd"))):
        northd_stays(program)
    northd_stays(WEFT_NORTHD, "peer")                         # which tells the end of a monitor before the new schema
    for kind in "ours", "peer":
        columns_that_come(kind)
    controller_stays()
    return 0


if __name__ == "__main__":
    sys.exit(main())
