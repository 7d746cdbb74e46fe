# SPDX-License-Identifier: Apache-2.0
"""What end-to-end tests share: hypervisors with a real Open vSwitch (lab/), the daemons of one network in any mixture
of ours and Debian's, and waiting for conditions.

A test file is a list of functions, run by main().  Each prints one line: "ok - name", "not ok - name" or
"skip - name # why".  What went wrong, and the ends of the daemons' logs, follow a "not ok" as lines with "#".

    with Network() as net:                       # databases, northd and two hypervisors with a controller each
        net.nbctl("ls-add", "sw0")
        net.vm("hv1", "vm1", "sw0", "02:00:00:00:01:01", "10.0.1.11/24", "10.0.1.1")
        net.sync()
        net.ping("vm1", "10.0.1.12")

The build is $WEFT_BUILD, the current folder if it is a build, or ./build.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
LAB = SOURCE / "tests/e2e/lab/lab"
CENTRAL = "172.31.0.254"                           # the lab's address for the databases
PEER = {                                           # Debian's program for each part
    "server": "ovsdb-server", "northd": "ovn-northd", "controller": "ovn-controller",
    "nbctl": "ovn-nbctl", "sbctl": "ovn-sbctl",
}
OURS = {
    "server": "weft-ovsdb-server", "northd": "weft-northd", "controller": "weft-controller",
    "nbctl": "weft-nbctl", "sbctl": "weft-sbctl", "appctl": "weft-appctl", "tool": "weft-ovsdb-tool",
    "client": "weft-ovsdb-client",
}


class Skip(Exception):
    """This test cannot run here; the text says why."""


class Failure(AssertionError):
    """What was promised did not happen."""


def build_folder():
    if os.environ.get("WEFT_BUILD"):
        return pathlib.Path(os.environ["WEFT_BUILD"]).resolve()
    here = pathlib.Path.cwd()
    return here if (here / "config.status").exists() else SOURCE / "build"


def program(part, kind):
    """The path of 'part' ("northd") of 'kind' ("ours" or "peer")."""
    if kind == "peer":
        found = shutil.which(PEER[part], path="/usr/bin:/usr/sbin:/bin:/sbin")
        if not found:
            raise Skip("%s is not installed" % PEER[part])
        return found
    for pattern in ("%s", "*/%s", "*/*/%s"):
        for path in build_folder().glob(pattern % OURS[part]):
            return str(path)
    raise Skip("%s is not built" % OURS[part])


def run(*command, check=True, timeout=60, env=None):
    """Runs a command and returns its standard output."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=timeout, text=True, env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise Failure("'%s' exited with %d:\n%s%s" % (" ".join(map(str, command)), done.returncode,
                                                      done.stdout, done.stderr))
    return done.stdout


def wait_for(condition, what, deadline=30):
    """Waits until 'condition()' is true and returns what it returned; fails after 'deadline' seconds."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure("timed out after %d s waiting for %s" % (deadline, what))
        time.sleep(0.05)


class Daemon:
    """A process in the foreground, inside one of the lab's namespaces, with its log and standard error."""

    def __init__(self, net, name, where, command, ours):
        self.name, self.where, self.command, self.ours = name, where, command, ours
        self.net = net
        self.folder = net.folder / "daemons"
        self.folder.mkdir(exist_ok=True)
        self.log = self.folder / (name + ".log")
        self.err = self.folder / (name + ".err")
        self.ctl = self.folder / (name + ".ctl")
        self.process = None

    def start(self):
        options = ["-vconsole:off", "-vsyslog:off", "--log-file=%s" % self.log]
        if self.command[0].endswith("ovn-controller"):            # Debian's has no --unixctl
            self.ctl = None
        else:
            options.append("--unixctl=%s" % self.ctl)
        with open(self.err, "a") as err:
            self.process = subprocess.Popen([str(LAB), "--dir", str(self.net.folder), "exec", self.where,
                                             *self.command, *options], stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        if not self.ctl:
            self.ctl = self.net.folder / self.where / "run" / ("ovn-controller.%d.ctl" % self.process.pid)
        wait_for(lambda: self.ctl.exists() or not self.running(), "the control socket of " + self.name)
        self.check()
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def check(self):
        if not self.running():
            raise Failure("%s ended with status %s" % (self.name, self.process.returncode))

    def appctl(self, *words):
        """A command over the control socket, which is the same for both kinds."""
        return run(program("appctl", "ours"), "-t", self.ctl, *words)

    def stop(self, how=signal.SIGTERM):
        """Ends the process and returns its status."""
        if self.running():
            self.process.send_signal(how)
        return self.ended()

    def ended(self, deadline=30):
        try:
            status = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("%s did not end" % self.name)
        self.ctl.unlink(missing_ok=True)
        return status

    def report(self, n_lines=25):
        """The ends of what it logged, for a failure."""
        text = []
        for path in (self.log, self.err):
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            if lines:
                text.append("--- %s" % path.name)
                text += lines[-n_lines:]
        return text


class Network:
    """Databases, a northd and hypervisors with a controller each.

    'server', 'northd' and each of 'controllers' are "ours" or "peer".  'nbctl' says whose command line is used
    where a test does not choose.  WEFT_E2E_CONTROLLER=peer in the environment runs the tests on Debian's controllers
    where a test does not choose: the peer is the oracle of the tests themselves."""

    def __init__(self, server="ours", northd="ours", controllers=None, nbctl="ours", schemas=None, encap="geneve"):
        require_lab()
        controllers = controllers or (os.environ.get("WEFT_E2E_CONTROLLER", "ours"),) * 2
        self.encap = encap
        self.kinds = {"server": server, "northd": northd, "nbctl": nbctl, "sbctl": nbctl}
        if nbctl == "ours" and not list(build_folder().glob("**/weft-sbctl")):
            self.kinds["sbctl"] = "peer"
        self.controller_kinds = list(controllers)
        self.schemas = schemas or SOURCE / "schemas"
        for part, kind in [("server", server), ("northd", northd), ("nbctl", nbctl), ("tool", "ours")] + \
                [("controller", kind) for kind in controllers]:
            program(part, kind)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-", dir="/tmp"))
        self.daemons = {}
        self.vms = {}

    # --- life ---

    def __enter__(self):
        try:
            self.lab("up", len(self.controller_kinds), env={"LAB_ENCAP": self.encap})
            self.start_server()
            self.nbctl("init")
            self.start("northd", "central", self.kinds["northd"],
                       ["--ovnnb-db=" + self.db("nb"), "--ovnsb-db=" + self.db("sb")])
            for i, kind in enumerate(self.controller_kinds, 1):
                hv = "hv%d" % i
                self.start("controller-" + hv, hv, kind, ["unix:%s/%s/run/db.sock" % (self.folder, hv)])
            return self
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def __exit__(self, kind, value, trace):
        bad = []
        for name, daemon in reversed(list(self.daemons.items())):
            if not daemon.running():
                bad.append("%s had ended with status %s" % (name, daemon.process.returncode))
            else:
                try:
                    status = daemon.stop()
                except Failure as failure:
                    bad.append(str(failure))
                    continue
                if status not in (0, -signal.SIGTERM) or (daemon.ours and status != 0):
                    bad.append("%s ended with status %d" % (name, status))
        if kind and not issubclass(kind, (Skip, KeyboardInterrupt)):
            value.logs = self.logs()
        failure = None
        if bad and kind is None:
            failure = Failure("; ".join(bad))
            failure.logs = self.logs()
        try:
            self.lab("down")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        if failure:
            raise failure

    def logs(self):
        lines = []
        for daemon in self.daemons.values():
            lines += daemon.report()
        for path in sorted(self.folder.glob("hv*/log/ovs-vswitchd.log")):
            lines += ["--- " + str(path.relative_to(self.folder))] + path.read_text(errors="replace").splitlines()[-8:]
        return lines

    # --- parts ---

    def db(self, which):
        return "unix:%s/db.sock" % self.folder

    def start_server(self):
        files = []
        for name in ("nb", "sb"):
            path = self.folder / ("ovn-%s.db" % name)
            run(program("tool", "ours"), "create", path, self.schemas / ("ovn-%s.ovsschema" % name))
            files.append(str(path))
        self.start("server", "central", self.kinds["server"],
                   ["--remote=punix:%s/db.sock" % self.folder, "--remote=ptcp:6642:" + CENTRAL, *files])
        wait_for((self.folder / "db.sock").exists, "the socket of the databases")

    def start(self, name, where, kind, arguments):
        """Starts the daemon called 'name': "controller-hv1" is a controller."""
        command = [program(name.split("-")[0], kind), *arguments]
        self.daemons[name] = Daemon(self, name, where, command, kind == "ours")
        return self.daemons[name].start()

    def controller(self, hv):
        return self.daemons["controller-" + hv]

    # --- tools ---

    def lab(self, *words, **how):
        return run(LAB, "--dir", self.folder, *words, **how)

    def ctl(self, part, *words, kind=None):
        kind = kind or self.kinds[part]
        variable = {"nbctl": "OVN_NB_DB", "sbctl": "OVN_SB_DB"}[part]
        return run(program(part, kind), "--timeout=40", *words, env={variable: self.db(part)})

    def nbctl(self, *words, kind=None):
        return self.ctl("nbctl", *words, kind=kind)

    def sbctl(self, *words, kind=None):
        return self.ctl("sbctl", *words, kind=kind)

    def sync(self):
        """Returns when every hypervisor shows what the Northbound database says."""
        self.nbctl("--wait=hv", "sync")

    def exec(self, where, *command, **how):
        return self.lab("exec", where, *command, **how)

    def spawn(self, where, *command, **how):
        """A command in the background inside a namespace; ending it is the caller's."""
        return subprocess.Popen([str(LAB), "--dir", str(self.folder), "exec", where, *map(str, command)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                **how)

    def find(self, table, column, value, result):
        """One cell of a Southbound row, as text: find("Datapath_Binding", "external_ids:name", "sw0", ...)."""
        return self.sbctl("--bare", "--no-heading", "--columns=" + result, "find", table,
                          "%s=%s" % (column, value)).strip()

    def flows(self, hv):
        """The flows of br-int as ovs-ofctl(8) prints them, without counters."""
        text = self.exec(hv, "ovs-ofctl", "-O", "OpenFlow15", "--no-stats", "dump-flows", "br-int")
        return [line.strip() for line in text.splitlines() if "actions=" in line]

    # --- machines ---

    def vm(self, hv, name, lswitch, mac, addresses, gateways="-", plug=True):
        """A machine and its logical port: 'addresses' and 'gateways' as the lab takes them."""
        ips = [a.split("/")[0] for a in addresses.split(",") if a != "-"]
        self.nbctl("lsp-add", lswitch, name, "--", "lsp-set-addresses", name, " ".join([mac, *ips]))
        if plug:
            self.lab("vm", hv, name, mac, addresses, gateways)
        self.vms[name] = hv

    def can_ping(self, vm, address, count=1, wait=1, options=()):
        where = [] if ":" not in address else ["-6"]
        done = subprocess.run([str(LAB), "--dir", str(self.folder), "exec", vm, "ping", *where, "-n", "-c", str(count),
                               "-i", "0.05", "-W", str(wait), *options, address], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        found = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
        return bool(found) and found.group(1) == found.group(2) and "DUP!" not in done.stdout

    def ping(self, vm, address, deadline=20):
        """Waits for the first answer, then wants five of five."""
        wait_for(lambda: self.can_ping(vm, address), "a ping from %s to %s" % (vm, address), deadline)
        if not self.can_ping(vm, address, count=5):
            raise Failure("pings from %s to %s were lost or doubled" % (vm, address))

    def no_ping(self, vm, address):
        if self.can_ping(vm, address, count=2):
            raise Failure("a ping from %s to %s came through" % (vm, address))


def two_switches(net):
    """The network of most tests: sw0 and sw1 joined by lr0, on each a machine of hv1 and one of hv2, with IPv4 and
    IPv6.  Machine a1 is on sw0 and hv1, b2 on sw1 and hv2: 10.0.1.11 and 10.0.2.12, fd00:1::11 and fd00:2::12."""
    net.nbctl("lr-add", "lr0")
    for i, name in ((1, "a"), (2, "b")):
        lswitch = "sw%d" % (i - 1)
        net.nbctl("ls-add", lswitch, "--", "lrp-add", "lr0", "lr0-" + lswitch, "02:00:00:00:0%d:fe" % i,
                  "10.0.%d.1/24" % i, "fd00:%d::1/64" % i, "--", "lsp-add", lswitch, lswitch + "-lr0", "--",
                  "lsp-set-type", lswitch + "-lr0", "router", "--", "lsp-set-addresses", lswitch + "-lr0", "router",
                  "--", "lsp-set-options", lswitch + "-lr0", "router-port=lr0-" + lswitch)
        for j in (1, 2):
            net.vm("hv%d" % j, "%s%d" % (name, j), lswitch, "02:00:00:00:0%d:1%d" % (i, j),
                   "10.0.%d.1%d/24,fd00:%d::1%d/64" % (i, j, i, j), "10.0.%d.1,fd00:%d::1" % (i, i))
    net.sync()
    for machine in ("a1", "a2", "b1", "b2"):
        net.nbctl("wait-until", "Logical_Switch_Port", machine, "up=true")


_lab_missing = None


def require_lab():
    """Skips where no lab can be made: not root, no namespaces, a program missing."""
    global _lab_missing
    if _lab_missing is None:
        done = subprocess.run([str(LAB), "--dir", "/tmp/weft-check", "check"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        missing = re.findall(r"^missing: (.*)$", done.stdout, re.M)
        _lab_missing = "" if done.returncode == 0 else "missing: " + "; ".join(missing or [done.stdout.strip()])
    if _lab_missing:
        raise Skip(_lab_missing)


def main(tests, network=None):
    """Runs the functions of 'tests' (those that argv names, if any); exits 1 if one failed, 77 if all were skipped.

    With 'network', a function that makes one, all tests get the same and each must leave it as it found it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    results = []
    if not network:
        for test in chosen:
            results.append(run_test(test))
    else:
        def all_of_them():
            with network() as net:
                for test in chosen:
                    results.append(run_test(test, net))
        all_of_them.__name__ = "the network of " + pathlib.Path(sys.argv[0]).stem
        results.append(run_test(all_of_them))
    sys.exit(1 if False in results else 0 if True in results else 77)


def run_test(test, net=None):
    """True: passed, False: failed, None: skipped."""
    name = test.__name__.replace("_", " ")
    begin = time.monotonic()
    try:
        test(net) if net else test()
    except Skip as why:
        print("skip - %s # %s" % (name, why))
        return None
    except Exception as error:
        print("not ok - %s" % name)
        detail = str(error) if isinstance(error, Failure) else traceback.format_exc()
        for line in detail.splitlines() + (net.logs() if net else getattr(error, "logs", [])):
            print("# " + line)
        return False
    else:
        print("ok - %s (%.1f s)" % (name, time.monotonic() - begin))
        return True
    finally:
        sys.stdout.flush()
