#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What northd and the controller do with their options and settings, and that the controller ends when it is told to, whatever is
there of its databases."""
import contextlib
import pathlib
import socket
import subprocess
import sys
import tempfile

import harness

VSWITCH = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
NORTHBOUND = harness.SOURCE / "schemas/ovn-nb.ovsschema"
SOUTHBOUND = harness.SOURCE / "schemas/ovn-sb.ovsschema"
SWITCH = "Open_vSwitch"


@contextlib.contextmanager
def controller(ovs_remote):
    """A controller and its control socket; it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="weft-controller-") as folder:
        ctl = pathlib.Path(folder) / "ctl"
        process = subprocess.Popen([harness.BUILD / "controller/weft-controller", ovs_remote, "--unixctl=%s" % ctl,
                                    "-vconsole:off", "--log-file=%s/log" % folder])
        try:
            harness.wait_until(lambda: ctl.exists() or process.poll() is not None, "the control socket")
            yield process, ctl
        finally:
            process.kill()
            process.wait(30)


def call(ctl, *command):
    client = harness.Client(ctl)
    answer = client.call(*command)
    client.close()
    return answer


def configure(server, settings, bridge=None):
    """Makes the row of the switch's database; 'settings' are its external_ids."""
    row = {"external_ids": ["map", sorted(settings.items())]}
    operations = [{"op": "insert", "table": "Bridge", "row": bridge, "uuid-name": "bridge"}] if bridge else []
    if bridge:
        row["bridges"] = ["named-uuid", "bridge"]
    client = harness.Client(server.sock)
    results = client.transact(SWITCH, *operations, {"op": "insert", "table": SWITCH, "row": row})
    assert not any("error" in (r or {}) for r in results), results
    return client


def settings(remote, **more):
    return {"system-id": "hv1", "ovn-remote": remote, "ovn-encap-type": "geneve", "ovn-encap-ip": "127.0.0.1",
            **{name.replace("_", "-"): value for name, value in more.items()}}


def number_of_threads():
    for value in ("0", "many", "-1", ""):
        done = subprocess.run([harness.BUILD / "northd/weft-northd", "--n-threads=%s" % value, "--unixctl=none"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "--n-threads" in done.stderr, (value, done)


def begins_a_deployment():
    """On two databases without a row: makes those of NB_Global and SB_Global, once each, also if others are about to, and says how
    far tunnel keys go."""
    with harness.Server([NORTHBOUND, SOUTHBOUND]) as server, contextlib.ExitStack() as daemons:
        client = harness.Client(server.sock)

        def options(database, table):
            rows = client.transact(database, {"op": "select", "table": table, "where": []})[0]["rows"]
            assert len(rows) <= 1
            return dict(rows[0]["options"][1]) if rows else {}

        for i in range(2):
            process = subprocess.Popen([harness.BUILD / "northd/weft-northd", "--unixctl=%s/northd%d" % (server.folder, i),
                                        "--ovnnb-db=" + server.remote, "--ovnsb-db=" + server.remote, "-vconsole:off"])
            daemons.callback(process.wait, 30)
            daemons.callback(process.kill)
        commands = [subprocess.Popen([harness.BUILD / "nbctl/weft-nbctl", "--db=" + server.remote, "ls-add", "sw%d" % i])
                    for i in range(8)]
        assert [command.wait(60) for command in commands] == [0] * 8
        harness.wait_until(lambda: options("OVN_Southbound", "SB_Global"), "SB_Global")
        made = options("OVN_Northbound", "NB_Global")
        assert {"mac_prefix", "svc_monitor_mac", "northd_internal_version"} <= set(made), made
        assert made["max_tunid"] == "16711680", made
        client.transact("OVN_Southbound", {"op": "insert", "table": "Encap", "uuid-name": "e", "row": {
            "type": "vxlan", "ip": "127.0.0.1", "chassis_name": "hv1"}}, {"op": "insert", "table": "Chassis", "row": {
                "name": "hv1", "encaps": ["named-uuid", "e"]}})
        harness.wait_until(lambda: options("OVN_Southbound", "SB_Global")["max_tunid"] == "4095", "fewer keys")


def asks_whether_the_server_is_there():
    """ovn-remote-probe-interval: over a unix socket nobody asks unless told to."""
    with harness.Server([VSWITCH]) as ovs:
        path = ovs.folder / "sb.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(8)
        listener.settimeout(30)
        configure(ovs, settings("unix:%s" % path, ovn_remote_probe_interval="1"))
        with controller(ovs.remote):
            peer, _ = listener.accept()
            peer.settimeout(30)
            text = ""
            while '"echo"' not in text:
                received = peer.recv(65536).decode()
                assert received, "closed without having asked: %s" % text
                text += received
        listener.close()


def leaves_the_datapath_type_alone():
    """The bridge's datapath_type is the operator's unless ovn-bridge-datapath-type is set."""
    with harness.Server([VSWITCH]) as ovs, harness.Server([SOUTHBOUND]) as sb:
        client = configure(ovs, settings(sb.remote), {"name": "br-int", "datapath_type": "netdev"})

        def bridge():
            return client.transact(SWITCH, {"op": "select", "table": "Bridge", "where": [],
                                            "columns": ["datapath_type", "fail_mode"]})[0]["rows"][0]
        with controller(ovs.remote):
            harness.wait_until(lambda: bridge()["fail_mode"] == "secure", "the bridge to be configured")
            assert bridge()["datapath_type"] == "netdev", bridge()
            client.transact(SWITCH, {"op": "update", "table": "Bridge", "where": [],
                                     "row": {"datapath_type": "dummy", "fail_mode": "standalone"}})
            harness.wait_until(lambda: bridge()["fail_mode"] == "secure", "the bridge to be repaired")
            assert bridge()["datapath_type"] == "dummy", bridge()
            client.transact(SWITCH, {"op": "mutate", "table": SWITCH, "where": [], "mutations": [
                ["external_ids", "insert", ["map", [["ovn-bridge-datapath-type", "system"]]]]]})
            harness.wait_until(lambda: bridge()["datapath_type"] == "system", "the datapath type")


def has_chassis(client):
    return bool(client.transact("OVN_Southbound", {"op": "select", "table": "Chassis", "where": []})[0]["rows"])


def ends_without_a_switch():
    with controller("unix:/nonexistent/db.sock") as (process, ctl):
        call(ctl, "exit")
        assert process.wait(30) == 0


def gives_its_chassis_back(pause):
    """Gives its chassis back, whether it was told to pause or lost the switch's database."""
    with harness.Server([SOUTHBOUND]) as sb:
        with harness.Server([VSWITCH]) as ovs:
            configure(ovs, settings(sb.remote))
            with controller(ovs.remote) as (process, ctl):
                client = harness.Client(sb.sock)
                harness.wait_until(lambda: has_chassis(client), "the chassis")
                if pause:
                    call(ctl, "debug/pause")
                else:
                    ovs.kill()
                    harness.wait_until(lambda: "connection" in ovs_log(ctl), "the loss to be noticed")
                call(ctl, "exit")
                assert process.wait(30) == 0
                assert not has_chassis(client)


def ovs_log(ctl):
    """What the controller says of its connections since the first was made."""
    text = (ctl.parent / "log").read_text()
    return text[text.rindex(": connected"):]


def main():
    if not VSWITCH.exists():
        harness.skip("%s is not there: openvswitch-common has it" % VSWITCH)
    ends_without_a_switch()
    gives_its_chassis_back(True)
    gives_its_chassis_back(False)
    asks_whether_the_server_is_there()
    leaves_the_datapath_type_alone()
    number_of_threads()
    begins_a_deployment()
    print("northd and the controller: all well")


if __name__ == "__main__":
    main()
