#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A command that names a row costs the same however many rows there are.

usage: test_ctl_cost.py [--builddir DIR]

Runs commands of nbctl on a small network, then with N times the rows beside it, and counts in nbctl's own trace of its
requests the rows that the server sent: the counts must be the same, and nothing but the global row be asked for without
a condition.
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "ovn-nb.ovsschema"
GLOBAL = "NB_Global"
MANY = 60
NETWORK = """
ls-add s -- lsp-add s p1 -- lsp-add s p2 -- lr-add r -- lrp-add r rp 00:00:00:00:00:01 10.0.0.1/24 -- pg-add pg p1
lb-add lb 1.1.1.1:80 2.2.2.2:80 -- acl-add s to-lport 1 x drop -- qos-add s to-lport 1 x dscp=1 -- lr-policy-add r 1 x drop
"""
# More of everything, in the same switch and the same router: what is named must not cost what is not.
CROWD = """
ls-add s_{i} -- lsp-add s p_{i} -- lr-add r_{i} -- lrp-add r rp_{i} 00:00:00:00:00:01 10.0.{i}.1/24 -- pg-add pg_{i} p_{i}
lb-add lb_{i} 1.1.1.{i}:80 2.2.2.2:80 -- acl-add s to-lport {i} y_{i} drop -- qos-add s to-lport {i} y_{i} dscp=1
lr-policy-add r {i} y_{i} drop -- meter-add m_{i} drop 1 kbps -- ha-chassis-group-add h_{i} -- mirror-add mi_{i} gre 1 to-lport 1.1.1.1
"""
# Each line leaves the network as it was.
COMMANDS = """
ls-add new -- ls-del new
lsp-add s new
lsp-set-addresses new unknown
lsp-set-port-security new "00:00:00:00:00:01 10.0.0.5"
lsp-set-options new a=b
lsp-get-options new
lsp-get-up p1
lsp-get-ls p1
lsp-del new
lsp-set-enabled p1 enabled
--may-exist lsp-add s p1
acl-add s to-lport 99 new drop
acl-del s to-lport 99 new
qos-add s to-lport 99 new dscp=1
qos-del s to-lport 99 new
lr-add new -- lr-del new
lrp-add r new 00:00:00:00:00:01 10.1.0.1/24
lrp-set-gateway-chassis new c 1
lrp-get-gateway-chassis new
lrp-del new
lb-add new 1.1.1.2:80 2.2.2.2:80
ls-lb-add s new
ls-lb-del s new
lb-del new
pg-add new p1
pg-set-ports new p1 p2
pg-del new
meter-add new drop 1 kbps
meter-del new
mirror-add new gre 1 to-lport 1.1.1.1
lsp-attach-mirror p1 new
mirror-del new
ha-chassis-group-add new
ha-chassis-group-add-chassis new c 1
ha-chassis-group-del new
get logical_switch s name
set logical_switch s other_config:a=b
find logical_switch_port name=p1
list logical_switch_port p1
wait-until logical_switch s
"""


class Database:
    def __init__(self, builddir, folder):
        self.nbctl = builddir / "nbctl" / "weft-nbctl"
        file, self.remote = folder / "nb.db", f"unix:{folder}/db.sock"
        subprocess.run([builddir / "ovsdb" / "tool" / "weft-ovsdb-tool", "create", file, SCHEMA], check=True)
        self.process = subprocess.Popen([builddir / "ovsdb" / "server" / "weft-ovsdb-server", "--remote=p" + self.remote,
                                         f"--unixctl={folder}/ctl", file], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not (folder / "db.sock").exists():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.02)

    def run(self, line, *options):
        words = [self.nbctl, f"--db={self.remote}", *options, *shlex.split(line)]
        env = dict(os.environ, OVS_SYSLOG_METHOD="null")
        result = subprocess.run(words, capture_output=True, text=True, timeout=60, env=env)
        if result.returncode:
            raise RuntimeError(f"{line}: {result.stderr}")
        return result.stderr

    def cost(self, line):
        """The rows that the server sends for 'line', and the tables that were asked for without a condition."""
        trace = self.run(line, "-vjsonrpc:console:dbg")
        replies = re.findall(r"received reply, result=(\[.*\]), id=", trace)
        requests = re.findall(r'send request, method="transact", params=(\[.*\]), id=', trace)
        operations = [op for r in requests for op in json.loads(r)[1:] if op["op"] == "select"]
        if not operations:
            raise RuntimeError(f"{line}: the trace shows no select")
        rows = sum(len(result["rows"]) for r in replies for result in json.loads(r) if result and "rows" in result)
        return rows, [op["table"] for op in operations if not op["where"] and op["table"] != GLOBAL]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def lines(text, **values):
    return text.format(**values).strip().splitlines() if values else text.strip().splitlines()


def compare(db):
    for line in lines(NETWORK):
        db.run(line)
    small = {line: db.cost(line) for line in lines(COMMANDS)}
    for i in range(2, MANY):
        db.run(" -- ".join(lines(CROWD, i=i)))
    large = {line: db.cost(line) for line in small}
    failures = [f"{line}: asks for all of {tables}" for line, (_, tables) in small.items() if tables]
    failures += [f"{line}: {small[line][0]} rows, and {large[line][0]} in a crowd" for line in small if small[line] != large[line]]
    return len(small), failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--builddir", default="." if os.path.exists("nbctl/weft-nbctl") else "build", type=pathlib.Path)
    builddir = parser.parse_args().builddir.resolve()
    with tempfile.TemporaryDirectory(prefix="weft-ctl-cost-") as tmp:
        db = Database(builddir, pathlib.Path(tmp))
        try:
            n, failures = compare(db)
        finally:
            db.stop()
    print("\n".join(failures))
    print(f"{n} command lines, {len(failures)} that cost more in a crowd")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
