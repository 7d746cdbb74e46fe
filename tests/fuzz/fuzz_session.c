/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: after 'a', 'b' or 'c' (who has a role) bytes of that client; after 'w' and a version a new watcher; after 'x', 's' or
 * 'd' a client that is lost, slow, or has drained; 'r' a turn, 't' one after 10 s, 'k' compaction.  Properties: each request
 * has one reply and all that is sent is well-formed (fuzz_server.h); the invariants hold; a watcher, who keeps a copy by
 * the updates it is sent, has what the database has; so has the file. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/updates.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_server.h"
#include "tests/unit/server/fixture_db.h"

enum { N_CLIENTS = 3, WATCHER = N_CLIENTS, N_ALL };

struct scene {
    struct fuzz_server home;
    struct fuzz_client clients[N_ALL];
    int version;                                             /* of the watcher's monitor */
    struct database *copy;                                   /* what it knows, or NULL */
};

static void
watch(struct scene *scene)
{
    static const char *const methods[] = {"monitor", "monitor_cond", "monitor_cond_since"};
    const struct schema *schema = server_schema(scene->home.server, "T");
    json_t *tables = json_object();
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        json_object_set_new(tables, schema->tables[i].name, json_object());
    }
    json_t *request = json_pack("{s:i, s:s, s:[s, s, o]}", "id", 0, "method", methods[scene->version], "params", "T", "w",
                                tables);
    if (scene->version == 2) {
        json_array_append_new(json_object_get(request, "params"), json_string("00000000-0000-0000-0000-000000000000"));
    }
    char *text = json_text(request);
    json_decref(request);
    scene->copy = database_new(server_database(scene->home.server, "T")->schema);
    fuzz_client_say(&scene->clients[WATCHER], str_from("{\"id\":1,\"method\":\"set_db_change_aware\",\"params\":[true]}"));
    fuzz_client_say(&scene->clients[WATCHER], str_from(text));
    free(text);
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
watcher_heard(void *scene_, const struct jsonrpc_msg *msg)
{
    struct scene *scene = scene_;
    if (msg->type == JSONRPC_REPLY && json_is_integer(msg->id) && !json_integer_value(msg->id)) {
        apply(scene, scene->version == 2 ? json_array_get(msg->result, 2) : msg->result, true);
    } else if (msg->type == JSONRPC_NOTIFY && str_starts(str_from(msg->method), "update")) {
        apply(scene, json_array_get(msg->params, json_array_size(msg->params) - 1), false);
    } else if (msg->type == JSONRPC_NOTIFY) {                /* canceled: there is another schema */
        database_free(scene->copy);
        scene->copy = NULL;
    }
}

static void
new_watcher(struct scene *scene, int version)
{
    fuzz_client_leave(&scene->clients[WATCHER]);
    database_free(scene->copy);
    fuzz_client_join(&scene->clients[WATCHER], &scene->home, NULL);
    scene->clients[WATCHER].heard = watcher_heard;
    scene->clients[WATCHER].aux = scene;
    scene->version = version;
    watch(scene);
}

static void
settle(struct scene *scene)
{
    fuzz_clients_settle(scene->clients, N_ALL);
    if (!scene->copy) {
        watch(scene);
        fuzz_clients_settle(scene->clients, N_ALL);
    }
    CHECK(fixture_digest(scene->copy) == fixture_digest(server_database(scene->home.server, "T")));
}

static void
on_compacted(void *aux, struct err *e)
{
    CHECK(!e);
}

static void
set_backlog(struct fuzz_client *client, size_t n)
{
    client->backlog = n;
    if (!n) {
        session_drained(client->session);
    }
}

static void
play(struct scene *scene, struct str line)
{
    char what = line.n ? line.s[0] : 'r', which = line.n > 1 ? line.s[1] : 'a';
    struct fuzz_client *client = &scene->clients[(unsigned char) which % N_CLIENTS];
    switch (what) {
    case 'a':
    case 'b':
    case 'c': fuzz_client_say(&scene->clients[what - 'a'], str_n(line.s + 1, line.n - 1)); break;
    case 'w': new_watcher(scene, (unsigned char) which % 3); break;
    case 'x': fuzz_client_rejoin(client); break;
    case 's': set_backlog(client, 2 * SESSION_COALESCE_BYTES); break;
    case 'd': set_backlog(client, 0); break;
    case 'k': server_compact(scene->home.server, NULL, on_compacted, NULL); break;
    default: fuzz_server_turn(&scene->home, what == 't' ? 10000 : 1); break;
    }
    for (size_t i = 0; i < N_ALL; i++) {
        fuzz_client_run(&scene->clients[i]);
    }
    if (!scene->copy) {
        watch(scene);
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
    new_watcher(&scene, 2);
    for (struct str rest = str_n((const char *) data, size); rest.s;) {
        play(&scene, str_cut(&rest, "\n"));
    }
    for (size_t i = 0; i < N_CLIENTS; i++) {
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
