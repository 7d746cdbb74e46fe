#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random monitors under random transactions: each client hears exactly what a naive comparison of before and after says.

The server matches changes to conditions through hash tables, shares texts between clients and remembers history; the model
here looks at every row for every monitor (RFC 7047, section 4.1.5; ovsdb-server(7) for the others).

usage: test_monitors.py [--seed N] [--n N]
"""
import argparse
import copy
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
import harness  # noqa: E402
from ovsdb_model import Error, Model, value_json  # noqa: E402
from ovsdb_random import SCHEMA, Generator  # noqa: E402

N_CLIENTS = 4
NOWHERE = "00000000-0000-0000-0000-000000000000"
METHODS = {"monitor": "update", "monitor_cond": "update2", "monitor_cond_since": "update3"}


class Monitor:
    """What a client asked for: of each table the columns, the kinds of changes and the condition."""

    def __init__(self, name, method, requests):
        self.name, self.method, self.requests = name, method, requests
        self.last_id = None                           # as last heard, and the contents it stands for
        self.last_data = None

    def wants(self, table, kind):
        return self.requests[table].get("select", {}).get(kind, True)

    def columns(self, model, table):
        return self.requests[table].get("columns", sorted(model.schema[table]))

    def view(self, model, data, table, requests=None):
        """The rows of 'data' that it sees: uuid → row.  The clauses of a monitor's condition are alternatives."""
        where = (requests or self.requests)[table].get("where", [])
        return {u: row for u, row in data[table].items()
                if not where or any(model.matches(table, u, row, clause, {}) for clause in where)}


def plain(column, value):
    """JSON with its sets and maps in one order and its numbers of one type."""
    def order(json):
        if isinstance(json, list) and len(json) == 2 and json[0] in ("set", "map"):
            return [json[0], sorted((order(v) for v in json[1]), key=repr)]
        if isinstance(json, list):
            return [order(v) for v in json]
        return float(json) if isinstance(json, (int, float)) and not isinstance(json, bool) else json
    return order(value_json(column, value))


def difference(column, old, new):
    """ovsdb-server(7), "update2": what turns 'old' into 'new'."""
    if column.n_max == 1:
        return new
    if not column.value:
        return old ^ new
    old, new = dict(old), dict(new)
    return frozenset([(k, v) for k, v in old.items() if k not in new]
                     + [(k, v) for k, v in new.items() if old.get(k) != v])


def change2(model, monitor, table, old, new, initial=False):
    """The <row-update2> from 'old' to 'new', each a row or None; None: nothing is to be said."""
    schema, columns = model.schema[table], monitor.columns(model, table)
    if new is None:
        return {"delete": None} if monitor.wants(table, "delete") else None
    if old is None:
        kind = "initial" if initial else "insert"
        row = {c: plain(schema[c], new[c]) for c in columns if new[c] != schema[c].default()}
        return {kind: row} if monitor.wants(table, kind) else None
    row = {c: plain(schema[c], difference(schema[c], old[c], new[c])) for c in columns if old[c] != new[c]}
    return {"modify": row} if row and monitor.wants(table, "modify") else None


def change1(model, monitor, table, old, new, initial=False):
    """The <row-update> of RFC 7047, section 4.1.6."""
    schema, columns = model.schema[table], monitor.columns(model, table)

    def text(row, names=columns):
        return {c: plain(schema[c], row[c]) for c in names}
    if new is None:
        return {"old": text(old)} if monitor.wants(table, "delete") else None
    if old is None:
        return {"new": text(new)} if monitor.wants(table, "initial" if initial else "insert") else None
    changed = [c for c in columns if old[c] != new[c]]
    return {"old": text(old, changed), "new": text(new)} if changed and monitor.wants(table, "modify") else None


def updates(model, monitor, before, after, initial=False):
    """The <table-updates> between two functions from tables to views."""
    change = change1 if monitor.method == "monitor" else change2
    result = {}
    for table in monitor.requests:
        old, new = before(table), after(table)
        for row_uuid in old.keys() | new.keys():
            said = change(model, monitor, table, old.get(row_uuid), new.get(row_uuid), initial)
            if said is not None:
                result.setdefault(table, {})[row_uuid] = said
    return result


def same_order(json):
    """What the server says, in the order of plain().  Who names no columns also gets _version, which is random."""
    if isinstance(json, dict):
        return {k: same_order(v) for k, v in json.items() if k != "_version"}
    if isinstance(json, list) and len(json) == 2 and json[0] in ("set", "map") and isinstance(json[1], list):
        elements = sorted((same_order(v) for v in json[1]), key=repr)
        return elements[0] if json[0] == "set" and len(elements) == 1 else [json[0], elements]
    if isinstance(json, list):
        return [same_order(v) for v in json]
    return float(json) if isinstance(json, (int, float)) and not isinstance(json, bool) else json


class Run:
    def __init__(self, server, seed):
        self.rng = random.Random(seed)
        self.model = Model(SCHEMA)
        self.generator = Generator(self.rng, self.model)
        self.writer = harness.Client(server.sock)
        self.clients = [(harness.Client(server.sock), {}) for _ in range(N_CLIENTS)]
        self.n_monitors = self.n_updates = self.n_resumed = 0

    def condition(self, table):
        """One that is valid: those of monitors know nothing of named uuids."""
        while True:
            self.generator.names = []
            where = self.generator.where(table)
            try:
                self.model.select_rows(table, where, {})
                return where
            except Error:
                pass

    def request(self, table, has_condition):
        rng, request = self.rng, {}
        if rng.random() < 0.8:
            request["columns"] = sorted(self.generator.some_columns(table, 0.5))
        if rng.random() < 0.4:
            request["select"] = {k: rng.random() < 0.6 for k in ("initial", "insert", "delete", "modify")}
        if has_condition and rng.random() < 0.8:
            request["where"] = self.condition(table)
        return request

    def must(self, what, want, have):
        if want != have:
            raise AssertionError("%s\nmodel:  %r\nserver: %r" % (what, want, have))

    def empty(self, table):
        return {}

    def seen(self, monitor, data=None, requests=None):
        data = self.model.data if data is None else data
        return lambda table: monitor.view(self.model, data, table, requests)

    def begin(self):
        client, monitors = self.rng.choice(self.clients)
        method = self.rng.choice(list(METHODS))
        tables = self.rng.sample(sorted(self.model.schema), self.rng.choice([1, 1, 2, 3]))
        monitor = Monitor("m%d" % self.n_monitors, method, {t: self.request(t, method != "monitor") for t in tables})
        self.n_monitors += 1
        self.start(client, monitor, NOWHERE, self.empty, initial=True)
        monitors[monitor.name] = monitor

    def start(self, client, monitor, since, before, initial):
        """Starts 'monitor', with the contents from 'before' on."""
        parameters = ["T", monitor.name, {t: [r] for t, r in monitor.requests.items()}]
        want = updates(self.model, monitor, before, self.seen(monitor), initial)
        if monitor.method == "monitor_cond_since":
            found, last_id, have = client.call(monitor.method, *parameters, since)
            self.must("found %r" % parameters, not initial, found)
            self.remember(monitor, last_id)
        else:
            have = client.call(monitor.method, *parameters)
        self.must("first contents of %r" % parameters, want, same_order(have))

    def remember(self, monitor, last_id):
        monitor.last_id, monitor.last_data = last_id, copy.deepcopy(self.model.data)

    def any_monitor(self, methods):
        found = [(c, ms, m) for c, ms in self.clients for m in ms.values() if m.method in methods]
        return self.rng.choice(found) if found else None

    def cancel(self):
        """Cancels a monitor and, if it can, resumes it some transactions later."""
        found = self.any_monitor(METHODS)
        if not found:
            return
        client, monitors, monitor = found
        del monitors[monitor.name]
        client.call("monitor_cancel", monitor.name)
        if monitor.method == "monitor_cond_since" and self.rng.random() < 0.7:
            for _ in range(self.rng.randrange(4)):
                self.transact()
            self.start(client, monitor, monitor.last_id, self.seen(monitor, monitor.last_data), initial=False)
            monitors[monitor.name] = monitor
            self.n_resumed += 1

    def change_condition(self):
        found = self.any_monitor(["monitor_cond", "monitor_cond_since"])
        if not found:
            return
        client, monitors, monitor = found
        requests = copy.deepcopy(monitor.requests)
        for table in requests:
            if self.rng.random() < 0.8:
                requests[table]["where"] = self.condition(table)
        name = monitor.name + "'" if self.rng.random() < 0.2 else monitor.name
        want = updates(self.model, monitor, self.seen(monitor), self.seen(monitor, requests=requests))
        client.call("monitor_cond_change", monitor.name, name,
                    {t: [{"where": r.get("where", [])}] for t, r in requests.items()})
        self.hear(client, {name: want} if want else {}, {name: monitor})
        del monitors[monitor.name]
        monitor.name, monitor.requests = name, requests
        monitors[name] = monitor

    def transact(self):
        """Tries until one commits; nobody hears of the others."""
        before, failed = self.model.data, True
        while failed:
            operations = self.generator.transaction()
            failed = any(r is None or "error" in r for r in self.model.transact(operations))
            self.writer.call("transact", "T", *operations)
        for client, monitors in self.clients:
            want = {}
            for monitor in monitors.values():
                said = updates(self.model, monitor, self.seen(monitor, before), self.seen(monitor))
                if said:
                    want[monitor.name] = said
            self.hear(client, want, monitors, operations)

    def hear(self, client, want, monitors, operations=None):
        """The client must have heard 'want', each monitor once, and nothing else."""
        client.call("echo")                           # what was said before has arrived
        have = {}
        for message in client.notifications:
            name, said = message["params"][0], message["params"][-1]
            assert name in monitors and name not in have, "unexpected: %r" % message
            self.must("method", METHODS[monitors[name].method], message["method"])
            have[name] = same_order(said)
            if message["method"] == "update3":
                self.remember(monitors[name], message["params"][1])
        client.notifications = []
        for name in want.keys() | have.keys():
            self.must("%s of %r, after %r" % (name, monitors[name].requests, operations), want.get(name), have.get(name))
        self.n_updates += len(have)

    def step(self):
        kind = self.rng.random()
        if kind < 0.10 and sum(len(m) for _, m in self.clients) < 40:
            self.begin()
        elif kind < 0.14:
            self.cancel()
        elif kind < 0.20:
            self.change_condition()
        else:
            self.transact()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--n", type=int, default=1000)
    args = parser.parse_args()
    print("seed", args.seed, flush=True)
    with harness.Server([SCHEMA]) as server:
        run = Run(server, args.seed)
        for _ in range(args.n):
            run.step()
    print("%d monitors, %d resumed, %d updates, all as the model says" % (run.n_monitors, run.n_resumed, run.n_updates))
    assert args.n < 500 or (run.n_updates > args.n and run.n_resumed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
