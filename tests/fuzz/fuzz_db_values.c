/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: an argument of nbctl's database commands parses or is refused; a value that parses prints, and the print parses
 * to an equal value; a condition that parses holds or does not, and "=" is the opposite of "!=" without a key. */

#include "lib/base/mem.h"
#include "ovsdb/ctl/db_values.h"
#include "tests/fuzz/fuzz.h"

static const char schema_text[] =
    "{\"name\":\"T\",\"version\":\"1.0.0\",\"tables\":{\"T\":{\"columns\":{"
    "\"s\":{\"type\":\"string\"},\"i\":{\"type\":{\"key\":\"integer\",\"min\":0,\"max\":\"unlimited\"}},"
    "\"b\":{\"type\":{\"key\":\"boolean\",\"min\":0,\"max\":1}},\"r\":{\"type\":\"real\"},\"u\":{\"type\":\"uuid\"},"
    "\"m\":{\"type\":{\"key\":\"string\",\"value\":\"string\",\"min\":0,\"max\":\"unlimited\"}}}}}}";

static void
check_value(const struct column *column, const char *text)
{
    struct datum datum, again;
    struct buf printed = BUF_INIT(BUF_NO_LIMIT);
    struct err *err = datum_from_string(&datum, &column->type, text, NULL);
    if (err) {
        err_free(err);
        return;
    }
    datum_put_string(&printed, &datum, &column->type);
    err = datum_from_string(&again, &column->type, buf_text(&printed), NULL);
    CHECK(!err && datum_eq(&datum, &again, column_datum_type(&column->type)));
    datum_fini(&datum, column_datum_type(&column->type));
    datum_fini(&again, column_datum_type(&column->type));
    buf_fini(&printed);
}

static void
check_condition(const struct table *table, const char *text)
{
    struct db_condition condition;
    struct datum value;
    struct err *err = db_condition_parse(table, text, NULL, &condition);
    if (err) {
        err_free(err);
        return;
    }
    datum_init_default(&value, &condition.column->type);
    bool holds = db_condition_holds(&condition, &value);
    if (!condition.has_key && (condition.operator == DB_EQ || condition.operator == DB_NE)) {
        condition.operator = condition.operator == DB_EQ ? DB_NE : DB_EQ;
        CHECK(db_condition_holds(&condition, &value) == !holds);
    }
    datum_fini(&value, column_datum_type(&condition.column->type));
    db_condition_fini(&condition);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *) data, size);
    json_t *utf8 = json_string(text);                        /* the tools take nothing else */
    struct schema *schema;
    struct db_argument argument;
    struct err *err = schema_from_text(str_from(schema_text), &schema);
    CHECK(!err);
    if (!utf8) {
        text[0] = '\0';
    }
    json_decref(utf8);
    const struct table *table = schema_table(schema, "T");

    for (int kind = DB_ARG_COLUMN; kind <= DB_ARG_CONDITION; kind++) {
        err = db_argument_parse(table, text, kind, &argument);
        if (!err && argument.value && !argument.key) {
            check_value(argument.column, argument.value);
        }
        if (!err) {
            db_argument_fini(&argument);
        }
        err_free(err);
    }
    check_condition(table, text);
    schema_unref(schema);
    free(text);
    return 0;
}
