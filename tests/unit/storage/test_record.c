/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/record.h"

#include "lib/base/rng.h"
#include "ovsdb/model/datum_scan.h"
#include "tests/unit/storage/scratch.h"

static const char SCHEMA[] =
    "{\"name\":\"D\",\"tables\":{"
    "\"A\":{\"columns\":{\"b\":{\"type\":\"boolean\"},\"e\":{\"type\":\"integer\",\"ephemeral\":true},"
    "\"i\":{\"type\":\"integer\"},\"m\":{\"type\":{\"key\":\"string\",\"value\":\"string\",\"min\":0,"
    "\"max\":\"unlimited\"}},\"o\":{\"type\":{\"key\":\"string\",\"min\":0}},"
    "\"s\":{\"type\":{\"key\":\"integer\",\"min\":0,\"max\":\"unlimited\"}}}},"
    "\"B\":{\"columns\":{\"x\":{\"type\":\"string\"}}}}}";

struct fixture {
    struct schema *schema;
    const struct table *a;
    const struct table *b;
    struct buf buf;
};

static void
setup(struct fixture *f)
{
    expect_ok(schema_from_text(str_from(SCHEMA), &f->schema));
    f->a = schema_table(f->schema, "A");
    f->b = schema_table(f->schema, "B");
    buf_init(&f->buf, BUF_NO_LIMIT);
}

static void
teardown(struct fixture *f)
{
    buf_fini(&f->buf);
    schema_unref(f->schema);
}

static void
row_init(struct datum *row, const struct table *table)
{
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        datum_init_default(&row[i], &table->columns[i].type);
    }
}

static void
row_fini(struct datum *row, const struct table *table)
{
    for (uint32_t i = COLUMN_FIRST; i < table->n_columns; i++) {
        datum_fini(&row[i], column_datum_type(&table->columns[i].type));
    }
}

static void
set(struct datum *row, const struct table *table, const char *column_name, const char *value)
{
    const struct column *column = table_column(table, column_name);
    datum_fini(&row[column->index], column_datum_type(&column->type));
    expect_ok(datum_from_string(&row[column->index], &column->type, value, NULL));
}

/* Prints each row it is given, one a line. */
static struct err *
print_row(void *buf_, struct record_row *row)
{
    struct buf *buf = buf_;
    buf_printf(buf, "%s %02x%s%s", row->table->name, row->uuid.b[0], row->is_delete ? " delete" : "",
               row->is_diff ? " diff" : "");
    for (uint32_t i = 0; i < row->table->n_columns; i++) {
        if (row->columns & UINT64_C(1) << i) {
            buf_printf(buf, " %s=", row->table->columns[i].name);
            datum_put_string(buf, &row->data[i], &row->table->columns[i].type);
        }
    }
    buf_putc(buf, '\n');
    return NULL;
}

static void
expect_rows(const struct fixture *f, const char *text, const char *want)
{
    struct buf got = BUF_INIT(10000);
    expect_ok(record_parse(f->schema, str_from(text), NULL, print_row, &got));
    assert_string_equal(buf_text(&got), want);
    buf_fini(&got);
}

#define U1 "01000000-0000-0000-0000-000000000000"
#define U2 "02000000-0000-0000-0000-000000000000"
static const struct uuid UUID1 = {{1}}, UUID2 = {{2}};

TEST(records_hold_what_differs)
{
    struct fixture f;
    struct record_writer w;
    struct datum old[MAX_COLUMNS], new[MAX_COLUMNS];
    setup(&f);
    row_init(old, f.a);
    row_init(new, f.a);
    set(new, f.a, "e", "7");
    set(new, f.a, "s", "1,2");
    set(new, f.a, "o", "\"x y\"");

    record_begin(&w, &f.buf, 5000000000000);
    record_put_insert(&w, f.a, &UUID1, old);
    record_put_insert(&w, f.a, &UUID2, new);
    record_put_delete(&w, f.b, &UUID1);
    assert_true(record_end(&w, "a \"comment\""));
    assert_string_equal(buf_text(&f.buf), "{\"_date\":5000000000000,\"_is_diff\":true,\"A\":{\"" U1 "\":{},\"" U2 "\":{\"o\":\"x y\","
                                          "\"s\":[\"set\",[1,2]]}},\"B\":{\"" U1 "\":null},\"_comment\":\"a \\\"comment\\\"\"}");
    expect_rows(&f, buf_text(&f.buf), "A 01 diff\nA 02 diff o=\"x y\" s=[1, 2]\nB 01 delete diff\n");

    set(old, f.a, "s", "2,3");
    set(new, f.a, "o", "[]");
    record_begin(&w, &f.buf, 1);
    record_put_modify(&w, f.a, &UUID1, old, new);
    record_put_modify(&w, f.a, &UUID2, old, old);
    assert_true(record_end(&w, NULL));
    expect_rows(&f, buf_text(&f.buf), "A 01 diff s=[1, 3]\n");
    record_begin_values(&w, &f.buf, 1);
    record_put_modify(&w, f.a, &UUID1, old, new);
    assert_true(record_end(&w, NULL));
    expect_rows(&f, buf_text(&f.buf), "A 01 s=[1, 2]\n");

    set(old, f.a, "s", "1,2");
    record_begin(&w, &f.buf, 1);
    record_put_modify(&w, f.a, &UUID1, old, new);           /* only the ephemeral column differs */
    assert_false(record_end(&w, NULL));
    row_fini(old, f.a);
    row_fini(new, f.a);
    teardown(&f);
}

TEST(files_of_ovsdb_server_are_read)
{
    struct fixture f;
    struct record_info info;
    struct buf got = BUF_INIT(1000);
    setup(&f);
    expect_rows(&f, "{\"A\":{\"" U1 "\":{\"m\":[\"map\",[[\"a\",\"1\"],[\"b\",\"2\"]]],\"b\":true}},\"_is_diff\":true}",
                "A 01 diff b=true m={a=\"1\", b=\"2\"}\n");
    expect_rows(&f, " { \"_date\" : 3 , \"A\" : { \"" U1 "\" : { } , \"" U2 "\" : null } } ", "A 01\nA 02 delete\n");
    expect_ok(record_parse(f.schema, str_from("{\"_date\":1700000000,\"_comment\":\"\\u00e9\\n\"}"), &info, print_row, &got));
    assert_true(info.date_ms == 1700000000000 && !info.is_diff); /* seconds: an early version */
    assert_string_equal(info.comment, "\xc3\xa9\n");
    record_info_fini(&info);
    buf_fini(&got);
    teardown(&f);
}

TEST(bad_records_are_explained)
{
    static const char *const cases[][2] = {
        {"", "syntax error"},
        {"[]", "not a JSON object"},
        {"{\"_is_diff\":1}", "syntax error"},
        {"{\"Z\":{}}", "unknown table: No table named Z."},
        {"{\"A\":{\"x\":{}}}", "\"x\" is not a valid UUID"},
        {"{\"A\":{\"" U1 "\":{\"z\":1}}}", "unknown column: table A row " U1 ": No column z in table A."},
        {"{\"A\":{\"" U1 "\":{\"_uuid\":1}}}", "column _uuid: "},
        {"{\"A\":{\"" U1 "\":{\"i\":\"x\"}}}", "syntax error: table A row " U1 ": column i: expected integer"},
        {"{\"A\":{\"" U1 "\":{\"i\":1,\"i\":2}}}", "given twice"},
        {"{\"A\":{\"" U1 "\":{\"m\":[\"map\",[[\"a\",\"b\"]]],\"i\":[\"set\",[]]}}}", "exactly one member"},
        {"{\"_is_diff\":true,\"A\":{\"" U1 "\":{\"i\":[\"set\",[]]}}}", "exactly one member"},
        {"{\"A\":{\"" U1 "\":{\"m\":[\"map\",[[\"a\",\"b\"],[\"a\",\"b\"]]]}}}", "duplicate"},
        {"{\"A\":{\"" U1 "\":{\"o\":\"\\ud800\"}}}", "surrogate"},
        {"{\"A\":{\"" U1 "\":{\"o\":\"\xff\"}}}", "UTF-8"},
        {"{\"A\":{\"" U1 "\":{\"o\":\"a", "unexpected end"},
        {"{\"A\":{\"" U1 "\":{}}} x", "trailing garbage"},
        {"{\"A\":{\"" U1 "\":{}},}", "syntax error"},
    };
    struct fixture f;
    struct buf got = BUF_INIT(10000);
    setup(&f);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        expect_error(record_parse(f.schema, str_from(cases[i][0]), NULL, print_row, &got), cases[i][1]);
    }
    buf_fini(&got);
    teardown(&f);
}

/* Random JSON-like text, mostly of values that columns have; then cut or damaged. */
static void
put_random_value(struct buf *buf, struct rng *rng, int depth)
{
    static const char *const atoms[] = {
        "1", "-0", "0.5", "1e3", "01", "-", "1.", "true", "false", "null", "nul", "\"\"", "\"a\"", "\"\\n\\u00e9\"",
        "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\u0000\"", "\"\xc3\xa9\"", "\"\xc0\x80\"", "\"\x01\"", "\"set\"",
        "\"map\"", "\"uuid\"", "{}", "[]", "[\"uuid\",\"" U1 "\"]", "9223372036854775807", "1E400", " 2 ", "-12.5e-3",
    };
    static const char *const opens[] = {"[\"set\",[", "[\"map\",[", "[", "[\"map\",[[\"k\","};
    static const char *const closes[] = {"]]", "]]", "]", "]]]"};
    if (!depth || rng_one_in(rng, 3)) {
        buf_puts(buf, atoms[rng_below(rng, ARRAY_SIZE(atoms))]);
        return;
    }
    uint32_t kind = rng_below(rng, ARRAY_SIZE(opens));
    buf_puts(buf, opens[kind]);
    for (uint32_t n = rng_below(rng, 4); n; n--) {
        put_random_value(buf, rng, depth - 1);
        buf_puts(buf, n > 1 ? "," : "");
    }
    buf_puts(buf, closes[kind]);
    if (rng_one_in(rng, 8)) {
        buf_truncate(buf, rng_below(rng, (uint32_t) buf->size + 1));
    }
}

/* The twin of 'text' through jansson.  Returns whether the two agree. */
static bool
agree(const struct column_type *type, struct str text, bool *ret_valid)
{
    struct json_scan s;
    struct datum fast, slow;
    json_scan_init(&s, text);
    struct err *e_fast = datum_scan(&s, NULL, type, true, &fast);
    bool fast_ok = !e_fast;
    if (!e_fast && !json_scan_end(&s)) {
        datum_fini(&fast, column_datum_type(type));
        fast_ok = false;
    }
    json_t *json = json_loadb(text.s, text.n, JSON_DECODE_ANY, NULL);
    struct err *e_slow = json ? datum_from_json(&slow, type, json, NULL) : err_new("not JSON");
    json_decref(json);
    bool same = fast_ok == !e_slow && (!fast_ok || datum_eq(&fast, &slow, column_datum_type(type)));
    *ret_valid = fast_ok;
    if (fast_ok) {
        datum_fini(&fast, column_datum_type(type));
    }
    if (!e_slow) {
        datum_fini(&slow, column_datum_type(type));
    }
    err_free(e_fast);
    err_free(e_slow);
    json_scan_fini(&s);
    return same;
}

TEST(scanning_agrees_with_jansson)
{
    struct fixture f;
    struct rng rng = {.state = 7047};
    int n_valid = 0;
    setup(&f);
    for (int i = 0; i < 60000; i++) {
        const struct column *column = &f.a->columns[rng_below(&rng, f.a->n_columns)];
        bool valid;
        buf_clear(&f.buf);
        put_random_value(&f.buf, &rng, 3);
        if (!agree(&column->type, str_from(buf_text(&f.buf)), &valid)) {
            fail_msg("column %s: %s", column->name, buf_text(&f.buf));
        }
        n_valid += valid;
    }
    assert_true(n_valid > 3000);
    teardown(&f);
}

TEST(skipping_agrees_with_jansson)
{
    struct rng rng = {.state = 8259};
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    for (int i = 0; i < 40000; i++) {
        struct json_scan s;
        buf_clear(&buf);
        put_random_value(&buf, &rng, 5);
        json_scan_init(&s, str_n(buf_text(&buf), buf.size));
        json_t *json = json_loadb(buf_text(&buf), buf.size, JSON_DECODE_ANY, NULL);
        bool ok = json_scan_skip(&s) && json_scan_end(&s);
        if (ok != (json != NULL)) {
            fail_msg("%s", buf_text(&buf));
        }
        json_decref(json);
        json_scan_fini(&s);
    }
    buf_clear(&buf);
    for (int i = 0; i < 100000; i++) {
        buf_putc(&buf, '[');
    }
    struct json_scan s;
    json_scan_init(&s, str_n(buf.data, buf.size));
    assert_false(json_scan_skip(&s));
    expect_error(json_scan_error(&s), "nesting depth");
    json_scan_fini(&s);
    buf_fini(&buf);
}

TEST_MAIN(T(records_hold_what_differs), T(files_of_ovsdb_server_are_read), T(bad_records_are_explained),
          T(scanning_agrees_with_jansson), T(skipping_agrees_with_jansson))
