#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random transactions: the server's answers and contents equal those of a naive model.

usage: test_transact.py [--seed N] [--n N] [--peer]
"""
import argparse
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
import harness  # noqa: E402
from ovsdb_model import Model  # noqa: E402
from ovsdb_random import SCHEMA, Generator  # noqa: E402


def canonical(value):
    """Sets and rows in one order; of errors the tag alone."""
    if isinstance(value, dict):
        if "error" in value:
            return {"error": value["error"]}
        return {k: canonical(v) for k, v in value.items()}
    if isinstance(value, list):
        if len(value) == 2 and value[0] in ("set", "map") and isinstance(value[1], list):
            return [value[0], sorted((canonical(v) for v in value[1]), key=repr)]
        return [canonical(v) for v in value]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


MALFORMED = {"syntax error", "ovsdb error", "constraint violation", "unknown column"}


def canonical_results(results, is_peer):
    """The peer looks at the members of an operation in an order of its own, so which of several errors it finds
    first says nothing."""
    out = []
    for result in canonical(results):
        if is_peer and isinstance(result, dict) and result.get("error") in MALFORMED:
            result["error"] = "malformed"
        if isinstance(result, dict) and "rows" in result:
            result["rows"].sort(key=lambda row: sorted(row.items(), key=repr).__repr__())
        out.append(result)
    return out


def agree(want, have):
    """Equal, but for errors of which the model allows several."""
    return len(want) == len(have) and all(
        w == h or (isinstance(w, dict) and isinstance(h, dict) and h.get("error") in w.get("error", "").split("|"))
        for w, h in zip(want, have))


def server_dump(client, model):
    tables = sorted(model.schema)
    results = client.transact("T", *[{"op": "select", "table": t, "where": [], "columns": ["_uuid"] + sorted(model.schema[t])}
                                     for t in tables])
    return canonical({t: {row.pop("_uuid")[1]: row for row in result["rows"]}
                      for t, result in zip(tables, results) if result["rows"]})


def apply_update2(replica, schema, updates):
    """What a client of monitor_cond makes of <table-updates2>."""
    for table, rows in updates.items():
        for row_uuid, change in rows.items():
            contents = replica.setdefault(table, {})
            (kind, row), = change.items()
            if kind == "delete":
                del contents[row_uuid]
                continue
            if kind in ("initial", "insert"):
                assert row_uuid not in contents, "insert of a known row"
                contents[row_uuid] = {n: c.default() for n, c in schema[table].items()}
            for name, json in row.items():
                contents[row_uuid][name] = apply_difference(schema[table][name], contents[row_uuid][name], json,
                                                            kind == "modify")


def apply_difference(column, old, json, is_difference):
    def atom(base, a):
        return a[1] if base["type"] == "uuid" else float(a) if base["type"] == "real" else a
    if column.value:
        new = frozenset((atom(column.key, k), atom(column.value, v)) for k, v in json[1])
    elif isinstance(json, list) and json[0] == "set":
        new = frozenset(atom(column.key, a) for a in json[1])
    else:
        new = frozenset([atom(column.key, json)])
    if not is_difference or column.n_max == 1:
        return new
    if not column.value:
        return old ^ new
    result = dict(old)
    for key, value in new:
        if key in result and result[key] == value:
            del result[key]
        else:
            result[key] = value
    return frozenset(result.items())


def check_replica(client, replica, model):
    for message in client.notifications:
        apply_update2(replica, model.schema, message["params"][-1])
    client.notifications = []
    have = {t: rows for t, rows in replica.items() if rows}
    want = {t: rows for t, rows in model.data.items() if rows}
    if have != want:
        raise AssertionError("monitor: %r\nmodel:   %r" % (have, want))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--n", type=int, default=4000)
    parser.add_argument("--peer", action="store_true")
    args = parser.parse_args()
    print("seed", args.seed, flush=True)
    model = Model(SCHEMA)
    generator = Generator(random.Random(args.seed), model)
    n_committed = 0
    with harness.Server([SCHEMA], "peer" if args.peer else "ours") as server:
        client = harness.Client(server.sock)
        replica = {}
        everything = {t: [{"columns": sorted(model.schema[t])}] for t in model.schema}
        apply_update2(replica, model.schema, client.call("monitor_cond", "T", "m", everything))
        for i in range(args.n):
            operations = generator.transaction()
            want = canonical_results(model.transact(operations), args.peer)
            have = canonical_results(client.transact("T", *operations), args.peer)
            if not agree(want, have):
                print("transaction %d: %s\nmodel:  %s\nserver: %s" % (i, operations, want, have))
                return 1
            n_committed += not any(r is None or "error" in r for r in have)
            check_replica(client, replica, model)
            if i % 100 == 0 and canonical(model.dump()) != server_dump(client, model):
                print("after transaction %d: %s\ncontents differ\nmodel:  %s\nserver: %s"
                      % (i, operations, canonical(model.dump()), server_dump(client, model)))
                return 1
        before = server_dump(client, model)
        if not args.peer:
            server.kill()
            server.start()
            if server_dump(harness.Client(server.sock), model) != before:
                print("the file does not hold what the server did")
                return 1
    print("%d transactions, %d committed, all as the model says" % (args.n, n_committed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
