/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/test.h"

#include "ovsdb/ctl/table_format.h"

#include "ovsdb/ctl/json_put.h"
#include "ovsdb/model/schema.h"

static const struct column_type map_type = {.key = {.type = ATOM_STRING, .integer_max = INT64_MAX, .string_max = UINT32_MAX},
                                            .value = {.type = ATOM_STRING, .string_max = UINT32_MAX}, .n_max = UINT32_MAX};

/* Two columns and two rows: plain text beside a database value. */
static struct tabular *
make_table(void)
{
    struct tabular *table = tabular_new();
    struct datum datum;

    tabular_add_column(table, "_uuid");
    tabular_add_column(table, "config");
    assert_null(datum_from_string(&datum, &map_type, "{a=\"x, y\",b=\"<c>\"}", NULL));
    tabular_add_row(table);
    tabular_add_text(table, "4e76723e-39e2-46a7-aff7-c272477ff083");
    tabular_add_datum(table, &datum, &map_type);
    datum_fini(&datum, column_datum_type(&map_type));
    tabular_add_row(table);
    tabular_add_text(table, "x\303\251");
    tabular_add_empty(table);
    return table;
}

static void
check(const char *format, const char *cells, bool no_headings, const char *expected)
{
    struct tabular_style style = {.no_headings = no_headings};
    struct tabular *table = make_table();
    struct buf out = BUF_INIT(BUF_NO_LIMIT);

    assert_null(tabular_style_set_format(&style, format));
    assert_null(tabular_style_set_cells(&style, cells));
    tabular_print(table, &style, true, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
    tabular_free(table);
}

TEST(five_layouts)
{
    check("table", "string", false,
          "_uuid                                config\n"
          "------------------------------------ -------------------\n"
          "4e76723e-39e2-46a7-aff7-c272477ff083 {a=\"x, y\", b=\"<c>\"}\n"
          "x\303\251\n");
    check("list", "bare", false,
          "_uuid               : 4e76723e-39e2-46a7-aff7-c272477ff083\n"
          "config              : a=x, y b=<c>\n"
          "\n"
          "_uuid               : x\303\251\n"
          "config              : \n");
    check("csv", "string", true,
          "4e76723e-39e2-46a7-aff7-c272477ff083,\"{a=\"\"x, y\"\", b=\"\"<c>\"\"}\"\n"
          "x\303\251,\n");
    check("html", "bare", true,
          "<table border=1>\n  <tr>\n"
          "    <td><a name=\"4e76723e-39e2-46a7-aff7-c272477ff083\">4e76723e</a></td>\n"
          "    <td>a=x, y b=&lt;c&gt;</td>\n  </tr>\n  <tr>\n"
          "    <td><a name=\"x\303\251\">x\303\251</a></td>\n    <td></td>\n  </tr>\n</table>\n");
    check("json", "string", false,
          "{\"data\":[[\"4e76723e-39e2-46a7-aff7-c272477ff083\",[\"map\",[[\"a\",\"x, y\"],[\"b\",\"<c>\"]]]],"
          "[\"x\303\251\",null]],\"headings\":[\"_uuid\",\"config\"]}\n");
}

TEST(tables_after_the_first_are_set_apart)
{
    struct tabular_style style = {.format = TABULAR_CSV};
    struct tabular *table = tabular_new();
    struct buf out = BUF_INIT(BUF_NO_LIMIT);

    tabular_add_column(table, "a");
    tabular_print(table, &style, true, &out);
    tabular_print(table, &style, false, &out);
    assert_string_equal(buf_text(&out), "a\n\na\n");
    buf_clear(&out);
    style.format = TABULAR_JSON;
    tabular_print(table, &style, false, &out);
    assert_string_equal(buf_text(&out), "{\"data\":[],\"headings\":[\"a\"]}\n");
    buf_fini(&out);
    tabular_free(table);
}

TEST(wide_columns_are_cut)
{
    struct tabular_style style = {.max_column_width = 3};
    struct tabular *table = tabular_new();
    struct buf out = BUF_INIT(BUF_NO_LIMIT);

    tabular_add_column(table, "heading");
    tabular_add_column(table, "b");
    tabular_add_row(table);
    tabular_add_text(table, "value");
    tabular_add_text(table, "wide");
    tabular_print(table, &style, true, &out);
    assert_string_equal(buf_text(&out), "heading b\n------- ---\nvalue   wid\n");
    buf_clear(&out);
    style.no_headings = true;
    tabular_print(table, &style, true, &out);
    assert_string_equal(buf_text(&out), "val wid\n");
    buf_fini(&out);
    tabular_free(table);
}

TEST(json_is_pretty_when_asked)
{
    json_t *json = json_pack("{s:[i,[]],s:{}}", "b", 1, "a");
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    json_put(&out, json, false);
    assert_string_equal(buf_text(&out), "{\"a\":{},\"b\":[1,[]]}");
    buf_clear(&out);
    json_put(&out, json, true);
    assert_string_equal(buf_text(&out), "{\n  \"a\": {\n    },\n  \"b\": [\n    1,\n    []]}");
    buf_fini(&out);
    json_decref(json);
}

TEST(unknown_styles_are_named)
{
    struct tabular_style style = {.format = TABULAR_LIST};
    struct err *err = tabular_style_set_format(&style, "foo");
    assert_string_equal(err_detail(err), "unknown output format \"foo\"");
    err_free(err);
    err = tabular_style_set_cells(&style, "bar");
    assert_string_equal(err_detail(err), "unknown data format \"bar\"");
    err_free(err);
    assert_int_equal(style.format, TABULAR_LIST);
}

TEST_MAIN(T(five_layouts), T(tables_after_the_first_are_set_apart), T(wide_columns_are_cut), T(json_is_pretty_when_asked),
          T(unknown_styles_are_named))
