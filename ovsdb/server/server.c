/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/server.h"

#include <stdlib.h>

#include "ovsdb/server/relay.h"
#include "ovsdb/server/server_private.h"

struct server *
server_new(const struct server_env *env)
{
    struct server *server = xcalloc(1, sizeof *server);
    server->id = uuid_random();
    server->env = *env;
    server->repair_ms = INT64_MAX;
    strmap_init(&server->databases);
    lock_table_init(&server->locks, session_lock_changed);
    server_add_internal_database(server);
    return server;
}

void
server_free(struct server *server)
{
    if (!server) {
        return;
    }
    CHECK(!server->sessions.n && !server->pending.n && !server->n_held);
    server_stop_conversions(server, "the server ends");
    for (size_t i = 0; i < server->events.n; i++) {
        event_fini(&server->events.d[i]);
    }
    vec_fini(&server->events);
    vec_fini(&server->pending);
    vec_fini(&server->sessions);
    vec_fini(&server->senders);
    STRMAP_FOR_EACH (node, &server->databases) {
        relay_free(((struct hosted *) node->data)->relay);
        hosted_free(node->data);
    }
    strmap_fini(&server->databases);
    grave_fini(&server->grave);
    lock_table_fini(&server->locks);
    free(server);
}

uint64_t
server_seqno(const struct server *server)
{
    return server->seqno;
}

struct hosted *
server_hosted(const struct server *server, const char *name)
{
    return strmap_get(&server->databases, name);
}

struct hosted *
server_hosted_of_hub(const struct server *server, const struct monitor_hub *hub)
{
    STRMAP_FOR_EACH (node, &server->databases) {
        if (((struct hosted *) node->data)->hub == hub) {
            return node->data;
        }
    }
    return NULL;
}

struct database *
server_database(const struct server *server, const char *name)
{
    struct hosted *hosted = server_hosted(server, name);
    return hosted ? hosted->db : NULL;
}

const struct schema *
server_schema(const struct server *server, const char *name)
{
    struct hosted *hosted = server_hosted(server, name);
    return hosted ? hosted->db->schema : NULL;
}

bool
server_awaits_schema(const struct server *server, const char *name)
{
    const struct hosted *hosted = server_hosted(server, name);
    return hosted && hosted->is_unavailable;
}

void
server_forget_session(struct server *server, struct session *session)
{
    for (size_t i = 0; i < server->events.n; i++) {
        if (server->events.d[i].session == session) {
            server->events.d[i].session = NULL;
        }
    }
    server_forget_pending(server, session);
    server_forget_conversions(server, session);
    STRMAP_FOR_EACH (node, &server->databases) {
        relay_forget_session(((struct hosted *) node->data)->relay, session);
    }
}

void
server_disable_monitor_cond(struct server *server)
{
    server->monitor_cond_is_disabled = true;
}

struct err *
server_set_tlog(struct server *server, const char *database, const char *table_name, bool on)
{
    struct database *db = server_database(server, database);
    struct db_table *table = db ? database_table(db, table_name) : NULL;
    if (!table) {
        return db ? err_new("no such table") : err_new("no such database");
    }
    table->is_traced = on;
    return NULL;
}

char *
server_list_tlog(const struct server *server)
{
    size_t n;
    struct strmap_node **nodes = strmap_sorted(&server->databases, &n);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&text, "database        table                       logging\n"
                    "--------        -----                       -------\n");
    for (size_t i = 0; i < n; i++) {
        const struct database *db = ((struct hosted *) nodes[i]->data)->db;
        buf_printf(&text, "%-16s \n", nodes[i]->key);
        for (uint32_t j = 0; j < db->schema->n_tables; j++) {
            buf_printf(&text, "                %-28s%s\n", db->schema->tables[j].name,
                       db->tables[j].is_traced ? "ON" : "OFF");
        }
    }
    free(nodes);
    return buf_take_text(&text);
}

char **
server_database_names(const struct server *server, size_t *ret_n)
{
    struct strmap_node **nodes = strmap_sorted(&server->databases, ret_n);
    char **names = xcalloc(*ret_n + 1, sizeof *names);
    for (size_t i = 0; i < *ret_n; i++) {
        names[i] = xstrdup(nodes[i]->key);
    }
    free(nodes);
    return names;
}

void
server_statistics(const struct server *server, struct server_statistics *ret)
{
    *ret = (struct server_statistics) {.n_sessions = server->sessions.n, .n_pending = server->pending.n};
    STRMAP_FOR_EACH (node, &server->databases) {
        const struct hosted *hosted = node->data;
        const struct database *db = hosted->db;
        ret->n_monitors += monitor_hub_n_monitors(hosted->hub);
        ret->n_history += monitor_hub_n_history(hosted->hub);
        for (uint32_t i = 0; i < db->schema->n_tables; i++) {
            ret->n_rows += db->tables[i].n_rows;
            ret->n_cells += db->tables[i].n_rows * db->schema->tables[i].n_columns;
        }
    }
    for (size_t i = 0; i < server->sessions.n; i++) {
        ret->backlog += server->sessions.d[i]->output->backlog(server->sessions.d[i]->aux);
    }
}
