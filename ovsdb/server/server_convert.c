/* SPDX-License-Identifier: Apache-2.0 */
/* The method "convert" (ovsdb-server(7)): gives a database another schema while clients are connected, a slice a turn, while
 * requests for the database wait (session_held.c) and the others are served.  docs/adr/0050-conversion-in-slices.md. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "ovsdb/server/compaction.h"
#include "ovsdb/server/convert.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/rewrite.h"
#include "ovsdb/server/server_private.h"

LOG_MODULE(ovsdb_conversion);
MEM_TYPE(convert_call, "conversions under way");
COUNTER(ovsdb_convert_slice);

/* A call of "convert" that is not answered yet.  It has three steps: rows are converted; the result is stored; clients
 * change over.  Nothing that anybody can see changes before the last. */
struct convert_call {
    struct session *session;                                 /* who asked; NULL: gone, and it goes on */
    json_t *id;                                              /* owned: of the request */
    struct conversion *conversion;                           /* owned; NULL: over, and then ... */
    struct database *db;                                     /* owned: ... what it made */
    struct rewrite *rewrite;                                 /* owned: stores 'db'; NULL: not begun */
    int64_t start_ms;
};

static struct err *
check_allowed(const struct request *r, const struct hosted *hosted)
{
    if (hosted->is_internal) {
        return err_tagged("not allowed", "convert operation not allowed on reserved database %s", hosted->name);
    } else if (r->session->is_read_only || server_is_copy(r->server, hosted)) {
        return err_tagged("not allowed", "convert operation not allowed when database server is in read only mode");
    }
    struct rbac_client client = session_rbac_client(r->session);
    return rbac_check_convert(&client, hosted->name);
}

static struct err *
parse_schema(const struct request *r, const struct hosted *hosted, struct schema **ret)
{
    if (json_array_size(r->params) != 2) {
        return syntax_error(r->params, "array expected");
    }
    const json_t *json = json_array_get(r->params, 1);
    struct schema *schema;
    struct err *e = schema_from_json(json, &schema);
    if (e) {
        return add_syntax(e, json);
    }
    if (strcmp(schema->name, hosted->name)) {
        e = err_tagged("invalid parameters", "new schema name (%s) does not match database name (%s)", schema->name,
                       hosted->name);
        schema_unref(schema);
        return e;
    }
    *ret = schema;
    return NULL;
}

/* All that was committed has been sent, because "convert" is not in order; from here on nothing is committed. */
static void
begin(struct request *r, struct hosted *hosted, struct schema *schema)
{
    CHECK(!r->server->events.n && !hosted->convert_call);
    struct convert_call *call = xcalloc(1, sizeof *call);
    *call = (struct convert_call) {
        .session = r->session, .id = json_incref(r->id), .conversion = conversion_new(hosted->db, schema),
        .start_ms = r->server->env.monotonic_ms(),
    };
    hosted->convert_call = call;
    r->session->awaits_conversion = true;
    mem_add(&mem_convert_call, 1);
    r->server->env.wake(r->server->env.aux);
}

struct err *
method_convert(struct request *r)
{
    struct hosted *hosted;
    struct schema *schema = NULL;
    struct err *e = request_find_database(r, &hosted);
    e = e ? e : check_allowed(r, hosted);
    e = e ? e : parse_schema(r, hosted, &schema);
    if (e) {
        return e;
    }
    if (hosted->relay) {                                     /* the source converts, and the copy follows */
        relay_forward(hosted->relay, r->session, "convert", r->params, r->id);
    } else {
        begin(r, hosted, schema);
    }
    schema_unref(schema);
    return NULL;
}

/* Frees the call; requests for the database go on. */
static void
end(struct server *server, struct hosted *hosted)
{
    struct convert_call *call = hosted->convert_call;
    hosted->convert_call = NULL;
    if (call->conversion) {
        call->db = conversion_take(call->conversion);
    }
    if (call->db) {
        grave_add(&server->grave, NULL, call->db);
    }
    if (call->session) {
        call->session->awaits_conversion = false;
    }
    rewrite_cancel(call->rewrite);
    json_decref(call->id);
    free(call);
    mem_add(&mem_convert_call, -1);
    server->env.wake(server->env.aux);
}

/* Ends the call with the error 'e' (taken). */
static void
fail(struct server *server, struct hosted *hosted, struct err *e)
{
    struct convert_call *call = hosted->convert_call;
    log_warn("%s: not converted: %s", hosted->name, err_detail(e));
    server_flush_events(server);
    if (call->session) {
        session_reply_err(call->session, call->id, e);
    } else {
        err_free(e);
    }
    end(server, hosted);
}

/* What a child process reports is the text of an error. */
static struct err *
as_io_error(struct err *e)
{
    static const char prefix[] = "I/O error: ";
    if (err_tag(e)) {
        return e;
    }
    const char *text = err_detail(e);
    bool has_prefix = str_starts(str_from(text), prefix);
    struct err *tagged = err_tagged("I/O error", "%s", text + (has_prefix ? strlen(prefix) : 0));
    err_free(e);
    return tagged;
}

/* What was converted is stored.  The order of what clients hear: the new schema in _Server, the end of monitors and of
 * transactions that wait, the reply; clients that are not change-aware lose their connection last. */
static void
switch_over(struct server *server, struct hosted *hosted)
{
    struct convert_call *call = hosted->convert_call;
    struct database *db = call->db;
    log_info("%s: converted from version \"%s\" to \"%s\" in %lldms", hosted->name, hosted->db->schema->version,
             db->schema->version, (long long) (server->env.monotonic_ms() - call->start_ms));
    call->db = NULL;
    server_flush_events(server);
    server_end_use(server, hosted);
    hosted_replace(hosted, db, &server->grave);
    server_republish(server, hosted);
    server_flush_events(server);
    if (call->session) {
        session_reply_text(call->session, call->id, str_from("{}"));
    }
    end(server, hosted);
    char *reason = xasprintf("committed %s database schema conversion", hosted->name);
    server_disconnect_unaware(server, reason);
    free(reason);
}

static void
convert_slice(struct server *server, struct hosted *hosted)
{
    struct convert_call *call = hosted->convert_call;
    struct err *e = NULL;
    bool is_over = conversion_run(call->conversion, SERVER_SLICE_WORK, &e);
    counter_inc(&counter_ovsdb_convert_slice);
    server->has_work_left = true;
    if (e) {
        fail(server, hosted, e);
    } else if (is_over) {
        call->db = conversion_take(call->conversion);
        call->conversion = NULL;
    }
}

/* A compaction that runs would write what is to be replaced, to the same file. */
static void
begin_to_store(struct server *server, struct hosted *hosted)
{
    struct convert_call *call = hosted->convert_call;
    hosted_cancel_compaction(hosted);
    struct err *e = rewrite_begin(hosted->storage, call->db, "converted by ovsdb-server", &server->env, &call->rewrite);
    if (e) {
        fail(server, hosted, as_io_error(e));
    } else {
        server->has_work_left |= !rewrite_is_running(call->rewrite);
    }
}

static void
complete(struct server *server, struct hosted *hosted)
{
    struct convert_call *call = hosted->convert_call;
    struct err *e = rewrite_complete(call->rewrite);
    call->rewrite = NULL;
    if (e) {
        fail(server, hosted, as_io_error(e));
    } else {
        switch_over(server, hosted);
    }
}

/* One step a turn, because each takes a moment.  Clients whose first snapshot is being made get it before their monitor is
 * canceled. */
void
server_run_conversion(struct server *server, struct hosted *hosted)
{
    const struct convert_call *call = hosted->convert_call;
    if (!call) {
        return;
    }
    if (call->conversion) {
        convert_slice(server, hosted);
    } else if (!call->rewrite) {
        begin_to_store(server, hosted);
    } else if (!rewrite_is_running(call->rewrite) && !monitor_hub_has_work(hosted->hub)) {
        complete(server, hosted);
    }
}

bool
hosted_is_being_stored_anew(const struct hosted *hosted)
{
    return hosted->convert_call && hosted->convert_call->rewrite;
}

void
server_stop_conversion(struct server *server, struct hosted *hosted, const char *why)
{
    if (hosted->convert_call) {
        fail(server, hosted, err_tagged("canceled", "%s: the conversion was stopped: %s", hosted->name, why));
    }
}

void
server_stop_conversions(struct server *server, const char *why)
{
    STRMAP_FOR_EACH (node, &server->databases) {
        server_stop_conversion(server, node->data, why);
    }
}

void
server_forget_conversions(struct server *server, const struct session *session)
{
    STRMAP_FOR_EACH (node, &server->databases) {
        struct convert_call *call = ((struct hosted *) node->data)->convert_call;
        if (call && call->session == session) {
            call->session = NULL;
        }
    }
}
