#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's start scripts, ovn-ctl and ovs-ctl, run our programs once these come first on PATH: nothing else changes.

What is shown: a first start creates the databases; a start on a database of an older schema saves and converts it; status,
promotion and demotion; a restart keeps the contents; a stop ends everything.
"""
import json
import os
import pathlib
import sys

import harness
from harness import wait_until
from host import Host

OVN_CTL = "/usr/share/ovn/scripts/ovn-ctl"
OVS_CTL = "/usr/share/openvswitch/scripts/ovs-ctl"
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def test_ovn_ctl_starts_restarts_and_stops():
    with Host() as host:
        def ctl(*arguments, status=0):
            return host.run(OVN_CTL, "--ovn-user=root", *arguments, status=status)
        nbctl = ["ovn-nbctl", "--db=unix:%s" % (host.folder / "ovn/run/ovnnb_db.sock")]
        sbctl = ["ovn-sbctl", "--db=unix:%s" % (host.folder / "ovn/run/ovnsb_db.sock")]

        assert "Creating empty database" in ctl("start_northd")
        assert "is running" in ctl("status_northd")
        host.run(*nbctl, "--wait=sb", "--timeout=30", "ls-add", "sw0", "--", "lsp-add", "sw0", "port0")
        assert "port0" in host.run(*sbctl, "--columns=logical_port", "list", "Port_Binding")

        assert ctl("status_ovnnb").strip() == "running/active"
        ctl("demote_ovnnb", "--db-nb-sync-from-addr=127.0.0.1", "--db-nb-sync-from-port=1")
        assert ctl("status_ovnnb").strip() == "running/backup"
        ctl("promote_ovnnb")
        assert ctl("status_ovnnb").strip() == "running/active"

        ctl("restart_northd")
        assert "port0" in host.run(*nbctl, "show")
        ctl("stop_northd")
        wait_until(lambda: not host.processes(), "everything to end")


def test_ovn_ctl_starts_a_relay():
    """Its listeners and keys are named by columns of a database that it has not seen yet."""
    with Host() as host:
        def ctl(*arguments, status=0):
            return host.run(OVN_CTL, "--ovn-user=root", *arguments, status=status)
        source, relay = ("unix:%s" % (host.folder / "ovn/run" / name) for name in ("ovnsb_db.sock", "ovnsb_relay_db.sock"))
        ctl("start_northd")
        ctl("--db-sb-relay-remote=" + source, "start_sb_relay_ovsdb")
        host.run("ovsdb-client", "--timeout=30", "wait", relay, "OVN_Southbound", "connected")
        ctl("restart_ovsdb")
        add = "ovn-sbctl", "--timeout=30", "--db=" + relay, "--may-exist", "chassis-add", "hv1", "geneve", "127.0.0.1"
        wait_until(lambda: host.execute(*add)[0] == 0, "the relay to find the source again")   # tools refuse one without
        assert "hv1" in host.run("ovn-sbctl", "--timeout=30", "--db=" + source, "show")
        ctl("stop_sb_relay_ovsdb")
        ctl("stop_northd")
        wait_until(lambda: not host.processes(), "everything to end")


def test_ovs_ctl_converts_an_older_database():
    with Host() as host:
        def ctl(*arguments, status=0):
            return host.run(OVS_CTL, "--no-ovs-vswitchd", "--system-id=host0", "--ovs-user=root", *arguments, status=status)
        vsctl = ["ovs-vsctl", "--no-wait", "--db=unix:%s" % (host.folder / "ovs/run/db.sock")]
        database = host.folder / "ovs/db/conf.db"

        older = json.loads(pathlib.Path(OVS_SCHEMA).read_text())
        older.update(version="7.0.0", cksum="1 1")
        del older["tables"]["Bridge"]["columns"]["mcast_snooping_enable"]
        harness.write_database(database, older)

        assert "Converting database schema" in ctl("start")
        assert [p.name for p in database.parent.glob("conf.db.backup*")] == ["conf.db.backup7.0.0-1"]
        assert "ovsdb-server is running" in ctl("status", status=1)          # and ovs-vswitchd is not
        assert host.run("ovs-appctl", "-t", "ovsdb-server", "ovsdb-server/list-dbs") == "Open_vSwitch\n_Server\n"
        assert not list((host.folder / "ovn/run").iterdir()), "what goes by Open vSwitch's name is where that is"
        host.run(*vsctl, "add-br", "br0", "--", "set", "Bridge", "br0", "mcast_snooping_enable=true")
        ctl("restart")
        assert host.run(*vsctl, "get", "Open_vSwitch", ".", "external_ids:system-id").strip() == "host0"
        assert host.run(*vsctl, "get", "Bridge", "br0", "mcast_snooping_enable").strip() == "true"
        ctl("stop")
        wait_until(lambda: not host.processes(), "everything to end")


def main():
    for needed in (OVN_CTL, OVS_CTL, OVS_SCHEMA):
        if not os.path.exists(needed):
            harness.skip("%s is not there" % needed)
    if os.geteuid() != 0:
        harness.skip("the scripts want root")
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("PASS:", name)


if __name__ == "__main__":
    sys.exit(main())
