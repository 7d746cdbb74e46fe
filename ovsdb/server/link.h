/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_LINK_H
#define WEFT_OVSDB_SERVER_LINK_H

/* What: one client connection: a JSON-RPC stream and the session that it carries.
 * Owns: both.  The link frees itself when the connection ends, after calling 'ended'. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/check.h"

struct link;
struct loop;
struct server;
struct session;
struct stream;

struct link *link_new(struct loop *loop, struct server *server, struct stream *stream /* taken */,
                      void (*ended)(void *aux, struct link *link, const char *reason), void *aux) MUST_USE;
void link_free(struct link *link);                           /* without calling 'ended' */
struct session *link_session(const struct link *link);
int64_t link_connected_ms(const struct link *link);          /* when it began */
void link_set_max_message(struct link *link, size_t bytes);
void link_set_probe_interval(struct link *link, int64_t ms);
void link_set_read_only(struct link *link, bool read_only);
void link_set_role(struct link *link, const char *role);     /* "": none */
void link_set_dscp(struct link *link, int dscp);             /* as stream_set_dscp() */

#endif
