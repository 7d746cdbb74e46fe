#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weft's database server beside Open vSwitch's, on one machine in one run: same schema, same work, same durability.

Usage: ovsdb_bench.py [--build FOLDER] [--dir FOLDER] [--rows 100000] [--scale 1.0] [--only peer|weft] [PART...]

Parts (all of them unless named): durable, small, load, download, select, watch, stall.  For each line of the table it prints the
peer's figure, ours, how many times better ours is, and the goal.  CPU is that of the server process, user and system, children
that it has reaped included.  Build Weft with -O2 and without sanitizers for figures that mean something.
Without the peer's ovsdb-server (openvswitch-switch) it says so and skips."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS_PER_SWITCH = 99
ZERO_UUID = "00000000-0000-0000-0000-000000000000"


class Side:
    """One of the two servers compared: how it is started, and the files prepared for it."""

    def __init__(self, name, server, tool, appctl, folder):
        self.name, self.server, self.tool, self.appctl = name, server, tool, appctl
        self.folder = folder / name
        self.folder.mkdir()
        self.prepared = {}


class Server:
    """A running server on a copy of a database file."""

    count = 0

    def __init__(self, side, path, settings):
        Server.count += 1
        self.side, self.path, self.settings = side, path, settings
        self.socket = side.folder / f"{Server.count}.sock"
        self.control = side.folder / f"{Server.count}.ctl"
        log = open(side.folder / f"{Server.count}.log", "w")
        self.process = subprocess.Popen(
            [side.server, f"--remote=punix:{self.socket}", f"--unixctl={self.control}", path], stdout=log, stderr=log)
        self.pid = self.process.pid
        self.wait_until_it_answers()

    def wait_until_it_answers(self):
        deadline = time.time() + 300
        while True:
            try:
                self.control_command("version")
                return
            except subprocess.CalledProcessError:
                if self.process.poll() is not None or time.time() > deadline:
                    raise RuntimeError(f"{self.side.server} did not start, see {self.side.folder}")
                time.sleep(0.01)

    def control_command(self, *words):
        return subprocess.run([self.side.appctl, "-t", self.control, *words], check=True, capture_output=True,
                              text=True).stdout

    def cpu(self):
        """Seconds, of the process (to the nanosecond) and of its dead children (to the tick)."""
        own = time.clock_gettime(~self.pid << 3 | 2)
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return own + (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK")

    def memory(self, what):
        """Megabytes: "VmRSS" now, "VmHWM" at the highest since reset_peak()."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) / 1024
        raise RuntimeError(what)

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def load(self, mode, *args, wait=True):
        """Runs ovsdb_load; returns its last line, or the process if not 'wait'."""
        process = subprocess.Popen([self.settings.load, mode, self.socket, *map(str, args)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        return finish(process) if wait else process

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def finish(process):
    """Ends the input of an ovsdb_load and returns what it prints last."""
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("ovsdb_load failed")
    return json.loads(output.splitlines()[-1])


def create(side, settings, schema):
    Server.count += 1
    path = side.folder / f"{Server.count}.db"
    subprocess.run([side.tool, "create", path, schema], check=True, capture_output=True)
    return path


def request(method, *params):
    return json.dumps({"id": 0, "method": method, "params": params}, separators=(",", ":"))


def write_lines(side, name, lines):
    path = side.folder / name
    path.write_text("".join(line + "\n" for line in lines))
    return path


# --- The data: switches with ports ---

def insert(table, row, uuid_name=None, uuid=None):
    operation = {"op": "insert", "table": table, "row": row}
    if uuid_name:
        operation["uuid-name"] = uuid_name
    if uuid:
        operation["uuid"] = uuid
    return operation


def port_row(number):
    a, b, c = number >> 16 & 255, number >> 8 & 255, number & 255
    address = f"0a:58:0a:{a:02x}:{b:02x}:{c:02x} 10.{a}.{b}.{c}"
    return {"name": f"namespace-{number // 50}_pod-{number}", "addresses": address, "port_security": address,
            "external_ids": ["map", [["pod", "true"]]]}


def switch_operations(switch, n_ports):
    for port in range(n_ports):
        yield insert("Logical_Switch_Port", port_row(switch * PORTS_PER_SWITCH + port), f"p{switch}_{port}")
    ports = [["named-uuid", f"p{switch}_{port}"] for port in range(n_ports)]
    yield insert("Logical_Switch", {"name": f"switch-{switch}", "ports": ["set", ports]})


def bulk_lines(n_rows):
    """'n_rows' rows, 1,000 a transaction: ten switches with 99 ports each."""
    n_switches = n_rows // (PORTS_PER_SWITCH + 1)
    for first in range(0, n_switches, 10):
        operations = [op for switch in range(first, first + 10) for op in switch_operations(switch, PORTS_PER_SWITCH)]
        yield request("transact", "OVN_Northbound", *operations)


def prepare(side, settings, n_rows):
    """A file with 'n_rows' rows, made once by the side's own server.  Also the CPU and memory that took."""
    if n_rows not in side.prepared:
        path = create(side, settings, settings.nb_schema)
        script = write_lines(side, "bulk", bulk_lines(n_rows))
        with Server(side, path, settings) as server:
            before = server.cpu()
            server.load("script", script)
            side.prepared[n_rows] = path, server.cpu() - before, server.memory("VmRSS")
    return side.prepared[n_rows]


def fresh_copy(side, settings, n_rows):
    path, _, _ = prepare(side, settings, n_rows)
    Server.count += 1
    copy = side.folder / f"{Server.count}.db"
    shutil.copy(path, copy)
    return copy


# --- Parts: each yields (line of the table, figure, unit) ---

INSERT = insert("Logical_Switch", {"name": "switch-@", "external_ids": ["map", [["owner", "bench"]]]})
UPDATE = {"op": "update", "table": "Logical_Switch", "where": [["name", "==", "switch-@"]],
          "row": {"external_ids": ["map", [["owner", "bench#"]]]}}


def transact_many(server, n_clients, n, operations, modulo=0):
    """Returns CPU seconds and the client's figures."""
    before = server.cpu()
    result = server.load("transact", n_clients, n, request("transact", "OVN_Northbound", *operations), modulo)
    return server.cpu() - before, result


def part_durable(side, settings):
    commit = {"op": "commit", "durable": True}
    for n_clients in 1, 8:
        with Server(side, create(side, settings, settings.nb_schema), settings) as server:
            _, result = transact_many(server, n_clients, settings.n(1500 * n_clients), [INSERT, commit])
            yield f"durable commits, {n_clients} clients", result["n"] / result["seconds"], "/s"


def part_small(side, settings):
    for n_clients in 1, 8:
        with Server(side, create(side, settings, settings.nb_schema), settings) as server:
            cpu, result = transact_many(server, n_clients, settings.n(20000), [INSERT])
            yield f"inserts per CPU second, {n_clients} clients", result["n"] / cpu, "/s"
    for n_clients in 1, 8:
        with Server(side, create(side, settings, settings.nb_schema), settings) as server:
            transact_many(server, 1, 1000, [INSERT])
            cpu, result = transact_many(server, n_clients, settings.n(20000), [UPDATE], 1000)
            yield f"updates among 1,000 rows per CPU second, {n_clients} clients", result["n"] / cpu, "/s"


def part_load(side, settings):
    _, cpu, rss = prepare(side, settings, settings.rows)
    yield "bulk load, CPU", cpu, "s"
    yield "bulk load, resident memory", rss, "MB"
    with Server(side, fresh_copy(side, settings, settings.rows), settings) as server:
        yield "opening the file, CPU", server.cpu(), "s"
        yield "opening the file, resident memory", server.memory("VmRSS"), "MB"
        server.reset_peak()
        before = server.cpu()
        server.control_command("ovsdb-server/compact")
        yield "compaction, CPU", server.cpu() - before, "s"
        yield "compaction, peak of memory", server.memory("VmHWM"), "MB"


def monitor_request(method, settings):
    tables = json.loads(settings.nb_schema.read_text())["tables"]
    everything = {table: [{"columns": list(content["columns"])}] for table, content in tables.items()}
    since = [ZERO_UUID] if method == "monitor_cond_since" else []
    return request(method, "OVN_Northbound", "all", everything, *since)


def download(server, n_clients, method):
    """Starts the clients; returns the process once each has everything, and what it printed."""
    lines = write_lines(server.side, "monitors", [monitor_request(method, server.settings)] * n_clients)
    process = server.load("watch", lines, wait=False)
    return process, json.loads(process.stdout.readline())


def longest_stall(server, work):
    """Milliseconds: the longest round trip of a second client while work() runs."""
    ping = server.load("ping", wait=False)
    ping.stdout.readline()
    work()
    return finish(ping)["max_us"] / 1000


def part_download(side, settings):
    with Server(side, fresh_copy(side, settings, settings.rows), settings) as server:
        for method in "monitor", "monitor_cond_since":
            before = server.cpu()
            finish(download(server, 1, method)[0])
            yield f"{method}, first download, 1 client, CPU", server.cpu() - before, "s"
        server.reset_peak()
        before = server.cpu()
        results = []
        stall = longest_stall(server, lambda: results.extend(download(server, 100, "monitor_cond_since")))
        yield "first download, 100 clients, CPU", server.cpu() - before, "s"
        yield "first download, 100 clients, all have it after", results[1]["seconds"], "s"
        yield "first download, 100 clients, peak of memory", server.memory("VmHWM"), "MB"
        yield "first download, 100 clients, memory afterwards", server.memory("VmRSS"), "MB"
        yield "longest stall, snapshot to 100 clients", stall, "ms"
        finish(results[0])


def part_select(side, settings):
    n_rows = settings.n(280000)
    with Server(side, fresh_copy(side, settings, n_rows), settings) as server:
        for column, how in ("name", "unique index"), ("addresses", "no index"):
            selects = [request("transact", "OVN_Northbound",
                               {"op": "select", "table": "Logical_Switch_Port", "columns": ["_uuid"],
                                "where": [[column, "==", port_row(i * 7)[column]]]}) for i in range(40)]
            server.load("script", write_lines(side, "warm", selects[:4]))
            before = server.cpu()
            server.load("script", write_lines(side, "selects", selects))
            yield f"select by {column} ({how}), CPU each", (server.cpu() - before) / len(selects) * 1e6, "us"


def datapath_uuid(number):
    return f"00000000-0000-4000-8000-{number:012x}"


def watch_setup(n_datapaths, n_ports):
    """Southbound: datapaths with bindings each."""
    for datapath in range(n_datapaths):
        operations = [insert("Datapath_Binding", {"tunnel_key": datapath + 1}, uuid=datapath_uuid(datapath))]
        operations += [insert("Port_Binding", {"logical_port": f"port-{datapath}-{port}", "tunnel_key": port + 1,
                                               "datapath": ["uuid", datapath_uuid(datapath)]})
                       for port in range(n_ports)]
        yield request("transact", "OVN_Southbound", *operations)


def watch_requests(n_clients, tables):
    for client in range(n_clients):
        where = [["datapath", "==", ["uuid", datapath_uuid(client)]]]
        yield request("monitor_cond_since", "OVN_Southbound", "mine",
                      {"Port_Binding": [{"columns": tables["Port_Binding"], "where": where}],
                       "Datapath_Binding": [{"columns": tables["Datapath_Binding"],
                                             "where": [["_uuid", "==", ["uuid", datapath_uuid(client)]]]}]},
                      ZERO_UUID)


def part_watch(side, settings):
    n_clients, n_changes, n_ports = 500, 1000, 20
    tables = {table: list(content["columns"])
              for table, content in json.loads(settings.sb_schema.read_text())["tables"].items()}
    with Server(side, create(side, settings, settings.sb_schema), settings) as server:
        server.load("script", write_lines(side, "setup", watch_setup(n_clients, n_ports)))
        lines = write_lines(side, "watchers", watch_requests(n_clients, tables))
        watchers = server.load("watch", lines, wait=False)
        first = json.loads(watchers.stdout.readline())
        changes = [request("transact", "OVN_Southbound",
                           {"op": "update", "table": "Port_Binding",
                            "where": [["logical_port", "==", f"port-{i % n_clients}-{i // n_clients}"]],
                            "row": {"external_ids": ["map", [["changed", str(i)]]]}}) for i in range(n_changes)]
        before = server.cpu()
        server.load("script", write_lines(side, "changes", changes))
        cpu = server.cpu() - before
        last = finish(watchers)
        n_updates = last["messages"] - first["messages"]
        if n_updates != n_changes:
            raise RuntimeError(f"{side.name}: {n_updates} updates for {n_changes} changes")
        yield "500 clients with their own rows, 1,000 changes, CPU", cpu, "s"


def convert_if_possible(server):
    """Converts to the same schema with one more column; False if the server cannot."""
    schema = json.loads(server.settings.nb_schema.read_text())
    schema["tables"]["NB_Global"]["columns"]["bench"] = {"type": "integer"}
    schema["version"] = "99.0.0"
    schema.pop("cksum", None)
    try:
        server.load("script", write_lines(server.side, "convert", [request("convert", "OVN_Northbound", schema)]))
    except RuntimeError:
        return False
    return True


def part_stall(side, settings):
    with Server(side, fresh_copy(side, settings, settings.rows), settings) as server:
        yield "longest stall, nothing else happens", longest_stall(server, lambda: time.sleep(1)), "ms"
        yield "longest stall, compaction", longest_stall(
            server, lambda: server.control_command("ovsdb-server/compact")), "ms"
        yield "longest stall, snapshot to 1 client", longest_stall(
            server, lambda: finish(download(server, 1, "monitor_cond_since")[0])), "ms"
        done = []
        stall = longest_stall(server, lambda: done.append(convert_if_possible(server)))
        yield "longest stall, conversion", stall if done[0] else None, "ms"


PARTS = {"durable": part_durable, "small": part_small, "load": part_load, "download": part_download,
         "select": part_select, "watch": part_watch, "stall": part_stall}

ROUNDS = {"durable": 5, "small": 3, "watch": 3}              # others take long, or measure CPU time that is steady

# What is asked for: the start of a line of the table, and either how many times better than the peer or an absolute limit.
GOALS = [
    ("durable commits, 8", 5, None),
    ("inserts per", 1.5, None), ("updates among", 1.5, None),
    ("bulk load, CPU", 3, None), ("opening the file, CPU", 5, None), ("compaction, CPU", 5, None),
    ("bulk load, resident", 2, None), ("opening the file, resident", 2, None),
    ("first download, 100 clients, peak", 10, None),
    ("monitor, first download, 1 ", 4, None), ("monitor_cond_since, first download, 1 ", 4, None),
    ("first download, 100 clients, CPU", 10, None),
    ("select by", 100, None),
    ("500 clients with their own rows", 20, None),
    ("longest stall, compaction", None, 20), ("longest stall, conversion", None, 20),
    ("longest stall, snapshot", None, 20),
]


def goal_of(line):
    for start, ratio, limit in GOALS:
        if line.startswith(start):
            return ratio, limit
    return None, None


def number(value, unit):
    if value is None:
        return "-"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.2f} {unit}" if value >= 0.1 else f"{value:.4f} {unit}"


def print_line(line, peer, weft, unit):
    better = None
    if peer is not None and weft:
        better = weft / peer if unit == "/s" else peer / weft
    ratio, limit = goal_of(line)
    goal = f">= {ratio:g}x" if ratio else f"<= {limit} {unit}" if limit else ""
    if ratio and better:
        goal += "  ok" if better >= ratio else "  MISSED"
    elif limit and weft is not None:
        goal += "  ok" if weft <= limit else "  MISSED"
    times = f"{better:.2f}x" if better else "-"
    print(f"| {line:<58} | {number(peer, unit):>12} | {number(weft, unit):>12} | {times:>8} | {goal:<16} |", flush=True)


def run_part(name, peer, weft, settings):
    """Rounds of the two sides in turn, so that neighbours disturb both alike; prints medians."""
    figures, units = {}, {}
    for _ in range(ROUNDS.get(name, 1)):
        for side in peer, weft:
            if settings.only in (None, side.name):
                for line, value, unit in PARTS[name](side, settings):
                    figures.setdefault(line, {}).setdefault(side.name, []).append(value)
                    units[line] = unit
    for line, sides in figures.items():
        peer_value, weft_value = (statistics.median(sides[side]) if sides.get(side, [None])[0] is not None else None
                                  for side in ("peer", "weft"))
        print_line(line, peer_value, weft_value, units[line])


def raise_priority():
    """For both sides alike: the machine has other work.  Where sessions are scheduled as groups, "nice" counts within one only
    (sched(7), "The autogroup feature")."""
    os.nice(-10)
    autogroup = pathlib.Path("/proc/self/autogroup")
    if autogroup.exists():
        autogroup.write_text("-10")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build-o2", type=pathlib.Path)
    parser.add_argument("--dir", help="where the database files go; a real disk, or durability costs nothing")
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of transactions")
    parser.add_argument("--only", choices=("peer", "weft"), help="measure one side alone")
    parser.add_argument("parts", nargs="*", metavar="PART")
    settings = parser.parse_args()
    settings.nb_schema = ROOT / "schemas/ovn-nb.ovsschema"
    settings.sb_schema = ROOT / "schemas/ovn-sb.ovsschema"
    settings.load = settings.build / "tests/bench/ovsdb_load"
    if os.geteuid() == 0:
        raise_priority()
    settings.n = lambda n: max(1000, int(n * settings.scale))
    unknown = set(settings.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if not shutil.which("ovsdb-server") or not shutil.which("ovs-appctl"):
        print("skip: ovsdb-server and ovs-appctl (openvswitch-switch) are not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="ovsdb_bench", dir=settings.dir) as folder:
        folder = pathlib.Path(folder)
        peer = Side("peer", "ovsdb-server", "ovsdb-tool", "ovs-appctl", folder)
        weft = Side("weft", settings.build / "ovsdb/server/weft-ovsdb-server", settings.build / "ovsdb/tool/weft-ovsdb-tool",
                    "ovs-appctl", folder)
        print(f"| {'work':<58} | {'peer':>12} | {'weft':>12} | {'better':>8} | {'goal':<16} |")
        print(f"| {'-' * 58} | {'-' * 12} | {'-' * 12} | {'-' * 8} | {'-' * 16} |")
        for name in settings.parts or PARTS:
            run_part(name, peer, weft, settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
