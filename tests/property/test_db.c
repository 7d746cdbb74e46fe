/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/execute.h"
#include "tests/property/test_db_json.h"

struct test_db *
test_db_new(const char *schema_file)
{
    const char *srcdir = getenv("srcdir");
    char *path = xasprintf("%s/%s", srcdir ? srcdir : ".", schema_file);
    struct schema *schema;
    struct err *e = schema_from_file(path, &schema);
    if (e) {
        fprintf(stderr, "%s\n", err_detail(e));
        abort();
    }
    free(path);
    struct database *db = database_new(schema);
    schema_unref(schema);
    return (struct test_db *) db;
}

void
test_db_free(struct test_db *db)
{
    database_free((struct database *) db);
}

/* {"COLUMN":VALUE,...}, all columns. */
static json_t *
row_json(const struct image *image)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    uint64_t pseudo = UINT64_C(1) << COLUMN_UUID | UINT64_C(1) << COLUMN_VERSION;
    image_put_json(&text, image, UINT64_MAX >> (64 - image->schema->n_columns) & ~pseudo);
    json_t *json = json_loads(buf_text(&text), 0, NULL);
    CHECK(json);
    buf_fini(&text);
    return json;
}

static void
put_row(json_t *updates, const struct table *table, const struct uuid *uuid, json_t *update)
{
    char text[UUID_LENGTH + 1];
    json_t *rows = json_object_get(updates, table->name);
    if (!rows) {
        rows = json_object();
        json_object_set_new(updates, table->name, rows);
    }
    json_object_set_new(rows, uuid_format(uuid, text), update);
}

static json_t *
delta_json(const struct delta *delta)
{
    json_t *updates = json_object();
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *c = &delta->changes[i];
        json_t *update = json_object();
        if (c->old) {
            json_object_set_new(update, "old", row_json(c->old));
        }
        if (c->new) {
            json_object_set_new(update, "new", row_json(c->new));
        }
        put_row(updates, change_table(c), change_uuid(c), update);
    }
    return updates;
}

static bool
owns_lock(void *aux UNUSED, const char *name UNUSED)
{
    return true;
}

json_t *
test_db_transact(struct test_db *db_, json_t *operations, json_t **ret_update)
{
    struct database *db = (struct database *) db_;
    struct execute_request request = {.db = db, .params = operations, .owns_lock = owns_lock};
    struct execute_result result;

    json_array_insert_new(operations, 0, json_string(db->schema->name));
    execute(&request, &result);
    json_t *json = json_loads(buf_text(&result.text), 0, NULL);
    CHECK(json);
    *ret_update = result.delta ? delta_json(result.delta) : NULL;
    execute_result_fini(&result);
    json_decref(operations);
    return json;
}

json_t *
test_db_content(const struct test_db *db_)
{
    const struct database *db = (const struct database *) db_;
    json_t *updates = json_object();
    for (size_t i = 0; i < db->schema->n_tables; i++) {
        DB_TABLE_FOR_EACH (row, &db->tables[i]) {
            put_row(updates, db->tables[i].schema, &row->image->uuid,
                    json_pack("{s:o}", "new", row_json(row->image)));
        }
    }
    return updates;
}
