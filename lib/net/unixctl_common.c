/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <string.h>

#include "lib/base/counter.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/stopwatch.h"
#include "lib/base/str.h"
#include "lib/net/unixctl.h"

static void
version(struct unixctl_request *request, int argc, const char *argv[], void *program)
{
    unixctl_reply_taken(request, xasprintf("%s (Weft) %s", (const char *) program, PACKAGE_VERSION));
}

static void
vlog_list(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    unixctl_reply_taken(request, log_levels_text());
}

static void
vlog_list_pattern(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    unixctl_reply_taken(request, log_patterns_text());
}

static void
vlog_set(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    struct err *err = argc == 1 ? log_set(NULL) : NULL;
    for (int i = 1; i < argc && !err; i++) {
        err = log_set(argv[i]);
    }
    unixctl_reply_result(request, err);
}

static void
vlog_reopen(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    if (!log_file()) {
        unixctl_reply_error(request, "Logging to file not configured");
        return;
    }
    unixctl_reply_result(request, log_reopen());
}

static void
vlog_close(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    log_close_file();
    unixctl_reply(request, "");
}

/* "vlog/enable-rate-limit" and, with 'aux' NULL, "vlog/disable-rate-limit". */
static void
vlog_rate_limit(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    bool known = true;
    if (argc == 1) {
        log_set_rate_limits(NULL, aux);
    }
    for (int i = 1; i < argc && known; i++) {
        known = log_set_rate_limits(strcasecmp(argv[i], "any") ? argv[i] : NULL, aux);
    }
    unixctl_reply_result(request, known ? NULL : err_new("unknown module"));
}

static void
memory_show(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    unixctl_reply_taken(request, mem_counts_text(NULL, 0));
}

static void
coverage_show(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    unixctl_reply_taken(request, counters_text());
}

static void
coverage_read_counter(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    const struct counter *counter = counter_find(argv[1]);
    if (counter) {
        unixctl_reply_taken(request, xasprintf("%llu", (unsigned long long) counter->n));
    } else {
        unixctl_reply_error(request, "No such counter");
    }
}

static void
stopwatch_show(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    char *text = stopwatch_text(argv[1]);
    if (text) {
        unixctl_reply_taken(request, text);
    } else {
        unixctl_reply_error(request, "No such stopwatch");
    }
}

static void
stopwatch_reset_command(struct unixctl_request *request, int argc, const char *argv[], void *aux)
{
    unixctl_reply_result(request, stopwatch_reset(argv[1]) ? NULL : err_new("No such stopwatch"));
}

void
unixctl_register_common(struct unixctl *ctl, const char *program)
{
    static const struct {
        const char *name, *usage;
        int min_args, max_args;
        unixctl_cb *cb;
        const char *aux;
    } commands[] = {
        {"vlog/list", "", 0, 0, vlog_list, NULL},
        {"vlog/list-pattern", "", 0, 0, vlog_list_pattern, NULL},
        {"vlog/set", "{spec | PATTERN:destination:pattern}", 0, -1, vlog_set, NULL},
        {"vlog/reopen", "", 0, 0, vlog_reopen, NULL},
        {"vlog/close", "", 0, 0, vlog_close, NULL},
        {"vlog/enable-rate-limit", "[module]...", 0, -1, vlog_rate_limit, "enable"},
        {"vlog/disable-rate-limit", "[module]...", 0, -1, vlog_rate_limit, NULL},
        {"memory/show", "", 0, 0, memory_show, NULL},
        {"coverage/show", "", 0, 0, coverage_show, NULL},
        {"coverage/read-counter", "COUNTER", 1, 1, coverage_read_counter, NULL},
        {"stopwatch/show", "[NAME]", 0, 1, stopwatch_show, NULL},
        {"stopwatch/reset", "[NAME]", 0, 1, stopwatch_reset_command, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        unixctl_register(ctl, commands[i].name, commands[i].usage, commands[i].min_args, commands[i].max_args,
                         commands[i].cb, (void *) commands[i].aux);
    }
    unixctl_register(ctl, "version", "", 0, 0, version, (void *) program);
}
