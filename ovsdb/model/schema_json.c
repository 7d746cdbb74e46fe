/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas in JSON: RFC 7047 section 3.2, <database-schema>, <table-schema>, <column-schema>. */
#include <config.h>

#include "ovsdb/model/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "ovsdb/model/schema_private.h"
#include "ovsdb/model/type_private.h"

static const char SYNTAX[] = "syntax error";

enum { SCHEMA_FILE_MAX_BYTES = 64 * 1024 * 1024 };

/* "problem", in 'json'. */
static struct err *
error_in(const json_t *json, const char *problem)
{
    return err_add_syntax(err_tagged(SYNTAX, "%s", problem), json_text(json));
}

/* The name of a member of 'json'; those that begin with "_" are reserved for the implementation. */
static struct err *
check_name(const char *name, const json_t *json)
{
    return *name == '_'  ? error_in(json, "names beginning with \"_\" are reserved")
           : is_id(name) ? NULL
                         : error_in(json, "name must be a valid id");
}

static int
compare_columns(const void *a, const void *b)
{
    return strcmp(((const struct column *) a)->name, ((const struct column *) b)->name);
}

static int
compare_tables(const void *a, const void *b)
{
    return strcmp(((const struct table *) a)->name, ((const struct table *) b)->name);
}

/* Columns. */

static struct err *
column_from_json(struct column *column, const char *name, const json_t *json)
{
    struct members m;
    struct err *e = members_init(&m, json, "schema for column ", name);
    if (e) {
        return e;
    }
    const json_t *type = members_get(&m, "type");
    if (!json_is_string(type) && !json_is_object(type)) {
        return type ? members_mismatch(&m, "type") : members_missing(&m, "type");
    }
    *column = (struct column) {.is_mutable = true};
    e = members_get_bool(&m, "mutable", &column->is_mutable);
    e = e ? e : members_get_bool(&m, "ephemeral", &column->is_ephemeral);
    e = e ? e : members_done(&m);
    e = e ? e : column_type_from_json(&column->type, type);
    if (!e) {
        column->name = xstrdup(name);
    }
    return e;
}

/* "_uuid" and "_version", which every row has. */
static void
add_implicit_columns(struct table *table)
{
    static const char *const names[COLUMN_FIRST] = {[COLUMN_UUID] = "_uuid", [COLUMN_VERSION] = "_version"};
    for (uint32_t i = 0; i < COLUMN_FIRST; i++) {
        struct column *column = &table->columns[table->n_columns++];
        *column = (struct column) {.name = xstrdup(names[i]), .type = {.n_min = 1, .n_max = 1}};
        column->is_ephemeral = i == COLUMN_VERSION;
        base_type_init(&column->type.key, ATOM_UUID);
        base_type_init(&column->type.value, ATOM_VOID);
    }
}

static struct err *
columns_from_json(struct table *table, struct members *m)
{
    const json_t *json;
    struct err *e = members_get_object(m, "columns", &json);
    if (e) {
        return e;
    }
    size_t n = json_object_size(json);
    if (!n) {
        return error_in(m->object, "table must have at least one column");
    } else if (n > MAX_COLUMNS - COLUMN_FIRST) {
        return err_tagged(SYNTAX, "table has %zu columns; at most %d are supported", n, MAX_COLUMNS - COLUMN_FIRST);
    }
    table->columns = xcalloc(n + COLUMN_FIRST, sizeof *table->columns);
    add_implicit_columns(table);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) json, name, value) {
        e = check_name(name, m->object);
        e = e ? e : column_from_json(&table->columns[table->n_columns], name, value);
        if (e) {
            return e;
        }
        table->n_columns++;
    }
    qsort(table->columns + COLUMN_FIRST, n, sizeof *table->columns, compare_columns);
    for (uint32_t i = 0; i < table->n_columns; i++) {
        table->columns[i].index = i;
    }
    return NULL;
}

/* Indexes. */

static struct err *
index_from_json(struct table *table, const json_t *table_json, struct table_index *index, const json_t *json)
{
    size_t n = json_array_size(json);
    if (!json_is_array(json)) {
        return error_in(json, "array of distinct column names expected");
    } else if (!n) {
        return error_in(table_json, "index must have at least one column");
    }
    index->columns = xcalloc(n, sizeof *index->columns);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(json, i));
        const struct column *column = name ? table_column(table, name) : NULL;
        if (!name) {
            return error_in(json, "array of distinct column names expected");
        } else if (!column || column->index < COLUMN_FIRST) {
            return err_add_syntax(err_tagged(SYNTAX, "%s is not a valid column name", name), json_text(json));
        } else if (column->is_ephemeral) {
            return err_add_syntax(err_tagged(SYNTAX, "ephemeral columns (such as %s) may not be indexed", name),
                                  json_text(table_json));
        }
        for (uint32_t j = 0; j < index->n; j++) {
            if (index->columns[j] == column->index) {
                return error_in(json, "array of distinct column names expected");
            }
        }
        index->columns[index->n++] = column->index;
    }
    return NULL;
}

static struct err *
indexes_from_json(struct table *table, struct members *m)
{
    const json_t *json = members_get(m, "indexes");
    if (!json) {
        return NULL;
    } else if (!json_is_array(json)) {
        return members_mismatch(m, "indexes");
    }
    size_t n = json_array_size(json);
    table->indexes = xcalloc(n, sizeof *table->indexes);
    for (size_t i = 0; i < n; i++) {
        struct err *e = index_from_json(table, m->object, &table->indexes[table->n_indexes++],
                                        json_array_get(json, i));
        if (e) {
            return e;
        }
    }
    return NULL;
}

/* Tables. */

/* '*table' is zeroed and belongs to a schema, which frees it. */
static struct err *
table_from_json(struct table *table, const char *name, const json_t *json)
{
    struct members m;
    int64_t max_rows = UINT32_MAX;
    table->name = xstrdup(name);
    struct err *e = members_init(&m, json, "table schema for table ", name);
    e = e ? e : columns_from_json(table, &m);
    e = e ? e : members_get_integer(&m, "maxRows", &max_rows);
    if (!e && max_rows < 1) {
        e = error_in(json, "maxRows must be at least 1");
    }
    e = e ? e : members_get_bool(&m, "isRoot", &table->is_root);
    e = e ? e : indexes_from_json(table, &m);
    e = e ? e : members_done(&m);
    table->max_rows = (uint32_t) MIN(max_rows, UINT32_MAX);
    return e;
}

static struct err *
tables_from_json(struct schema *schema, struct members *m)
{
    const json_t *json;
    struct err *e = members_get_object(m, "tables", &json);
    if (e) {
        return e;
    }
    size_t n = json_object_size(json);
    schema->tables = xcalloc(n, sizeof *schema->tables);
    bool any_root = false;
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) json, name, value) {
        struct table *table = &schema->tables[schema->n_tables++];
        e = check_name(name, m->object);
        e = e ? e : table_from_json(table, name, value);
        if (e) {
            return e;
        }
        any_root = any_root || table->is_root;
    }
    qsort(schema->tables, n, sizeof *schema->tables, compare_tables);
    for (uint32_t i = 0; i < n; i++) {
        schema->tables[i].index = i;
        schema->tables[i].is_root |= !any_root;              /* RFC 7047: schemas from before "isRoot" */
    }
    return NULL;
}

static struct err *
resolve_reference(struct schema *schema, const struct column *column, const char *part, struct base_type *base)
{
    if (!base->ref_table_name) {
        return NULL;
    }
    base->ref_table = schema_table(schema, base->ref_table_name);
    if (!base->ref_table) {
        return err_tagged(SYNTAX, "column %s %s refers to undefined table %s", column->name, part,
                          base->ref_table_name);
    }
    return NULL;
}

static struct err *
resolve_references(struct schema *schema)
{
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        struct table *table = &schema->tables[i];
        for (uint32_t j = COLUMN_FIRST; j < table->n_columns; j++) {
            struct column *column = &table->columns[j];
            struct err *e = resolve_reference(schema, column, "key", &column->type.key);
            e = e ? e : resolve_reference(schema, column, "value", &column->type.value);
            if (e) {
                return e;
            }
        }
    }
    return NULL;
}

/* Schemas. */

/* "1.2.3" */
static bool
is_version(const char *s)
{
    for (int i = 0; i < 3; i++) {
        size_t n = strspn(s, "0123456789");
        if (!n || s[n] != (i < 2 ? '.' : '\0')) {
            return false;
        }
        s += n + 1;
    }
    return true;
}

static struct err *
fill_schema(struct schema *schema, const json_t *json)
{
    struct members m;
    const char *name = NULL;
    const char *version = NULL;
    const char *cksum = "";
    struct err *e = members_init(&m, json, "database schema", "");
    e = e ? e : members_get_string(&m, "name", &name);
    if (!e && (!name || !is_id(name))) {
        e = name ? members_mismatch(&m, "name") : members_missing(&m, "name");
    }
    e = e ? e : members_get_string(&m, "version", &version);
    e = e ? e : members_get_string(&m, "cksum", &cksum);
    if (e) {
        return e;
    }
    if (version && !is_version(version)) {
        return err_add_syntax(err_tagged(SYNTAX, "schema version \"%s\" not in format x.y.z", version), json_text(json));
    }
    schema->name = xstrdup(name);
    schema->version = xstrdup(version ? version : "");
    schema->cksum = xstrdup(cksum);
    e = tables_from_json(schema, &m);
    e = e ? e : members_done(&m);
    return e ? e : resolve_references(schema);
}

struct err *
schema_from_json(const json_t *json, struct schema **ret)
{
    struct schema *schema = schema_new();
    struct err *e = fill_schema(schema, json);
    if (e) {
        schema_unref(schema);
    } else {
        *ret = schema;
    }
    return e;
}

struct err *
schema_from_text(struct str text, struct schema **ret)
{
    json_t *json;
    struct err *e = json_parse(text, JSON_UNIQUE, &json);
    if (!e) {
        e = schema_from_json(json, ret);
        json_decref(json);
    }
    return e;
}

/* The text of the file at 'path'. */
static struct err *
read_file(const char *path, struct buf *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_new("error opening \"%s\": %s", path, strerror(errno));
    }
    int failure = buf_read(text, fd);
    close(fd);
    return failure              ? err_new("error reading JSON stream: %s", strerror(failure))
           : !buf_is_ok(text) ? err_new("larger than %d bytes", SCHEMA_FILE_MAX_BYTES)
                                : NULL;
}

struct err *
schema_from_file(const char *path, struct schema **ret)
{
    struct buf text = BUF_INIT(SCHEMA_FILE_MAX_BYTES);
    json_t *json = NULL;
    struct err *e = read_file(path, &text);
    e = e ? e : json_parse(str_n(buf_text(&text), text.size), JSON_UNIQUE, &json);
    buf_fini(&text);
    if (e) {
        struct err *failure = err_new("failed to read schema: \"%s\" could not be read as JSON (%s)", path, err_detail(e));
        err_free(e);
        return failure;
    }
    e = schema_from_json(json, ret);
    json_decref(json);
    return e ? err_wrap(e, "failed to parse \"%s\" as ovsdb schema", path) : NULL;
}

/* Writing. */

static json_t *
columns_to_json(const struct table *table)
{
    json_t *columns = json_object();
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        json_t *json = json_pack("{so}", "type", column_type_to_json(&column->type));
        if (!column->is_mutable) {
            json_object_set_new(json, "mutable", json_false());
        }
        if (column->is_ephemeral) {
            json_object_set_new(json, "ephemeral", json_true());
        }
        json_object_set_new(columns, column->name, json);
    }
    return columns;
}

static json_t *
indexes_to_json(const struct table *table)
{
    json_t *indexes = json_array();
    for (uint32_t i = 0; i < table->n_indexes; i++) {
        const struct table_index *index = &table->indexes[i];
        json_t *names = json_array();
        for (uint32_t j = 0; j < index->n; j++) {
            json_array_append_new(names, json_string(table->columns[index->columns[j]].name));
        }
        json_array_append_new(indexes, names);
    }
    return indexes;
}

/* RFC 7047: "isRoot" is left out where all tables are part of the root set. */
static bool
all_tables_are_root(const struct schema *schema)
{
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        if (!schema->tables[i].is_root) {
            return false;
        }
    }
    return true;
}

json_t *
schema_to_json(const struct schema *schema)
{
    bool omit_root = all_tables_are_root(schema);
    json_t *tables = json_object();
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        const struct table *table = &schema->tables[i];
        json_t *json = json_pack("{so}", "columns", columns_to_json(table));
        if (table->max_rows != UINT32_MAX) {
            json_object_set_new(json, "maxRows", json_integer(table->max_rows));
        }
        if (table->is_root && !omit_root) {
            json_object_set_new(json, "isRoot", json_true());
        }
        if (table->n_indexes) {
            json_object_set_new(json, "indexes", indexes_to_json(table));
        }
        json_object_set_new(tables, table->name, json);
    }
    json_t *json = json_pack("{ss}", "name", schema->name);
    if (*schema->version) {
        json_object_set_new(json, "version", json_string(schema->version));
    }
    if (*schema->cksum) {
        json_object_set_new(json, "cksum", json_string(schema->cksum));
    }
    json_object_set_new(json, "tables", tables);
    return json;
}

char *
schema_to_text(const struct schema *schema)
{
    json_t *json = schema_to_json(schema);
    char *text = json_text(json);
    json_decref(json);
    return text;
}
