/* SPDX-License-Identifier: Apache-2.0 */
/* The method "convert" (ovsdb-server(7)): gives a database another schema while clients are connected. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/server/parse.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/server_private.h"

static struct err *
check_allowed(const struct request *r, const struct hosted *hosted)
{
    if (hosted->is_internal) {
        return err_tagged("not allowed", "convert operation not allowed on reserved database %s", hosted->name);
    } else if (r->session->is_read_only || r->server->is_backup) {
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

/* What was converted is stored.  The order of what clients hear: the new schema in _Server, the end of monitors and of
 * transactions that wait, the reply; clients that are not change-aware lose their connection last. */
static void
switch_over(struct request *r, struct hosted *hosted, struct database *db)
{
    CHECK(!r->server->events.n);
    server_end_use(r->server, hosted);
    hosted_replace(hosted, db);
    server_publish_schema(r->server, hosted);
    server_flush_events(r->server);
    session_reply_text(r->session, r->id, str_from("{}"));
    char *reason = xasprintf("committed %s database schema conversion", hosted->name);
    server_disconnect_unaware(r->server, reason);
    free(reason);
}

struct err *
method_convert(struct request *r)
{
    struct hosted *hosted;
    struct schema *schema = NULL;
    struct database *db;
    struct err *e = request_find_database(r, &hosted);
    e = e ? e : check_allowed(r, hosted);
    e = e ? e : parse_schema(r, hosted, &schema);
    if (e) {
        return e;
    }
    if (hosted->relay) {                                     /* the source converts, and the copy follows */
        schema_unref(schema);
        relay_forward(hosted->relay, r->session, "convert", r->params, r->id);
        return NULL;
    }
    e = hosted_convert(hosted, schema, &r->server->env, &db);
    schema_unref(schema);
    if (!e) {
        switch_over(r, hosted, db);
    }
    return e;
}
