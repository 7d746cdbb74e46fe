/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/envelope.h"

#include "tests/unit/test.h"

static enum envelope
open_text(struct json_scan *scan, const char *text, int64_t *ret_id)
{
    json_scan_init(scan, str_from(text));
    return envelope_open(scan, ret_id);
}

/* The members may come in any order, with anything between them. */
TEST(finds_what_matters_in_any_order)
{
    static const struct {
        const char *text;
        enum envelope kind;
        char at;                                             /* first byte of what is found */
    } cases[] = {
        {"{\"method\":\"update3\",\"params\":[1],\"id\":null}", ENVELOPE_UPDATE3, '['},
        {"{\"id\":null,\"params\":[1,[2]],\"x\":{\"params\":3},\"method\":\"update2\"}", ENVELOPE_UPDATE2, '['},
        {"{\"params\":[],\"method\":\"update\"}", ENVELOPE_UPDATE, '['},
        {"{\"id\":7,\"result\":[],\"error\":null}", ENVELOPE_RESULT, '['},
        {" {\"error\":null,\"result\":{\"id\":9},\"id\":7}", ENVELOPE_RESULT, '{'},
        {"{\"id\":7,\"result\":null,\"error\":{}}", ENVELOPE_OTHER, 0},
        {"{\"id\":\"7\",\"result\":[]}", ENVELOPE_OTHER, 0},
        {"{\"id\":7,\"method\":\"echo\",\"params\":[]}", ENVELOPE_OTHER, 0},
        {"{\"id\":7,\"method\":\"upd", ENVELOPE_OTHER, 0},
        {"[]", ENVELOPE_OTHER, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json_scan scan;
        int64_t id = 0;
        assert_int_equal(open_text(&scan, cases[i].text, &id), cases[i].kind);
        if (cases[i].kind != ENVELOPE_OTHER) {
            assert_int_equal(json_scan_peek(&scan), cases[i].at);
            assert_int_equal(id, cases[i].kind == ENVELOPE_RESULT ? 7 : 0);
            assert_true(json_scan_skip(&scan));
            assert_null(envelope_close(&scan, false));
        }
        json_scan_fini(&scan);
    }
}

TEST(garbage_behind_what_matters_is_an_error)
{
    static const char *const texts[] = {
        "{\"id\":7,\"result\":[1] 2}", "{\"id\":7,\"result\":[1]}}", "{\"id\":7,\"result\":[1],\"x\":}",
        "{\"id\":7,\"result\":[1",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct json_scan scan;
        int64_t id;
        assert_int_equal(open_text(&scan, texts[i], &id), ENVELOPE_RESULT);
        assert_true(json_scan_array(&scan) && json_scan_element(&scan) && json_scan_skip(&scan));
        struct err *err = envelope_close(&scan, true);
        assert_non_null(err);
        err_free(err);
        json_scan_fini(&scan);
    }
}

TEST_MAIN(T(finds_what_matters_in_any_order), T(garbage_behind_what_matters_is_an_error))
