#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Daemons end and come back under traffic: nothing is lost, and nothing that was right is touched."""
import collections
import contextlib
import json
import os
import re
import signal
import time

from harness import Failure, Network, main, program, run, two_switches, wait_for

RATE_S = 0.01                                      # 100 packets per second
SENTINEL = "0x5e7713e1"                            # the cookie of a flow that marks the end of a watch


@contextlib.contextmanager
def network():
    with Network() as net:
        two_switches(net)
        for address in ("10.0.1.12", "10.0.2.12", "fd00:2::12"):
            net.ping("a1", address)
        yield net


@contextlib.contextmanager
def steady_pings(net, may_lose=False):
    """Pings at 100 packets per second, switched and routed, while the caller does its worst; none may be lost.  OVN's
    controller begins by clearing the switch, so that some are: 'may_lose'."""
    files = {address: net.folder / ("ping-" + address) for address in ("10.0.1.12", "10.0.2.12")}
    pings = [net.spawn("a1", "sh", "-c", "exec ping -n -i %s %s >%s 2>&1" % (RATE_S, address, path))
             for address, path in files.items()]
    try:
        time.sleep(0.5)                            # traffic before, and after: a duration, not a condition
        yield
        time.sleep(0.5)
        for ping in pings:
            ping.send_signal(signal.SIGINT)
            ping.wait(timeout=20)
        for path in files.values():
            expect_all_answered(path.read_text(), may_lose)
    finally:
        for ping in pings:
            ping.kill()
            ping.wait()


def expect_all_answered(text, may_lose):
    """Each packet of a ping has exactly one answer, but for the very last, which was under way when the ping was ended."""
    sent = int(re.search(r"(\d+) packets transmitted", text).group(1))
    answered = collections.Counter(map(int, re.findall(r"bytes from .*icmp_seq=(\d+) ttl=", text)))
    lost = sorted(set(range(1, sent + 1)) - set(answered) - {sent})
    doubled = [number for number, times in answered.items() if times != 1]
    if sent < 30 or (lost and not may_lose) or doubled:
        raise Failure("of %d packets these were lost: %s; these came twice: %s; others than answers came: %s" % (
            sent, lost, doubled, "; ".join(re.findall(r"^From .*$", text, re.M)) or "none"))


@contextlib.contextmanager
def flow_changes(net, hv):
    """Yields a list that afterwards holds every change of br-int's flows that Open vSwitch reported meanwhile."""
    path = net.folder / (hv + ".changes")
    path.write_text("")
    watch = net.spawn(hv, "sh", "-c", "exec ovs-ofctl monitor br-int 'watch:!own' >%s 2>&1" % path)

    def events():
        return re.findall(r"^ *event=.*$", path.read_text(), re.M)
    changes = []
    try:
        # It begins with the flows that are there; it ends when we read of a flow that nobody but this test adds.
        n_flows = len(net.flows(hv))
        wait_for(lambda: len(events()) >= n_flows, "the monitor of flows, which said: " + path.read_text()[:200])
        yield changes
        net.exec(hv, "ovs-ofctl", "add-flow", "br-int", "cookie=%s,table=250,actions=drop" % SENTINEL)
        net.exec(hv, "ovs-ofctl", "del-flows", "br-int", "cookie=%s/-1,table=250" % SENTINEL)
        wait_for(lambda: sum(SENTINEL in event for event in events()) == 2, "the monitor to catch up")
        changes += [event for event in events()[n_flows:] if SENTINEL not in event]
    finally:
        watch.send_signal(signal.SIGTERM)
        watch.wait()


def chassis_rows(net):
    return net.sbctl("--bare", "--no-heading", "--columns=_uuid", "list", "Chassis").split()


def restart(net, hv, end):
    """Ends a controller with 'end', starts it again and waits until it has caught up."""
    controller = net.controller(hv)
    before, rows = net.flows(hv), chassis_rows(net)
    with steady_pings(net, may_lose=not controller.ours), flow_changes(net, hv) as changes:
        end(controller)
        controller.ended()
        controller.start()
        net.sync()
        wait_for(lambda: "connected" == controller.appctl("connection-status").strip(), "the controller")
        net.sync()
    after = net.flows(hv)
    if sorted(before) != sorted(after) and controller.ours:      # OVN's gives the ports other conntrack zones
        gone, come = set(before) - set(after), set(after) - set(before)
        raise Failure("the flows differ:\n- %s\n+ %s" % ("\n- ".join(gone), "\n+ ".join(come)))
    if changes and controller.ours:
        raise Failure("%d flows were touched:\n%s" % (len(changes), "\n".join(changes[:10])))
    if sorted(chassis_rows(net)) != sorted(rows):
        raise Failure("the chassis rows are others than before")


def controller_exit_restart(net):
    for hv in ("hv1", "hv2"):
        restart(net, hv, lambda controller: controller.appctl("exit", "--restart"))


def controller_killed(net):
    for hv in ("hv1", "hv2"):
        restart(net, hv, lambda controller: controller.process.kill())


def change_while_the_controller_is_away(net):
    """What changed meanwhile is there after the start, and no more is touched than that."""
    controller = net.controller("hv1")
    controller.process.kill()
    controller.ended()
    net.nbctl("lsp-set-enabled", "b1", "disabled")
    with steady_pings(net, may_lose=not controller.ours):
        controller.start()
        net.sync()
    net.no_ping("a1", "10.0.2.11")
    net.nbctl("lsp-set-enabled", "b1", "enabled")
    net.sync()
    net.ping("a1", "10.0.2.11")


def northd_restart_writes_nothing(net):
    """A new northd finds the Southbound database as it would write it."""
    path = net.folder / "ovn-sb.db"
    net.sync()
    northd = net.daemons["northd"]
    size = path.stat().st_size
    northd.stop()
    northd.start()
    wait_for(lambda: "active" in northd.appctl("status"), "northd to be active")
    time.sleep(0.5)                                # that it writes nothing shows only in time
    if path.stat().st_size != size and northd.ours:
        with open(path, "rb") as f:
            f.seek(size)
            raise Failure("it wrote:\n" + f.read(4000).decode(errors="replace"))
    net.sync()


def northd_killed(net):
    with steady_pings(net):
        net.daemons["northd"].stop(signal.SIGKILL)
        net.daemons["northd"].start()
        net.sync()


def database_killed(net):
    """The databases go away without warning: packets flow on, and changes arrive once they are back."""
    server = net.daemons["server"]
    with steady_pings(net), flow_changes(net, "hv1") as changes:
        server.stop(signal.SIGKILL)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(net.folder / "db.sock")
        server.start()
        wait_for((net.folder / "db.sock").exists, "the socket of the databases")
        net.sync()
    if changes and net.controller("hv1").ours:
        raise Failure("%d flows were touched:\n%s" % (len(changes), "\n".join(changes[:10])))
    net.nbctl("lsp-set-enabled", "b1", "disabled")
    net.sync()
    net.no_ping("a1", "10.0.2.11")
    net.nbctl("lsp-set-enabled", "b1", "enabled")
    net.sync()
    net.ping("a1", "10.0.2.11")


def databases_converted(net):
    """Each database gets another schema under the daemons: nobody loses a connection, a packet or a flow."""
    northd, controllers = net.daemons["northd"], [net.controller(hv) for hv in ("hv1", "hv2")]
    server_log = net.daemons["server"].log
    n_before = server_log.read_text().count("disconnecting")
    with steady_pings(net), flow_changes(net, "hv1") as changes:
        for which, database in (("sb", "OVN_Southbound"), ("nb", "OVN_Northbound")):
            schema = json.loads((net.schemas / ("ovn-%s.ovsschema" % which)).read_text())
            schema["version"] = "99.0.0"
            schema["tables"][which.upper() + "_Global"]["columns"]["extra"] = {"type": "string"}
            path = net.folder / "newer.ovsschema"
            path.write_text(json.dumps(schema))
            run(program("client", "ours"), "--timeout=30", "convert", net.db(which), path)
            net.sync()
    if changes and net.controller("hv1").ours:
        raise Failure("%d flows were touched:\n%s" % (len(changes), "\n".join(changes[:10])))
    if all(daemon.ours for daemon in (northd, *controllers)) and server_log.read_text().count("disconnecting") != n_before:
        raise Failure("somebody was disconnected: " + server_log.read_text()[-2000:])
    net.nbctl("lsp-set-enabled", "b1", "disabled")
    net.sync()
    net.no_ping("a1", "10.0.2.11")
    net.nbctl("lsp-set-enabled", "b1", "enabled")
    net.sync()
    net.ping("a1", "10.0.2.11")


def switch_crash(net):
    """Open vSwitch loses all its flows; the controller gives them back."""
    net.lab("ovs", "hv1", "crash")
    net.lab("ovs", "hv1", "start")
    net.ping("a1", "10.0.1.12", deadline=40)
    net.ping("a1", "10.0.2.12")
    net.ping("a1", "fd00:2::12")


def controller_exit_cleans_up(net):
    """An exit without --restart gives up ports and chassis; the machine's port is down."""
    controller = net.controller("hv2")
    controller.appctl("exit")
    if controller.ended() != 0:
        raise Failure("exit status %d" % controller.process.returncode)
    if net.find("Chassis", "name", "hv2", "name"):
        raise Failure("the chassis is still there")
    wait_for(lambda: net.nbctl("--bare", "--no-heading", "--columns=up", "find", "Logical_Switch_Port",
                               "name=a2").strip() == "false", "a2 to be down")
    controller.start()
    net.sync()
    net.ping("a1", "10.0.1.12")
    net.ping("a1", "10.0.2.12")


if __name__ == "__main__":
    main([controller_exit_restart, controller_killed, change_while_the_controller_is_away,
          northd_restart_writes_nothing, northd_killed, database_killed, databases_converted, switch_crash,
          controller_exit_cleans_up],
         network)
