/* SPDX-License-Identifier: Apache-2.0 */
/* A schema.  Properties: what is understood prints, and the print is understood as the same; a row of defaults is taken or
 * refused in each table; the database "T" of fuzz_server.h, with rows in it, is converted to the schema or stays as it was.
 * Root tables keep their rows, and the file has what the database has. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "ovsdb/server/execute.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_server.h"
#include "tests/unit/server/fixture_db.h"

static const char rows[] =
    "{'id':0,'method':'transact','params':['T',{'op':'insert','table':'B','uuid-name':'b','row':{'x':1}},"
    "{'op':'insert','table':'B','uuid-name':'c','row':{'next':['named-uuid','b'],'mw':['map',[['k',['named-uuid','b']]]]}},"
    "{'op':'insert','table':'A','uuid-name':'a','row':{'name':'a','i':-1,'r':1.5,'b':true,'oi':5,'ur':['set',[1,10]],'e':'b',"
    "'ss':['set',['','x']],'m':['map',[['k','v']]],'eph':7,'strong':['named-uuid','c'],'weak':['named-uuid','b']}},"
    "{'op':'insert','table':'C','row':{'x':'y','w1':['named-uuid','a']}},{'op':'insert','table':'D','row':{'s':'abc'}},"
    "{'op':'insert','table':'N','row':{'name':'n','n':9223372036854775807}},{'op':'insert','table':'N','row':{}}]}";

static void
check_print(const struct schema *schema)
{
    struct schema *again;
    json_t *json = schema_to_json(schema);
    struct err *e = schema_from_json(json, &again);
    CHECK(!e && schema_eq(schema, again));
    json_t *third = schema_to_json(again);
    CHECK(json_equal(json, third));
    json_decref(third);
    json_decref(json);
    schema_unref(again);
}

static void
check_defaults(struct schema *schema)
{
    struct database *db = database_new(schema);
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        json_t *params = json_pack("[s, {s:s, s:s, s:{}}]", schema->name, "op", "insert", "table", schema->tables[i].name, "row");
        struct execute_result result;
        execute(&(struct execute_request) {.db = db, .params = params}, &result);
        database_check_invariants(db);
        execute_result_fini(&result);
        json_decref(params);
    }
    database_free(db);
}

static void
on_reply(void *is_converted, const struct jsonrpc_msg *msg)
{
    CHECK(msg->type == JSONRPC_REPLY || json_is_object(msg->error));
    *(bool *) is_converted = msg->type == JSONRPC_REPLY;
}

static void
check_rows_kept(const struct database *db, const struct schema *old, const size_t *n_rows)
{
    for (uint32_t i = 0; i < old->n_tables; i++) {
        const struct db_table *table = database_table(db, old->tables[i].name);
        CHECK(!table || !table->schema->is_root || table->n_rows == n_rows[i]);
    }
}

static void
check_conversion(const struct schema *schema, json_t *json)
{
    enum { N_TABLES_MAX = 16 };
    size_t n_rows[N_TABLES_MAX];
    bool is_converted;
    struct fuzz_server home;
    struct fuzz_client client;
    fuzz_server_start(&home);
    fuzz_client_join(&client, &home, NULL);
    client.heard = on_reply;
    client.aux = &is_converted;
    char *text = fixture_quotes(rows);
    fuzz_client_say(&client, str_from("{\"id\":9,\"method\":\"set_db_change_aware\",\"params\":[true]}"));
    fuzz_client_say(&client, str_from(text));
    fuzz_clients_settle(&client, 1);
    free(text);

    const struct database *db = server_database(home.server, "T");
    struct schema *old = schema_ref(db->schema);
    uint64_t before = fixture_digest(db);
    CHECK(is_converted && old->n_tables <= N_TABLES_MAX && database_n_rows(db));
    for (uint32_t i = 0; i < old->n_tables; i++) {
        n_rows[i] = db->tables[i].n_rows;
    }
    json_t *request = json_pack("{s:i, s:s, s:[s, O]}", "id", 1, "method", "convert", "params", "T", json);
    text = json_text(request);
    fuzz_client_say(&client, str_from(text));
    fuzz_clients_settle(&client, 1);
    db = server_database(home.server, "T");
    if (is_converted) {
        CHECK(schema_eq(db->schema, schema));
        check_rows_kept(db, old, n_rows);
    } else {
        CHECK(schema_eq(db->schema, old) && fixture_digest(db) == before);
    }
    free(text);
    json_decref(request);
    schema_unref(old);
    fuzz_client_leave(&client);
    fuzz_server_stop(&home);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *json;
    struct err *e = json_parse(str_n((const char *) data, size), 0, &json);
    struct schema *schema;
    if (json_is_object(json)) {
        json_object_set_new(json, "name", json_string("T"));
    }
    e = e ? e : schema_from_json(json, &schema);
    if (!e) {
        check_print(schema);
        check_defaults(schema);
        check_conversion(schema, json);
        schema_unref(schema);
    }
    err_free(e);
    json_decref(json);
    return 0;
}
