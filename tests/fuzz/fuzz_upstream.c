/* SPDX-License-Identifier: Apache-2.0 */
/* What a source tells its relay or, if the input begins with 'B', an active server its backup.  Lines: after 's' a message; 'c'
 * another connection; after 'a' bytes of a client; otherwise a turn.  Properties: the invariants hold; the client gets one
 * reply for each request (fuzz_server.h); the backup's file has what its database has. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/replication.h"
#include "ovsdb/server/upstream.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_server.h"

struct upstream {
    const struct jsonrpc_session_callbacks *cbs;             /* NULL: closed */
    void *aux;
    bool wants_reconnect;
};

static struct err *
open_upstream(void *upstream, const char *remotes, const struct jsonrpc_session_callbacks *cbs, void *cbs_aux,
              struct upstream **ret)
{
    *ret = upstream;
    **ret = (struct upstream) {.cbs = cbs, .aux = cbs_aux};
    return NULL;
}

static void
close_upstream(struct upstream *upstream)
{
    if (upstream) {
        upstream->cbs = NULL;
    }
}

static void
send_upstream(struct upstream *upstream, struct jsonrpc_msg *msg)
{
    CHECK(upstream->cbs);
    jsonrpc_msg_free(msg);
}

static void
reconnect(struct upstream *upstream)
{
    upstream->wants_reconnect = true;
}

static void
ignore_interval(struct upstream *upstream, int64_t ms)
{
}

/* As a jsonrpc_session does it. */
static void
tell(struct upstream *upstream, struct str text)
{
    struct jsonrpc_msg *msg;
    if (!upstream->cbs || upstream->cbs->received_text(upstream->aux, text)) {
        return;
    }
    struct err *e = jsonrpc_msg_parse(text.s, text.n, &msg);
    if (!e) {
        upstream->cbs->received(upstream->aux, msg);
    }
    upstream->wants_reconnect |= e != NULL;
    err_free(e);
}

static void
connect_again(struct upstream *upstream)
{
    upstream->wants_reconnect = false;
    if (upstream->cbs) {
        upstream->cbs->disconnected(upstream->aux);
    }
    if (upstream->cbs) {
        upstream->cbs->connected(upstream->aux);
    }
}

static void
play(struct fuzz_client *client, struct upstream *upstream, struct str line)
{
    struct str rest = str_n(line.s + 1, line.n - (line.n > 0));
    switch (line.n ? line.s[0] : 'r') {
    case 's': tell(upstream, rest); break;
    case 'a': fuzz_client_say(client, rest); break;
    case 'c': upstream->wants_reconnect = true; break;
    default: fuzz_server_turn(client->home, 1); break;
    }
    if (upstream->wants_reconnect) {
        connect_again(upstream);
    }
    fuzz_client_run(client);
    if (server_database(client->home->server, "R")) {
        database_check_invariants(server_database(client->home->server, "R"));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_server home;
    struct fuzz_client client;
    struct upstream upstream = {0};
    struct upstream_env env = {open_upstream,   close_upstream,  send_upstream, reconnect,
                               ignore_interval, ignore_interval, &upstream};
    fuzz_server_start(&home);
    struct replication *replication = replication_new(home.server, &env);
    struct err *e;
    if (size && data[0] == 'B') {
        replication_set_active_server(replication, "tcp:active");
        e = replication_start(replication);
    } else {
        e = relay_add(home.server, "relay:R:tcp:one,tcp:two", &env);
    }
    CHECK(!e);
    upstream.cbs->connected(upstream.aux);
    fuzz_client_join(&client, &home, NULL);
    fuzz_client_say(&client, str_from("{\"id\":0,\"method\":\"set_db_change_aware\",\"params\":[true]}"));
    for (struct str rest = str_n((const char *) data, size); rest.s;) {
        play(&client, &upstream, str_cut(&rest, "\n"));
    }
    if (upstream.cbs) {
        upstream.cbs->disconnected(upstream.aux);            /* what is under way is answered */
    }
    fuzz_clients_settle(&client, 1);
    fuzz_client_leave(&client);
    replication_free(replication);
    fuzz_server_stop(&home);
    return 0;
}
