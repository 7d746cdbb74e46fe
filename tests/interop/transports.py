# SPDX-License-Identifier: Apache-2.0
"""What tests need to talk over TCP and TLS: certificates and ports."""
import contextlib
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile


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
