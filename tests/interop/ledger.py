# SPDX-License-Identifier: Apache-2.0
"""Writers that count in a database and keep a ledger of what was acknowledged.

What a writer has written after n transactions is a function of n, so the ledger is two numbers: the last n that was
acknowledged, and the one that was sent and not answered.  A database that holds anything but the state after one of these has
lost something, or done half of it.
"""
import contextlib
import threading

import harness

N_KEPT = 20                                        # entries of each writer
PACE_S = 0.004                                     # between two transactions of a writer
SELECT = [{"op": "select", "table": "Counter", "where": [], "columns": ["name", "n"]},
          {"op": "select", "table": "Entry", "where": [], "columns": ["writer", "n", "pad"]}]


def schema(version):
    """Version 1, 2, 3, ...: each adds a column."""
    extra = {"extra%d" % i: {"type": "string"} for i in range(2, version + 1)}
    return {"name": "T", "version": "%d.0.0" % version, "tables": {
        "Counter": {"isRoot": True, "indexes": [["name"]], "columns": {"name": {"type": "string"}, "n": {"type": "integer"}, **extra}},
        "Entry": {"isRoot": True, "columns": {"writer": {"type": "string"}, "n": {"type": "integer"}, "pad": {"type": "string"}}}}}


def pad(n):
    return "x" * (n * 7 % 300)


def state_after(n):
    """What a writer has in the database after 'n' transactions: its counter, its entries."""
    return (n, [(i, pad(i)) for i in range(max(1, n - N_KEPT + 1), n + 1)])


def state_of(name, result):
    """What the writer 'name' has by the 'result' of SELECT."""
    counters, entries = result[0]["rows"], result[1]["rows"]
    counter = [row["n"] for row in counters if row["name"] == name]
    assert len(counter) <= 1, counters
    return (counter[0] if counter else 0, sorted((row["n"], row["pad"]) for row in entries if row["writer"] == name))


def operations(name, n, durable):
    """The transaction that takes a writer from n - 1 to n, and from nowhere else."""
    counter = {"op": "insert", "table": "Counter", "row": {"name": name, "n": 1}}
    if n > 1:
        counter = {"op": "update", "table": "Counter", "where": [["name", "==", name]], "row": {"n": n}}
    return [{"op": "wait", "timeout": 0, "table": "Counter", "where": [["name", "==", name]], "columns": ["n"], "until": "==",
             "rows": [{"n": n - 1}] if n > 1 else []}, counter,
            {"op": "insert", "table": "Entry", "row": {"writer": name, "n": n, "pad": pad(n)}},
            {"op": "delete", "table": "Entry", "where": [["writer", "==", name], ["n", "<=", n - N_KEPT]]},
            {"op": "commit", "durable": durable}]


class Writer(threading.Thread):
    """Counts in the database, through whatever server it is given, and keeps the ledger."""

    def __init__(self, name, server):
        super().__init__(daemon=True)
        self.name, self.server = name, server
        self.client = None
        self.acknowledged = 0
        self.maybe = None                          # sent, not answered
        self.refused = 0                           # answered with "I/O error"
        self.ended = threading.Event()
        self.turn = threading.Lock()               # who holds it keeps the writer quiet
        self.error = None

    def run(self):
        try:
            while not self.ended.wait(PACE_S):
                with self.turn, contextlib.suppress(OSError, EOFError):
                    self.step()
        except Exception as error:                 # pylint: disable=broad-except
            self.error = error

    def step(self):
        try:
            if not self.client:
                self.client = harness.Client(self.server.sock)
                self.settle(self.client.transact("T", *SELECT))
            self.write()
        except (OSError, EOFError):
            self.leave()
            raise

    def leave(self):
        if self.client:
            self.client.close()
        self.client = None

    def write(self):
        n = self.acknowledged + 1
        self.maybe = n
        reply = self.client.reply_to(self.client.request("transact", "T", *operations(self.name, n, n % 3 == 0)))
        if reply["error"]:                         # "canceled": a relay has lost its source, nobody knows
            assert reply["error"] == "canceled", reply
            self.leave()
            return
        errors = [r["error"] for r in reply["result"] if r and "error" in r]
        if errors:
            assert errors == ["I/O error"], (self.name, n, reply)
            self.refused += 1
        else:
            self.acknowledged = n
        self.maybe = None

    def settle(self, result):
        """Checks what the database says against the ledger, and learns what became of the last transaction."""
        state = state_of(self.name, result)
        allowed = [n for n in (self.acknowledged, self.maybe) if n is not None]
        if state not in [state_after(n) for n in allowed]:
            raise AssertionError("%s: acknowledged %d, maybe %s, the database has %s" % (
                self.name, self.acknowledged, self.maybe, state))
        self.acknowledged, self.maybe = state[0], None
