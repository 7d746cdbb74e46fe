#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weft-ovsdb-client prints what Debian's ovsdb-client prints, on our server, and exits alike."""
import re
import shutil
import signal
import subprocess
import sys

import harness

SCHEMA = {"name": "T", "version": "1.2.3", "cksum": "12345 67", "tables": {
    "A": {"isRoot": True, "columns": {
        "name": {"type": "string"}, "n": {"type": "integer"},
        "set": {"type": {"key": "string", "min": 0, "max": "unlimited"}},
        "map": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}}}},
    "B": {"isRoot": True, "columns": {"x": {"type": {"key": "integer", "min": 0}}}}}}
OURS = harness.BUILD / "ovsdb/clientprog/weft-ovsdb-client"
PEER = shutil.which("ovsdb-client")
SELECT = '["T",{"op":"select","table":"A","where":[["n","==",1]],"columns":["name"]}]'
DUMP = ["dump", "REMOTE", "T", "A", "name", "set", "map"]
COMMANDS = [
    ["list-dbs", "REMOTE"], ["get-schema", "REMOTE", "T"], ["get-schema", "REMOTE"], ["--pretty", "get-schema", "REMOTE"],
    ["get-schema-version", "REMOTE"], ["get-schema-cksum", "REMOTE", "T"], ["list-columns", "REMOTE", "T", "B"],
    ["query", "REMOTE", SELECT], ["--pretty", "query", "REMOTE", SELECT],
    ["transact", "REMOTE", '["T",{"op":"comment","comment":"c"},{"op":"insert","table":"nope","row":{}}]'],
    ["transact", "REMOTE", '["nope"]'], ["dump", "REMOTE"], ["dump", "REMOTE", "T"], DUMP, ["-f", "list", *DUMP],
    ["-f", "csv", *DUMP], ["-f", "json", *DUMP], ["-f", "html", *DUMP], ["--bare", *DUMP], ["--no-headings", *DUMP],
    ["-d", "json", *DUMP], ["-d", "bare", *DUMP], ["dump", "REMOTE", "T", "nope"], ["dump", "REMOTE", "T", "A", "nope"],
    ["wait", "REMOTE", "T", "connected"], ["wait", "REMOTE", "_Server", "added"], ["wait", "REMOTE", "X", "removed"],
    ["-t", "1", "wait", "REMOTE", "X", "added"],
    ["nope"], [], ["transact"], ["-f", "nope", "list-dbs"], ["monitor", "REMOTE", "T", "A", "nope"],
    ["list-dbs", "unix:/nonexistent"],
]
MONITORS = [
    ["monitor", "REMOTE", "T", "B", "x"], ["monitor", "REMOTE", "T", "B"], ["-f", "json", "monitor", "REMOTE", "T", "B", "x"],
    ["monitor", "REMOTE", "T", "B", "x,!initial,!delete"], ["-f", "list", "monitor", "REMOTE", "T", "B", "x"],
    ["monitor-cond", "REMOTE", "T", '[["x","==",7]]', "B", "x"],
    ["-f", "csv", "monitor-cond", "REMOTE", "T", "[]", "B", "x"],
]
LOCK = ["lock", "REMOTE", "lock1"]


def normalise(text):
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<%s>" % ("uuid" * 8)[:34], text)
    text = re.sub(r"^20\S+\|.*\n", "", text, flags=re.M)                # log lines
    return text.replace("weft-ovsdb-client", "ovsdb-client")


def run(program, arguments):
    result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30)
    return result.returncode, normalise(result.stdout), normalise(result.stderr)


def memory(server, name):
    control = harness.Client(server.ctl)
    text = control.call("memory/show")
    control.close()
    return int(re.search(r"\b%s:(\d+)" % name, text).group(1))


def run_monitor(program, arguments, server, client):
    """What is printed while rows come, change and go."""
    harness.wait_until(lambda: memory(server, "monitors") == 0, "the last monitor to go")
    n_deletes = 0 if any("!delete" in a for a in arguments) else 2
    path = server.folder / "monitor.out"
    with open(path, "w") as out:
        process = subprocess.Popen([program, *arguments], stdout=out, stderr=subprocess.DEVNULL)

    def is_complete():
        text = path.read_text()                    # through a file of our own: a shared one shares its position
        return text.count("insert") >= 2 and text.count("delete") >= n_deletes

    try:
        harness.wait_until(lambda: memory(server, "monitors") > 0, "the monitor")
        client.transact("T", {"op": "insert", "table": "B", "row": {"x": 7}})
        client.transact("T", {"op": "update", "table": "B", "where": [["x", "==", 7]], "row": {"x": 8}})
        client.transact("T", {"op": "delete", "table": "B", "where": [["x", "==", 8]]})
        client.transact("T", {"op": "insert", "table": "B", "row": {"x": 7}})
        client.transact("T", {"op": "delete", "table": "B", "where": [["x", "==", 7]]})
        harness.wait_until(is_complete, "what the monitor prints")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    return normalise(path.read_text())


def run_lock(program, arguments, server):
    """What is printed until the lock is held."""
    path = server.folder / "lock.out"
    with open(path, "w") as out:
        process = subprocess.Popen([program, *arguments], stdout=out, stderr=subprocess.DEVNULL)
    try:
        harness.wait_until(lambda: "}" in path.read_text(), "the lock")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    return normalise(path.read_text())


def main():
    if not PEER:
        harness.skip("ovsdb-client is not installed")
    failures = 0
    with harness.Server([SCHEMA]) as server:
        client = harness.Client(server.sock)
        for i in range(3):
            client.transact("T", {"op": "insert", "table": "A", "row": {
                "name": "row %d" % i, "n": i, "set": ["set", ["x%d" % j for j in range(i)]],
                "map": ["map", [["k%d" % j, "v w"] for j in range(i)]]}})
        client.transact("T", {"op": "insert", "table": "B", "row": {}})
        for command in [*COMMANDS, *MONITORS, LOCK]:
            arguments = [server.remote if a == "REMOTE" else a for a in command]
            if command in MONITORS:
                ours, peer = (run_monitor(p, arguments, server, client) for p in (OURS, PEER))
                harness.wait_until(lambda: memory(server, "monitors") == 0, "the monitor to go")
            elif command == LOCK:
                ours, peer = (run_lock(p, arguments, server) for p in (OURS, PEER))
            else:
                ours, peer = run(OURS, arguments), run(PEER, arguments)
            if "list-columns" in command:          # the peer's come in no order
                ours, peer = (sorted(r[1].splitlines()) for r in (ours, peer))
            if ours != peer:
                failures += 1
                print("%s\nours: %s\npeer: %s\n" % (" ".join(command), ours, peer))
    print("%d commands, %d differ" % (len(COMMANDS) + len(MONITORS) + 1, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
