#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS between our programs and Debian's, both ways: who is believed and who is not, bootstrapping, keys in the database,
new keys without a restart, peers that speak something else, northd and the controller."""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import threading

import harness
from transports import Pki, free_port

NB = harness.SOURCE / "schemas/ovn-nb.ovsschema"
SB = harness.SOURCE / "schemas/ovn-sb.ovsschema"
VSWITCH = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
DB = "OVN_Northbound"
CLIENTS = {"ours": harness.BUILD / "ovsdb/clientprog/weft-ovsdb-client", "peer": shutil.which("ovsdb-client")}
NBCTL = {"ours": harness.BUILD / "nbctl/weft-nbctl", "peer": shutil.which("ovn-nbctl")}
KINDS = ("ours", "peer")


class TlsServer(harness.Server):
    def __init__(self, kind, options, schemas=(NB,)):
        self.port = free_port()
        super().__init__(schemas, kind, [*options, "--remote=pssl:%d:127.0.0.1" % self.port])

    @property
    def ssl(self):
        return "ssl:127.0.0.1:%d" % self.port

    def log(self):
        return (self.folder / "log").read_text()


def run(*command):
    """The exit status and all output."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout


def list_dbs(kind, remote, options):
    return run(CLIENTS[kind], "-t10", *options, "list-dbs", remote)


def works(kind, remote, options):
    status, output = list_dbs(kind, remote, options)
    assert status == 0 and DB in output, (kind, remote, output)


def fails(kind, remote, options, *reasons):
    status, output = list_dbs(kind, remote, options)
    assert status != 0 and DB not in output, (kind, remote, output)
    for reason in reasons if kind == "ours" else ():
        assert re.search(reason, output), (reason, output)


def all_pairs(pki):
    """Each client on each server: members are believed, strangers are not."""
    for server_kind in KINDS:
        with TlsServer(server_kind, pki.options("server")) as server:
            for kind in KINDS:
                works(kind, server.ssl, pki.options("client"))
                works(kind, server.ssl, pki.options("client", "none"))
                fails(kind, server.ssl, pki.options("client", "ca2"), "SSL_connect: .*certificate verify failed")
                fails(kind, server.ssl, pki.options("intruder"), "alert unknown ca")
                fails(kind, server.ssl, pki.options("expired"), "alert certificate expired")
                fails(kind, server.ssl, [], "Private key must be configured to use SSL")
                name = "by-%s-on-%s" % (kind, server_kind)
                for words in (("ls-add", name), ("--may-exist", "ls-add", name)):
                    status, output = run(NBCTL[kind], "--db=" + server.ssl, *pki.options("client"), *words)
                    assert status == 0, output
                status, output = run(NBCTL[kind], "--db=" + server.ssl, *pki.options("client"), "ls-list")
                assert name in output, output
            if server_kind == "ours":
                harness.wait_until(lambda: "SSL_accept: error:0A000086:SSL routines::certificate verify failed "
                                   "(certificate has expired)" in server.log(), "the refusal in the log")


def protocols_and_ciphers(pki):
    with TlsServer("ours", [*pki.options("server"), "--ssl-protocols=TLSv1.2"]) as server:
        for kind in KINDS:
            works(kind, server.ssl, pki.options("client"))
        fails("ours", server.ssl, [*pki.options("client"), "--ssl-protocols=TLSv1.3"], "alert protocol version")
        fails("ours", server.ssl, [*pki.options("client"), "--ssl-protocols=TLSv9"], "TLSv9: SSL protocol not recognized")
        fails("ours", server.ssl, [*pki.options("client"), "--ssl-ciphers=foo"], "SSL_CTX_set_cipher_list: .*no cipher match")
        works("ours", server.ssl, [*pki.options("client"), "--ssl-ciphers=ECDHE-ECDSA-AES128-GCM-SHA256"])


def bootstrapping(pki):
    """The first server is believed, the second must be of the same authority."""
    for server_kind in KINDS:
        for kind in KINDS:
            boot = pki.folder / "boot.pem"
            boot.unlink(missing_ok=True)
            options = pki.options("client")[:2] + ["--bootstrap-ca-cert=%s" % boot]
            with TlsServer(server_kind, pki.options("server")) as server:
                if kind == "ours":                 # the peer's leaves the second connection to the user
                    works(kind, server.ssl, options)
                else:
                    list_dbs(kind, server.ssl, options)
                assert boot.read_text() == pki.cert("ca1").read_text()
                works(kind, server.ssl, options)
            with TlsServer(server_kind, pki.options("intruder")) as server:
                fails(kind, server.ssl, options, "certificate verify failed")


def keys_in_the_database(pki):
    columns = ["--private-key=db:%s,SSL,private_key", "--certificate=db:%s,SSL,certificate", "--ca-cert=db:%s,SSL,ca_cert",
               "--ssl-protocols=db:%s,SSL,ssl_protocols", "--ssl-ciphers=db:%s,SSL,ssl_ciphers"]
    with TlsServer("ours", [option % DB for option in columns]) as server:
        def set_ssl(*words):
            status, output = run(NBCTL["peer"], "--db=" + server.remote, *words)
            assert status == 0, output
        fails("ours", server.ssl, pki.options("client"))
        assert "Private key must be configured to use SSL" in server.log()
        set_ssl("set-ssl", pki.key("server"), pki.cert("server"), pki.cert("ca1"))
        for kind in KINDS:
            works(kind, server.ssl, pki.options("client"))
        set_ssl("set-ssl", pki.key("server"), pki.cert("server"), pki.cert("ca2"))
        fails("ours", server.ssl, pki.options("client"))
        works("ours", server.ssl, pki.options("intruder"))
        set_ssl("set-ssl", pki.key("intruder"), pki.cert("intruder"), pki.cert("ca1"), "TLSv1.2")
        works("ours", server.ssl, [*pki.options("client", "ca2"), "--ssl-protocols=TLSv1.2"])
        fails("ours", server.ssl, [*pki.options("client", "ca2"), "--ssl-protocols=TLSv1.3"], "protocol version")
        set_ssl("set-ssl", pki.key("server"), pki.folder / "nothing", pki.cert("ca1"))
        works("ours", server.ssl, pki.options("client", "ca2"))            # what was good stays in use
        assert "the former keys and certificates stay in use" in server.log()
        authority = pki.folder / "learned.pem"
        set_ssl("--bootstrap", "set-ssl", pki.key("server"), pki.cert("server"), authority)
        list_dbs("ours", server.ssl, pki.options("client"))
        assert authority.read_text() == pki.cert("ca1").read_text()
        works("ours", server.ssl, pki.options("client"))
        fails("ours", server.ssl, pki.options("intruder"))
        set_ssl("del-ssl")
        fails("ours", server.ssl, pki.options("client"))
    for spec, error in (("db:nope,SSL,x", "no database named nope"), ("db:%s,SSL,x" % DB, 'has no column "x"'),
                        ("db:%s,SSL" % DB, "invalid syntax"),
                        ("db:%s,SSL,bootstrap_ca_cert" % DB, "is not string or set of strings")):
        server = harness.Server((NB,))             # only for its files
        status, output = run(server.program, "--private-key=" + spec, "--unixctl=%s" % server.ctl, *server.databases)
        assert status == 1 and error in output, output
        shutil.rmtree(server.folder)


class TlsClient(harness.Client):
    """The harness's client over TLS."""

    def __init__(self, pki, port, name="client", server_hostname=None):
        super().__init__(("127.0.0.1", port))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_cert_chain(pki.cert(name), pki.key(name))
        context.load_verify_locations(pki.cert("ca1"))
        self.socket = context.wrap_socket(self.socket, server_hostname=server_hostname)

    def receive(self):
        """The harness's would parse and copy a large message again with each TLS record of it."""
        parts, last = [self.text], self.text.rstrip()[-1:]
        while last != "}":
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError
            parts.append(data.decode())
            last = parts[-1].rstrip()[-1:] or last
        self.text = "".join(parts)
        return super().receive()

    def peer_name(self):
        return dict(part[0] for part in self.socket.getpeercert()["subject"])["commonName"]


def new_keys_without_restart(pki):
    pki.copy("server", "live")
    with TlsServer("ours", pki.options("live")) as server:
        old = TlsClient(pki, server.port)
        assert old.peer_name() == "server"
        pki.copy("renewed", "live")
        new = TlsClient(pki, server.port)
        assert new.peer_name() == "renewed"
        pki.cert("live").write_text("nonsense\n")
        third = TlsClient(pki, server.port)
        assert third.peer_name() == "renewed"
        assert "SSL_use_certificate_file: " in server.log()
        for client in (old, new, third):
            assert DB in client.call("list_dbs")
            client.close()


def big_messages(pki):
    """A large reply, and one that waits for a slow reader."""
    with TlsServer("ours", pki.options("server")) as server:
        client = TlsClient(pki, server.port)
        text = "x" * 1000000
        for i in range(8):
            client.transact(DB, {"op": "insert", "table": "Address_Set", "row": {"name": "as%d" % i, "addresses": text}})
        select = {"op": "select", "table": "Address_Set", "where": [], "columns": ["name", "addresses"]}
        rows = client.transact(DB, select)[0]["rows"]
        assert [len(row["addresses"]) for row in rows] == [1000000] * 8
        for i in range(4):                         # 32 MB that nobody reads yet
            client.send({"id": "r%d" % i, "method": "transact", "params": [DB, select]})
        other = TlsClient(pki, server.port)
        assert DB in other.call("list_dbs")        # others are served meanwhile
        for i in range(4):
            reply = client.receive()
            while reply.get("method") == "echo":
                client.send({"id": "echo", "result": [], "error": None})
                reply = client.receive()
            assert reply["id"] == "r%d" % i and len(reply["result"][0]["rows"]) == 8
        for c in (client, other):
            c.close()


def foreign_languages(pki):
    """Plain text on the TLS port, TLS on the plain one, garbage, silence: each is dropped, others are served."""
    with TlsServer("ours", [*pki.options("server"), "--remote=ptcp:0:127.0.0.1"]) as server:
        plain = harness.Client(("127.0.0.1", server.port))
        plain.send({"id": 0, "method": "list_dbs", "params": []})
        for text in (b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 300, b"\x16\x03\x01\x40\x00" + bytes(70000)):
            with socket.create_connection(("127.0.0.1", server.port), 30) as s:
                with contextlib.suppress(ConnectionError):
                    s.sendall(text)
                with contextlib.suppress(ConnectionError):
                    while s.recv(4096):
                        pass
        harness.wait_until(lambda: server.log().count("the peer does not speak TLS") >= 2, "the reason in the log")
        silent = [socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(300)]
        for s in silent[::2]:                      # half of them begin to speak
            s.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        works("ours", server.ssl, pki.options("client"))
        works("peer", server.ssl, pki.options("client"))
        for s in silent:
            s.close()
        plain.close()
        port = int(re.search(r"ptcp:0:127.0.0.1: listening on port (\d+)", server.log()).group(1))
        for kind in KINDS:
            fails(kind, "ssl:127.0.0.1:%d" % port, pki.options("client"), "SSL_connect: ")
        works("ours", server.ssl, pki.options("client"))


def a_silent_crowd(pki):
    """More peers than may shake hands at a time keep others waiting, but only as long as they are there."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 4096:
        print("skip - too few descriptors")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, most))
    with TlsServer("ours", pki.options("server")) as server:
        crowd = [socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(1100)]
        harness.wait_until(lambda: "handshakes under way, more peers have to wait" in server.log(), "the limit")
        client = subprocess.Popen([str(CLIENTS["ours"]), *pki.options("client"), "list-dbs", server.ssl],
                                  stdout=subprocess.PIPE, text=True)
        assert DB in harness.Client(server.sock).call("list_dbs")          # the others are not concerned
        for s in crowd:
            s.close()
        assert DB in client.communicate(timeout=60)[0]
        works("ours", server.ssl, pki.options("client"))


def server_name(pki):
    """Clients say which host they want (RFC 6066), unless they know it by address only."""
    names = []

    def serve(listener):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.cert("server"), pki.key("server"))
        context.sni_callback = lambda connection, name, context: names.append(name)
        for _ in range(2):
            connection, _ = listener.accept()
            with contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        for host in ("localhost", "127.0.0.1"):
            list_dbs("ours", "ssl:%s:%d" % (host, listener.getsockname()[1]), pki.options("client"))
        thread.join(30)
    assert names == ["localhost", None], names


@contextlib.contextmanager
def daemon(folder, name, program, *options):
    """Runs a daemon; gives a function that sends it control commands."""
    ctl = folder / (name + ".ctl")
    process = subprocess.Popen([str(program), "--unixctl=%s" % ctl, "-vconsole:off", "--log-file=%s" % (folder / (name + ".log")),
                                *map(str, options)], env={**os.environ, "OVS_RUNDIR": str(folder)})

    def control(command):
        client = harness.Client(ctl)
        try:
            return client.call(command).strip()
        finally:
            client.close()
    try:
        harness.wait_until(ctl.exists, name)
        yield control
    except BaseException:
        print((folder / (name + ".log")).read_text()[-3000:])
        raise
    finally:
        process.terminate()
        process.wait(30)


def northd_and_controller(pki):
    """northd with keys from its command line, the controller with those of the switch's SSL table."""
    if not VSWITCH.exists():
        print("skip - openvswitch-switch is not installed")
        return
    with TlsServer("ours", pki.options("server"), (NB, SB)) as central, harness.Server((VSWITCH,)) as switch, \
            daemon(central.folder, "northd", harness.BUILD / "northd/weft-northd", "--ovnnb-db=" + central.ssl,
                   "--ovnsb-db=" + central.ssl, *pki.options("client")):
        status, output = run(NBCTL["ours"], "--db=" + central.ssl, *pki.options("client"), "--wait=sb", "--timeout=30", "sync")
        assert status == 0, output
        client = harness.Client(switch.sock)
        client.transact("Open_vSwitch", {
            "op": "insert", "table": "Open_vSwitch", "row": {"external_ids": ["map", [
                ["system-id", "c1"], ["ovn-remote", central.ssl], ["ovn-encap-type", "geneve"], ["ovn-encap-ip", "127.0.0.1"]]]}})
        # The keys on the command line would not do; the database goes before it.
        with daemon(central.folder, "controller", harness.BUILD / "controller/weft-controller", switch.remote,
                    *pki.options("intruder", "ca2")) as control:
            harness.wait_until(lambda: "certificate verify failed" in (central.folder / "controller.log").read_text(),
                               "the controller to refuse the server")
            assert control("connection-status") == "not connected"
            client.transact("Open_vSwitch", {"op": "insert", "table": "SSL", "uuid-name": "ssl", "row": {
                "private_key": str(pki.key("client")), "certificate": str(pki.cert("client")),
                "ca_cert": str(pki.folder / "controller-ca.pem"), "bootstrap_ca_cert": True}},
                {"op": "update", "table": "Open_vSwitch", "where": [], "row": {"ssl": ["named-uuid", "ssl"]}})
            harness.wait_until(lambda: control("connection-status") == "connected", "the controller to connect")
            assert (pki.folder / "controller-ca.pem").read_text() == pki.cert("ca1").read_text()
            sb = harness.Client(central.sock)
            harness.wait_until(lambda: [r["name"] for r in sb.transact("OVN_Southbound", {
                "op": "select", "table": "Chassis", "where": [], "columns": ["name"]})[0]["rows"]] == ["c1"], "the chassis")


def run_with_pki(*tests):
    """All of them, or those that the command line names."""
    pki = Pki()
    try:
        for test in tests:
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                test(pki)
                print("ok - " + test.__name__)
    finally:
        shutil.rmtree(pki.folder)


def main():
    for kind, programs in (("ovsdb-client", CLIENTS), ("ovn-nbctl", NBCTL), ("openssl", {"openssl": shutil.which("openssl")})):
        for path in programs.values():
            if not path or not pathlib.Path(path).exists():
                harness.skip("%s is not there" % kind)
    run_with_pki(all_pairs, protocols_and_ciphers, bootstrapping, keys_in_the_database, new_keys_without_restart,
                 big_messages, foreign_languages, a_silent_crowd, server_name, northd_and_controller)


if __name__ == "__main__":
    main()
