/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture_peer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ovsdb/storage/storage.h"

char fixture_folder[64];

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
    fixture_host_file(server, path);
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
    if (!peer_was_sent(peer, expected)) {
        peer_expect(peer, expected);
    }
    buf_clear(&peer->sent);
}
