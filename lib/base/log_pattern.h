/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_LOG_PATTERN_H
#define WEFT_BASE_LOG_PATTERN_H

/* What: formats one log message as a pattern with %-escapes says (ovs-appctl(8), "vlog/set PATTERN").
 * Why: a pure function of the record, so that it is tested without a clock.  Private to log.c. */

#include "lib/base/str.h"

struct log_record {
    const char *program;                                     /* %A */
    const char *subprogram;                                  /* %t, %T; "" is the main process */
    const char *host;                                        /* %E */
    const char *module;                                      /* %c */
    const char *level;                                       /* %p, such as "DBG" */
    const char *text;                                        /* %m */
    int64_t wall_ms;                                         /* %d, %D */
    int64_t age_ms;                                          /* %r: since the program started */
    uint32_t sequence;                                       /* %N */
    int priority;                                            /* %B: RFC 5424 PRI */
    int pid;                                                 /* %P */
};

/* Appends 'record', formatted.  A '%' with an unknown letter prints the letter. */
void log_pattern_put(struct buf *out, const char *pattern, const struct log_record *record);

#endif
