#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each part swapped with Debian's, both ways, and traffic through every mixture."""
from harness import Network, main, two_switches


def traffic(**kinds):
    """Builds the network of two switches with these parts and expects everybody to reach everybody."""
    with Network(**kinds) as net:
        two_switches(net)
        for address in ("10.0.1.12", "fd00:1::12", "10.0.2.11", "10.0.2.12", "fd00:2::11", "fd00:2::12"):
            net.ping("a1", address)
        net.ping("b2", "10.0.1.11")
        net.ping("b2", "fd00:1::11")
        follow_a_change(net)


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
    traffic(controllers=("ours", "peer"))


def one_hypervisor_of_each_kind_under_debian_northd():
    traffic(northd="peer", controllers=("peer", "ours"))


if __name__ == "__main__":
    main([all_ours, debian_database_server, our_database_server, debian_northd, debian_controllers,
          debian_command_line, our_command_line, one_hypervisor_of_each_kind,
          one_hypervisor_of_each_kind_under_debian_northd])
