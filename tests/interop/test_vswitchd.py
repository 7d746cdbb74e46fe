#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's ovs-vswitchd and ovs-vsctl work on a switch database that our server holds, over each transport: bridges and ports
come up, cur_cfg follows next_cfg, statistics arrive, the switch survives kill -9 of the server and goes on."""
import os
import pathlib
import shutil
import subprocess
import sys

import harness
import transports

PATH = "/usr/sbin:/usr/bin"
VSWITCHD, VSCTL = (shutil.which(name, path=PATH) for name in ("ovs-vswitchd", "ovs-vsctl"))
SCHEMA = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")


class Switch:
    """ovs-vswitchd with a datapath that exists only inside it, and ovs-vsctl, both clients of 'server'."""

    def __init__(self, server):
        self.server = server
        self.env = {**os.environ, "OVS_RUNDIR": str(server.folder), "OVS_SYSLOG_METHOD": "null"}
        self.log = server.folder / "switch.log"
        self.vsctl("--no-wait", "init")
        self.process = subprocess.Popen(
            [VSWITCHD, server.remote, *server.client_options, "--disable-system", "--enable-dummy=override",
             "--unixctl=%s" % (server.folder / "switch.ctl"), "--log-file=%s" % self.log, "-vconsole:off"], env=self.env)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(30)
        if kind:
            print(self.log.read_text()[-3000:])

    def vsctl(self, *words):
        """Unless --no-wait is among the words this waits for the switch to have done it."""
        done = subprocess.run([VSCTL, "--timeout=30", "--db=" + self.server.remote, *self.server.client_options, *words],
                              env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and not done.stderr, (words, done)
        return done.stdout.strip()

    def config(self):
        return self.vsctl("get", "Open_vSwitch", ".", "next_cfg", "--", "get", "Open_vSwitch", ".", "cur_cfg").split()


def life(server):
    with Switch(server) as switch:
        switch.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=dummy", "fail_mode=secure",
                     "--", "add-port", "br0", "p1", "--", "set", "Interface", "p1", "type=dummy", "ofport_request=7")
        assert switch.vsctl("get", "Interface", "p1", "ofport") == "7"
        asked, done = switch.config()
        assert asked == done, (asked, done)
        assert (server.folder / "br0.mgmt").is_socket()
        switch.vsctl("wait-until", "Interface", "p1", "statistics:rx_packets=0")
        assert switch.vsctl("get", "Interface", "p1", "admin_state") in ("up", "down")
        server.kill()
        server.start()
        switch.vsctl("add-port", "br0", "p2", "--", "set", "Interface", "p2", "type=dummy", "ofport_request=9")
        assert switch.vsctl("get", "Interface", "p2", "ofport", "--", "get", "Interface", "p1", "ofport").split() == ["9", "7"]
        switch.vsctl("del-port", "p1", "--", "add-br", "br1", "--", "set", "Bridge", "br1", "datapath_type=dummy")
        assert switch.vsctl("list-ports", "br0") == "p2"
        switch.vsctl("del-br", "br0", "--", "del-br", "br1")
        assert not (server.folder / "br0.mgmt").exists()
        asked, done = switch.config()
        assert asked == done, (asked, done)
        assert switch.process.poll() is None


def main():
    if not VSWITCHD or not VSCTL or not SCHEMA.exists():
        harness.skip("openvswitch-switch is not installed")
    transports.each([("vswitchd", [SCHEMA], life)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
