/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text.  Properties: json_parse() reads what jansson reads, but for integers beyond 64 bits, which jansson refuses,
 * and for what is nested too deep; json_scan_skip() and JSON_UNIQUE agree with it; what it has read is
 * printed as text that reads the same. */
#include <config.h>

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/json_scan.h"
#include "tests/fuzz/fuzz.h"

static bool
can_skip(struct str text)
{
    struct json_scan scan;
    json_scan_init(&scan, text);
    bool is_ok = json_scan_skip(&scan) && json_scan_end(&scan);
    json_scan_fini(&scan);
    return is_ok;
}

static void
check_unique(struct str text, const json_t *json)
{
    json_error_t error;
    json_t *unique, *expected = json_loadb(text.s, text.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    err_free(json_parse(text, JSON_ANY | JSON_UNIQUE, &unique));
    CHECK(!unique == !expected && (!unique || json_equal(unique, json)));
    json_decref(unique);
    json_decref(expected);
}

/* json_equal() takes 1 and 1.0 for different, and real numbers are printed with all their digits. */
static void
check_print(const json_t *json)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    json_t *again;
    buf_put_json(&text, json);
    CHECK(!json_parse(str_n(buf_text(&text), text.size), JSON_ANY, &again) && json_equal(again, json));
    json_decref(again);
    buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_n((const char *) data, size);
    if (memchr(text.s, '\0', text.n)) {                      /* which jansson takes for the end */
        return 0;
    }
    json_error_t error;
    json_t *json, *expected = json_loadb(text.s, text.n, JSON_DECODE_ANY, &error);
    struct err *e = json_parse(text, JSON_ANY, &json);
    CHECK(!e == (json != NULL) && can_skip(text) == !e);
    if (expected && e) {
        CHECK(strstr(err_detail(e), JSON_TOO_DEEP));
    } else if (expected) {
        CHECK(json_equal(json, expected));
        check_unique(text, json);
    } else {
        CHECK(e || json_error_code(&error) == json_error_numeric_overflow);
    }
    if (json) {
        check_print(json);
    }
    err_free(e);
    json_decref(json);
    json_decref(expected);
    return 0;
}
