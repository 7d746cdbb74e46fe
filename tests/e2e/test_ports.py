#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logical ports that are not one interface of one machine: containers, physical networks, gateways; and meters."""
import re
import select
import sys

from harness import Failure, Network, main, two_switches, wait_for

CLIENT = "10.127.0.200"                            # the lab's host on the physical network, 10.127.0.0/24 of it


# Waits for a frame that comes in for the MAC address given, and prints its VLAN (0: none).  Linux takes the tag out of the frame.
RECEIVE = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.setsockopt(263, 8, 1)                            # SOL_PACKET, PACKET_AUXDATA
s.bind(("eth0", 0))
print("ready", flush=True)
while True:
    data, extra, _, source = s.recvmsg(2000, 100)
    if source[2] != 4 and data[:6] == bytes.fromhex(sys.argv[1].replace(":", "")):
        status, tci = struct.unpack("=I12xH", extra[0][2][:18])
        print(tci & 0xfff if status & 0x10 else struct.unpack("!H", data[14:16])[0] if data[12:14] == b"\\x81\\0" else 0)
        break
"""
# Sends a frame from one MAC address to another with a VLAN tag (0: none).
SEND = """
import socket, sys
dst, src = (bytes.fromhex(a.replace(":", "")) for a in sys.argv[1:3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
vlan = int(sys.argv[3])
s.send(dst + src + (b"\\x81\\0" + vlan.to_bytes(2, "big") if vlan else b"") + b"\\x88\\xb5" + b"weft" * 12)
"""
MACS = {"a1": "02:00:00:00:01:11", "c1": "02:00:00:00:0c:01", "c2": "02:00:00:00:0c:02", "c3": "02:00:00:00:0c:03"}


def expect_frame(net, sender, source, vlan, receiver, destination, want):
    """A frame that leaves the machine 'sender' with 'vlan' arrives at 'receiver' with the tag 'want'."""
    process = net.spawn(receiver, sys.executable, "-c", RECEIVE, MACS[destination])
    try:
        process.stdout.readline()

        def arrives():
            net.exec(sender, sys.executable, "-c", SEND, MACS[destination], MACS[source], vlan)
            return select.select([process.stdout], [], [], 0.2)[0]
        wait_for(arrives, "a frame from %s to %s" % (source, destination))
        got = process.stdout.readline().strip()
        if got != str(want):
            raise Failure("a frame from %s to %s came with the tag %s, not %d" % (source, destination, got, want))
    finally:
        process.kill()
        process.communicate()


def add_container(net, name, parent, tag, lswitch):
    net.nbctl("lsp-add", lswitch, name, parent, str(tag), "--", "lsp-set-addresses", name, MACS[name])


def containers(northd):
    """Containers are VLANs of their parents' interfaces, with the tags that each parent has for them."""
    with Network(northd=northd) as net:
        two_switches(net)
        net.nbctl("ls-add", "s10")
        add_container(net, "c1", "a1", 10, "s10")
        add_container(net, "c2", "b2", 20, "s10")
        add_container(net, "c3", "a1", 30, "sw0")
        net.sync()
        wait_for(lambda: net.nbctl("lsp-get-up", "c1").strip() == "up", "the container to be up")
        expect_frame(net, "a1", "c1", 10, "b2", "c2", 20)    # to another hypervisor
        expect_frame(net, "b2", "c2", 20, "a1", "c1", 10)
        expect_frame(net, "a1", "a1", 0, "a1", "c3", 30)     # out by where it came in
        expect_frame(net, "a1", "c3", 30, "a1", "a1", 0)
        net.ping("a1", "10.0.2.12")                          # the parents work as before
        net.nbctl("set", "Logical_Switch_Port", "c2", "tag_request=21")
        net.sync()
        expect_frame(net, "a1", "c1", 10, "b2", "c2", 21)
        net.nbctl("lsp-del", "c1")
        net.sync()
        wait_for(lambda: not [f for f in net.flows("hv1") if "dl_vlan=10 " in f], "the container's flows to go")


def containers_under_our_northd():
    containers("ours")


def containers_under_debian_northd():
    containers("peer")


def provider_network(net):
    """Both hypervisors attached to the physical network; a switch 'pub' whose localnet port leads there."""
    for hv in ("hv1", "hv2"):
        net.lab("phys", hv, "br-ex")
    net.nbctl("ls-add", "pub", "--", "lsp-add", "pub", "ln", "--", "lsp-set-type", "ln", "localnet", "--",
              "lsp-set-addresses", "ln", "unknown", "--", "lsp-set-options", "ln", "network_name=phyNet")


def physical_network():
    """Machines of two hypervisors on the switch reach each other and the client over the physical network."""
    with Network(northd="peer") as net:
        provider_network(net)
        net.vm("hv1", "m1", "pub", "02:00:00:00:07:01", "10.127.0.131/25")
        net.vm("hv2", "m2", "pub", "02:00:00:00:07:02", "10.127.0.132/25")
        net.sync()
        net.ping("m1", CLIENT)
        net.ping("m2", CLIENT)
        net.ping("m1", "10.127.0.132")
        ports = net.exec("hv1", "ovs-vsctl", "list-ports", "br-ex").split()
        if "patch-ln-to-br-int" not in ports:
            raise Failure("br-ex has no patch: %s" % ports)
        # Without the mapping the patch goes, on both bridges.
        net.exec("hv1", "ovs-vsctl", "remove", "Open_vSwitch", ".", "external_ids", "ovn-bridge-mappings")
        wait_for(lambda: not any("patch-" in net.exec("hv1", "ovs-vsctl", "list-ports", bridge)
                                 for bridge in ("br-ex", "br-int")), "the patch to go")


def gateways():
    """A machine reaches the client through a distributed gateway port, wherever it is, and through a gateway router."""
    with Network(northd="peer") as net:
        two_switches(net)
        provider_network(net)
        net.nbctl("lrp-add", "lr0", "lr0-pub", "02:00:00:00:07:fe", "10.127.0.129/25")
        net.nbctl("lsp-add", "pub", "pub-lr0", "--", "lsp-set-type", "pub-lr0", "router", "--", "lsp-set-addresses",
                  "pub-lr0", "router", "--", "lsp-set-options", "pub-lr0", "router-port=lr0-pub")
        net.nbctl("lrp-set-gateway-chassis", "lr0-pub", "hv1", "20")
        net.nbctl("lrp-set-gateway-chassis", "lr0-pub", "hv2", "10")
        net.exec("client", "ip", "route", "replace", "10.0.0.0/16", "via", "10.127.0.129")
        net.sync()
        net.ping("a1", CLIENT)                     # the gateway is here
        net.ping("b2", CLIENT)                     # and there
        net.nbctl("lrp-set-gateway-chassis", "lr0-pub", "hv2", "30")
        wait_for(lambda: net.find("Port_Binding", "logical_port", "cr-lr0-pub", "chassis")
                 == net.find("Chassis", "name", "hv2", "_uuid"), "the gateway to move")
        net.sync()
        net.ping("b2", "10.127.0.129")

        net.nbctl("lr-add", "gr", "--", "set", "Logical_Router", "gr", "options:chassis=hv2")
        for name, mac, address in (("pub", "02:00:00:00:08:01", "10.127.0.130/25"), ("sw1", "02:00:00:00:08:02", "10.0.2.254/24")):
            net.nbctl("lrp-add", "gr", "gr-" + name, mac, address, "--", "lsp-add", name, name + "-gr", "--",
                      "lsp-set-type", name + "-gr", "router", "--", "lsp-set-addresses", name + "-gr", "router", "--",
                      "lsp-set-options", name + "-gr", "router-port=gr-" + name)
        net.sync()
        net.ping("b1", "10.0.2.254")               # from another hypervisor than the gateway's
        net.ping("b2", "10.0.2.254")
        net.ping("client", "10.127.0.130")


def meters():
    """A QoS rule limits what a machine sends; the meter goes with the rule."""
    with Network(northd="peer") as net:
        two_switches(net)
        net.nbctl("qos-add", "sw0", "from-lport", "100", 'inport == "a1" && icmp4', "rate=20", "burst=20")
        net.sync()
        net.nbctl("--fair", "meter-add", "m0", "drop", "10", "pktps")
        net.nbctl("--log", "--meter=m0", "acl-add", "sw0", "to-lport", "100", "udp.dst == 9", "drop")
        net.sync()
        wait_for(lambda: len(meter_ids(net)) == 2, "two meters")
        wait_for(lambda: net.can_ping("a1", "10.0.1.12"), "a ping")
        done = net.exec("a1", "ping", "-n", "-c", "100", "-i", "0.01", "-s", "1000", "-W", "1", "10.0.1.12", check=False)
        received = int(re.search(r"(\d+) received", done).group(1))
        if not 0 < received < 60:
            raise Failure("of 100 packets with 16 times the rate %d came" % received)
        net.ping("a2", "10.0.1.1")
        net.nbctl("qos-del", "sw0", "--", "acl-del", "sw0")
        net.sync()
        wait_for(lambda: not meter_ids(net), "the meters to go")
        net.ping("a1", "10.0.1.12")


def meter_ids(net):
    return net.controller("hv1").appctl("meter-table-list").split()


if __name__ == "__main__":
    main([containers_under_our_northd, containers_under_debian_northd, physical_network, gateways, meters])
