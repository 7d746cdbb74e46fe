/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: after 'a', 'b' or 'c' (who has a role) bytes of that client; after 'x', 's' or 'd' a client that is lost, slow, or has
 * drained; 'w' and a version: the watcher begins again; 'o': it is off until then; 'l': a client asks for what there was
 * since the last 'm'; "grow": a large row; 'k': compaction; 't': 10 s pass; otherwise a turn.  Properties: each request has one
 * reply and all that is sent is well-formed (fuzz_server.h); compaction ends; the invariants hold; the watcher, who keeps a
 * copy by the updates it is sent, has what the database has; so has the file. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/updates.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_server.h"
#include "tests/unit/server/fixture_db.h"

enum { N_CLIENTS = 3, WATCHER = N_CLIENTS, N_ALL, LARGE = 270000 };

struct scene {
    struct fuzz_server home;
    struct fuzz_client clients[N_ALL];
    int version;                                             /* of the watcher's monitor */
    struct database *copy;                                   /* what it knows, or NULL */
    char last[UUID_LENGTH + 1], marked[UUID_LENGTH + 1];     /* names that state, and one before */
    bool is_off;                                             /* the watcher is */
    size_t n_large, n_compacting;
};
static const char methods[][20] = {"monitor", "monitor_cond", "monitor_cond_since"};
static const char no_txn[] = "00000000-0000-0000-0000-000000000000";

/* Asks for all of the database, from 'last' on if it is known. */
static void
ask(struct scene *scene, struct fuzz_client *client, int version, const char *name, const char *last)
{
    const struct schema *schema = server_schema(scene->home.server, "T");
    json_t *tables = json_object();
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        json_object_set_new(tables, schema->tables[i].name, json_object());
    }
    json_t *request = json_pack("{s:i, s:s, s:[s, s, o]}", "id", 0, "method", methods[version], "params", "T", name, tables);
    if (version == 2) {
        json_array_append_new(json_object_get(request, "params"), json_string(last));
    }
    char *text = json_text(request);
    fuzz_client_say(client, str_from(text));
    free(text);
    json_decref(request);
}

/* The watcher goes on with the copy it has, if the database can tell what it missed. */
static void
watch(struct scene *scene)
{
    struct schema *schema = server_database(scene->home.server, "T")->schema;
    if (!scene->copy || scene->copy->schema != schema) {
        database_free(scene->copy);
        scene->copy = database_new(schema);
        memcpy(scene->last, no_txn, sizeof scene->last);
    }
    scene->is_off = false;
    fuzz_client_say(&scene->clients[WATCHER], str_from("{\"id\":1,\"method\":\"set_db_change_aware\",\"params\":[true]}"));
    ask(scene, &scene->clients[WATCHER], scene->version, "w", scene->last);
}

static void
apply(struct scene *scene, const json_t *json, bool is_snapshot)
{
    char *text = json_text(json);
    struct json_scan scan;
    struct delta *delta = NULL;
    json_scan_init(&scan, str_from(text));
    struct updates updates = {.txn = txn_begin(scene->copy), .is_v1 = !scene->version, .is_snapshot = is_snapshot};
    struct err *e = updates_apply(&updates, &scan);
    CHECK(!e);
    e = txn_commit(updates.txn, &delta);
    CHECK(!e);
    delta_unref(delta);
    json_scan_fini(&scan);
    free(text);
}

static void
note_txn(struct scene *scene, const json_t *txn)
{
    snprintf(scene->last, sizeof scene->last, "%s", json_is_string(txn) ? json_string_value(txn) : no_txn);
}

static void
forget_copy(struct scene *scene)
{
    database_free(scene->copy);
    scene->copy = NULL;
}

static void
watcher_heard(void *scene_, const struct jsonrpc_msg *msg)
{
    struct scene *scene = scene_;
    bool is_since = scene->version == 2;
    if (scene->copy && scene->copy->schema != server_database(scene->home.server, "T")->schema) {
        forget_copy(scene);                                  /* another one came since it asked */
    }
    if (!scene->copy) {
        return;
    } else if (msg->type == JSONRPC_REPLY && json_is_integer(msg->id) && !json_integer_value(msg->id)) {
        apply(scene, is_since ? json_array_get(msg->result, 2) : msg->result,
              !is_since || json_is_false(json_array_get(msg->result, 0)));
        note_txn(scene, is_since ? json_array_get(msg->result, 1) : NULL);
    } else if (msg->type == JSONRPC_NOTIFY) {
        CHECK(str_starts(str_from(msg->method), "update"));
        apply(scene, json_array_get(msg->params, json_array_size(msg->params) - 1), false);
        note_txn(scene, is_since ? json_array_get(msg->params, 1) : NULL);
    }
    CHECK(msg->type != JSONRPC_ERROR);
}

static void
leave_and_join(struct scene *scene)
{
    struct fuzz_client *watcher = &scene->clients[WATCHER];
    fuzz_client_leave(watcher);
    fuzz_client_join(watcher, &scene->home, NULL);
    watcher->heard = watcher_heard;
    watcher->aux = scene;
    scene->is_off = true;
}

/* Over a new connection, unless it watches. */
static void
watch_again(struct scene *scene)
{
    if (!scene->copy || scene->is_off) {
        leave_and_join(scene);
        watch(scene);
    }
}

/* Until nobody waits for anything, and the watcher watches. */
static void
settle(struct scene *scene)
{
    enum { TURNS_MAX = 1000 };
    size_t n_turns = 0;
    for (bool goes_on = true; goes_on;) {
        CHECK(n_turns++ < TURNS_MAX);
        fuzz_clients_settle(scene->clients, N_ALL);
        goes_on = !scene->copy || scene->is_off || scene->n_compacting
                  || scene->copy->schema != server_database(scene->home.server, "T")->schema;
        if (goes_on) {
            watch_again(scene);
        }
    }
    CHECK(fixture_digest(scene->copy) == fixture_digest(server_database(scene->home.server, "T")));
}

static void
on_compacted(void *scene, struct err *e)
{
    CHECK(!e && ((struct scene *) scene)->n_compacting-- > 0);
}

static void
set_backlog(struct fuzz_client *client, size_t n)
{
    client->peer.backlog = n;
    if (!n) {
        session_drained(client->peer.session);
    }
}

static void
add_large_row(struct scene *scene)
{
    if (!scene->n_large++) {                                 /* which is slow */
        char *text = xcalloc(1, LARGE + 1);
        memset(text, 'g', LARGE);
        err_free(server_transact(scene->home.server, "T", json_pack("[{s:s, s:s, s:{s:s}}]", "op", "insert", "table", "N",
                                                                    "row", "name", text)));
        free(text);
    }
}

static void
play(struct scene *scene, struct str line)
{
    char what = line.n ? line.s[0] : 'r', which = line.n > 1 ? line.s[1] : 'a';
    struct fuzz_client *client = &scene->clients[(unsigned char) (which - 'a') % N_ALL];
    struct fuzz_client *other = client == &scene->clients[WATCHER] ? &scene->clients[0] : client;
    switch (what) {
    case 'a':
    case 'b':
    case 'c': fuzz_client_say(&scene->clients[what - 'a'], str_n(line.s + 1, line.n - 1)); break;
    case 'w':
        leave_and_join(scene);
        scene->version = (unsigned char) which % 3;
        watch(scene);
        break;
    case 'o': leave_and_join(scene); break;
    case 'm': memcpy(scene->marked, scene->last, sizeof scene->marked); break;
    case 'l': ask(scene, other, 2, "l", scene->marked); break;
    case 'g':
        if (str_is(line, "grow")) {
            add_large_row(scene);
        }
        break;
    case 'x': fuzz_client_rejoin(other); break;
    case 's': set_backlog(client, 2 * SESSION_COALESCE_BYTES); break;
    case 'd': set_backlog(client, 0); break;
    case 'k':
        scene->n_compacting++;
        server_compact(scene->home.server, NULL, on_compacted, scene);
        break;
    default: fuzz_server_turn(&scene->home, what == 't' ? 10000 : 1); break;
    }
    for (size_t i = 0; i < N_ALL; i++) {
        fuzz_client_run(&scene->clients[i]);
    }
    if (!scene->is_off) {
        watch_again(scene);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene scene = {.version = 2};
    fuzz_server_start(&scene.home);
    for (size_t i = 0; i < N_ALL; i++) {
        fuzz_client_join(&scene.clients[i], &scene.home, i == 2 ? "r" : NULL);
    }
    leave_and_join(&scene);
    watch(&scene);
    for (struct str rest = str_n((const char *) data, size); rest.s;) {
        play(&scene, str_cut(&rest, "\n"));
    }
    for (size_t i = 0; i < N_ALL; i++) {
        set_backlog(&scene.clients[i], 0);
    }
    settle(&scene);
    for (size_t i = 0; i < N_ALL; i++) {
        fuzz_client_leave(&scene.clients[i]);
    }
    fuzz_server_stop(&scene.home);
    database_free(scene.copy);
    return 0;
}
