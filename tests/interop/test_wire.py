#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What clients say byte by byte: our server and Debian's answer the same, in the same order."""
import json
import re
import shutil
import subprocess
import sys

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {
    "M": {"isRoot": True, "columns": {"v": {"type": "integer"}, "s": {"type": {"key": "integer", "min": 1, "max": 3}}}}}}
ROWS = [{"op": "insert", "table": "M", "row": {"v": v}} for v in (1, 1, 2)]
WAIT = {"op": "wait", "table": "M", "where": [["v", "==", 9]], "columns": ["v"], "until": "==", "rows": [{"v": 9}]}


def select(*columns, where=()):
    return {"op": "select", "table": "M", "where": list(where), "columns": list(columns)}


def transact(number, *operations):
    return {"id": number, "method": "transact", "params": ["T", *operations]}


def echo(number):
    return {"id": number, "method": "echo", "params": [number]}


# Each is said in one go, on a connection and to a server of its own.
CONVERSATIONS = {
    "order": [transact(1, ROWS[0]), echo(2), transact(3, select("v"), {"op": "commit", "durable": True}), echo(4),
              {"id": 5, "method": "list_dbs", "params": ["x"]}, transact(6, {"op": "nosuch"}), echo(7)],
    "updates come first": [{"id": 1, "method": "monitor", "params": ["T", "m", {"M": [{"columns": ["v"]}]}]},
                           transact(2, {"op": "delete", "table": "M", "where": []}, ROWS[0]), echo(3)],
    "waiting in turn": [*(transact(number, WAIT) for number in (1, 2, 3, 4)),
                        transact(5, {"op": "update", "table": "M", "where": [], "row": {"v": 9}})],
    "distinct rows": [transact(1, *ROWS, select("v"), select(), select("v", "_uuid")), echo(2)],
    "numbers of elements": [transact(1, select("v", where=[["s", "includes", ["set", []]]])),
                            transact(2, select("v", where=[["s", "excludes", ["set", [5, 6, 7, 8]]]])),
                            transact(3, select("v", where=[["v", "excludes", ["set", [5, 6]]]])), echo(4)],
    "types": [transact(1, dict(WAIT, timeout=0.5)), transact(2, dict(WAIT, timeout=0.0)), transact(3, {"op": "assert", "lock": "a b"}),
              echo(4)],
}


UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def text(value):
    return json.dumps(canonical(value), sort_keys=True)


def canonical(value):
    """Rows in one order, uuids alike, of errors what they are; the peer leaves out a "result" that is null."""
    if isinstance(value, dict):
        if value and all(map(UUID.fullmatch, value)):
            return sorted(map(text, value.values()))
        if isinstance(value.get("error"), str) and "id" not in value:
            return value["error"]
        return {k: sorted(map(text, v)) if k == "rows" else canonical(v)
                for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [canonical(v) for v in value]
    return UUID.sub("uuid", value) if isinstance(value, str) else value


def converse(server, messages):
    """What is heard until all messages are answered."""
    client = harness.Client(server.sock)
    client.socket.sendall(b"".join(json.dumps(message).encode() for message in messages))
    left = {message["id"] for message in messages}
    heard = []
    while left:
        message = client.receive()
        left.discard(message.get("id"))
        heard.append(text(message))
    client.close()
    return heard


def check_conversations():
    for name, messages in CONVERSATIONS.items():
        answers = {}
        for kind in ("peer", "ours"):
            with harness.Server([SCHEMA], kind) as server:
                harness.Client(server.sock).transact("T", *ROWS)
                answers[kind] = converse(server, messages)
        assert answers["ours"] == answers["peer"], "%s:\nours %s\npeer %s" % (name, *map("\n     ".join, (
            answers["ours"], answers["peer"])))


def check_bad_text():
    """A switch whose name is not UTF-8: the peer's nbctl passes it on, and wants to hear that it cannot be."""
    nbctl = shutil.which("ovn-nbctl") or harness.skip("ovn-nbctl is not there")
    for kind in ("peer", "ours"):
        with harness.Server([harness.SOURCE / "schemas/ovn-nb.ovsschema"], kind) as server:
            command = [nbctl.encode(), b"--no-leader-only", b"--timeout=20", b"--db=" + server.remote.encode()]
            assert subprocess.run([*command, b"init"]).returncode == 0
            done = subprocess.run([*command, b"ls-add", b"a\xffb"], capture_output=True)
            assert done.returncode == 1, (kind, done)
            assert b"not a valid UTF-8 string: invalid UTF-8 sequence 0xff" in done.stderr, (kind, done)


def main():
    check_conversations()
    check_bad_text()
    print("%d conversations, and text that is none" % len(CONVERSATIONS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
