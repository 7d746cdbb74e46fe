/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that load a database: compact, convert, query, transact. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "ovsdb/server/convert.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/execute.h"
#include "ovsdb/server/hosted.h"
#include "ovsdb/storage/record.h"
#include "ovsdb/storage/storage.h"
#include "ovsdb/tool/command.h"

/* Opens 'path' as 'tool->hosted'. */
static struct err *
open_database(struct tool *tool, const char *path, enum storage_mode mode)
{
    struct storage *storage;
    struct err *e = storage_open(path, mode, &storage);
    if (e) {
        return e;
    }
    storage_set_strict(storage);
    return hosted_open(storage_schema(storage), storage, &tool->hosted);
}

/* Writes the rows of 'db' as one record into 'buf'. */
static struct err *
print_state(const struct tool *tool, struct database *db, const char *verb, struct buf *buf)
{
    char *comment = xasprintf("%s by %s %s", verb, tool->name, PACKAGE_VERSION);
    database_put_record(db, buf, tool->now_ms, false, comment);
    free(comment);
    return buf_is_ok(buf) ? NULL : err_tagged("I/O error", "database too large to store in one record");
}

/* Puts the rows of 'db' in place of what 'storage' holds. */
static struct err *
replace(const struct tool *tool, struct storage *storage, struct database *db, const char *verb)
{
    struct storage_snapshot *snapshot;
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    struct err *e = print_state(tool, db, verb, &buf);
    e = e ? e : storage_snapshot_begin(storage, db->schema, &snapshot);
    if (!e) {
        e = storage_snapshot_put(snapshot, str_n(buf.data, buf.size));
        if (e) {
            storage_snapshot_abort(snapshot);
        } else {
            e = storage_snapshot_commit(snapshot, tool->now_ms);
        }
    }
    buf_fini(&buf);
    return e;
}

static struct err *
write_new(const struct tool *tool, const char *path, struct database *db, const char *verb)
{
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    struct err *e = print_state(tool, db, verb, &buf);
    if (!e) {
        const struct str record = str_n(buf.data, buf.size);
        e = storage_create_with(path, db->schema, &record, 1);
    }
    buf_fini(&buf);
    return e;
}

struct err *
run_compact(struct tool *tool, char *const arguments[])
{
    const char *target = arguments[0] ? arguments[1] : NULL;
    struct err *e = open_database(tool, db_argument(tool, arguments[0]),
                                  target ? STORAGE_READ_ONLY : STORAGE_READ_WRITE);
    return e        ? e
           : target ? write_new(tool, target, tool->hosted->db, "compacted")
                    : replace(tool, tool->hosted->storage, tool->hosted->db, "compacted");
}

/* Converting. */

static struct err *
convert(const struct tool *tool, struct schema *schema, const char *target)
{
    struct hosted *hosted = tool->hosted;
    struct database *new;
    struct err *e = database_convert(hosted->db, schema, &new);
    if (!e) {
        e = target ? write_new(tool, target, new, "converted") : replace(tool, hosted->storage, new, "converted");
        database_free(new);
    }
    return e;
}

struct err *
run_convert(struct tool *tool, char *const arguments[])
{
    const char *schema_path = schema_argument(tool, arguments[0] ? arguments[1] : NULL);
    const char *target = arguments[0] && arguments[1] ? arguments[2] : NULL;
    struct schema *schema;
    struct err *e = schema_from_file(schema_path, &schema);
    if (e) {
        return e;
    }
    e = open_database(tool, db_argument(tool, arguments[0]), target ? STORAGE_READ_ONLY : STORAGE_READ_WRITE);
    if (!e) {
        e = convert(tool, schema, target);
    }
    schema_unref(schema);
    return e;
}

/* Transactions. */

static bool
owns_no_lock(void *aux UNUSED, const char *name UNUSED)
{
    return false;
}

/* Stores what a transaction changed, durably, before its result is printed. */
static struct err *
store(const struct tool *tool, struct hosted *hosted, const struct delta *delta)
{
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    struct err *e = NULL;
    if (delta_put_record(delta, &record, tool->now_ms, false)) {
        e = buf_is_ok(&record) ? storage_append(hosted->storage, str_n(record.data, record.size))
                               : err_tagged("I/O error", "transaction too large to store");
    }
    e = e ? e : storage_sync(hosted->storage);
    buf_fini(&record);
    return e;
}

/* NULL, or the error object for 'params' that do not begin with the name of the database. */
static json_t *
check_params(const json_t *params, const struct database *db)
{
    const char *name = json_string_value(json_array_get(params, 0));
    const char *details = !json_is_array(params)                ? "array expected"
                          : !name || strcmp(name, db->schema->name) ? "database name expected as first parameter"
                                                                    : NULL;
    if (!details) {
        return NULL;
    }
    char *syntax = json_text(params);
    json_t *error = json_pack("{ssssss}", "details", details, "error", "syntax error", "syntax", syntax);
    free(syntax);
    return error;
}

static struct err *
execute_and_print(const struct tool *tool, const json_t *params, bool is_read_only)
{
    struct hosted *hosted = tool->hosted;
    struct execute_request request = {.db = hosted->db, .params = params, .client.role = tool->rbac_role,
                                      .owns_lock = owns_no_lock};
    struct execute_result result;
    json_t *error = check_params(params, hosted->db);
    if (error) {
        json_dumpf(error, tool->out, JSON_COMPACT);
        fputc('\n', tool->out);
        json_decref(error);
        return NULL;
    }
    execute(&request, &result);
    struct err *e = result.delta && !is_read_only ? store(tool, hosted, result.delta) : NULL;
    if (!e && result.must_wait) {                            /* nobody else would change anything */
        fputs("[{\"details\":\"triggers not supported\",\"error\":\"not supported\"}]\n", tool->out);
    } else if (!e) {
        fprintf(tool->out, "%s\n", buf_text(&result.text));
    }
    execute_result_fini(&result);
    return e;
}

static struct err *
run_transaction(struct tool *tool, char *const arguments[], bool is_read_only)
{
    const char *text = arguments[1] ? arguments[1] : arguments[0];
    const char *path = db_argument(tool, arguments[1] ? arguments[0] : NULL);
    struct err *e = open_database(tool, path, is_read_only ? STORAGE_READ_ONLY : STORAGE_READ_WRITE);
    if (e) {
        return e;
    }
    json_t *params;
    e = json_parse(str_from(text), JSON_UNIQUE, &params);
    if (e) {
        return err_untag(err_wrap(e, "\"%s\"", text));
    }
    e = execute_and_print(tool, params, is_read_only);
    json_decref(params);
    return e;
}

struct err *
run_query(struct tool *tool, char *const arguments[])
{
    return run_transaction(tool, arguments, true);
}

struct err *
run_transact(struct tool *tool, char *const arguments[])
{
    return run_transaction(tool, arguments, false);
}
