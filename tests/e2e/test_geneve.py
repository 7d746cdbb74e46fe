#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the underlay carries: a capture of it, parsed here, shows datapath and port keys where ovn-architecture(7)
says they are."""
import contextlib
import ipaddress
import signal
import struct

from harness import Failure, Network, main, two_switches, wait_for

GENEVE_PORT, VXLAN_PORT = 6081, 4789
ETHERTYPE_TEB = 0x6558                             # "a whole Ethernet frame follows" (RFC 8926, section 3.4)
OPTION_CLASS, OPTION_TYPE = 0x0102, 0x80


@contextlib.contextmanager
def capture(net, name, udp_port):
    """Yields a function that ends the capture of the underlay and returns its frames."""
    path = net.folder / (name + ".pcap")
    tcpdump = net.spawn("central", "tcpdump", "-i", "under0", "--immediate-mode", "-U", "-Z", "root", "-w", path, "udp", "port", udp_port)

    def frames():
        tcpdump.send_signal(signal.SIGINT)
        tcpdump.wait(20)
        return read_pcap(path.read_bytes())
    try:
        wait_for(lambda: path.exists() and path.stat().st_size >= 24, "tcpdump")
        yield frames
    finally:
        tcpdump.kill()
        tcpdump.wait()


def read_pcap(data):
    order = {0xA1B2C3D4: "<", 0xA1B23C4D: "<", 0xD4C3B2A1: ">", 0x4D3CB2A1: ">"}[struct.unpack_from("<I", data)[0]]
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


class Tunneled:
    """One encapsulated frame: 'vni', 'options' as {(class, type): bytes}, the inner 'ethertype', and what identifies
    an ICMP packet: 'src', 'dst' and 'icmp_type'."""

    def __init__(self, frame, geneve):
        ip_length = (frame[14] & 15) * 4
        self.outer = tuple(str(ipaddress.ip_address(frame[i:i + 4])) for i in (26, 30))
        at = 14 + ip_length + 8                    # past the outer Ethernet, IPv4 and UDP
        header, vni = struct.unpack_from(">II", frame, at)
        self.vni = vni >> 8
        self.options = {}
        options_length = 0
        if geneve:
            version, options_length = header >> 30, (header >> 24 & 0x3F) * 4
            if version != 0 or header & 0xFFFF != ETHERTYPE_TEB:
                raise Failure("odd Geneve header %08x" % header)
            self.read_options(frame[at + 8:at + 8 + options_length])
        self.read_inner(frame[at + 8 + options_length:])

    def read_options(self, data):
        while data:
            cls, kind, length = struct.unpack_from(">HBB", data)
            length = (length & 31) * 4
            self.options[cls, kind] = data[4:4 + length]
            data = data[4 + length:]

    def read_inner(self, frame):
        self.dl_dst = frame[:6].hex(":")
        self.ethertype = struct.unpack_from(">H", frame, 12)[0]
        self.src = self.dst = self.icmp_type = None
        if self.ethertype == 0x0800 and frame[23] == 1:
            self.src, self.dst = (str(ipaddress.ip_address(frame[i:i + 4])) for i in (26, 30))
            self.icmp_type = frame[14 + (frame[14] & 15) * 4]
        elif self.ethertype == 0x86DD and frame[20] == 58:
            self.src, self.dst = (str(ipaddress.ip_address(frame[i:i + 16])) for i in (22, 38))
            self.icmp_type = frame[54]

    def ports(self):
        """(ingress key, egress key) of the Geneve option."""
        value = self.options.get((OPTION_CLASS, OPTION_TYPE))
        if value is None or len(value) != 4:
            raise Failure("no Geneve option 0x0102/0x80 of 4 bytes: %s" % self.options)
        number = struct.unpack(">I", value)[0]
        if number >> 31:
            raise Failure("the reserved bit of the option is set")
        return number >> 16 & 0x7FFF, number & 0xFFFF


def datapath_key(net, name):
    return int(net.find("Datapath_Binding", "external_ids:name", name, "tunnel_key"))


def port_key(net, name):
    return int(net.find("Port_Binding", "logical_port", name, "tunnel_key"))


def expect_equal(what, found, wanted):
    if found != wanted:
        raise Failure("%s: found %s, wanted %s" % (what, found, wanted))


def only(packets, what):
    if not packets:
        raise Failure("the capture has no " + what)
    return packets


def geneve_carries_both_port_keys():
    with Network() as net:
        two_switches(net)
        for address in ("10.0.1.12", "fd00:1::12", "10.0.2.12", "fd00:2::12"):
            net.ping("a1", address)
        with capture(net, "unicast", GENEVE_PORT) as end:
            for address in ("10.0.1.12", "fd00:1::12", "10.0.2.12", "fd00:2::12"):
                net.ping("a1", address)
            packets = [Tunneled(frame, True) for frame in end()]
        check_unicast(net, packets)
        check_broadcast(net)


def check_unicast(net, packets):
    """A request that is switched travels on its own datapath; one that is routed travels on the far switch's, as if
    it came from that switch's port to the router."""
    switched = (datapath_key(net, "sw0"), (port_key(net, "a1"), port_key(net, "a2")))
    routed = (datapath_key(net, "sw1"), (port_key(net, "sw1-lr0"), port_key(net, "b2")))
    for request, dst, (vni, ports) in ((8, "10.0.1.12", switched), (128, "fd00:1::12", switched),
                                       (8, "10.0.2.12", routed), (128, "fd00:2::12", routed)):
        for packet in only([p for p in packets if p.dst == dst and p.icmp_type == request], "echo request to " + dst):
            expect_equal("VNI to " + dst, packet.vni, vni)
            expect_equal("ports to " + dst, packet.ports(), ports)
            expect_equal("outer addresses", packet.outer, ("172.31.0.1", "172.31.0.2"))
    for packet in only([p for p in packets if p.src == "10.0.1.12" and p.icmp_type == 0], "echo reply"):
        expect_equal("VNI back", packet.vni, switched[0])
        expect_equal("ports back", packet.ports(), switched[1][::-1])


def check_broadcast(net):
    """A broadcast goes once to each chassis, to the key of a multicast group."""
    with capture(net, "broadcast", GENEVE_PORT) as end:
        net.can_ping("a1", "10.0.1.77")
        packets = [Tunneled(frame, True) for frame in end()]
    asked = only([p for p in packets if p.ethertype == 0x0806 and p.dl_dst == "ff:ff:ff:ff:ff:ff"], "ARP request")
    groups = {int(key) for key in net.sbctl("--bare", "--no-heading", "--columns=tunnel_key", "list",
                                            "Multicast_Group").split()}
    for packet in asked:
        expect_equal("VNI of a broadcast", packet.vni, datapath_key(net, "sw0"))
        ingress, egress = packet.ports()
        expect_equal("ingress of a broadcast", ingress, port_key(net, "a1"))
        if egress not in groups or egress < 0x8000:
            raise Failure("the broadcast went to %d, not to a multicast group of %s" % (egress, sorted(groups)))


def vxlan_carries_datapath_and_egress_port():
    with Network(encap="vxlan") as net:
        two_switches(net)
        with capture(net, "vxlan", VXLAN_PORT) as end:
            net.ping("a1", "10.0.1.12")
            net.ping("a1", "10.0.2.12")
            packets = [Tunneled(frame, False) for frame in end()]
        for dst, lswitch, port in (("10.0.1.12", "sw0", "a2"), ("10.0.2.12", "sw1", "b2")):
            for packet in only([p for p in packets if p.dst == dst and p.icmp_type == 8], "echo request to " + dst):
                expect_equal("datapath key", packet.vni & 0xFFF, datapath_key(net, lswitch))
                expect_equal("egress port key", packet.vni >> 12, port_key(net, port))


if __name__ == "__main__":
    main([geneve_carries_both_port_keys, vxlan_carries_datapath_and_egress_port])
