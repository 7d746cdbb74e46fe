/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture_session.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/stream.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture_db.h"

int64_t fixture_now_ms;

static void
on_wake(void *aux)
{
}

static int64_t
clock_ms(void)
{
    return fixture_now_ms;
}

struct server_env
fixture_env(void)
{
    return (struct server_env) {.wake = on_wake, .wall_ms = clock_ms, .monotonic_ms = clock_ms};
}

void
fixture_host_file(struct server *server, const char *path)
{
    struct storage *storage;
    struct err *e = storage_open(path, STORAGE_READ_WRITE, &storage);
    CHECK(!e);
    e = server_add_database(server, storage);
    CHECK(!e);
}

static void
output_send(void *peer_, const void *p, size_t n)
{
    buf_put(&((struct peer *) peer_)->sent, p, n);
}

static void
output_send_shared(void *peer, struct shared_bytes *bytes)
{
    output_send(peer, bytes->data, bytes->n);
}

static size_t
output_backlog(void *peer_)
{
    struct peer *peer = peer_;
    peer->n_looks++;
    return peer->backlog;
}

static void
output_close(void *peer_, const char *reason)
{
    struct peer *peer = peer_;
    free(peer->closed);
    peer->closed = xstrdup(reason);
}

static void
output_hold(void *peer, bool hold)
{
    ((struct peer *) peer)->is_held = hold;
}

static const struct session_output output = {output_send, output_send_shared, output_backlog, output_close, output_hold};

void
peer_join(struct server *server, struct peer *peer)
{
    *peer = (struct peer) {.server = server, .sent = BUF_INIT(BUF_NO_LIMIT)};
    peer->session = session_new(server, "peer", &output, peer);
}

void
peer_leave(struct peer *peer)
{
    session_free(peer->session);
    buf_fini(&peer->sent);
    free(peer->closed);
    *peer = (struct peer) {0};
}

void
peer_say(struct peer *peer, const char *text)
{
    char *quoted = fixture_quotes(text);
    struct jsonrpc_msg *msg;
    struct err *e = jsonrpc_msg_parse(quoted, strlen(quoted), &msg);
    CHECK(!e);
    while (peer->is_held) {
        server_run(peer->server, fixture_now_ms);
    }
    session_receive(peer->session, msg, fixture_now_ms);
    free(quoted);
}

bool
peer_was_sent(const struct peer *peer, const char *part)
{
    char *quoted = fixture_quotes(part);
    bool found = strstr(buf_text(&peer->sent), quoted) != NULL;
    free(quoted);
    return found;
}
