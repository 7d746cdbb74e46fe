/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/replication.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/server/follower.h"
#include "ovsdb/server/replication_schema.h"
#include "ovsdb/server/server_private.h"
#include "ovsdb/server/upstream.h"

LOG_MODULE(replication);

enum { NO_REQUEST = -1 };

/* A database that both servers have. */
struct replicated {
    char *name;                                              /* owned */
    int64_t schema_request;                                  /* whose reply is to come, or NO_REQUEST */
    struct follower *follower;                               /* owned; NULL if it was not found to fit */
};

struct replication {
    struct server *server;                                   /* borrowed */
    const struct upstream_env *env;                          /* borrowed */
    char *only;                                              /* owned: the one database it is about; NULL: all */
    char *active_server;                                     /* owned; NULL: not given */
    struct strmap excluded;                                  /* "DB:TABLE" */
    int64_t probe_ms, max_backoff_ms;                        /* -1: by default */
    struct upstream *upstream;                               /* owned; NULL: this server is active */
    char *target;                                            /* owned: what 'upstream' connects to */
    int64_t next_id;                                         /* of requests */
    int64_t id_request, list_request;                        /* whose reply is to come, or NO_REQUEST */
    VEC(struct replicated) databases;                        /* kept from connection to connection */
    VEC(struct follower *) followers;                        /* those started on this connection */
    char *error;                                             /* owned: why it does not replicate, or NULL */
};

struct replication *
replication_new(struct server *server, const struct upstream_env *env)
{
    struct replication *r = xmalloc(sizeof *r);
    *r = (struct replication) {.server = server, .env = env, .probe_ms = -1, .max_backoff_ms = -1};
    strmap_init(&r->excluded);
    return r;
}

struct replication *
replication_new_for(struct server *server, const struct upstream_env *env, const char *database)
{
    struct replication *r = replication_new(server, env);
    r->only = xstrdup(database);
    return r;
}

static void
forget_databases(struct replication *r)
{
    for (size_t i = 0; i < r->databases.n; i++) {
        follower_free(r->databases.d[i].follower);
        free(r->databases.d[i].name);
    }
    vec_clear(&r->databases);
    vec_clear(&r->followers);
}

static void
stop_followers(struct replication *r)
{
    for (size_t i = 0; i < r->databases.n; i++) {
        struct replicated *d = &r->databases.d[i];
        d->schema_request = NO_REQUEST;
        if (d->follower) {
            follower_stop(d->follower);
        }
    }
    r->id_request = r->list_request = NO_REQUEST;
}

void
replication_free(struct replication *r)
{
    if (!r) {
        return;
    }
    replication_stop(r);
    vec_fini(&r->databases);
    vec_fini(&r->followers);
    strmap_fini(&r->excluded);
    free(r->active_server);
    free(r->only);
    free(r);
}

/* Configuration. */

void
replication_set_active_server(struct replication *r, const char *target)
{
    free(r->active_server);
    r->active_server = *target ? xstrdup(target) : NULL;
}

const char *
replication_active_server(const struct replication *r)
{
    return r->active_server;
}

/* Adds each item of 'text' to '*set', if that is not NULL. */
static struct err *
parse_excluded(const char *text, struct strmap *set)
{
    for (struct str rest = str_from(text); rest.s && rest.n;) {
        char *item = str_dup(str_trim(str_cut(&rest, ",")));
        const char *colon = strchr(item, ':');
        struct err *e = colon && colon != item && colon[1]
            ? NULL : err_new("%s: expected DB:TABLE[,DB:TABLE]..., but got \"%s\"", text, item);
        if (!e && set) {
            strmap_set(set, item, set);
        }
        free(item);
        if (e) {
            return e;
        }
    }
    return NULL;
}

struct err *
replication_set_excluded(struct replication *r, const char *tables)
{
    struct err *e = parse_excluded(tables, NULL);
    if (e) {
        return e;
    }
    strmap_fini(&r->excluded);
    strmap_init(&r->excluded);
    e = parse_excluded(tables, &r->excluded);
    CHECK(!e);
    replication_databases_changed(r);
    return NULL;
}

char *
replication_excluded(const struct replication *r)
{
    size_t n;
    struct strmap_node **nodes = strmap_sorted(&r->excluded, &n);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&text, "%s%s", i ? "," : "", nodes[i]->key);
    }
    free(nodes);
    return buf_take_text(&text);
}

static void
apply_intervals(struct replication *r)
{
    if (r->upstream) {
        r->env->set_probe_interval(r->upstream, r->probe_ms);
        r->env->set_max_backoff(r->upstream, r->max_backoff_ms);
    }
}

void
replication_set_probe_interval(struct replication *r, int64_t ms)
{
    r->probe_ms = ms;
    apply_intervals(r);
}

void
replication_set_max_backoff(struct replication *r, int64_t ms)
{
    r->max_backoff_ms = ms;
    apply_intervals(r);
}

/* What fails. */

static void
set_error(struct replication *r, const char *text)
{
    free(r->error);
    r->error = text ? xstrdup(text) : NULL;
}

/* The rest of this connection is of no use. */
static void
give_up_connection(struct replication *r, struct err *e)
{
    char *text = err_take_text(e);
    log_err_rl("%s: %s", r->target, text);
    set_error(r, text);
    free(text);
    stop_followers(r);
    r->env->reconnect(r->upstream);
}

/* Following. */

/* The active server may have told its clients that this is durable, and they will hold a promoted backup to it.  One sync
 * serves all that was received in a turn. */
static struct err *
commit_copy(void *r, struct hosted *hosted, struct delta *delta)
{
    struct err *e = server_commit(((struct replication *) r)->server, hosted, delta);
    hosted->needs_sync |= !e;
    return e;
}

static void
on_undone(void *r_, struct hosted *hosted)
{
    struct replication *r = r_;
    for (size_t i = 0; i < r->databases.n; i++) {
        struct follower *follower = r->databases.d[i].follower;
        if (follower && follower_hosted(follower) == hosted) {
            follower_forget(follower);
            give_up_connection(r, err_new("%s: what was received could not be made durable", hosted->name));
            return;
        }
    }
}

static void
send_request(struct replication *r, const char *method, json_t *params, int64_t *ret_id)
{
    *ret_id = r->next_id++;
    r->env->send(r->upstream, jsonrpc_request(method, params, json_integer(*ret_id)));
}

static struct follower *
make_follower(struct replication *r, struct hosted *hosted)
{
    const struct schema *schema = hosted->db->schema;
    bool *excluded = xcalloc(schema->n_tables + 1, sizeof *excluded);
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        char *name = xasprintf("%s:%s", schema->name, schema->tables[i].name);
        excluded[i] = strmap_find(&r->excluded, name) != NULL;
        free(name);
    }
    struct follower *follower = follower_new(hosted, excluded, commit_copy, r);
    free(excluded);
    return follower;
}

static void
note_schema(struct replication *r, struct replicated *d, const json_t *json)
{
    struct hosted *hosted = server_hosted(r->server, d->name);
    struct schema *schema;
    struct err *e = schema_from_json(json, &schema);
    d->schema_request = NO_REQUEST;
    if (e) {
        give_up_connection(r, err_wrap(e, "%s: schema of the active server", d->name));
        return;
    }
    if (hosted && replication_schema_fits(hosted->db->schema, schema)) {
        d->follower = d->follower ? d->follower : make_follower(r, hosted);
        vec_push(&r->followers, d->follower);
        r->env->send(r->upstream, follower_start(d->follower, schema, r->next_id++));
    } else {
        follower_free(d->follower);
        d->follower = NULL;
        char *text = xasprintf("the schema of %s does not fit", d->name);
        set_error(r, text);
        free(text);
    }
    schema_unref(schema);
}

static bool
is_replicable(const struct replication *r, const char *name)
{
    const struct hosted *hosted = name ? server_hosted(r->server, name) : NULL;
    return hosted && !hosted->is_internal && !hosted->relay && (!r->only || !strcmp(name, r->only));
}

static struct replicated *
get_database(struct replication *r, const char *name)
{
    for (size_t i = 0; i < r->databases.n; i++) {
        if (!strcmp(r->databases.d[i].name, name)) {
            return &r->databases.d[i];
        }
    }
    vec_push(&r->databases, (struct replicated) {.name = xstrdup(name), .schema_request = NO_REQUEST});
    return &vec_last(&r->databases);
}

static void
note_databases(struct replication *r, const json_t *names)
{
    size_t i;
    json_t *name;
    bool any = false;
    set_error(r, NULL);
    json_array_foreach (names, i, name) {
        if (is_replicable(r, json_string_value(name))) {
            struct replicated *d = get_database(r, json_string_value(name));
            send_request(r, "get_schema", json_pack("[s]", d->name), &d->schema_request);
            any = true;
        }
    }
    if (!any) {
        set_error(r, "no database in common");
    }
}

static void
note_server_id(struct replication *r, const char *id)
{
    if (id && !strcmp(id, uuid_text(&r->server->id))) {
        log_err("%s: this server cannot synchronize from itself; it stays active", r->target);
        replication_stop(r);
    } else {
        send_request(r, "list_dbs", json_array(), &r->list_request);
    }
}

/* Messages. */

static void
on_connected(void *r_)
{
    struct replication *r = r_;
    vec_clear(&r->followers);
    send_request(r, "get_server_id", json_array(), &r->id_request);
}

static void
on_disconnected(void *r)
{
    stop_followers(r);
}

static bool
on_received_text(void *r_, struct str text)
{
    struct replication *r = r_;
    struct err *e = NULL;
    struct follower *follower = followers_receive(r->followers.d, r->followers.n, text, &e);
    if (e) {
        give_up_connection(r, e);
    }
    return follower;
}

static struct replicated *
find_schema_request(struct replication *r, int64_t id)
{
    for (size_t i = 0; i < r->databases.n; i++) {
        if (r->databases.d[i].schema_request == id) {
            return &r->databases.d[i];
        }
    }
    return NULL;
}

static void
receive_reply(struct replication *r, int64_t id, const json_t *result)
{
    struct replicated *d = find_schema_request(r, id);
    if (d) {
        note_schema(r, d, result);
    } else if (id == r->id_request) {
        r->id_request = NO_REQUEST;
        note_server_id(r, json_string_value(result));
    } else if (id == r->list_request) {
        r->list_request = NO_REQUEST;
        note_databases(r, result);
    }
}

static void
receive_error(struct replication *r, int64_t id, const json_t *error)
{
    if (id == r->id_request) {                               /* a server older than that method is not this one */
        receive_reply(r, id, NULL);
        return;
    }
    for (size_t i = 0; i < r->followers.n; i++) {
        struct jsonrpc_msg *older = follower_start_older(r->followers.d[i], id, r->next_id);
        if (older) {
            r->next_id++;
            r->env->send(r->upstream, older);
            return;
        }
    }
    char *text = json_text(error);
    give_up_connection(r, err_new("%s", text));
    free(text);
}

static void
on_received(void *r_, struct jsonrpc_msg *msg)
{
    struct replication *r = r_;
    int64_t id = json_is_integer(msg->id) ? json_integer_value(msg->id) : NO_REQUEST;
    if (msg->type == JSONRPC_REPLY && id != NO_REQUEST) {
        receive_reply(r, id, msg->result);
    } else if (msg->type == JSONRPC_ERROR && id != NO_REQUEST) {
        receive_error(r, id, msg->error);
    }
    jsonrpc_msg_free(msg);
}

static const struct jsonrpc_session_callbacks active_cbs = {
    .connected = on_connected, .disconnected = on_disconnected, .received = on_received,
    .received_text = on_received_text,
};

/* Roles. */

/* Each database that this is about is told itself, so that a backup of one and a backup of all go one way. */
static void
set_backup(struct replication *r, bool is_backup)
{
    STRMAP_FOR_EACH (node, &r->server->databases) {
        struct hosted *hosted = node->data;
        if (!is_replicable(r, node->key)) {
            continue;
        }
        hosted->undone = is_backup ? on_undone : NULL;
        hosted->undone_aux = r;
        if (is_backup) {
            server_stop_conversion(r->server, hosted, "this server became a backup");
        }
        if (r->only) {
            hosted->is_backup = is_backup;
        }
    }
    if (!r->only) {
        r->server->is_backup = is_backup;                    /* also of databases to come */
    }
}

static struct err *
connect_to(struct replication *r, const char *target)
{
    struct upstream *upstream;
    struct err *e = r->env->open(r->env->aux, target, &active_cbs, r, &upstream);
    if (e) {
        return e;
    }
    char *copy = xstrdup(target);                            /* which may be that of the old connection */
    replication_stop(r);
    r->upstream = upstream;
    r->target = copy;
    set_backup(r, true);
    apply_intervals(r);
    return NULL;
}

struct err *
replication_start(struct replication *r)
{
    return r->active_server ? connect_to(r, r->active_server)
                            : err_new("Unable to connect: active server is not specified.");
}

void
replication_databases_changed(struct replication *r)
{
    struct err *e = r->upstream ? connect_to(r, r->target) : NULL;
    CHECK(!e);                                               /* it could connect before */
}

void
replication_stop(struct replication *r)
{
    if (r->upstream) {
        r->env->close(r->upstream);
        r->upstream = NULL;
    }
    forget_databases(r);
    r->id_request = r->list_request = NO_REQUEST;
    set_error(r, NULL);
    free(r->target);
    r->target = NULL;
    set_backup(r, false);
}

bool
replication_is_backup(const struct replication *r)
{
    return r->upstream;
}

/* The databases that are replicated, one line; empty if none is.  '*ret_waits' if one may become so. */
static char *
current_databases(const struct replication *r, bool *ret_waits)
{
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < r->databases.n; i++) {
        const struct replicated *d = &r->databases.d[i];
        if (d->follower && follower_is_current(d->follower)) {
            buf_printf(&names, "%s%s", names.size ? ", " : "", d->name);
        } else if (d->schema_request != NO_REQUEST || (d->follower && follower_is_started(d->follower))) {
            *ret_waits = true;
        }
    }
    return buf_take_text(&names);
}

char *
replication_status(const struct replication *r)
{
    if (!r->upstream) {
        return xstrdup("state: active\n");
    }
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    bool waits = false;
    char *names = current_databases(r, &waits);
    char *excluded = replication_excluded(r);
    buf_puts(&text, "state: backup\n");
    if (*names && !waits) {
        buf_printf(&text, "replicating: %s\ndatabase: %s\n", r->target, names);
        buf_printf(&text, *excluded ? "exclude: %s\n" : "%s", excluded);
    } else if (r->error) {
        buf_printf(&text, "error: %s: %s\n", r->target, r->error);
    } else {
        buf_printf(&text, "connecting: %s\n", r->target);
    }
    free(names);
    free(excluded);
    return buf_take_text(&text);
}
