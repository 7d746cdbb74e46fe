/* SPDX-License-Identifier: Apache-2.0 */
/* The lines in the log are the peer's, because scripts look for them. */
#include <config.h>

#include "ovsdb/server/replication_schema.h"

#include "lib/base/log.h"
#include "ovsdb/model/schema.h"

LOG_MODULE(replication);

static bool
column_fits(const struct table *table, const struct column *column)
{
    const struct column *here = table_column(table, column->name);
    if (!here) {
        log_info("Column %s not present in the local db schema table %s.", column->name, table->name);
        return false;
    }
    if (!column_type_eq(&here->type, &column->type)) {
        log_info("Column %s mismatch in local db schema table %s.", column->name, table->name);
        return false;
    }
    return true;
}

static bool
table_fits(const struct schema *schema, const struct table *table)
{
    const struct table *here = schema_table(schema, table->name);
    if (!here) {
        log_info("Table %s not present in the local db schema", table->name);
        return false;
    }
    bool fits = true;
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        fits = column_fits(here, &table->columns[i]) && fits;
    }
    return fits;
}

bool
replication_schema_fits(const struct schema *here, const struct schema *active)
{
    if (schema_eq(here, active)) {
        return true;
    }
    log_info("Schema version mismatch, checking if %s can still be replicated or not.", here->name);
    bool fits = true;
    for (uint32_t i = 0; i < active->n_tables; i++) {
        fits = table_fits(here, &active->tables[i]) && fits;
    }
    log_info(fits ? "%s can be replicated." : "%s cannot be replicated.", here->name);
    return fits;
}
