/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Properties: feeding in pieces cuts where feeding whole does; a message that parses prints, and the
 * print parses to an equal message; what does not parse is answered with an error that prints, or not at all. */

#include <stdlib.h>
#include <string.h>

#include "lib/net/jsonrpc.h"
#include "tests/fuzz/fuzz.h"

/* What is answered to text that is no message. */
static void
check_refusal(const char *p, size_t n)
{
    struct jsonrpc_msg *refusal = jsonrpc_refuse_bad_text(p, n);
    if (refusal) {
        json_t *json = jsonrpc_msg_to_json(refusal);
        char *text = json_dumps(json, JSON_COMPACT);
        CHECK(text && refusal->type == JSONRPC_ERROR);
        free(text);
        json_decref(json);
        jsonrpc_msg_free(refusal);
    }
}

static void
check_round_trip(const char *p, size_t n)
{
    struct jsonrpc_msg *msg, *again;
    struct err *err = jsonrpc_msg_parse(p, n, &msg);
    if (err) {
        check_refusal(p, n);
        err_free(err);
        return;
    }
    json_t *json = jsonrpc_msg_to_json(msg);
    char *text = json_dumps(json, JSON_COMPACT);
    CHECK(text);
    err = jsonrpc_msg_parse(text, strlen(text), &again);
    CHECK(!err);
    json_t *json_again = jsonrpc_msg_to_json(again);
    CHECK(again->type == msg->type && json_equal(json, json_again));
    json_decref(json_again);
    json_decref(json);
    jsonrpc_msg_free(again);
    jsonrpc_msg_free(msg);
    free(text);
}

/* Feeds 'p' in pieces of 'step' bytes; returns what one feed of the whole would. */
static size_t
feed_in_pieces(const char *p, size_t n, size_t step, struct err **ret_err)
{
    struct jsonrpc_framer framer = {0};
    size_t length = 0;
    *ret_err = NULL;
    for (size_t i = 0; i < n && !length && !*ret_err; i += step) {
        length = jsonrpc_framer_feed(&framer, p + i, MIN(step, n - i), ret_err);
    }
    return length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *) data, *end = p + size;
    for (size_t length = 1; length && p < end; p += length) {
        size_t n = (size_t) (end - p);
        struct jsonrpc_framer framer = {0};
        struct err *whole, *pieces;
        length = jsonrpc_framer_feed(&framer, p, n, &whole);
        CHECK(length <= n && !(length && whole));
        CHECK(feed_in_pieces(p, n, 1 + data[0] % 7, &pieces) == length && !pieces == !whole);
        err_free(whole);
        err_free(pieces);
        check_round_trip(p, length ? length : n);
    }
    return 0;
}
