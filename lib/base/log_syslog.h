/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_LOG_SYSLOG_H
#define WEFT_BASE_LOG_SYSLOG_H

/* What: the ways a log message leaves for a system log: libc, a UNIX datagram socket, UDP.
 * Why: apart from log.c because <syslog.h> claims the names of our levels.  Private to log.c.
 * Invariants: sending never blocks and never fails loudly; a lost message is lost. */

#include "lib/base/err.h"

struct err *log_syslog_set_method(const char *method) MUST_USE;    /* as log_set_syslog_method() */
/* The same, if none was set; 'method' NULL or "": none. */
struct err *log_syslog_set_default_method(const char *method) MUST_USE;
bool log_syslog_has_method(void);
struct err *log_syslog_set_target(const char *host_port) MUST_USE; /* as log_set_syslog_target() */
bool log_syslog_set_facility(const char *name);              /* false, and no change, if there is none such */

/* The PRI of RFC 5424 for 'severity' (0..7): to the target when 'to_target', else to the method. */
int log_syslog_priority(int severity, bool to_target);
/* The pattern of what we put before a line for the method; and of what arrives before it, where libc adds a header of RFC 3164. */
const char *log_syslog_header(void);
const char *log_syslog_shown_header(void);
bool log_syslog_has_target(void);
void log_syslog_send(int severity, const char *line);
void log_syslog_send_to_target(const char *line);

#endif
