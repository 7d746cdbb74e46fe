/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_LOG_H
#define WEFT_BASE_LOG_H

/* What: logging by module and level to console, syslog and file, configured with the "-v" syntax of
 * ovn-northd(8) and the control commands "vlog/...".
 *
 * Why: operators and their scripts know this format: date|sequence|module|LEVEL|text.
 *
 * Levels: emer; err = someone must act; warn = we recovered; info = state changed; dbg = free to add.
 * What a peer can trigger uses the *_rl variants, which share one rate limit per call site.
 *
 * Use: LOG_MODULE(jsonrpc); once at the top of a .c file, then log_warn("..."). */

#include <sys/types.h>

#include "lib/base/check.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum log_level { LOG_OFF, LOG_EMER, LOG_ERR, LOG_WARN, LOG_INFO, LOG_DBG, LOG_N_LEVELS };
enum log_destination { LOG_TO_SYSLOG, LOG_TO_CONSOLE, LOG_TO_FILE, LOG_N_DESTINATIONS };

struct log_module {
    const char *name;
    enum log_level levels[LOG_N_DESTINATIONS];
    enum log_level highest;                                  /* of 'levels': the fast check */
    bool rate_limited;                                       /* "vlog/disable-rate-limit" clears it */
    struct log_module *next;
};
#define LOG_MODULE(NAME)                                                                            \
    static struct log_module log_this_module = {                                                    \
        .name = #NAME, .levels = {LOG_INFO, LOG_INFO, LOG_INFO}, .highest = LOG_INFO, .rate_limited = true}; \
    static void __attribute__((constructor)) log_register_this_module(void) { log_module_register(&log_this_module); } \
    struct log_module
void log_module_register(struct log_module *module);

/* A token bucket: 'per_minute' messages a minute after a burst of as many. */
struct log_limit {
    int64_t last_ms;                                         /* when 'tokens_ms' was computed; 0: never */
    int64_t first_dropped_ms;                                /* of 'n_dropped' */
    uint32_t tokens_ms;                                      /* milliseconds' worth of messages saved up */
    uint32_t n_dropped;                                      /* since the last message written */
    uint32_t per_minute;
};
#define LOG_LIMIT_INIT(PER_MINUTE) {.per_minute = (PER_MINUTE)}

void log_write(const struct log_module *module, enum log_level level, const char *format, ...) PRINTF_LIKE(3, 4);
bool log_limit_drop(const struct log_module *module, enum log_level level, struct log_limit *limit);

#define log_is_enabled(LEVEL) (log_this_module.highest >= (LEVEL))
#define log_at(LEVEL, ...)                                                                          \
    do {                                                                                            \
        if (log_is_enabled(LEVEL)) log_write(&log_this_module, LEVEL, __VA_ARGS__);                 \
    } while (0)
#define log_rl_at(LEVEL, ...)                                                                       \
    do {                                                                                            \
        static struct log_limit limit__ = LOG_LIMIT_INIT(60);                                       \
        if (log_is_enabled(LEVEL) && !log_limit_drop(&log_this_module, LEVEL, &limit__))            \
            log_write(&log_this_module, LEVEL, __VA_ARGS__);                                        \
    } while (0)
#define log_emer(...) log_at(LOG_EMER, __VA_ARGS__)
#define log_err(...) log_at(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_dbg(...) log_at(LOG_DBG, __VA_ARGS__)
#define log_err_rl(...) log_rl_at(LOG_ERR, __VA_ARGS__)
#define log_warn_rl(...) log_rl_at(LOG_WARN, __VA_ARGS__)
#define log_info_rl(...) log_rl_at(LOG_INFO, __VA_ARGS__)

/* Applies one "-v" argument or "vlog/set" word: a list, separated by spaces, commas or colons, of at most
 * one MODULE, one DESTINATION (syslog, console, file) and one LEVEL; or "PATTERN:DESTINATION:TEXT", or
 * "FACILITY:NAME".  NULL or "" means "any:any:dbg".  On error nothing changes. */
struct err *log_set(const char *spec) MUST_USE;
void log_set_program(const char *name);                      /* for %A in patterns */
void log_set_subprogram(const char *name);                   /* for %t and %T; "" is the main process */
/* For 'module' (NULL: all).  False if there is no such module. */
bool log_set_rate_limits(const char *module, bool enabled);
char *log_levels_text(void) MUST_USE;                        /* the table of "vlog/list" */
char *log_patterns_text(void) MUST_USE;                      /* the table of "vlog/list-pattern" */

/* Opens 'path' (relative: to the folder of this moment) for appending and logs there from now on.  On error an
 * earlier file stays in use. */
struct err *log_set_file(const char *path) MUST_USE;
const char *log_file(void);                                  /* the path, or NULL */
/* Opens the file again by its name, as after log rotation.  No file set: does nothing. */
struct err *log_reopen(void) MUST_USE;
void log_close_file(void);                                   /* log_reopen() opens it again */

/* For a program that becomes another user, who shall be able to open the file again: changes its owner. */
void log_give_file(uid_t uid, gid_t gid);

/* How messages reach syslog: "libc" (the default), "null", "unix:FILE" or "udp:IP:PORT".  A socket that is not there, or has gone,
 * is tried again with each message. */
struct err *log_set_syslog_method(const char *method) MUST_USE;
/* The same for the method that the environment names, OVS_SYSLOG_METHOD, unless another was set.  Daemons begin so, to hear of
 * errors; otherwise the first message does, and what cannot be used is "libc". */
struct err *log_set_default_syslog_method(void) MUST_USE;
/* Sends them to the UDP port 'host_port' ("IP:PORT", IPv6 in brackets) as well. */
struct err *log_set_syslog_target(const char *host_port) MUST_USE;

#endif
