/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture_db.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "ovsdb/server/execute.h"

static const char schema_text[] =
    "{'name':'T','version':'1.0.0','tables':{"
    "'A':{'isRoot':true,'columns':{"
    "'name':{'type':'string'},'i':{'type':'integer'},'r':{'type':'real'},'b':{'type':'boolean'},"
    "'oi':{'type':{'key':'integer','min':0,'max':1}},"
    "'ur':{'type':{'key':{'type':'integer','minInteger':0,'maxInteger':10},'min':0,'max':3}},"
    "'e':{'type':{'key':{'type':'string','enum':['set',['a','b','c']]},'min':0,'max':1}},"
    "'ss':{'type':{'key':'string','min':0,'max':'unlimited'}},"
    "'m':{'type':{'key':'string','value':'string','min':0,'max':'unlimited'}},"
    "'ro':{'type':'integer','mutable':false},"
    "'eph':{'type':'integer','ephemeral':true},"
    "'strong':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':'unlimited'}},"
    "'weak':{'type':{'key':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,'max':'unlimited'}}"
    "},'indexes':[['name'],['i','ro']]},"
    "'B':{'columns':{'x':{'type':'integer'},"
    "'next':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':1}},"
    "'mw':{'type':{'key':{'type':'string'},'value':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,"
    "'max':'unlimited'}}}},"
    "'C':{'isRoot':true,'maxRows':2,'columns':{'x':{'type':'string'},"
    "'w1':{'type':{'key':{'type':'uuid','refTable':'A','refType':'weak'},'min':1,'max':'unlimited'}}}},"
    "'D':{'isRoot':true,'columns':{'u':{'type':'uuid'},"
    "'s':{'type':{'key':{'type':'string','minLength':2,'maxLength':4}}}}},"
    "'N':{'isRoot':true,'columns':{'name':{'type':'string'},'n':{'type':'integer'}}}}}";

char *
fixture_quotes(const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    return copy;
}

struct schema *
fixture_schema(void)
{
    char *text = fixture_quotes(schema_text);
    struct schema *schema;
    struct err *e = schema_from_text(str_from(text), &schema);
    CHECK(!e);
    free(text);
    return schema;
}

struct database *
fixture_database(void)
{
    struct schema *schema = fixture_schema();
    struct database *db = database_new(schema);
    schema_unref(schema);
    return db;
}

/* Of 'columns' of each row; rows come in no order. */
static uint64_t
digest_table(const struct db_table *table, uint64_t columns)
{
    uint64_t digest = 0;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    DB_TABLE_FOR_EACH (row, table) {
        buf_clear(&text);
        image_put_json(&text, row->image, columns & ~(UINT64_C(1) << COLUMN_VERSION));
        digest += hash_bytes64(text.data, text.size, table->schema->index);
    }
    buf_fini(&text);
    return digest;
}

uint64_t
fixture_digest(const struct database *db)
{
    uint64_t digest = 0;
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        uint32_t n = db->tables[i].schema->n_columns;
        digest += digest_table(&db->tables[i], n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1);
    }
    return digest;
}

uint64_t
fixture_stored_digest(const struct database *db)
{
    uint64_t digest = 0;
    for (uint32_t i = 0; i < db->schema->n_tables; i++) {
        digest += digest_table(&db->tables[i], db->tables[i].persistent_columns | 1 << COLUMN_UUID);
    }
    return digest;
}
