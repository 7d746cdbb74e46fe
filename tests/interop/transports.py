# SPDX-License-Identifier: Apache-2.0
"""Clients that reach a server over a unix socket, TCP and TLS: certificates, ports, one life over each transport."""
import contextlib
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile

import harness

TRANSPORTS = ("unix", "tcp", "ssl")


class Pki:
    """A folder with certificates: server, client and renewed are of ca1, intruder is of ca2."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-pki-"))
        for ca in ("ca1", "ca2"):
            self.make_key(ca)
            self.openssl("req", "-x509", "-key", self.key(ca), "-out", self.cert(ca), "-days", "30", "-subj", "/CN=" + ca)
        for serial, (name, ca, days) in enumerate((("server", "ca1", 30), ("client", "ca1", 30), ("renewed", "ca1", 30),
                                                   ("expired", "ca1", -1), ("intruder", "ca2", 30)), 1):
            self.make_key(name)
            request = self.folder / "request.pem"
            self.openssl("req", "-new", "-key", self.key(name), "-out", request, "-subj", "/O=weft/CN=" + name)
            self.openssl("x509", "-req", "-in", request, "-CA", self.cert(ca), "-CAkey", self.key(ca), "-days", days,
                         "-set_serial", serial, "-out", self.cert(name))

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def make_key(self, name):
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key(name))

    def key(self, name):
        return self.folder / (name + "-key.pem")

    def cert(self, name):
        return self.folder / (name + ".pem")

    def options(self, name, ca="ca1"):
        return ["--private-key=%s" % self.key(name), "--certificate=%s" % self.cert(name),
                "--ca-cert=%s" % (ca if ca == "none" else self.cert(ca))]

    def copy(self, name, to):
        """Replaces the files of 'to' with those of 'name', as an operator does: by renaming."""
        for path in (self.key, self.cert):
            shutil.copy(path(name), self.folder / "new")
            os.rename(self.folder / "new", path(to))


def free_port():
    """Below those that the kernel gives to clients, of which the tests beside this one make many."""
    while True:
        port = random.randrange(20000, 30000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


class Server(harness.Server):
    """A server that clients reach over 'transport', and what they need to say for that."""

    def __init__(self, schemas, transport, pki, kind="ours"):
        port = free_port()
        own = {"unix": [], "tcp": ["--remote=ptcp:%d:127.0.0.1" % port],
               "ssl": ["--remote=pssl:%d:127.0.0.1" % port, *pki.options("server")]}
        super().__init__(schemas, kind, own[transport])
        self.where = super().remote if transport == "unix" else "%s:127.0.0.1:%d" % (transport, port)
        self.client_options = pki.options("client") if transport == "ssl" else []

    @property
    def remote(self):
        return self.where


def each(lives, prepare=lambda pki: None):
    """Runs each life cycle over each transport: 'lives' are (name, schemas, function of a server).

    Names of lives or of transports on the command line choose among them.  'prepare' is given the keys first.
    """
    if not shutil.which("openssl"):
        harness.skip("openssl is not installed")
    chosen = sys.argv[1:]
    pki = Pki()
    try:
        prepare(pki)
        for name, schemas, live in lives:
            for transport in TRANSPORTS:
                if all(c in (name, transport) for c in chosen):
                    with Server(schemas, transport, pki) as server:
                        live(server)
                    print("ok - %s over %s" % (name, transport), flush=True)
    finally:
        shutil.rmtree(pki.folder)


def give_keys_to_python(pki):
    """Python's streams know one key in each process."""
    import ovs.stream
    ovs.stream.Stream.ssl_set_private_key_file(str(pki.key("client")))
    ovs.stream.Stream.ssl_set_certificate_file(str(pki.cert("client")))
    ovs.stream.Stream.ssl_set_ca_cert_file(str(pki.cert("ca1")))
