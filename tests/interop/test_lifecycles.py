#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Command lines live their lives against our server over a unix socket, TCP and TLS: what Debian's ovsdb-client, ovs-vsctl,
ovn-nbctl and ovn-sbctl, and ours in their place, say there is what Debian's say on Debian's server.

usage: test_lifecycles.py [NAME | TRANSPORT]...

Each script, lives/NAME.cmds, is a story in the form of ctl/*.cmds (test_ctl.py) that begins and ends with an empty database.
REMOTE is the server; a last word >FILE or <FILE is the standard output or input.  "nbctl-daemon" is the story of nbctl
told to a daemon.  Python's libraries: test_idl.py, test_ovsdbapp.py.
"""
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys

import harness
import test_ctl
import transports

LIVES = pathlib.Path(__file__).resolve().parent / "lives"
COLUMNS = {"name": {"type": "string"}, "n": {"type": "integer"}}
SCHEMA = {"name": "T", "version": "1.0.0", "cksum": "1 2", "tables": {
    "A": {"isRoot": True, "indexes": [["name"]], "columns": COLUMNS}}}
NEWER = {"name": "T", "version": "2.0.0", "cksum": "3 4", "tables": {
    "A": {"isRoot": True, "indexes": [["name"]], "columns": {**COLUMNS, "extra": {"type": "string"}}}}}
STORIES = {                                        # name: Debian's program, ours, schema
    "client": ("ovsdb-client", harness.BUILD / "ovsdb/clientprog/weft-ovsdb-client", SCHEMA),
    "vsctl": ("ovs-vsctl", None, pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")),
    "nbctl": ("ovn-nbctl", harness.BUILD / "nbctl/weft-nbctl", pathlib.Path("/usr/share/ovn/ovn-nb.ovsschema")),
    "nbctl-daemon": ("ovn-nbctl", harness.BUILD / "nbctl/weft-nbctl", pathlib.Path("/usr/share/ovn/ovn-nb.ovsschema")),
    "sbctl": ("ovn-sbctl", harness.BUILD / "sbctl/weft-sbctl", pathlib.Path("/usr/share/ovn/ovn-sb.ovsschema")),
}


class Teller:
    """Tells a story to a server by one of the programs."""

    def __init__(self, name, program, server):
        self.name, self.server = name, server
        self.program = server.folder / STORIES[name][0]                    # under the name that Debian's has
        self.program.symlink_to(program)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("OVN_", "OVS_"))}
        self.env.update(OVS_RUNDIR=str(server.folder), OVN_RUNDIR=str(server.folder), OVS_SYSLOG_METHOD="null",
                        LC_ALL="C.UTF-8")
        self.options = [*server.client_options, *([] if name == "client" else ["--db=" + server.remote])]
        (server.folder / "newer").write_text(json.dumps(NEWER))

    @contextlib.contextmanager
    def daemon(self):
        pidfile = self.server.folder / "daemon.pid"
        started = subprocess.run([self.program, *self.options, "--detach", "--pidfile=%s" % pidfile], env=self.env,
                                 capture_output=True, text=True, timeout=60, check=True)
        self.options = ["-u", started.stdout.strip()]
        try:
            yield
        finally:
            pid = int(pidfile.read_text())
            os.kill(pid, signal.SIGTERM)
            harness.wait_until(lambda: not pathlib.Path("/proc/%d/exe" % pid).exists(), "the daemon to end")

    def tell(self):
        """(command line, exit status, standard output, standard error) of each line of the story."""
        with self.daemon() if self.name.endswith("-daemon") else contextlib.nullcontext():
            story = (LIVES / (self.name.removesuffix("-daemon") + ".cmds")).read_text()
            said = [(line, *self.run(line)) for line in story.splitlines() if not line.startswith("#")]
        rows = contents(self.server, self.schema_name())
        assert not any(rows.values()), ("left at the end", rows)
        return said

    def schema_name(self):
        schema = STORIES[self.name][2]
        return (schema if isinstance(schema, dict) else json.loads(schema.read_text()))["name"]

    def run(self, line):
        words = [test_ctl.UUID_WORD.sub(self.uuid_of, w) for w in shlex.split(line.lstrip("~"))]
        words = [self.server.remote if w == "REMOTE" else w for w in words[1:]]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        with contextlib.ExitStack() as stack:
            if words and words[-1][0] in "<>":
                word = words.pop()
                name, mode = ("stdin", "r") if word[0] == "<" else ("stdout", "w")
                streams[name] = stack.enter_context(open(self.server.folder / word[1:], mode))
            done = subprocess.run([self.program, *self.options, *words], env=self.env, cwd=self.server.folder, text=True,
                                  stderr=subprocess.PIPE, timeout=60, **streams)
        out = self.clean(done.stdout or "")
        return done.returncode, test_ctl.without_order(out) if line[0] == "~" else out, self.clean(done.stderr)

    def uuid_of(self, match):
        table, column, value = match.groups()
        value = int(value[1:]) if value.startswith("#") else value
        client = harness.Client(self.server.sock)
        (row,) = client.transact(self.schema_name(), {"op": "select", "table": table, "where": [[column, "==", value]],
                                                      "columns": ["_uuid"]})[0]["rows"]
        client.close()
        return row["_uuid"][1]

    def clean(self, text):
        text = test_ctl.without_uuids(text)
        return text.replace(self.server.remote, "REMOTE").replace(str(self.server.folder), "DIR")


def contents(server, database):
    client = harness.Client(server.sock)
    tables = list(client.call("get_schema", database)["tables"])
    results = client.transact(database, *({"op": "select", "table": t, "where": []} for t in tables))
    client.close()
    return {table: result["rows"] for table, result in zip(tables, results)}


def on_server(name, program, transport, pki, kind="ours"):
    with transports.Server([STORIES[name][2]], transport, pki, kind) as server:
        return Teller(name, program, server).tell()


def differences(ours, reference):
    return ["  %s\n    here:   %s\n    Debian: %s" % (one[0], one[1:], other[1:])
            for one, other in zip(ours, reference) if one != other]


def main():
    chosen = sys.argv[1:]
    failures = 0
    if not shutil.which("openssl") or not harness.PROGRAMS["peer"].exists():
        harness.skip("openssl or Debian's ovsdb-server is not installed")
    pki = transports.Pki()
    try:
        for name, (debian, weft, schema) in STORIES.items():
            if set(chosen) & set(STORIES) and name not in chosen:
                continue
            peer = shutil.which(debian)
            if not peer or not (isinstance(schema, dict) or schema.exists()):
                print("skip - %s # %s is not installed" % (name, debian))
                continue
            reference = on_server(name, peer, "unix", pki, "peer")
            for who, program in (("Debian's", peer), ("our", weft)) if weft else (("Debian's", peer),):
                for transport in transports.TRANSPORTS:
                    if set(chosen) & set(transports.TRANSPORTS) and transport not in chosen:
                        continue
                    wrong = differences(on_server(name, program, transport, pki), reference)
                    print("%sok - %s %s over %s, %d command lines" % (
                        "not " if wrong else "", who, name, transport, len(reference)), *wrong, sep="\n", flush=True)
                    failures += bool(wrong)
    finally:
        shutil.rmtree(pki.folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
