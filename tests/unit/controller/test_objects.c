/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/objects.h"
#include "lib/openflow/of_msg.h"
#include "tests/unit/test.h"

/* A content of S_METER: an id, the message that adds the meter, a name. */
static void
put_content(struct buf *out, uint32_t id, uint32_t rate, const char *name)
{
    buf_clear(out);
    buf_put(out, &id, sizeof id);
    of_put_meter_mod(out, 0, OFPMC_ADD, &(struct of_meter) {.meter_id = id, .flags = OFPMF_KBPS | OFPMF_STATS, .has_band = true,
                                                            .rate = rate});
    buf_puts(out, name);
}

static void
come_or_go(struct objects *objects, uint32_t id, uint32_t rate, bool added)
{
    struct buf content = BUF_INIT(BUF_NO_LIMIT);
    put_content(&content, id, rate, "a name");
    objects_output(objects, &(struct derive_output) {.sink = S_METER, .content = content.data, .n = content.size, .added = added});
    buf_fini(&content);
}

/* What is sent, "add 5 rate 100\n" for each message, and whether it comes before or after the flows. */
static void
expect_sent(struct objects *objects, const char *wanted, const char *unwanted)
{
    static const char *const commands[] = {"add", "modify", "delete"};
    for (int half = 0; half < 2; half++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT), text = BUF_INIT(BUF_NO_LIMIT);
        (half ? objects_put_unwanted : objects_put_wanted)(objects, &out, 7);
        for (size_t at = 0; at < out.size;) {
            struct of_msg msg;
            struct of_meter meter;
            enum of_meter_command command;
            size_t n = get_be16(out.data + at + 2);
            assert_null(of_msg_parse(out.data + at, n, &msg));
            assert_int_equal(msg.xid, 7);
            assert_null(of_meter_mod_decode(&msg, &command, &meter));
            buf_printf(&text, "%s %u rate %u\n", commands[command], meter.meter_id, meter.rate);
            at += n;
        }
        assert_string_equal(buf_text(&text), half ? unwanted : wanted);
        buf_fini(&text);
        buf_fini(&out);
    }
}

/* The switch says that it has these meters, each with a rate of 1000 times its id. */
static void
saw(struct objects *objects, const uint32_t *ids, size_t n)
{
    struct buf body = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        uint8_t meter[24] = {0};
        put_be16(meter, sizeof meter);
        put_be16(meter + 2, OFPMF_KBPS | OFPMF_STATS);
        put_be32(meter + 4, ids[i]);
        put_be16(meter + 8, 1);                              /* a drop band */
        put_be16(meter + 10, 16);
        put_be32(meter + 12, 1000 * ids[i]);
        buf_put(&body, meter, sizeof meter);
    }
    struct of_msg msg = {.kind = OF_METER_CONFIG_REPLY, .body = str_n(body.data, body.size)};
    assert_null(objects_saw(objects, &msg));
    buf_fini(&body);
}

TEST(comes_before_flows_and_goes_after)
{
    struct objects *objects = objects_new(OBJECT_METER);
    expect_sent(objects, "", "");
    come_or_go(objects, 5, 100, true);
    assert_true(objects_have_changes(objects));
    expect_sent(objects, "add 5 rate 100\n", "");
    assert_false(objects_have_changes(objects));
    expect_sent(objects, "", "");
    come_or_go(objects, 5, 100, false);
    assert_true(objects_have_changes(objects));
    expect_sent(objects, "", "delete 5 rate 0\n");
    expect_sent(objects, "", "");
    objects_free(objects);
}

TEST(what_never_reached_the_switch_goes_silently)
{
    struct objects *objects = objects_new(OBJECT_METER);
    come_or_go(objects, 5, 100, true);
    come_or_go(objects, 5, 100, false);
    expect_sent(objects, "", "");
    objects_free(objects);
}

TEST(a_new_connection_touches_only_what_differs)
{
    struct objects *objects = objects_new(OBJECT_METER);
    come_or_go(objects, 1, 1000, true);
    expect_sent(objects, "add 1 rate 1000\n", "");
    come_or_go(objects, 2, 7, true);
    expect_sent(objects, "add 2 rate 7\n", "");
    objects_forget_seen(objects);
    saw(objects, (const uint32_t[]) {1, 2, 4}, 3);
    expect_sent(objects, "modify 2 rate 7\n", "delete 4 rate 0\n");
    expect_sent(objects, "", "");
    objects_forget_seen(objects);
    saw(objects, (const uint32_t[]) {1}, 1);
    expect_sent(objects, "add 2 rate 7\n", "");
    objects_free(objects);
}

TEST(ids_are_listed)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct objects *objects = objects_new(OBJECT_METER);
    come_or_go(objects, 12, 1, true);
    come_or_go(objects, 9, 1, true);
    come_or_go(objects, 10, 1, true);
    come_or_go(objects, 10, 1, false);
    objects_print_ids(objects, &text);
    assert_string_equal(buf_text(&text), "9\n12\n");
    buf_fini(&text);
    objects_free(objects);
}

TEST(a_content_is_taken_apart)
{
    struct buf content = BUF_INIT(BUF_NO_LIMIT);
    put_content(&content, 77, 5, "name");
    assert_int_equal(object_content_id(content.data, content.size), 77);
    struct str message = object_content_message(content.data, content.size);
    assert_int_equal(message.n, content.size - sizeof(uint32_t) - 4);
    buf_fini(&content);
}

TEST_MAIN(T(comes_before_flows_and_goes_after), T(what_never_reached_the_switch_goes_silently),
          T(a_new_connection_touches_only_what_differs), T(ids_are_listed), T(a_content_is_taken_apart))
