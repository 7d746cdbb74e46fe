/* SPDX-License-Identifier: Apache-2.0 */
/* The number of a column of fixture_db.h, then a value.  Properties: datum_scan() reads the same value as datum_from_json(), or refuses it as well; a value prints, as JSON, and as
 * the command line has it, and each print is read as the same value. */
#include <config.h>

#include <string.h>

#include "lib/base/json.h"
#include "tests/fuzz/fuzz.h"
#include "ovsdb/model/datum_scan.h"
#include "tests/unit/server/fixture_db.h"

static struct err *
scan(struct str text, const struct column_type *type, struct datum *ret)
{
    struct json_scan scan;
    json_scan_init(&scan, text);
    struct err *e = datum_scan(&scan, NULL, type, true, ret);
    if (!e && !json_scan_end(&scan)) {
        datum_fini(ret, column_datum_type(type));
        e = json_scan_error(&scan);
        CHECK(e);
    }
    json_scan_fini(&scan);
    return e;
}

static void
check_print(const struct datum *datum, const struct column_type *type)
{
    struct datum again;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    datum_put_json(&text, datum, type);
    struct err *e = scan(str_n(text.data, text.size), type, &again);
    CHECK(!e && datum_eq(datum, &again, column_datum_type(type)));
    datum_fini(&again, column_datum_type(type));
    buf_clear(&text);
    datum_put_string(&text, datum, type);
    e = datum_from_string(&again, type, buf_text(&text), NULL);
    CHECK(!e && datum_eq(datum, &again, column_datum_type(type)));
    datum_fini(&again, column_datum_type(type));
    buf_fini(&text);
}

static void
check_value(struct str text, const json_t *json, const struct column_type *type)
{
    struct datum scanned, parsed;
    struct err *scan_error = scan(text, type, &scanned), *e = datum_from_json(&parsed, type, json, NULL);
    CHECK(!e == !scan_error);
    if (e) {
        CHECK(err_tag(e) && err_tag(scan_error));
        err_free(e);
        err_free(scan_error);
        return;
    }
    CHECK(datum_eq(&scanned, &parsed, column_datum_type(type)));
    check_print(&parsed, type);
    datum_fini(&scanned, column_datum_type(type));
    datum_fini(&parsed, column_datum_type(type));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }
    struct schema *schema = fixture_schema();
    const struct table *table = &schema->tables[data[0] / 16 % schema->n_tables];
    const struct column_type *type = &table->columns[data[0] % 16 % table->n_columns].type;
    struct str text = str_n((const char *) data + 1, size - 1);
    json_t *json;
    struct err *e = json_parse(text, JSON_ANY, &json);
    if (!e) {
        check_value(text, json, type);
    }
    err_free(e);
    json_decref(json);
    schema_unref(schema);
    return 0;
}
