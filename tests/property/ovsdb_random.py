# SPDX-License-Identifier: Apache-2.0
"""Random operations on a small schema that has every type, kind of reference and constraint."""
import uuid

UNLIMITED = {"min": 0, "max": "unlimited"}
SCHEMA = {"name": "T", "version": "1.0.0", "tables": {
    "A": {"isRoot": True, "indexes": [["name"], ["i", "ro"]], "columns": {
        "name": {"type": "string"}, "i": {"type": "integer"}, "r": {"type": "real"}, "b": {"type": "boolean"},
        "oi": {"type": {"key": "integer", "min": 0, "max": 1}},
        "few": {"type": {"key": {"type": "integer", "minInteger": 0, "maxInteger": 9}, "min": 0, "max": 3}},
        "e": {"type": {"key": {"type": "string", "enum": ["set", ["a", "b", "c"]]}, "min": 0, "max": 1}},
        "ss": {"type": {"key": "string", **UNLIMITED}}, "m": {"type": {"key": "string", "value": "string", **UNLIMITED}},
        "mi": {"type": {"key": "integer", "value": "integer", "min": 0, "max": 4}},
        "ro": {"type": "integer", "mutable": False},
        "strong": {"type": {"key": {"type": "uuid", "refTable": "B"}, **UNLIMITED}},
        "weak": {"type": {"key": {"type": "uuid", "refTable": "B", "refType": "weak"}, **UNLIMITED}}}},
    "B": {"columns": {
        "x": {"type": "integer"}, "next": {"type": {"key": {"type": "uuid", "refTable": "B"}, "min": 0, "max": 1}},
        "mw": {"type": {"key": "string", "value": {"type": "uuid", "refTable": "A", "refType": "weak"}, **UNLIMITED}},
        "ms": {"type": {"key": {"type": "uuid", "refTable": "A", "refType": "weak"},
                        "value": {"type": "uuid", "refTable": "B"}, **UNLIMITED}}}},
    "C": {"isRoot": True, "maxRows": 3, "columns": {
        "s": {"type": {"key": {"type": "string", "minLength": 1, "maxLength": 4}}},
        "w": {"type": {"key": {"type": "uuid", "refTable": "A", "refType": "weak"}, "min": 1, "max": 3}}}}}}


class Generator:
    """Random operations over few values, so that things collide."""

    def __init__(self, rng, model):
        self.rng = rng
        self.model = model
        self.uuids = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(40)]
        self.names = []

    def uuid_json(self, table):
        known = list(self.model.data[table])
        if self.names and self.rng.random() < 0.4:
            return ["named-uuid", self.rng.choice(self.names)]
        if known and self.rng.random() < 0.8:
            return ["uuid", self.rng.choice(known)]
        return ["uuid", self.rng.choice(self.uuids)]

    def atom(self, base):
        rng, kind = self.rng, base["type"]
        if rng.random() < 0.01:
            return rng.choice([1, "x", True, 2.5, ["uuid", self.uuids[0]]])
        if kind == "uuid":
            return self.uuid_json(base.get("refTable", "A"))
        if "enum" in base:
            return rng.choice("abcd" if rng.random() < 0.1 else "abc")
        return {"integer": lambda: rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, 2 ** 62, -2 ** 63]
                                              if rng.random() < 0.1 else range(9)),
                "real": lambda: rng.choice([0.0, 1.5, -2.25, 8.0]), "boolean": lambda: rng.random() < 0.5,
                "string": lambda: rng.choice(["a", "b", "cc", "dd", "e", "Grüße"] + (["", "too long"]
                                             if rng.random() < 0.1 else []))}[kind]()

    def value(self, column):
        rng = self.rng
        n = 1 if column.scalar and rng.random() < 0.99 else rng.randrange(0, 4)
        if column.value:
            return ["map", [[self.atom(column.key), self.atom(column.value)] for _ in range(n)]]
        if n == 1 and rng.random() < 0.5:
            return self.atom(column.key)
        return ["set", [self.atom(column.key) for _ in range(n)]]

    def some_columns(self, table, chance):
        return {n: c for n, c in self.model.schema[table].items() if self.rng.random() < chance}

    def where(self, table):
        rng, clauses = self.rng, []
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            if rng.random() < 0.4:
                clauses.append(["_uuid", rng.choice(["==", "!=", "includes"]), self.uuid_json(table)])
            elif rng.random() < 0.05:
                clauses.append(rng.random() < 0.7)
            else:
                name, column = rng.choice(list(self.model.schema[table].items()))
                function = rng.choice(["==", "!=", "includes", "excludes", "==", "<", "<=", ">", ">="])
                clauses.append([name, function, self.value(column)])
        return clauses

    def mutation(self, table):
        rng = self.rng
        name, column = rng.choice(list(self.model.schema[table].items()))
        if rng.random() < 0.9 and not column.scalar and not (column.key["type"] == "integer" and rng.random() < 0.3):
            mutator = rng.choice(["insert", "delete"])
        else:
            mutator = rng.choice(["+=", "-=", "*=", "/=", "%="])
        if mutator in ("insert", "delete"):
            value = self.value(column)
            if mutator == "delete" and column.value and rng.random() < 0.5:
                value = ["set", list({str(k): k for k in (self.atom(column.key) for _ in range(2))}.values())]
            return [name, mutator, value]
        return [name, mutator, rng.choice([0, 1, 2, 3, -1, 7])]

    def operation(self):
        rng = self.rng
        table = rng.choice("AAABBC")
        kind = rng.choice(["insert"] * 6 + ["update", "mutate", "mutate", "delete", "select", "wait", "comment"]
                          + (["abort"] if rng.random() < 0.2 else []))
        op = {"op": kind}
        if kind == "comment":
            return {**op, "comment": "c"}
        if kind == "abort":
            return op
        op["table"] = table
        if kind == "insert":
            row = {n: self.value(c) for n, c in self.some_columns(table, 0.4).items()}
            if table == "A":
                row.setdefault("name", str(rng.randrange(60)))
                row.setdefault("ro", rng.randrange(1000))
            if table == "C":
                row.setdefault("w", self.uuid_json("A"))
                row.setdefault("s", "s")
            op.update(row=row, uuid=rng.choice(self.uuids))
            if rng.random() < 0.7:
                op["uuid-name"] = "n%d" % len(self.names)
                self.names.append(op["uuid-name"])
            return op
        op["where"] = self.where(table)
        if kind == "update":
            op["row"] = {n: self.value(c) for n, c in self.some_columns(table, 0.2).items()
                         if c.mutable or rng.random() < 0.05}
        elif kind == "mutate":
            op["mutations"] = [self.mutation(table) for _ in range(rng.choice([1, 1, 2]))]
        elif kind == "select":
            op["columns"] = ["_uuid"] + sorted(self.some_columns(table, 0.5))
        elif kind == "wait":
            columns = sorted(self.some_columns(table, 0.3))
            op.update(columns=columns, until=rng.choice(["==", "!="]), timeout=0,
                      rows=[{n: self.value(self.model.schema[table][n]) for n in columns}
                            for _ in range(rng.randrange(2))])
        return op

    def transaction(self):
        """Names may be used before the insert that makes them, but only names that some insert makes."""
        self.names = []
        operations = [self.operation() for _ in range(self.rng.choice([1, 1, 2, 3, 5, 8]))]
        if self.names and self.rng.random() < 0.3:
            self.rng.shuffle(operations)
        return operations
