/* SPDX-License-Identifier: Apache-2.0 */
/* Which databases there are, and the database _Server that says so (ovsdb-server(5)). */
#include <config.h>

#include <stdlib.h>

#include "lib/base/json.h"
#include "ovsdb/server/compaction.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/storage/storage.h"

static const char server_schema_text[] =
    "{\"name\":\"_Server\",\"version\":\"1.2.0\",\"cksum\":\"3009684573 744\",\"tables\":{\"Database\":{\"columns\":{"
    "\"name\":{\"type\":\"string\"},"
    "\"model\":{\"type\":{\"key\":{\"type\":\"string\",\"enum\":[\"set\",[\"clustered\",\"relay\",\"standalone\"]]}}},"
    "\"connected\":{\"type\":\"boolean\"},"
    "\"leader\":{\"type\":\"boolean\"},"
    "\"schema\":{\"type\":{\"key\":\"string\",\"min\":0}},"
    "\"cid\":{\"type\":{\"key\":\"uuid\",\"min\":0}},"
    "\"sid\":{\"type\":{\"key\":\"uuid\",\"min\":0}},"
    "\"index\":{\"type\":{\"key\":\"integer\",\"min\":0}}},\"isRoot\":true}}}";
static const char server_db_name[] = "_Server";

static json_t *
published_row(const struct hosted *hosted)
{
    json_t *schema = hosted->is_unavailable ? json_pack("[s, []]", "set") : json_string(hosted->schema_text);
    return json_pack("{s:s, s:s, s:o, s:b, s:b}", "name", hosted->name, "model", hosted->relay ? "relay" : "standalone",
                     "schema", schema, "connected", !hosted->is_disconnected, "leader", !hosted->relay);
}

static void
publish(struct server *server, struct hosted *hosted)
{
    hosted->server_row = uuid_random();
    struct err *e = server_transact(server, server_db_name, json_pack(
        "[{s:s, s:s, s:s, s:o}]", "op", "insert", "table", "Database", "uuid", uuid_text(&hosted->server_row),
        "row", published_row(hosted)));
    CHECK(!e);
}

void
server_add_internal_database(struct server *server)
{
    struct schema *schema;
    struct err *e = schema_from_text(str_from(server_schema_text), &schema);
    CHECK(!e);
    struct hosted *hosted;
    e = hosted_open(schema, NULL, &hosted);
    CHECK(!e);
    hosted->is_internal = true;
    schema_unref(schema);
    strmap_set(&server->databases, hosted->name, hosted);
    publish(server, hosted);
}

void
server_republish(struct server *server, struct hosted *hosted)
{
    struct err *e = server_transact(server, server_db_name, json_pack(
        "[{s:s, s:s, s:[[s, s, [s, s]]], s:o}]", "op", "update", "table", "Database", "where", "_uuid", "==", "uuid",
        uuid_text(&hosted->server_row), "row", published_row(hosted)));
    CHECK(!e);
}

static void
unpublish(struct server *server, struct hosted *hosted)
{
    struct err *e = server_transact(server, server_db_name, json_pack(
        "[{s:s, s:s, s:[[s, s, [s, s]]]}]", "op", "delete", "table", "Database", "where", "_uuid", "==", "uuid",
        uuid_text(&hosted->server_row)));
    CHECK(!e);
}

void
server_disconnect_unaware(struct server *server, const char *reason)
{
    server_flush_events(server);
    for (size_t i = 0; i < server->sessions.n; i++) {
        if (!server->sessions.d[i]->is_change_aware) {
            session_close(server->sessions.d[i], reason);
        }
    }
}

void
server_end_use(struct server *server, const struct hosted *hosted)
{
    server_cancel_all(server, hosted);
    for (size_t i = 0; i < server->sessions.n; i++) {
        session_cancel_monitors(server->sessions.d[i], hosted->hub);
    }
}

struct err *
server_check_name(const struct server *server, const char *name)
{
    if (*name == '_') {
        return err_tagged("ovsdb error", "%s: names beginning with \"_\" are reserved", name);
    }
    return server_hosted(server, name) ? err_tagged("ovsdb error", "%s: duplicate database name", name) : NULL;
}

void
server_host(struct server *server, struct hosted *hosted)
{
    strmap_set(&server->databases, hosted->name, hosted);
    publish(server, hosted);
    server_disconnect_unaware(server, "database added");
}

struct err *
server_add_database(struct server *server, struct storage *storage)
{
    struct err *e = server_check_name(server, storage_schema(storage)->name);
    if (e) {
        storage_close(storage);
        return e;
    }
    struct hosted *hosted;
    e = server_prepare_database(storage, &hosted);
    if (!e) {
        server_host(server, hosted);
    }
    return e;
}

struct err *
server_prepare_database(struct storage *storage, struct hosted **ret)
{
    return hosted_open(storage_schema(storage), storage, ret);
}

const struct schema *
server_prepared_schema(const struct hosted *hosted)
{
    return hosted->db->schema;
}

void
server_discard_prepared(struct hosted *hosted)
{
    hosted_free(hosted);
}

void
server_host_prepared(struct server *server, struct hosted *hosted)
{
    struct err *e = server_check_name(server, hosted->name);
    CHECK(!e);
    server_host(server, hosted);
}

bool
server_is_copy(const struct server *server, const struct hosted *hosted)
{
    return hosted->is_backup || (server->is_backup && !hosted->is_internal);
}

bool
server_is_all_backup(const struct server *server)
{
    bool any = false;
    STRMAP_FOR_EACH (node, &server->databases) {
        const struct hosted *hosted = node->data;
        if (!hosted->is_internal && !hosted->is_backup) {
            return server->is_backup;
        }
        any |= hosted->is_backup;
    }
    return any || server->is_backup;
}

struct err *
server_remove_database(struct server *server, const char *name)
{
    struct hosted *hosted = server_hosted(server, name);
    if (!hosted || hosted->is_internal) {
        return err_new(hosted ? "Cannot remove reserved database." : "Failed to find the database.");
    }
    server_stop_conversion(server, hosted, "the database was removed");
    unpublish(server, hosted);
    server_disconnect_unaware(server, "database removed");
    server_end_use(server, hosted);
    relay_free(hosted->relay);
    strmap_remove(&server->databases, name);
    hosted_bury(hosted, &server->grave);
    hosted_free(hosted);
    server->env.wake(server->env.aux);
    return NULL;
}

/* What server_compact() was asked. */
struct compact_request {
    size_t n_left;                                           /* databases */
    struct err *e;                                           /* the first that happened */
    compaction_done_cb *done;
    void *aux;
};

static void
one_is_compacted(void *request_, struct err *e)
{
    struct compact_request *request = request_;
    if (request->e) {
        err_free(e);
    } else {
        request->e = e;
    }
    if (!--request->n_left) {
        request->done(request->aux, request->e);
        free(request);
    }
}

void
server_compact(struct server *server, const char *name, void (*done)(void *aux, struct err *e), void *aux)
{
    const struct hosted *named = name ? server_hosted(server, name) : NULL;
    if (name && (!named || named->is_internal)) {
        done(aux, err_new(named ? "cannot compact built-in databases" : "no database by that name"));
        return;
    }
    struct compact_request *request = xcalloc(1, sizeof *request);
    *request = (struct compact_request) {.n_left = 1, .done = done, .aux = aux};
    STRMAP_FOR_EACH (node, &server->databases) {
        struct hosted *hosted = node->data;
        if (hosted->storage && (!name || !strcmp(name, node->key))) {
            request->n_left++;
            hosted_want_compaction(hosted, one_is_compacted, request);
        }
    }
    one_is_compacted(request, NULL);
    server->env.wake(server->env.aux);
}
