#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weft's northd beside the peer's, on one machine in one run, with the same database server.

Usage: northd_bench.py [--northd PROGRAM] [--sizes S,M] [--ports-added 20]

The network: one switch a node with its ports, all joined by one cluster router.  For each northd: the cold start (an empty
Southbound database is filled) and one port added, median of several, each with "nb_cfg" raised and "sb_cfg" awaited.  CPU is the
northd process's own, user and system.  Build Weft with -O2 and without sanitizers for figures that mean something.
Without the peer's programs (ovn-central, openvswitch-switch) it says so and skips."""

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SIZES = {"T": (4, 3), "S": (50, 20), "M": (250, 40), "L": (500, 50)}
ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER_SCHEMAS = pathlib.Path("/usr/share/ovn")


class Database:
    """A client of one database server."""

    def __init__(self, path, name):
        self.name, self.id, self.buffer = name, 0, ""
        deadline = time.time() + 10
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(str(path))
                return
            except OSError:
                if time.time() > deadline:
                    raise
                time.sleep(0.02)

    def receive(self):
        decoder = json.JSONDecoder()
        while True:
            if self.buffer.endswith("}"):
                try:
                    message, end = decoder.raw_decode(self.buffer)
                    self.buffer = self.buffer[end:].lstrip()
                    return message
                except ValueError:
                    pass
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError("the server closed the connection")
            self.buffer += data.decode()

    def transact(self, *operations):
        self.id += 1
        request = {"method": "transact", "params": [self.name, *operations], "id": self.id}
        self.socket.sendall(json.dumps(request).encode())
        while True:
            message = self.receive()
            if message.get("method") == "echo":
                reply = {"result": message["params"], "error": None, "id": message["id"]}
                self.socket.sendall(json.dumps(reply).encode())
            elif message.get("id") == self.id:
                break
        for result in message["result"]:
            if result and "error" in result:
                raise RuntimeError(f"{self.name}: {result}")
        return message["result"]

    def rows(self, table, *columns):
        return self.transact({"op": "select", "table": table, "where": [], "columns": list(columns)})[0]["rows"]


# --- The network ---

def insert(table, uuid_name, row):
    return {"op": "insert", "table": table, "uuid-name": uuid_name, "row": row}


def switch_port(node, port):
    ip = f"10.{128 + (node >> 8)}.{node & 255}.{port + 10}"
    address = "0a:58:" + ":".join(f"{int(x):02x}" for x in ip.split(".")) + " " + ip
    return {"name": f"lp-{node}-{port}", "addresses": address, "port_security": address,
            "external_ids": ["map", [["pod", "true"]]]}


def router_link(operations, name, mac, network):
    """A router port and the switch port that leads to it; returns both as references."""
    ident = name.replace("-", "_")
    operations.append(insert("Logical_Router_Port", f"lrp_{ident}",
                             {"name": f"rtos-{name}", "mac": mac, "networks": network}))
    operations.append(insert("Logical_Switch_Port", f"stor_{ident}",
                             {"name": f"stor-{name}", "type": "router", "addresses": "router",
                              "options": ["map", [["router-port", f"rtos-{name}"]]]}))
    return ["named-uuid", f"lrp_{ident}"], ["named-uuid", f"stor_{ident}"]


def network(n_nodes, n_ports):
    operations, router_ports = [], []
    for node in range(n_nodes):
        ports = []
        for port in range(n_ports):
            operations.append(insert("Logical_Switch_Port", f"lsp_{node}_{port}", switch_port(node, port)))
            ports.append(["named-uuid", f"lsp_{node}_{port}"])
        gateway = f"10.{128 + (node >> 8)}.{node & 255}.1"
        mac = "0a:58:" + ":".join(f"{int(x):02x}" for x in gateway.split("."))
        lrp, lsp = router_link(operations, f"node-{node}", mac, f"{gateway}/24")
        router_ports.append(lrp)
        operations.append(insert("Logical_Switch", f"ls_{node}",
                                 {"name": f"ls-node-{node}", "ports": ["set", ports + [lsp]]}))
    lrp, lsp = router_link(operations, "join", "0a:58:64:40:00:01", "100.64.0.1/16")
    router_ports.append(lrp)
    operations.append(insert("Logical_Switch", "ls_join", {"name": "ls-join", "ports": lsp}))
    operations.append(insert("Logical_Router", "lr_cluster",
                             {"name": "lr-cluster", "ports": ["set", router_ports],
                              "options": ["map", [["always_learn_from_arp_request", "false"]]]}))
    return operations


# --- Processes ---

def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    schedstat = pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()
    return max(int(schedstat[0]) / 1e9, 0) if schedstat else (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


class Run:
    """A database server with both databases, filled, and one northd."""

    def __init__(self, folder, program, schemas, size):
        self.folder, self.processes = pathlib.Path(folder), []
        for name in ("nb", "sb"):
            subprocess.run(["ovsdb-tool", "create", self.folder / f"{name}.db", schemas / f"ovn-{name}.ovsschema"],
                           check=True)
        remote = self.folder / "db.sock"
        self.start(["ovsdb-server", "-voff", f"--remote=punix:{remote}", f"--unixctl={self.folder}/db.ctl",
                    self.folder / "nb.db", self.folder / "sb.db"])
        self.nb, self.sb = Database(remote, "OVN_Northbound"), Database(remote, "OVN_Southbound")
        self.nb.transact(insert("NB_Global", "g", {}), *network(*SIZES[size]))
        began = time.time()
        self.northd = self.start([program, "-voff", f"--ovnnb-db=unix:{remote}", f"--ovnsb-db=unix:{remote}",
                                  f"--unixctl={self.folder}/northd.ctl"])
        self.sync()
        self.cold_wall = time.time() - began
        self.cold_cpu = self.settled_cpu()
        self.rss = rss_mib(self.northd)

    def start(self, command):
        process = subprocess.Popen([str(x) for x in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process.pid

    def settled_cpu(self):
        """CPU used once nothing happens any more."""
        last = cpu_seconds(self.northd)
        while True:
            time.sleep(0.3)
            now = cpu_seconds(self.northd)
            if now - last < 0.002:
                return now
            last = now

    def sync(self, *operations):
        """Commits 'operations' and waits until northd has done what follows from them."""
        mutation = {"op": "mutate", "table": "NB_Global", "where": [], "mutations": [["nb_cfg", "+=", 1]]}
        self.nb.transact(*operations, mutation)
        wanted = self.nb.rows("NB_Global", "nb_cfg")[0]["nb_cfg"]
        while True:
            result = self.nb.transact({"op": "wait", "table": "NB_Global", "where": [], "columns": ["sb_cfg"],
                                       "until": "==", "rows": [{"sb_cfg": wanted}], "timeout": 600000})
            if result[0] == {}:
                return

    def add_port(self, i):
        add = [insert("Logical_Switch_Port", "new", switch_port(0, 200 + i)),
               {"op": "mutate", "table": "Logical_Switch", "where": [["name", "==", "ls-node-0"]],
                "mutations": [["ports", "insert", ["named-uuid", "new"]]]}]
        cpu, began = cpu_seconds(self.northd), time.time()
        self.sync(*add)
        wall = time.time() - began
        time.sleep(0.1)                                      # what it does after it said that it is done
        return cpu_seconds(self.northd) - cpu, wall

    def counts(self):
        return {table: len(self.sb.rows(table, "_uuid")) for table in
                ("Logical_Flow", "Port_Binding", "Datapath_Binding", "Multicast_Group", "Logical_DP_Group")}

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()


def measure(label, program, schemas, size, n_added):
    with tempfile.TemporaryDirectory(prefix="weft-bench-") as folder:
        run = None
        try:
            run = Run(folder, program, schemas, size)
            counts = run.counts()
            added = [run.add_port(i) for i in range(n_added)]
        finally:
            if run:
                run.stop()
        figures = {"cold CPU s": run.cold_cpu, "cold wall s": run.cold_wall, "RSS MiB": run.rss,
                   "port CPU ms": 1000 * statistics.median(x[0] for x in added),
                   "port wall ms": 1000 * statistics.median(x[1] for x in added)}
    print(f"{size} {label:5s} " + "  ".join(f"{k} {v:.3f}" for k, v in figures.items()))
    print(f"{size} {label:5s} rows: " + "  ".join(f"{k} {v}" for k, v in counts.items()), flush=True)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--northd", default="northd/weft-northd", help="Weft's northd (default: %(default)s)")
    parser.add_argument("--sizes", default="S,M", help="of " + ", ".join(SIZES))
    parser.add_argument("--ports-added", type=int, default=20)
    args = parser.parse_args()
    missing = [x for x in ("ovn-northd", "ovsdb-server", "ovsdb-tool") if not shutil.which(x)]
    if missing:
        print("skipped: not installed: " + ", ".join(missing))
        return 77
    ports = {}
    for size in args.sizes.split(","):
        peer = measure("peer", "ovn-northd", PEER_SCHEMAS, size, args.ports_added)
        weft = measure("weft", args.northd, ROOT / "schemas", size, args.ports_added)
        print(f"{size} ratio " + "  ".join(f"{k} 1/{peer[k] / weft[k]:.1f}" for k in weft) + "\n", flush=True)
        ports[size] = weft["port CPU ms"]
    if len(ports) > 1:
        print("one port, CPU ms by size: " + "  ".join(f"{k} {v:.3f}" for k, v in ports.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
