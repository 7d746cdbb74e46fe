#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each part swapped with Debian's, both ways, and traffic through every mixture."""
import re

from harness import Failure, Network, main, two_switches, wait_for


def traffic(then=None, **kinds):
    """Builds the network of two switches with these parts and expects everybody to reach everybody, then calls 'then'."""
    with Network(**kinds) as net:
        two_switches(net)
        for address in ("10.0.1.12", "fd00:1::12", "10.0.2.11", "10.0.2.12", "fd00:2::11", "fd00:2::12"):
            net.ping("a1", address)
        net.ping("b2", "10.0.1.11")
        net.ping("b2", "fd00:1::11")
        look(net, kinds)
        follow_a_change(net)
        if then:
            then(net)


def look(net, kinds):
    """What the command lines show of it: where the machines are, and that all parts are whose they should be."""
    shown = net.sbctl("show")
    for i in (1, 2):
        ports = re.search(r"^Chassis \"?hv%d\"?\n((?: .*\n)*)" % i, shown, re.M)
        for machine in "ab":
            if not ports or not re.search(r"^ +Port_Binding \"?%s%d\"?$" % (machine, i), ports.group(1), re.M):
                raise Failure("%s%d is not shown on hv%d:\n%s" % (machine, i, i, shown))
    if not re.search(r"^ +port b2$", net.nbctl("show"), re.M):
        raise Failure("port b2 is not shown:\n" + net.nbctl("show"))
    expect_kinds(net, kinds)


def expect_kinds(net, kinds):
    controllers = kinds.get("controllers", net.controller_kinds)
    wanted = {"server": kinds.get("server", "ours"), "northd": kinds.get("northd", "ours"),
              "controller-hv1": controllers[0], "controller-hv2": controllers[1]}
    for name, kind in wanted.items():
        text = net.daemons[name].appctl("version")
        if ("Weft" in text) != (kind == "ours"):
            raise Failure("%s should be %s: %s" % (name, kind, text))


def follow_a_change(net):
    """A port that moves to another switch's address and back, and one that goes."""
    net.nbctl("lsp-set-addresses", "a2", "02:00:00:00:01:12 10.0.1.99")
    net.exec("a2", "ip", "addr", "add", "10.0.1.99/24", "dev", "eth0")
    net.sync()
    net.ping("b1", "10.0.1.99")
    net.nbctl("lsp-del", "b2")
    net.sync()
    net.no_ping("a1", "10.0.2.12")
    net.ping("a1", "10.0.2.11")


def up(net, machine):
    return net.nbctl("--bare", "--no-heading", "--columns=up", "find", "Logical_Switch_Port", "name=" + machine).strip()


def come_and_go(net):
    """A controller that exits takes its machines down, one that is killed does not; either comes back."""
    controller = net.controller("hv2")
    for is_exit in (True, False):
        controller.appctl("exit") if is_exit else controller.process.kill()
        controller.ended()
        if is_exit:
            wait_for(lambda: up(net, "a2") == "false", "a2 to be down")
            wait_for(lambda: not net.can_ping("a1", "10.0.1.99"), "a2 not to be reached")
        controller.start()
        net.sync()
        wait_for(lambda: up(net, "a2") == "true", "a2 to be up")
        net.ping("a1", "10.0.1.99")


def all_ours():
    traffic()


def debian_database_server():
    traffic(server="peer")


def our_database_server():
    traffic(northd="peer", controllers=("peer", "peer"), nbctl="peer")


def debian_northd():
    traffic(northd="peer")


def debian_controllers():
    traffic(controllers=("peer", "peer"))


def debian_command_line():
    traffic(nbctl="peer")


def our_command_line():
    traffic(server="peer", northd="peer", controllers=("peer", "peer"))


def one_hypervisor_of_each_kind():
    traffic(come_and_go, controllers=("ours", "peer"))


def one_hypervisor_of_each_kind_under_debian_northd():
    traffic(come_and_go, northd="peer", controllers=("peer", "ours"))


if __name__ == "__main__":
    main([all_ours, debian_database_server, our_database_server, debian_northd, debian_controllers,
          debian_command_line, our_command_line, one_hypervisor_of_each_kind,
          one_hypervisor_of_each_kind_under_debian_northd])
