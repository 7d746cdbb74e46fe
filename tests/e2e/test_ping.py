#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packets between machines: switching, routing, ARP and neighbour discovery, ICMP errors, unknown addresses, port
security, static routes."""
import contextlib
import re
import signal
import sys

from harness import Failure, Network, main, two_switches, wait_for

# Sends one datagram (or connects) and says how the kernel learned of the answer.
PROBE = """
import socket, sys
kind, address = sys.argv[1:]
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                  socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
s.settimeout(3)
try:
    s.connect((address, 7777))
    s.send(b"hello")
    s.recv(10)
    print("data")
except ConnectionRefusedError:
    print("refused")
except OSError as error:
    print(error)
"""


@contextlib.contextmanager
def network():
    with Network() as net:
        two_switches(net)
        yield net


def probe(net, vm, kind, address):
    return net.exec(vm, sys.executable, "-c", PROBE, kind, address).strip()


def one_switch(net):
    net.ping("a1", "10.0.1.12")
    net.ping("a2", "10.0.1.11")
    net.ping("a1", "fd00:1::12")
    net.ping("a2", "fd00:1::11")


def through_the_router(net):
    for address in ("10.0.2.11", "10.0.2.12", "fd00:2::11", "fd00:2::12"):
        net.ping("a1", address)
        net.ping("a2", address)


def the_router_answers(net):
    for address in ("10.0.1.1", "10.0.2.1", "fd00:1::1", "fd00:2::1"):
        net.ping("a1", address)
        net.ping("a2", address)


def large_packets(net):
    for address in ("10.0.1.12", "10.0.2.12"):
        wait_for(lambda: net.can_ping("a1", address, options=["-s", "1472", "-M", "do"]), "1500 bytes to " + address)


def arp_is_answered_where_it_is_asked(net):
    """A known address is answered by the switch: the machine that has it hears nothing."""
    heard = net.spawn("a2", "tcpdump", "-l", "-n", "-i", "eth0", "arp or icmp")
    try:
        for line in heard.stdout:
            if "listening on" in line:
                break
        net.exec("a1", "ip", "neigh", "flush", "dev", "eth0")
        net.ping("a1", "10.0.1.12")
        neighbour = net.exec("a1", "ip", "neigh", "show", "10.0.1.12")
        heard.send_signal(signal.SIGINT)
        text = heard.communicate(timeout=20)[0]
    finally:
        heard.kill()
        heard.wait()
    if "02:00:00:00:01:12" not in neighbour:
        raise Failure("a1 knows 10.0.1.12 as: " + neighbour)
    if "echo request" not in text:
        raise Failure("the capture missed the pings:\n" + text)
    if re.search(r"who-has 10\.0\.1\.12 .*tell 10\.0\.1\.11", text):
        raise Failure("the ARP request reached a2:\n" + text)


def ttl_exceeded(net):
    for address, router in (("10.0.2.12", "10.0.1.1"), ("fd00:2::12", "fd00:1::1")):
        def exceeded():
            text = net.exec("a1", "ping", "-n", "-c", "1", "-W", "1", "-t", "1", address, check=False)
            return re.search(r"From %s[: ].*(Time to live exceeded|Hop limit)" % re.escape(router), text)
        wait_for(exceeded, "time exceeded from " + router)


def port_unreachable(net):
    """The router answers for its own addresses: ICMP port unreachable for UDP, a reset for TCP."""
    for address in ("10.0.1.1", "fd00:1::1"):
        for kind in ("udp", "tcp"):
            wait_for(lambda: probe(net, "a1", kind, address) == "refused", "%s refused by %s" % (kind, address))


def no_route(net):
    """A network that no route leads to gets an answer or silence, never a loop."""
    text = net.exec("a1", "ping", "-n", "-c", "2", "-i", "0.1", "-W", "1", "192.0.2.1", check=False)
    if "bytes from" in text or "Time to live" in text:
        raise Failure(text)


def unknown_addresses_are_learned(net):
    """A port with address "unknown" gets what nobody else owns; its machine's address ends in the FDB."""
    mac = "02:00:00:00:99:01"
    net.nbctl("lsp-add", "sw0", "u1", "--", "lsp-set-addresses", "u1", "unknown")
    net.lab("vm", "hv2", "u1", mac, "10.0.1.50/24", "10.0.1.1")
    net.sync()
    net.ping("a1", "10.0.1.50")
    net.ping("a2", "10.0.1.50")
    wait_for(lambda: net.find("FDB", "mac", '"%s"' % mac, "mac"), "the FDB row of " + mac)
    key = net.find("FDB", "mac", '"%s"' % mac, "port_key")
    wanted = net.find("Port_Binding", "logical_port", "u1", "tunnel_key")
    if key != wanted:
        raise Failure("the FDB says port %s, u1 is %s" % (key, wanted))
    net.ping("a1", "10.0.1.50")                    # and now unicast


def the_router_learns_neighbours(net):
    """u1's address is nowhere in the Northbound database: the router asks for it and remembers."""
    net.ping("b1", "10.0.1.50")
    net.ping("b2", "10.0.1.50")
    wait_for(lambda: net.find("MAC_Binding", "ip", "10.0.1.50", "mac") == "02:00:00:00:99:01",
             "the MAC_Binding row of 10.0.1.50")
    net.lab("unplug", "u1")
    net.nbctl("lsp-del", "u1")
    net.sync()


def port_security(net):
    net.nbctl("lsp-set-port-security", "a2", "02:00:00:00:01:12 10.0.1.12 fd00:1::12")
    net.exec("a2", "ip", "addr", "add", "10.0.1.66/24", "dev", "eth0")
    net.sync()
    net.ping("a2", "10.0.1.11")
    for source, mac in (("10.0.1.66", None), ("10.0.1.12", "02:00:00:00:66:66")):
        if mac:
            net.exec("a2", "ip", "link", "set", "eth0", "address", mac)
        if net.can_ping("a2", "10.0.1.11", options=["-I", source]):
            raise Failure("port security let %s pass with %s" % (source, mac or "its own MAC"))
    net.exec("a2", "ip", "link", "set", "eth0", "address", "02:00:00:00:01:12")
    net.exec("a2", "ip", "addr", "del", "10.0.1.66/24", "dev", "eth0")
    net.nbctl("lsp-set-port-security", "a2")
    net.sync()
    restore_routes(net, "a2", 1)
    net.ping("a2", "10.0.1.11")


def restore_routes(net, vm, i):
    """A change of the MAC address may have taken default routes with it."""
    net.exec(vm, "ip", "route", "replace", "default", "via", "10.0.%d.1" % i)
    net.exec(vm, "ip", "-6", "route", "replace", "default", "via", "fd00:%d::1" % i)


def static_routes_between_routers(net):
    """A second router with a switch of its own behind a transit switch."""
    net.nbctl("lr-add", "lr1", "--", "ls-add", "transit", "--", "ls-add", "sw2")
    for router, lswitch, mac, v4, v6 in (
            ("lr0", "transit", "02:00:00:00:09:01", "10.0.9.1/24", "fd00:9::1/64"),
            ("lr1", "transit", "02:00:00:00:09:02", "10.0.9.2/24", "fd00:9::2/64"),
            ("lr1", "sw2", "02:00:00:00:03:fe", "10.0.3.1/24", "fd00:3::1/64")):
        port, peer = "%s-%s" % (router, lswitch), "%s-%s" % (lswitch, router)
        net.nbctl("lrp-add", router, port, mac, v4, v6, "--", "lsp-add", lswitch, peer, "--", "lsp-set-type", peer,
                  "router", "--", "lsp-set-addresses", peer, "router", "--", "lsp-set-options", peer,
                  "router-port=" + port)
    net.vm("hv2", "c2", "sw2", "02:00:00:00:03:12", "10.0.3.12/24,fd00:3::12/64", "10.0.3.1,fd00:3::1")
    net.sync()
    net.no_ping("a1", "10.0.3.12")
    for router, prefix, nexthop in (("lr0", "10.0.3.0/24", "10.0.9.2"), ("lr1", "10.0.0.0/16", "10.0.9.1"),
                                    ("lr0", "fd00:3::/64", "fd00:9::2"), ("lr1", "::/0", "fd00:9::1")):
        net.nbctl("lr-route-add", router, prefix, nexthop)
    net.sync()
    net.ping("a1", "10.0.3.12")
    net.ping("b2", "fd00:3::12")
    net.lab("unplug", "c2")
    net.nbctl("lr-del", "lr1", "--", "ls-del", "transit", "--", "ls-del", "sw2", "--", "lrp-del", "lr0-transit")
    net.nbctl("lr-route-del", "lr0")
    net.sync()
    net.ping("a1", "10.0.2.12")


def up_follows_the_plug(net):
    """A port is up when its machine is plugged in and down when it goes; its Interface says so too."""
    def up(value):
        return lambda: net.nbctl("--bare", "--no-heading", "--columns=up", "find", "Logical_Switch_Port",
                                 "name=late").strip() == value
    net.vm("hv1", "late", "sw0", "02:00:00:00:01:21", "10.0.1.21/24", "10.0.1.1", plug=False)
    net.sync()
    wait_for(up("false"), "late to be down")
    net.lab("vm", "hv1", "late", "02:00:00:00:01:21", "10.0.1.21/24", "10.0.1.1")
    wait_for(up("true"), "late to be up")
    installed = net.exec("hv1", "ovs-vsctl", "get", "Interface", "v-late", "external_ids:ovn-installed").strip()
    if installed != '"true"':
        raise Failure("ovn-installed is " + installed)
    net.ping("a2", "10.0.1.21")
    net.lab("unplug", "late")
    wait_for(up("false"), "late to be down again")
    net.nbctl("lsp-del", "late")


def disabled_ports_are_silent(net):
    net.nbctl("lsp-set-enabled", "a2", "disabled")
    net.sync()
    net.no_ping("a1", "10.0.1.12")
    net.nbctl("lsp-set-enabled", "a2", "enabled")
    net.sync()
    net.ping("a1", "10.0.1.12")


def a_cut_cable_heals(net):
    net.lab("link", "hv2", "down")
    net.no_ping("a1", "10.0.1.12")
    net.lab("link", "hv2", "up")
    net.ping("a1", "10.0.1.12", deadline=60)


if __name__ == "__main__":
    main([one_switch, through_the_router, the_router_answers, large_packets, arp_is_answered_where_it_is_asked,
          ttl_exceeded, port_unreachable, no_route, unknown_addresses_are_learned, the_router_learns_neighbours,
          port_security, static_routes_between_routers, up_follows_the_plug, disabled_ports_are_silent,
          a_cut_cable_heals], network)
