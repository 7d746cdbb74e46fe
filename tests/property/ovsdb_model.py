# SPDX-License-Identifier: Apache-2.0
"""A naive database: RFC 7047 section 5 in the most obvious way, on plain Python values.

A value is a frozenset of atoms or, for maps, a frozenset of (key, value) pairs.  A table is a dict from uuid to
row, a row a dict from column to value.  Every transaction works on a deep copy.
"""
import copy

ZERO = "00000000-0000-0000-0000-000000000000"


class Error(Exception):
    """An error object of RFC 7047; only the tag is compared.  "a|b": either will do."""


class Column:
    def __init__(self, json):
        kind = json["type"]
        kind = {"key": kind} if isinstance(kind, str) else kind
        self.key = self.base(kind["key"])
        self.value = self.base(kind["value"]) if "value" in kind else None
        self.n_min = kind.get("min", 1)
        self.n_max = float("inf") if kind.get("max") == "unlimited" else kind.get("max", 1)
        self.mutable = json.get("mutable", True)
        self.scalar = self.n_min == self.n_max == 1 and not self.value

    @staticmethod
    def base(json):
        json = {"type": json} if isinstance(json, str) else dict(json)
        if "enum" in json:
            json["enum"] = set(json["enum"][1])
        return json

    def default(self):
        if self.n_min == 0:
            return frozenset()
        atom = {"integer": 0, "real": 0.0, "boolean": False, "string": "", "uuid": ZERO}
        key = atom[self.key["type"]]
        return frozenset([(key, atom[self.value["type"]])] if self.value else [key])

    def refs(self, value):
        """(table, uuid, is_weak, element) of each reference in 'value'."""
        for element in value:
            parts = zip(element, (self.key, self.value)) if self.value else ((element, self.key),)
            for atom, base in parts:
                if "refTable" in base:
                    yield base["refTable"], atom, base.get("refType") == "weak", element


def check_atom(base, atom):
    kind = base["type"]
    if "enum" in base and atom not in base["enum"]:
        raise Error("constraint violation")
    if kind in ("integer", "real"):
        name = kind.capitalize()
        if not base.get("min" + name, float("-inf")) <= atom <= base.get("max" + name, float("inf")):
            raise Error("constraint violation")
    if kind == "string" and not base.get("minLength", 0) <= len(atom) <= base.get("maxLength", float("inf")):
        raise Error("constraint violation")


def parse_atom(base, json, names):
    kind = base["type"]
    if kind == "uuid":
        if not (isinstance(json, list) and len(json) == 2):
            raise Error("syntax error")
        if json[0] == "named-uuid":
            return names[json[1]]
        return json[1]
    good = {"integer": int, "real": (int, float), "boolean": bool, "string": str}[kind]
    if not isinstance(json, good) or (isinstance(json, bool) and kind != "boolean"):
        raise Error("syntax error")
    atom = float(json) if kind == "real" else json
    check_atom(base, atom)
    return atom


def is_number(base):
    return base["type"] in ("integer", "real")


def parse_value(column, json, names, n_min=None, n_max=None):
    n_min = column.n_min if n_min is None else n_min
    n_max = column.n_max if n_max is None else n_max
    tag = "map" if column.value else "set"
    if isinstance(json, list) and len(json) == 2 and json[0] == tag:
        if not n_min <= len(json[1]) <= n_max:
            raise Error("syntax error")
        if column.value:
            pairs = [(parse_atom(column.key, k, names), parse_atom(column.value, v, names)) for k, v in json[1]]
            if len({k for k, _ in pairs}) != len(pairs):
                raise Error("ovsdb error")
            return frozenset(pairs)
        atoms = [parse_atom(column.key, a, names) for a in json[1]]
        if len(set(atoms)) != len(atoms):
            raise Error("ovsdb error")
        return frozenset(atoms)
    if column.value:
        raise Error("syntax error")
    return frozenset([parse_atom(column.key, json, names)])


def atom_json(base, atom):
    return ["uuid", atom] if base["type"] == "uuid" else atom


def value_json(column, value):
    if column.value:
        return ["map", sorted([atom_json(column.key, k), atom_json(column.value, v)] for k, v in value)]
    atoms = sorted((atom_json(column.key, a) for a in value), key=str)
    return atoms[0] if len(atoms) == 1 else ["set", atoms]


class Model:
    def __init__(self, schema):
        self.schema = {name: {c: Column(j) for c, j in t["columns"].items()} for name, t in schema["tables"].items()}
        any_root = any(t.get("isRoot") for t in schema["tables"].values())
        self.is_root = {name: t.get("isRoot", not any_root) for name, t in schema["tables"].items()}
        self.max_rows = {name: t.get("maxRows", float("inf")) for name, t in schema["tables"].items()}
        self.indexes = {name: t.get("indexes", []) for name, t in schema["tables"].items()}
        self.data = {name: {} for name in schema["tables"]}

    # Conditions and mutations.

    def matches(self, table, uuid, row, clause, names):
        if isinstance(clause, bool):
            return clause
        name, function, json = clause
        if name == "_uuid":
            column, have = Column({"type": "uuid"}), frozenset([uuid])
        else:
            column, have = self.column(table, name), row[name]
        if function in ("<", "<=", ">", ">="):
            if column.value or not is_number(column.key) or column.n_max != 1:
                raise Error("syntax error")
            want = next(iter(parse_value(column, json, names, 1, 1)))
            if not have:
                return False
            atom = next(iter(have))
            return {"<": atom < want, "<=": atom <= want, ">": atom > want, ">=": atom >= want}[function]
        n_min, n_max = column.n_min, column.n_max
        if not column.scalar and function in ("includes", "excludes"):
            n_min, n_max = 0, n_max if function == "includes" else float("inf")
        want = parse_value(column, json, names, n_min, n_max)
        return {"==": have == want, "!=": have != want, "includes": want <= have,
                "excludes": not (want & have)}[function]

    def column(self, table, name):
        if name not in self.schema[table]:
            raise Error("unknown column")
        return self.schema[table][name]

    def select_rows(self, table, where, names):
        dummy = {n: c.default() for n, c in self.schema[table].items()}
        for clause in where:                       # malformed conditions are errors even if there is no row
            self.matches(table, ZERO, dummy, clause, names)
        return [u for u, r in self.data[table].items() if all(self.matches(table, u, r, c, names) for c in where)]

    def mutate(self, table, row, mutation, names):
        name, mutator, json = mutation
        column = self.column(table, name)
        old = row[name]
        if mutator == "insert":
            new = parse_value(column, json, names, 0)
            if column.value:
                known = {k for k, _ in old}
                new = frozenset(p for p in new if p[0] not in known)
            result = old | new
        elif mutator == "delete":
            doomed, keys = self.parse_doomed(column, json, names)
            result = frozenset(e for e in old if e not in doomed and not (column.value and e[0] in keys))
        else:
            result = self.arithmetic(column, old, mutator, json)
        if not column.n_min <= len(result) <= column.n_max:
            raise Error("constraint violation")
        row[name] = result

    def check_mutation(self, table, mutation, names):
        name, mutator, json = mutation
        column = self.column(table, name)
        if not column.mutable:
            raise Error("constraint violation")
        if mutator in ("insert", "delete"):
            if column.scalar:
                raise Error("syntax error")
        elif column.value or not is_number(column.key) or (mutator == "%=" and column.key["type"] == "real"):
            raise Error("syntax error")
        if mutator == "insert":
            parse_value(column, json, names, 0)
        elif mutator == "delete":
            self.parse_doomed(column, json, names)

    @staticmethod
    def parse_doomed(column, json, names):
        """What "delete" names: elements, or for maps also keys alone.  Returns (elements, keys)."""
        if not column.value or (isinstance(json, list) and json[0] == "map"):
            return parse_value(column, json, names, 0, float("inf")), frozenset()
        keys = copy.copy(column)
        keys.value = None
        return frozenset(), parse_value(keys, json, names, 0, float("inf"))

    @staticmethod
    def arithmetic(column, old, mutator, operand):
        result = []
        for atom in old:
            if mutator in ("/=", "%=") and operand == 0:
                raise Error("domain error")
            if column.key["type"] == "integer":
                sign = -1 if (atom < 0) != (operand < 0) else 1
                quotient = sign * (abs(atom) // abs(operand)) if operand else 0
                new = {"+=": atom + operand, "-=": atom - operand, "*=": atom * operand, "/=": quotient,
                       "%=": atom - quotient * operand}[mutator]
                if not -2 ** 63 <= new < 2 ** 63:
                    raise Error("range error")
            else:
                new = {"+=": lambda: atom + operand, "-=": lambda: atom - operand, "*=": lambda: atom * operand,
                       "/=": lambda: atom / operand}[mutator]()
            check_atom(column.key, new)
            result.append(new)
        if len(set(result)) != len(result):
            raise Error("constraint violation")
        return frozenset(result)

    # Operations.

    def parse_row(self, table, json, names):
        return {n: parse_value(self.column(table, n), v, names) for n, v in json.items()}

    def op_insert(self, op, names):
        table = op["table"]
        if op["uuid"] in self.data[table] or op["uuid"] in self.before[table]:
            raise Error("duplicate uuid")
        row = {n: c.default() for n, c in self.schema[table].items()}
        row.update(self.parse_row(table, op["row"], names))
        for name, column in self.schema[table].items():
            for element in row[name] if name not in op["row"] else ():
                check_atom(column.key, element[0] if column.value else element)
        self.data[table][op["uuid"]] = row
        return {"uuid": ["uuid", op["uuid"]]}

    def op_select(self, op, names):
        table = op["table"]
        columns = op["columns"]
        return {"rows": [{c: ["uuid", u] if c == "_uuid" else value_json(self.schema[table][c], self.data[table][u][c])
                          for c in columns} for u in self.select_rows(table, op["where"], names)]}

    def op_update(self, op, names):
        table = op["table"]
        row = self.parse_row(table, op["row"], names)
        if any(not self.schema[table][n].mutable for n in row):
            raise Error("constraint violation")
        uuids = self.select_rows(table, op["where"], names)
        for u in uuids:
            self.data[table][u].update(row)
        return {"count": len(uuids)}

    def op_mutate(self, op, names):
        for m in op["mutations"]:
            self.check_mutation(op["table"], m, names)
        uuids = self.select_rows(op["table"], op["where"], names)
        tags = set()
        for u in uuids:
            try:
                for m in op["mutations"]:
                    self.mutate(op["table"], self.data[op["table"]][u], m, names)
            except Error as e:
                tags.add(str(e))
        if tags:                                   # rows have no order: the first may be any
            raise Error("|".join(sorted(tags)))
        return {"count": len(uuids)}

    def op_delete(self, op, names):
        uuids = self.select_rows(op["table"], op["where"], names)
        for u in uuids:
            del self.data[op["table"]][u]
        return {"count": len(uuids)}

    def op_wait(self, op, names):
        table, columns = op["table"], op["columns"]
        default = {n: c.default() for n, c in self.schema[table].items()}
        have = {tuple(self.data[table][u][c] for c in columns) for u in self.select_rows(table, op["where"], names)}
        want = {tuple({**default, **self.parse_row(table, r, names)}[c] for c in columns) for r in op["rows"]}
        if (want == have) != (op["until"] == "=="):
            raise Error("timed out")
        return {}

    def op_comment(self, op, names):
        return {}

    def op_abort(self, op, names):
        raise Error("aborted")

    # The end of a transaction.

    def strong_targets(self):
        return {(t, u) for table, rows in self.data.items() for uuid, row in rows.items()
                for name, column in self.schema[table].items() for t, u, weak, _ in column.refs(row[name])
                if not weak and (t, u) != (table, uuid)}

    def collect_garbage(self):
        while True:
            wanted = self.strong_targets()
            doomed = [(t, u) for t, rows in self.data.items() if not self.is_root[t] for u in rows
                      if (t, u) not in wanted]
            if not doomed:
                return
            for t, u in doomed:
                del self.data[t][u]

    def drop_dangling(self):
        """Removes weak references to nothing; says whether there were any."""
        changed = False
        for table, rows in self.data.items():
            for row in rows.values():
                for name, column in self.schema[table].items():
                    dead = {e for t, u, weak, e in column.refs(row[name]) if weak and u not in self.data[t]}
                    if dead:
                        changed = True
                        row[name] -= dead
                        if len(row[name]) < column.n_min:
                            raise Error("constraint violation")
        return changed

    def finish(self):
        if any(u not in self.data[t] for t, u in self.strong_targets()):
            raise Error("referential integrity violation")
        self.collect_garbage()
        while self.drop_dangling():
            self.collect_garbage()
        for table, rows in self.data.items():
            if len(rows) > self.max_rows[table]:
                raise Error("constraint violation")
            for index in self.indexes[table]:
                keys = [tuple(row[c] for c in index) for row in rows.values()]
                if len(set(keys)) != len(keys):
                    raise Error("constraint violation")

    def transact(self, operations):
        """The result array; errors are {"error": tag}."""
        self.before = self.data
        self.data = copy.deepcopy(self.data)
        names = {op["uuid-name"]: op["uuid"] for op in operations if "uuid-name" in op}
        results = []
        for op in operations:
            try:
                results.append(getattr(self, "op_" + op["op"])(op, names))
            except Error as e:
                self.data = self.before
                results.append({"error": str(e)})
                return results + [None] * (len(operations) - len(results))
        try:
            self.finish()
        except Error as e:
            self.data = self.before
            results.append({"error": str(e)})
        return results

    def dump(self):
        return {t: {u: {c: value_json(self.schema[t][c], v) for c, v in row.items()} for u, row in rows.items()}
                for t, rows in self.data.items() if rows}
