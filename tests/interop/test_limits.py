#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that are too many, too slow, too large or half dead: the server says what it does about them, and serves the others."""
import re
import resource
import socket
import sys
import time

import harness

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {
    "A": {"isRoot": True, "columns": {"text": {"type": "string"}}},
    "Root": {"isRoot": True, "columns": {"remotes": {"type": {"key": {"type": "uuid", "refTable": "Remote"}}}}},
    "Remote": {"columns": {
        "target": {"type": "string"},
        "inactivity_probe": {"type": {"key": "integer", "min": 0, "max": 1}}}}}}
N_IDLE = 10000


def log_has(server, text):
    return text in (server.folder / "log").read_text(errors="replace")


def wait_for_log(server, text):
    harness.wait_until(lambda: log_has(server, text), "the log line '%s'" % text)


def is_closed(client):
    """Whether the server has closed the connection; waits for that."""
    try:
        return client.socket.recv(1) == b""
    except ConnectionError:
        return True


def expect_service(server):
    """Somebody else is served."""
    client = harness.Client(server.sock)
    assert client.transact("T", {"op": "insert", "table": "A", "row": {"text": "x"}})[0]["uuid"]
    client.close()


def sessions_beyond_the_limit_are_refused():
    with harness.Server([SCHEMA], options=["--max-sessions=5"]) as server:
        clients = []

        def are_accepted():                        # the one that start() made may still be leaving
            while len(clients) < 5:
                client = harness.Client(server.sock)
                try:
                    client.call("list_dbs")
                except (OSError, EOFError, AssertionError):
                    return False
                clients.append(client)
            return True

        harness.wait_until(are_accepted, "five sessions")
        assert is_closed(harness.Client(server.sock))
        wait_for_log(server, "as many as --max-sessions allows")
        clients.pop().close()
        harness.wait_until(are_accepted, "a place to get free")


def large_messages_end_their_session():
    with harness.Server([SCHEMA], options=["--max-message=100000"]) as server:
        client = harness.Client(server.sock)
        assert client.call("echo", "x" * 90000) == ["x" * 90000]
        client.send({"id": 1, "method": "echo", "params": ["x" * 200000]})
        assert is_closed(client)
        wait_for_log(server, "message larger than 100000 bytes")
        expect_service(server)


def a_hundred_megabytes_are_answered():
    with harness.Server([SCHEMA]) as server:
        client = harness.Client(server.sock, timeout=120)
        size = 100 * 1000 * 1000
        client.socket.sendall(b'{"id":1,"method":"echo","params":["')
        for _ in range(100):
            client.socket.sendall(b"x" * (size // 100))
        client.socket.sendall(b'"]}')
        left = size
        while left > 0:
            data = client.socket.recv(1 << 20)
            assert data, "the connection ended %d bytes early" % left
            left -= data.count(b"x")
        expect_service(server)


def deep_nesting_ends_its_session():
    with harness.Server([SCHEMA]) as server:
        client = harness.Client(server.sock)
        client.socket.sendall(b'{"id":1,"method":"echo","params":' + b"[" * 100000)
        assert is_closed(client)
        wait_for_log(server, "nested deeper than")
        expect_service(server)


def unfinished_messages_hold_nobody_up():
    with harness.Server([SCHEMA]) as server:
        message = b'{"id":1,"method":"list_dbs","params":[]}'
        clients = [harness.Client(server.sock) for _ in range(200)]
        for i in range(len(message) - 1):
            for client in clients:
                client.socket.sendall(message[i:i + 1])
            if i % 10 == 0:
                expect_service(server)
        for client in clients:
            client.socket.sendall(message[-1:])
            assert client.receive()["result"] == ["T", "_Server"]


def tcp_server(probe_ms):
    """A server that listens as its database says, and the port."""
    server = harness.Server([SCHEMA], options=["--remote=db:T,Root,remotes"]).start()
    client = harness.Client(server.sock)
    client.transact("T", {"op": "insert", "table": "Remote", "uuid-name": "r", "row": {
        "target": "ptcp:0:127.0.0.1", "inactivity_probe": probe_ms}},
                    {"op": "insert", "table": "Root", "row": {"remotes": ["named-uuid", "r"]}})
    client.close()
    wait_for_log(server, "listening on port")
    return server, int(re.search(r"listening on port (\d+)", (server.folder / "log").read_text()).group(1))


def half_open_connections_end():
    server, port = tcp_server(200)
    try:
        client = harness.Client(("127.0.0.1", port))
        client.socket.settimeout(30)
        data = b""
        while True:                                # it is asked, and says nothing
            more = client.socket.recv(4096)
            if not more:
                break
            data += more
        assert b'"echo"' in data, data
        wait_for_log(server, "no response to inactivity probe after 0.2 seconds")
        expect_service(server)
    finally:
        server.__exit__(None, None, None)


def a_slow_download_is_not_silence():
    server, port = tcp_server(200)
    try:
        writer = harness.Client(server.sock)
        for _ in range(30):
            writer.transact("T", *[{"op": "insert", "table": "A", "row": {"text": "y" * 10000}}] * 100)
        client = harness.Client(("127.0.0.1", port))
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send({"id": 1, "method": "monitor", "params": ["T", "m", {"A": {"columns": ["text"]}}]})
        n, start = 0, time.monotonic()
        while n < 30 * 100 * 10000:                # ten megabytes a second, with a probe interval of 0.2
            harness.wait_until(lambda: time.monotonic() >= start + n / 1e7, "the next bytes of a slow line")
            data = client.socket.recv(65536)
            assert data, "dropped after %d bytes" % n
            n += data.count(b"y")
        assert not log_has(server, "no response to inactivity probe")
    finally:
        server.__exit__(None, None, None)


def ten_thousand_idle_connections():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n = min(N_IDLE, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with harness.Server([SCHEMA]) as server:
            idle = []
            for i in range(n):
                idle.append(socket.socket(socket.AF_UNIX))
                harness.wait_until(lambda: can_connect(idle[-1], server.sock), "connection %d" % i)
            expect_service(server)
            for s in idle:
                s.close()
            expect_service(server)
        print("%d connections" % n)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def can_connect(s, path):
    try:
        s.setblocking(False)
        s.connect(str(path))
        return True
    except BlockingIOError:                        # its queue is full
        return False


def descriptors_may_run_out():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = harness.Server([SCHEMA])
    with server:
        client = harness.Client(server.sock)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        others = [harness.Client(server.sock) for _ in range(60)]
        wait_for_log(server, "accept failed: Too many open files")
        assert client.call("list_dbs") == ["T", "_Server"]
        for other in others:
            other.close()
        expect_service(server)


def main():
    for test in (sessions_beyond_the_limit_are_refused, large_messages_end_their_session, a_hundred_megabytes_are_answered,
                 deep_nesting_ends_its_session, unfinished_messages_hold_nobody_up, half_open_connections_end,
                 a_slow_download_is_not_silence, ten_thousand_idle_connections, descriptors_may_run_out):
        test()
        print("ok -", test.__name__.replace("_", " "), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
