#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the server under writing clients loses nothing that was acknowledged.

usage: test_durability.py [--rounds N] [--seed N]
"""
import argparse
import random
import sys
import threading
import time

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {"R": {"isRoot": True, "indexes": [["key"]], "columns": {
    "key": {"type": "string"}, "n": {"type": "integer"}, "pad": {"type": "string"}}}}}


class Writer(threading.Thread):
    """Inserts and updates its own rows until the server dies; remembers what was acknowledged."""

    def __init__(self, server, name, seed):
        super().__init__(daemon=True)
        self.client = harness.Client(server.sock)
        self.name = name
        self.rng = random.Random(seed)
        self.acknowledged = {}
        self.maybe = {}                            # sent, not answered
        self.error = None                          # what ended it, but for the death of the server

    def run(self):
        try:
            for i in range(1 << 30):
                self.write("%s-%d" % (self.name, i % 40), i)
        except (EOFError, ConnectionError):
            pass
        except Exception as error:
            self.error = error

    def write(self, key, n):
        known = key in self.acknowledged
        self.maybe[key] = n
        row = {"n": n, "pad": "x" * self.rng.randrange(200)}
        operation = ({"op": "update", "table": "R", "where": [["key", "==", key]], "row": row} if known
                     else {"op": "insert", "table": "R", "row": {"key": key, **row}})
        operations = [operation] + ([{"op": "commit", "durable": True}] if self.rng.random() < 0.3 else [])
        result = self.client.transact("T", *operations)
        if any("error" in r for r in result):
            raise AssertionError(result)
        self.acknowledged[key] = n
        del self.maybe[key]


def one_round(server, expected, number, rng):
    writers = [Writer(server, "r%dw%d" % (number, i), rng.random()) for i in range(4)]
    for writer in writers:
        writer.start()
    harness.wait_until(lambda: all(w.acknowledged or w.error for w in writers), "every writer's first acknowledgement")
    time.sleep(rng.uniform(0, 0.08))               # any moment will do, another in each round
    server.kill()
    for writer in writers:
        writer.join()
        if writer.error:
            raise AssertionError("round %d: a writer ended" % number) from writer.error
    if rng.random() < 0.3:                         # a torn record must not hurt either
        with open(server.databases[0], "a") as f:
            f.write("OVSDB JSON 100 0123456789012345678901234567890123456789\n{\"torn\":")
    server.start()
    rows = harness.Client(server.sock).transact("T", {"op": "select", "table": "R", "where": [],
                                                      "columns": ["key", "n"]})[0]["rows"]
    have = {row["key"]: row["n"] for row in rows}
    for writer in writers:
        for key, n in writer.acknowledged.items():
            if have.get(key) not in (n, writer.maybe.get(key, n)):
                raise AssertionError("round %d: %s is %s, acknowledged %d" % (number, key, have.get(key), n))
            expected[key] = have[key]
        for key in writer.maybe:
            if key in have:
                expected[key] = have[key]
    if have != expected:
        raise AssertionError("round %d: contents differ" % number)
    return sum(len(w.acknowledged) for w in writers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args = parser.parse_args()
    print("seed", args.seed, flush=True)
    rng = random.Random(args.seed)
    expected = {}
    n = 0
    with harness.Server([SCHEMA]) as server:
        for number in range(args.rounds):
            n += one_round(server, expected, number, rng)
    print("%d rounds, %d rows acknowledged, none lost" % (args.rounds, n))
    return 0


if __name__ == "__main__":
    sys.exit(main())
