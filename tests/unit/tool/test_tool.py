#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weft-ovsdb-tool beside Open vSwitch's ovsdb-tool: each reads what the other writes, and they say the same.

Exits 77 (skipped) where ovsdb-tool is not installed.  Environment: srcdir, builddir (as `make check` sets them).
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.environ.get("builddir", ".")
SOURCE = os.environ.get("srcdir", ".")
OURS = os.path.abspath(os.path.join(BUILD, "ovsdb/tool/weft-ovsdb-tool"))
THEIRS = shutil.which("ovsdb-tool", path="/usr/bin:/usr/local/bin:/usr/sbin")
SCHEMA = {
    "name": "D", "version": "1.2.3", "cksum": "12345 678",
    "tables": {
        "T": {"isRoot": True, "indexes": [["name"]], "columns": {
            "name": {"type": "string"}, "i": {"type": "integer"}, "r": {"type": "real"},
            "b": {"type": "boolean"}, "u": {"type": "uuid"},
            "o": {"type": {"key": "string", "min": 0}},
            "si": {"type": {"key": "integer", "min": 0, "max": "unlimited"}},
            "s1": {"type": {"key": {"type": "integer", "minInteger": 1}, "max": "unlimited"}},
            "m": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}},
            "m1": {"type": {"key": "string", "value": "integer", "min": 0}},
            "children": {"type": {"key": {"type": "uuid", "refTable": "C"}, "min": 0, "max": "unlimited"}},
            "e": {"type": "integer", "ephemeral": True}}},
        "C": {"columns": {"x": {"type": "integer"},
                          "peer": {"type": {"key": {"type": "uuid", "refTable": "T", "refType": "weak"}, "min": 0}}}},
    }}


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Result:
    def __init__(self, tool, args):
        p = subprocess.run([tool, *args], capture_output=True, text=True, timeout=60)
        self.status, self.out = p.returncode, p.stdout
        name = os.path.basename(tool)
        self.err = "".join(line.replace(tool, "TOOL").replace(name, "TOOL") for line in p.stderr.splitlines(True) if "|WARN|" not in line)


def rows_of(db, tool):
    """All rows, in an order that does not depend on the tool."""
    schema = json.loads(read(db).split(b"\n", 2)[1])
    ops = [{"op": "select", "table": t, "where": []} for t in sorted(schema["tables"])]
    result = Result(tool, ["query", db, json.dumps([schema["name"], *ops])])
    assert result.status == 0, result.err
    tables = []
    for reply in json.loads(result.out):
        for row in reply["rows"]:
            del row["_version"]
        tables.append(sorted(reply["rows"], key=json.dumps))
    return tables


class ToolTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weft-tool-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.schema = self.path("s.ovsschema")
        with open(self.schema, "w") as f:
            json.dump(SCHEMA, f)

    def path(self, name):
        return os.path.join(self.dir, name)

    def ok(self, tool, *args):
        result = Result(tool, args)
        self.assertEqual((result.status, result.err), (0, ""), args)
        return result.out

    def same(self, *args):
        """Both must exit alike and print alike."""
        a, b = Result(OURS, args), Result(THEIRS, args)
        self.assertEqual((a.status, a.out, a.err), (b.status, b.out, b.err), args)

    def create(self, tool=OURS, name="d.db"):
        self.ok(tool, "create", self.path(name), self.schema)
        return self.path(name)

    def transact(self, tool, db, *operations):
        return json.loads(self.ok(tool, "transact", db, json.dumps(["D", *operations])))

    def fill(self, db, seed):
        """Random transactions, each by one of the two tools."""
        rng = random.Random(seed)
        for n in range(40):
            tool = rng.choice([OURS, THEIRS])
            value = {"i": rng.randrange(-5, 5), "r": rng.choice([0, 1.5, -2, 1e300, 0.1]), "b": rng.random() < 0.5,
                     "o": rng.choice([["set", []], "x", "h\u00e9 \"\\\n"]), "s1": ["set", rng.sample(range(1, 9), 3)],
                     "si": ["set", rng.sample(range(9), rng.randrange(5))], "e": n,
                     "m": ["map", [[k, rng.choice("xyz")] for k in rng.sample("abcdef", rng.randrange(5))]],
                     "m1": ["map", [[rng.choice("kl"), 1]] if rng.random() < 0.5 else []]}
            value = dict(rng.sample(sorted(value.items()), 5))
            kind = rng.randrange(4)
            if kind < 2:
                value.setdefault("s1", 1)
                self.transact(tool, db, {"op": "insert", "table": "C", "uuid-name": "c", "row": {"x": n}},
                              {"op": "insert", "table": "T",
                               "row": {**value, "name": f"n{n}", "children": ["named-uuid", "c"]}})
            elif kind == 2:
                self.transact(tool, db, {"op": "update", "table": "T", "where": [["i", "<", 2]], "row": value},
                              {"op": "comment", "comment": f"change \"{n}\""})
            else:
                self.transact(tool, db, {"op": "delete", "table": "T", "where": [["i", "==", rng.randrange(-5, 5)]]})

    def test_each_reads_what_the_other_writes(self):
        for seed in range(3):
            with self.subTest(seed=seed):
                db = self.create([OURS, THEIRS][seed % 2], f"{seed}.db")
                self.fill(db, seed)
                rows = rows_of(db, OURS)
                self.assertTrue(any(rows))
                self.assertEqual(rows, rows_of(db, THEIRS))
                for tool in OURS, THEIRS:
                    target = self.path(f"{seed}-{os.path.basename(tool)}.db")
                    self.ok(tool, "compact", db, target)
                    self.assertEqual(rows_of(target, OURS), rows)
                    self.assertEqual(rows_of(target, THEIRS), rows)
                self.ok(OURS, "compact", db)
                self.assertEqual(rows_of(db, THEIRS), rows)
                self.assertEqual(len(read(db).splitlines()), 4)

    def test_logs_are_shown_alike(self):
        db = self.create()
        self.fill(db, 7)
        for options in [], ["-m"], ["-mm"]:
            ours = self.ok(OURS, *options, "show-log", db).splitlines()
            theirs = self.ok(THEIRS, *options, "show-log", db).splitlines()
            self.assertEqual(sorted(ours), sorted(theirs))   # rows and columns have no order
            self.assertEqual([x for x in ours if x.startswith("record")], [x for x in theirs if x.startswith("record")])

    def test_schemas_are_reported_alike(self):
        shipped = os.path.join(SOURCE, "schemas")
        schemas = [self.schema, os.path.join(shipped, "ovn-nb.ovsschema"), os.path.join(shipped, "ovn-sb.ovsschema"),
                   *(p for p in ["/usr/share/openvswitch/vswitch.ovsschema"] if os.path.exists(p))]
        for i, schema in enumerate(schemas):
            for tool in OURS, THEIRS:
                db = self.path(f"{i}-{os.path.basename(tool)}.db")
                self.ok(tool, "create", db, schema)
                for command in "db-name", "db-version", "db-cksum", "db-is-standalone", "db-is-clustered":
                    self.same(command, db)
                for other in schemas:
                    self.same("needs-conversion", db, other)
            for command in "schema-name", "schema-version", "schema-cksum":
                self.same(command, schema)

    def test_versions_compare_alike(self):
        versions = ["1.2.3", "1.2.10", "2.0.0", "1.2", "x", "1.2.3.4", "1.2.3"]
        for op in "<", "<=", "==", ">=", ">", "!=", "=":
            for a in versions:
                for b in versions:
                    self.same("compare-versions", a, op, b)

    def test_mistakes_are_explained_alike(self):
        db = self.create()
        self.ok(THEIRS, "create-cluster", self.path("cluster"), self.schema, "tcp:127.0.0.1:1")
        for name, content in ("empty", b""), ("text", b"hello\n"):
            with open(self.path(name), "wb") as f:
                f.write(content)
        for args in ([], ["foo"], ["create", "a", "b", "c"], ["--bad"], ["db-is-clustered"], ["create", db, self.schema],
                     ["db-name", self.path("nosuch")], ["db-is-clustered", self.path("empty")],
                     ["db-is-standalone", self.path("text")], ["db-is-clustered", self.path("nosuch")],
                     ["db-name", self.path("empty")], ["db-name", self.path("text")], ["db-cid", db],
                     ["create", self.path("no/such.db"), self.schema]):
            self.same(*args)
        self.same("db-is-clustered", self.path("cluster"))
        self.same("db-is-standalone", self.path("cluster"))
        for transaction in ('{}', '["X"]', '["D"]', '["D",{"op":"foo"}]', '["D",{"op":"select","table":"X","where":[]}]',
                            '["D",{"op":"insert","table":"T","row":{"i":"x"}}]', '["D",{"op":"assert","lock":"l"}]',
                            '["D",{"op":"insert","table":"T","row":{"s1":0}}]',
                            '["D",{"op":"wait","table":"T","where":[],"columns":["i"],"until":"==","rows":[{"i":1}]}]'):
            ours, theirs = Result(OURS, ["query", db, transaction]), Result(THEIRS, ["query", db, transaction])
            self.assertEqual((ours.status, ours.err), (theirs.status, theirs.err), transaction)
            self.assertEqual(json.loads(ours.out), json.loads(theirs.out), transaction)
        self.assertEqual(Result(OURS, ["query", db, '["D"']).status, 1)
        self.assertIn("clustered databases are not supported", Result(OURS, ["db-name", self.path("cluster")]).err)

    def test_a_damaged_log_is_reported_and_left_alone(self):
        db = self.create()
        self.transact(OURS, db, {"op": "insert", "table": "T", "row": {"s1": 1, "name": "a"}})
        self.transact(OURS, db, {"op": "insert", "table": "T", "row": {"s1": 1, "name": "b"}})
        whole = read(db)
        headless = whole + b"OVSDB JSON 5"
        for damaged in whole[:-1], whole[:-30], headless, whole.replace(b'"name":"b"', b'"name":"c"'):
            with open(db, "wb") as f:
                f.write(damaged)
            for args in (["query", db, '["D"]'], ["transact", db, '["D"]'], ["compact", db], ["show-log", db]):
                ours, theirs = Result(OURS, args), Result(THEIRS, args)
                self.assertEqual((ours.status, theirs.status), (1, 1), args)
                self.assertEqual(read(db), damaged)
            if damaged != headless:                          # there ours says more
                self.same("query", db, '["D"]')

    def test_a_query_changes_nothing(self):
        db = self.create()
        before = read(db)
        insert = json.dumps(["D", {"op": "insert", "table": "T", "row": {"s1": 1}}])
        self.assertIn("uuid", self.ok(OURS, "query", db, insert))
        os.chmod(db, 0o400)
        self.assertIn("uuid", self.ok(OURS, "query", db, insert))
        self.assertEqual(read(db), before)

    def test_conversion(self):
        db = self.create()
        self.fill(db, 11)
        self.ok(OURS, "compact", db)                         # theirs reads differences by the new types
        rows = rows_of(db, OURS)
        other = json.loads(json.dumps(SCHEMA))
        other["version"] = "2.0.0"
        del other["tables"]["T"]["columns"]["m"]
        other["tables"]["T"]["columns"]["i"]["type"] = {"key": "integer", "max": 3}
        other["tables"]["T"]["columns"]["new"] = {"type": "string"}
        other["tables"]["N"] = {"isRoot": True, "columns": {"y": {"type": "integer"}}}
        path = self.path("other.ovsschema")
        with open(path, "w") as f:
            json.dump(other, f)
        for tool in OURS, THEIRS:
            self.ok(tool, "convert", db, path, self.path(os.path.basename(tool)))
        ours, theirs = self.path(os.path.basename(OURS)), self.path(os.path.basename(THEIRS))
        self.assertEqual(rows_of(ours, THEIRS), rows_of(theirs, THEIRS))
        self.assertEqual(rows_of(ours, OURS), rows_of(theirs, THEIRS))
        self.assertEqual(self.ok(OURS, "db-version", ours), "2.0.0\n")
        self.ok(OURS, "convert", ours, self.schema)
        del other["tables"]["T"]["columns"]["i"]
        back = rows_of(ours, THEIRS)
        self.assertEqual([r["name"] for r in back[1]], [r["name"] for r in rows[1]])
        other["tables"]["T"]["maxRows"] = 1
        with open(path, "w") as f:
            json.dump(other, f)
        before = read(db)
        result = Result(OURS, ["convert", db, path])
        self.assertEqual(result.status, 1)
        self.assertIn("constraint violation", result.err)
        self.assertEqual(read(db), before)

    def test_conversions_are_refused_alike(self):
        db = self.create()
        self.transact(OURS, db, {"op": "insert", "table": "T", "row": {"s1": 1, "name": "a", "i": 7}})
        before = read(db)

        def schema(file, **columns):
            changed = json.loads(json.dumps(SCHEMA))
            for column, kind in columns.items():
                changed["tables"]["T"]["columns"][column] = {"type": kind}
            with open(self.path(file), "w") as f:
                json.dump(changed if file != "empty" else {}, f)
            return self.path(file)

        for path in (schema("type", i="string"), schema("map", name={"key": "string", "value": "string"}),
                     schema("range", i={"key": {"type": "integer", "minInteger": 8}}), schema("empty"),
                     schema("enum", name={"key": {"type": "string", "enum": ["set", ["b", "c"]]}}), self.path("nosuch")):
            for command in ("convert", "needs-conversion"):
                if command == "convert" or "empty" in path or "nosuch" in path:
                    self.same(command, db, path)
            self.assertEqual(read(db), before)
        self.same("convert", self.path("nosuch.db"), self.schema)
        wider = schema("wider", i="real", name={"key": "string", "min": 0, "max": "unlimited"})
        for tool in OURS, THEIRS:
            target = self.path("wider-" + os.path.basename(tool))
            self.ok(tool, "convert", db, wider, target)
            for reader in OURS, THEIRS:
                self.assertEqual(rows_of(target, reader)[1][0]["i"], 7)
                self.assertEqual(rows_of(target, reader)[1][0]["name"], "a")

    def test_roles_apply_alike(self):
        with open(os.path.join(SOURCE, "schemas", "ovn-sb.ovsschema")) as f:
            tables = json.load(f)["tables"]
        schema = json.loads(json.dumps(SCHEMA))
        schema["tables"].update((t, tables[t]) for t in ("RBAC_Role", "RBAC_Permission"))
        path = self.path("roles.ovsschema")
        with open(path, "w") as f:
            json.dump(schema, f)
        self.ok(OURS, "create", self.path("roles.db"), path)
        db = self.path("roles.db")
        self.transact(OURS, db, {"op": "insert", "table": "RBAC_Permission", "uuid-name": "p", "row": {
            "table": "T", "authorization": "", "insert_delete": True}},
            {"op": "insert", "table": "RBAC_Role", "row": {"name": "r", "permissions": ["map", [["T", ["named-uuid", "p"]]]]}})
        insert = json.dumps(["D", {"op": "insert", "table": "T", "uuid": "%s-1111-1111-1111-111111111111" % ("1" * 8),
                                   "row": {"s1": 1}}, {"op": "abort"}])
        for role in "r", "other", "":
            results = [Result(tool, ["--rbac-role=" + role, "transact", db, insert]) for tool in (OURS, THEIRS)]
            self.assertEqual(*([json.loads(r.out), r.status, r.err] for r in results))
            self.assertEqual("permission error" in results[0].out, role != "")

    def test_a_served_database_is_locked(self):
        server = shutil.which("ovsdb-server", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if not server:
            self.skipTest("ovsdb-server is not installed")
        db = self.create()
        command = [OURS, "transact", db, '["D"]']
        run = [server, f"--unixctl={self.path('ctl')}", f"--remote=punix:{self.path('sock')}",
               "--run=" + " ".join(f"'{word}'" for word in command), "-vconsole:off", db]
        p = subprocess.run(run, capture_output=True, text=True, timeout=60)
        self.assertEqual(p.returncode, 1)
        self.assertIn("failed to lock lockfile (Resource temporarily unavailable)", p.stderr)

    def test_help_and_version(self):
        self.assertIn("show-log", self.ok(OURS, "help"))
        self.assertEqual(self.ok(OURS, "--help"), self.ok(OURS, "help"))
        self.assertRegex(self.ok(OURS, "--version"), r"^weft-ovsdb-tool \(Weft\) [0-9.]+\n$")


if __name__ == "__main__":
    if not THEIRS:
        print("ovsdb-tool is not installed", file=sys.stderr)
        sys.exit(77)
    unittest.main()
