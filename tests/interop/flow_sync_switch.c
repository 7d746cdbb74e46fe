/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What: the controller's flow_sync.c with a real switch that refuses some flows: the others get there.
 * usage: flow_sync_switch TARGET (test_openflow.sh starts one). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/flow_sync.h"
#include "lib/net/loop.h"
#include "lib/openflow/of_actions.h"

enum { DEADLINE_MS = 10000, NO_SUCH_GROUP = 999, N_GOOD = 5 };

static struct flow_sync *sync_;
static uint64_t awaited;

static void on_confirmed(void *aux UNUSED) { }
static void on_packet_in(void *aux UNUSED, const struct of_msg *msg UNUSED) { }
static bool is_confirmed(void *aux UNUSED) { return flow_sync_confirmed(sync_) >= awaited; }

/* The flow "reg0=N" in table 7: to port 1, or to a group that there is not. */
static void
come_or_go(uint32_t n, bool is_good, bool added)
{
    struct of_match match;
    struct buf actions = BUF_INIT(BUF_NO_LIMIT), content = BUF_INIT(BUF_NO_LIMIT);
    of_match_init(&match);
    of_match_set_u64(&match, OFF_REG(0), n);
    if (is_good) {
        of_act_output(&actions, 1);
    } else {
        of_act_group(&actions, NO_SUCH_GROUP);
    }
    struct flow flow = {.table = 7, .priority = 10, .cookie = n, .match = &match, .actions = actions.data, .n_actions = actions.size};
    flow_content_encode(&flow, &content);
    flow_sync_flow(sync_, &(struct derive_output) {.content = content.data, .n = content.size, .added = added});
    of_match_fini(&match);
    buf_fini(&actions);
    buf_fini(&content);
}

static void
flush(struct loop *loop)
{
    awaited = flow_sync_flush(sync_);
    if (!loop_run_until(loop, is_confirmed, NULL, DEADLINE_MS)) {
        fprintf(stderr, "not confirmed after %d ms\n", DEADLINE_MS);
        exit(EXIT_FAILURE);
    }
}

/* Fails unless the switch has just these flows, named by their registers. */
static void
expect(const char *target, const char *what, const char *expected)
{
    char command[1000], line[1000];
    struct buf found = BUF_INIT(BUF_NO_LIMIT);
    snprintf(command, sizeof command, "ovs-ofctl -O OpenFlow15 --no-stats dump-flows %s table=7 | grep -o 'reg0=.*' | sort", target);
    FILE *pipe = popen(command, "r");
    CHECK(pipe);
    while (fgets(line, sizeof line, pipe)) {
        buf_puts(&found, line);
    }
    pclose(pipe);
    if (strcmp(buf_text(&found), expected)) {
        fprintf(stderr, "%s\nexpected:\n%sfound:\n%s", what, expected, buf_text(&found));
        exit(EXIT_FAILURE);
    }
    buf_fini(&found);
}

int
main(int argc, char *argv[])
{
    static const struct flow_sync_callbacks cbs = {.confirmed = on_confirmed, .packet_in = on_packet_in};
    if (argc != 2) {
        fprintf(stderr, "usage: %s TARGET\n", argv[0]);
        return EXIT_FAILURE;
    }
    struct loop *loop = loop_new();
    sync_ = flow_sync_new(loop, &cbs, NULL);
    struct err *e = flow_sync_set_target(sync_, argv[1]);
    CHECK(!e);
    for (uint32_t n = 1; n <= N_GOOD; n++) {
        come_or_go(n, n != 2 && n != 4, true);
    }
    flush(loop);
    expect(argv[1], "two of five are refused", "reg0=0x1 actions=output:1\nreg0=0x3 actions=output:1\nreg0=0x5 actions=output:1\n");

    come_or_go(2, false, false);
    come_or_go(2, true, true);
    flush(loop);
    expect(argv[1], "one has become good",
           "reg0=0x1 actions=output:1\nreg0=0x2 actions=output:1\nreg0=0x3 actions=output:1\nreg0=0x5 actions=output:1\n");

    come_or_go(1, true, false);
    come_or_go(1, false, true);
    come_or_go(3, true, false);
    flush(loop);
    expect(argv[1], "what cannot be changed stays, what goes goes",
           "reg0=0x1 actions=output:1\nreg0=0x2 actions=output:1\nreg0=0x5 actions=output:1\n");
    flow_sync_free(sync_);
    loop_free(loop);
    return EXIT_SUCCESS;
}
