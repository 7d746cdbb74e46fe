#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Remotes: from the command line, the control socket and the database, with their status columns; hostile peers."""
import json
import re
import socket
import sys

import harness

NB = harness.SOURCE / "schemas/ovn-nb.ovsschema"
SB = harness.SOURCE / "schemas/ovn-sb.ovsschema"
DB = "OVN_Northbound"


def control(server, command, *arguments):
    client = harness.Client(server.ctl)
    try:
        return client.call(command, *arguments)
    finally:
        client.close()


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return False
    except ConnectionRefusedError:
        return True


def connection(client):
    row, = client.transact(DB, {"op": "select", "table": "Connection", "where": []})[0]["rows"]
    return row


def bound_port(client):
    return int(dict(connection(client)["status"][1])["bound_port"])


def database_remotes(server):
    """A Connection row makes a listener, says how it fares, and takes it away."""
    client = harness.Client(server.sock)
    client.transact(DB, {"op": "insert", "table": "NB_Global", "row": {"connections": ["named-uuid", "c"]}},
                    {"op": "insert", "table": "Connection", "uuid-name": "c",
                     "row": {"target": "ptcp:0:127.0.0.1", "inactivity_probe": 0}})
    harness.wait_until(lambda: connection(client)["status"][1], "the bound port")
    port = bound_port(client)
    assert connection(client)["is_connected"] is False
    one, two = harness.Client(("127.0.0.1", port)), harness.Client(("127.0.0.1", port))
    assert DB in one.call("list_dbs")
    harness.wait_until(lambda: dict(connection(client)["status"][1]).get("n_connections") == "2", "two connections")
    assert connection(client)["is_connected"] is True
    two.close()
    harness.wait_until(lambda: "n_connections" not in dict(connection(client)["status"][1]), "one connection")
    client.transact(DB, {"op": "update", "table": "NB_Global", "where": [], "row": {"connections": ["set", []]}})
    harness.wait_until(lambda: is_refused(port), "the listener to go")
    try:
        one.receive()
        raise AssertionError("its connections must go too")
    except (EOFError, ConnectionError):
        pass
    client.close()


def commanded_remotes(server):
    path = server.folder / "other.sock"
    control(server, "ovsdb-server/add-remote", "punix:%s" % path)
    assert "punix:%s" % path in control(server, "ovsdb-server/list-remotes").split()
    assert DB in harness.Client(path).call("list_dbs")
    control(server, "ovsdb-server/remove-remote", "punix:%s" % path)
    assert not path.exists()
    for bad in ("nonsense", "db:%s,NB_Global" % DB, "db:X,Y,Z", "db:%s,NB_Global,nb_cfg" % DB):
        try:
            control(server, "ovsdb-server/add-remote", bad)
            raise AssertionError("%s must be refused" % bad)
        except RuntimeError:
            pass


def active_remotes(server):
    """The server calls a client that listens, and calls again when it hangs up."""
    path = server.folder / "listener.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    listener.settimeout(30)
    control(server, "ovsdb-server/add-remote", "unix:%s" % path)
    for _ in range(2):
        connected, _ = listener.accept()
        connected.settimeout(30)
        connected.sendall(b'{"id":1,"method":"list_dbs","params":[]}')
        assert DB.encode() in connected.recv(1000)
        connected.close()
    control(server, "ovsdb-server/remove-remote", "unix:%s" % path)
    listener.close()


def databases(server):
    client = harness.Client(server.sock)
    assert client.call("list_dbs") == [DB, "_Server"]
    client.call("set_db_change_aware", True)
    client.call("monitor", "_Server", "m", {"Database": {"columns": ["name"]}})
    schema = json.loads(SB.read_text())
    path = server.folder / "sb.db"
    harness.write_database(path, schema)
    control(server, "ovsdb-server/add-db", str(path))
    assert control(server, "ovsdb-server/list-dbs").split() == [DB, "OVN_Southbound", "_Server"]
    assert client.call("get_schema", "OVN_Southbound")["version"] == schema["version"]
    control(server, "ovsdb-server/compact", "OVN_Southbound")
    control(server, "ovsdb-server/remove-db", "OVN_Southbound")
    assert client.call("list_dbs") == [DB, "_Server"]
    assert len(client.notifications) == 2
    for command in (("add-db", "/nonexistent"), ("remove-db", "nope"), ("compact", "nope"), ("remove-db", "_Server")):
        try:
            control(server, "ovsdb-server/" + command[0], command[1])
            raise AssertionError("%s must fail" % (command,))
        except RuntimeError:
            pass
    client.close()


def hostile_peers(server):
    """Each is cut off or answered with an error; the others notice nothing."""
    good = harness.Client(server.sock)
    deep = b"[" * 100000
    for text in (b"hello", b"{]", b'{"id":1}', b"[1,2]", b'{"id":1,"method":"echo","params":{}}', deep,
                 b'{"id":1,"result":["x\xff\xfe"]}', b'{"id":1,"method":7,"params":[]}',
                 b'{"id":1,"method":"echo","params":["\\u0000"]}'):
        bad = harness.Client(server.sock)
        try:
            bad.socket.sendall(text)
            while bad.socket.recv(1000):
                pass
        except ConnectionError:
            pass
        bad.close()
        assert good.call("echo", 1) == [1]
    bad = harness.Client(server.sock)
    bad.socket.sendall(b'{"id":1,"method":"transact","params":["x\xff\xfe"]}')
    assert bad.reply_to(1)["error"]["error"] == "constraint violation"
    assert bad.call("echo", 1) == [1]
    bad.close()
    half = harness.Client(server.sock)
    half.socket.sendall(b'{"id":1,"method":"transact","params":["%s",{"op":"ins' % DB.encode())
    half.close()
    for method in ("transact", "monitor", "monitor_cond", "monitor_cond_since", "monitor_cond_change", "monitor_cancel",
                   "get_schema", "lock", "steal", "unlock", "set_db_change_aware", "convert", "nonsense", ""):
        for params in ([], [1], [None], [DB], [DB, {}], [DB, 1, 2], [DB, "x", {"NB_Global": 7}], [{}, [], {}],
                       [DB, [[]], {"NB_Global": [{"where": 1}]}], ["_Server", 1, {"Database": [[]]}]):
            reply = good.reply_to(good.request(method, *params))
            assert reply["error"] is not None or reply["result"] is not None or method == "transact", (method, params)
    assert good.call("echo", 2) == [2]


def main():
    with harness.Server([NB], options=["--remote=db:%s,NB_Global,connections" % DB]) as server:
        databases(server)
        database_remotes(server)
        commanded_remotes(server)
        active_remotes(server)
        hostile_peers(server)
        assert re.search(r"sessions:\d", control(server, "memory/show"))
        assert control(server, "ovsdb-server/sync-status") == "state: active\n"
    print("remotes come and go as they should")
    return 0


if __name__ == "__main__":
    sys.exit(main())
