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
    int64_t last_ms;
    uint32_t tokens_ms;
    uint32_t n_dropped;
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
#define log_dbg_rl(...) log_rl_at(LOG_DBG, __VA_ARGS__)

/* Applies one "-v" argument or "vlog/set" word: [MODULE[:DESTINATION[:LEVEL]]] in any order,
 * "PATTERN:DESTINATION:TEXT", "FACILITY:NAME"; NULL or "" means "any:any:dbg". */
struct err *log_set(const char *spec) MUST_USE;
struct err *log_set_file(const char *path) MUST_USE;         /* opens it for appending; '~' expanded by no one */
struct err *log_reopen(void) MUST_USE;
void log_close_file(void);
void log_set_program(const char *name);                      /* for %A in patterns */
void log_set_rate_limits(const char *module_or_any, bool enabled);
char *log_levels_text(void) MUST_USE;                        /* the table of "vlog/list" */
char *log_patterns_text(void) MUST_USE;
void log_set_syslog_target(const char *target);              /* "libc", "null", "unix:FILE", "udp:IP:PORT" */

#endif
