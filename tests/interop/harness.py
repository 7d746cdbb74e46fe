# SPDX-License-Identifier: Apache-2.0
"""What tests of the database share: a private server (ours or the peer's) and a plain JSON-RPC client.

The build is the current folder (as in `make check`) if it is one, or ./build.
"""
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path.cwd() if pathlib.Path("config.status").exists() else SOURCE / "build"
SKIP = 77                                          # automake's exit status for a test that cannot run
PROGRAMS = {
    "ours": BUILD / "ovsdb/server/weft-ovsdb-server",
    "peer": pathlib.Path(shutil.which("ovsdb-server", path="/usr/sbin:/usr/bin") or "/nonexistent"),
}


def skip(why):
    print("SKIP:", why)
    sys.exit(SKIP)


def debian_python():
    """Continues under the system's interpreter, which is where Debian's packages are installed."""
    try:
        import ovs.db.idl  # noqa: F401
        return
    except ImportError:
        pass
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    skip("python3-openvswitch is not installed")


def wait_until(condition, what, timeout=30):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timed out waiting for " + what)
        time.sleep(0.01)


def processes_of(folder):
    """The ids of the processes that have 'folder' in their command line or environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and any(str(folder).encode() in (entry / name).read_bytes() for name in ("cmdline", "environ")):
                found.append(int(entry.name))
        except OSError:
            pass                                   # it has just ended
    return found


def kill_processes_of(folder):
    for pid in processes_of(folder):
        with contextlib.suppress(ProcessLookupError):          # it has just ended
            os.kill(pid, signal.SIGKILL)


def framed(text):
    """A record of a database file, whose JSON with its line feed is 'text' (bytes), as ovsdb(5) describes it."""
    return b"OVSDB JSON %d %s\n%s" % (len(text), hashlib.sha1(text).hexdigest().encode(), text)


def write_database(path, schema, records=()):
    with open(path, "wb") as f:
        for record in (schema, *records):
            f.write(framed(json.dumps(record, separators=(",", ":")).encode() + b"\n"))


class Server:
    """A database server with its files in a folder of its own, killed at the end."""

    def __init__(self, schemas, kind="ours", options=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-ovsdb-"))
        self.sock = self.folder / "db.sock"
        self.ctl = self.folder / "ctl"
        self.program = PROGRAMS[kind]
        self.options = list(options)
        self.databases = []
        self.process = None
        if not self.program.exists():
            skip("%s is not there" % self.program)
        for schema in schemas:
            if isinstance(schema, (str, pathlib.Path)):
                schema = json.loads(pathlib.Path(schema).read_text())
            path = self.folder / (schema["name"] + ".db")
            write_database(path, schema)
            self.databases.append(path)

    @property
    def remote(self):
        return "unix:%s" % self.sock

    def start(self):
        self.sock.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [self.program, "--remote=punix:%s" % self.sock, "--unixctl=%s" % self.ctl, "-vconsole:off",
             "--log-file=%s" % (self.folder / "log"), *self.options, *map(str, self.databases)])
        wait_until(self.answers, "the server")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("the server died:\n" + (self.folder / "log").read_text())
        try:
            client = Client(self.sock)
            client.call("list_dbs")                # not only listening: the other remotes are open, too
            client.close()
            return True
        except OSError:
            return False

    def control(self, command, *arguments):
        """The answer to a control command of the server's own, "ovsdb-server/COMMAND"."""
        client = Client(self.ctl)
        try:
            return client.call("ovsdb-server/" + command, *arguments)
        finally:
            client.close()

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        return self.process.wait(30)

    def __enter__(self):
        try:
            return self.start()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise

    def __exit__(self, kind, value, trace):
        status = 0
        if self.process and self.process.poll() is None:
            status = self.kill(signal.SIGTERM)
        if kind is None and status != 0 and self.program == PROGRAMS["ours"]:
            raise AssertionError("the server ended with status %d:\n%s" % (status, (self.folder / "log").read_text()))
        shutil.rmtree(self.folder, ignore_errors=True)


class Client:
    """JSON-RPC over a unix or TCP socket."""

    def __init__(self, where, timeout=30):
        if isinstance(where, tuple):
            self.socket = socket.create_connection(where, timeout)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(str(where))
        self.socket.settimeout(timeout)
        self.text = ""
        self.decoder = json.JSONDecoder()
        self.ids = itertools.count(1)
        self.notifications = []

    def close(self):
        self.socket.close()

    def send(self, message):
        self.socket.sendall(json.dumps(message, separators=(",", ":")).encode())

    def receive(self):
        while True:
            self.text = self.text.lstrip()
            if self.text:
                try:
                    message, end = self.decoder.raw_decode(self.text)
                    self.text = self.text[end:]
                    return message
                except ValueError:
                    pass
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError
            self.text += data.decode()

    def reply_to(self, number):
        while True:
            message = self.receive()
            if message.get("method") == "echo":
                self.send({"id": message["id"], "result": message["params"], "error": None})
            elif "method" in message:
                self.notifications.append(message)
            elif message["id"] == number:
                return message

    def request(self, method, *params):
        number = next(self.ids)
        self.send({"method": method, "params": list(params), "id": number})
        return number

    def call(self, method, *params):
        reply = self.reply_to(self.request(method, *params))
        if reply["error"] is not None:
            raise RuntimeError(reply["error"])
        return reply["result"]

    def transact(self, database, *operations):
        return self.call("transact", database, *operations)
