/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/schema.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "ovsdb/model/type_private.h"

MEM_TYPE(schema, "OVSDB schemas");

struct schema *
schema_new(void)
{
    struct schema *schema = xcalloc(1, sizeof *schema);
    schema->refs = 1;
    mem_add(&mem_schema, +1);
    return schema;
}

struct schema *
schema_ref(struct schema *schema)
{
    schema->refs++;
    return schema;
}

static void
table_fini(struct table *table)
{
    for (uint32_t i = 0; i < table->n_columns; i++) {
        free(table->columns[i].name);
        column_type_fini(&table->columns[i].type);
    }
    for (uint32_t i = 0; i < table->n_indexes; i++) {
        free(table->indexes[i].columns);
    }
    free(table->columns);
    free(table->indexes);
    free(table->name);
}

void
schema_unref(struct schema *schema)
{
    if (!schema || --schema->refs) {
        return;
    }
    for (uint32_t i = 0; i < schema->n_tables; i++) {
        table_fini(&schema->tables[i]);
    }
    free(schema->tables);
    free(schema->name);
    free(schema->version);
    free(schema->cksum);
    free(schema);
    mem_add(&mem_schema, -1);
}

struct table *
schema_table(const struct schema *schema, const char *name)
{
    uint32_t low = 0;
    uint32_t high = schema->n_tables;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int cmp = strcmp(schema->tables[middle].name, name);
        if (!cmp) {
            return &schema->tables[middle];
        } else if (cmp < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

struct column *
table_column(const struct table *table, const char *name)
{
    uint32_t low = COLUMN_FIRST;
    uint32_t high = table->n_columns;
    if (*name == '_') {
        for (uint32_t i = 0; i < COLUMN_FIRST; i++) {
            if (!strcmp(table->columns[i].name, name)) {
                return &table->columns[i];
            }
        }
        return NULL;                                         /* names that begin with "_" are reserved */
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int cmp = strcmp(table->columns[middle].name, name);
        if (!cmp) {
            return &table->columns[middle];
        } else if (cmp < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static bool
columns_eq(const struct table *a, const struct table *b)
{
    if (a->n_columns != b->n_columns) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_columns; i++) {
        const struct column *x = &a->columns[i];
        const struct column *y = &b->columns[i];
        if (strcmp(x->name, y->name) || x->is_mutable != y->is_mutable || x->is_ephemeral != y->is_ephemeral
            || !column_type_eq(&x->type, &y->type)) {
            return false;
        }
    }
    return true;
}

static bool
indexes_eq(const struct table *a, const struct table *b)
{
    if (a->n_indexes != b->n_indexes) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_indexes; i++) {
        const struct table_index *x = &a->indexes[i];
        const struct table_index *y = &b->indexes[i];
        if (x->n != y->n || memcmp(x->columns, y->columns, sizeof *x->columns * x->n)) {
            return false;
        }
    }
    return true;
}

bool
schema_eq(const struct schema *a, const struct schema *b)
{
    if (a == b) {
        return true;
    }
    if (strcmp(a->name, b->name) || strcmp(a->version, b->version) || strcmp(a->cksum, b->cksum)
        || a->n_tables != b->n_tables) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_tables; i++) {
        const struct table *x = &a->tables[i];
        const struct table *y = &b->tables[i];
        if (strcmp(x->name, y->name) || x->is_root != y->is_root || x->max_rows != y->max_rows
            || !columns_eq(x, y) || !indexes_eq(x, y)) {
            return false;
        }
    }
    return true;
}
