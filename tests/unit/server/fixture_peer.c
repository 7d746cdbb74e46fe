/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture_peer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/net/jsonrpc.h"
#include "lib/net/stream.h"
#include "ovsdb/storage/storage.h"

int64_t fixture_now_ms;
char fixture_folder[64];

static void
on_wake(void *aux)
{
}

static int64_t
clock_ms(void)
{
    return fixture_now_ms;
}

static void
output_send(void *peer_, const void *p, size_t n)
{
    buf_put(&((struct peer *) peer_)->sent, p, n);
}

static void
output_send_shared(void *peer_, struct shared_bytes *bytes)
{
    buf_put(&((struct peer *) peer_)->sent, bytes->data, bytes->n);
}

static size_t
output_backlog(void *peer_)
{
    return ((struct peer *) peer_)->backlog;
}

static void
output_close(void *peer_, const char *reason)
{
    struct peer *peer = peer_;
    free(peer->closed);
    peer->closed = xstrdup(reason);
}

static void
output_hold(void *peer_, bool hold)
{
    ((struct peer *) peer_)->is_held = hold;
}

static const struct session_output output = {output_send, output_send_shared, output_backlog, output_close, output_hold};

struct server_env
fixture_env(void)
{
    return (struct server_env) {.wake = on_wake, .wall_ms = clock_ms, .monotonic_ms = clock_ms};
}

struct server *
fixture_start(void)
{
    const struct server_env env = fixture_env();
    return fixture_start_with(&env);
}

struct server *
fixture_start_with(const struct server_env *env)
{
    struct server *server = server_new(env);
    snprintf(fixture_folder, sizeof fixture_folder, "/tmp/weft-test-server-XXXXXX");
    assert_non_null(mkdtemp(fixture_folder));
    char *path = xasprintf("%s/t.db", fixture_folder);
    struct schema *schema = fixture_schema();
    assert_null(storage_create(path, schema));
    schema_unref(schema);
    struct storage *storage;
    assert_null(storage_open(path, STORAGE_READ_WRITE, &storage));
    assert_null(server_add_database(server, storage));
    free(path);
    return server;
}

void
fixture_stop(struct server *server)
{
    server_free(server);
    char *command = xasprintf("rm -r %s", fixture_folder);
    assert_int_equal(system(command), 0);
    free(command);
}

void
peer_join(struct server *server, struct peer *peer)
{
    *peer = (struct peer) {.sent = BUF_INIT(BUF_NO_LIMIT)};
    peer->session = session_new(server, "peer", &output, peer);
}

void
peer_leave(struct peer *peer)
{
    session_free(peer->session);
    buf_fini(&peer->sent);
    free(peer->closed);
}

void
peer_say(struct peer *peer, const char *text)
{
    char *quoted = fixture_quotes(text);
    json_t *json = json_loads(quoted, 0, NULL);
    assert_non_null(json);
    struct jsonrpc_msg *msg;
    assert_null(jsonrpc_msg_from_json(json, &msg));
    session_receive(peer->session, msg, fixture_now_ms);
    free(quoted);
}

void
peer_settle(struct server *server)
{
    do {
        server_run(server, fixture_now_ms);
    } while (server_next_wake_ms(server) <= fixture_now_ms);
}

void
peer_expect(struct peer *peer, const char *expected)
{
    char *quoted = fixture_quotes(expected);
    assert_string_equal(buf_text(&peer->sent), quoted);
    buf_clear(&peer->sent);
    free(quoted);
}

void
peer_expect_part(struct peer *peer, const char *expected)
{
    char *quoted = fixture_quotes(expected);
    if (!strstr(buf_text(&peer->sent), quoted)) {
        assert_string_equal(buf_text(&peer->sent), quoted);
    }
    buf_clear(&peer->sent);
    free(quoted);
}
