/* SPDX-License-Identifier: Apache-2.0 */
/* Locks. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "ovsdb/client/session_private.h"

/* A backup server, which is read-only, refuses locks. */
static void
handle_lock_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (msg && msg->type == JSONRPC_REPLY && s->lock && r->aux == s->lock) {
        s->has_lock = json_is_true(json_object_get(msg->result, "locked"));
        s->is_contended = !s->has_lock;
        loop_defer(s->loop, ovsdb_session_tell_changed, s);
    } else if (msg && msg->type == JSONRPC_ERROR && s->lock && r->aux == s->lock) {
        ovsdb_session_reject_server(s, "it refuses locks");
    }
}

void
ovsdb_session_request_lock(struct ovsdb_session *s)
{
    ovsdb_session_send_request(s, "lock", json_pack("[s]", s->lock), handle_lock_reply)->aux = s->lock;
}

void
ovsdb_session_set_lock(struct ovsdb_session *s, const char *name)
{
    if (name && s->lock ? !strcmp(name, s->lock) : name == s->lock) {
        return;
    }
    if (s->lock && ovsdb_session_is_connected(s)) {
        ovsdb_session_send_request(s, "unlock", json_pack("[s]", s->lock), ovsdb_session_ignore_reply);
    }
    free(s->lock);
    s->lock = name ? xstrdup(name) : NULL;
    s->has_lock = s->is_contended = false;
    if (s->lock && ovsdb_session_is_connected(s)) {
        ovsdb_session_request_lock(s);
    }
}

bool
ovsdb_session_has_lock(const struct ovsdb_session *s)
{
    return !s->lock || s->has_lock;
}

bool
ovsdb_session_lock_contended(const struct ovsdb_session *s)
{
    return s->is_contended;
}
