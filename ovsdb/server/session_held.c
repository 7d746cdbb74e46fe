/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait while a database is converted (server_convert.c), in the order of their client. */
#include <config.h>

#include <stdlib.h>

#include "ovsdb/server/server_private.h"

static bool
is_echo(const struct jsonrpc_msg *msg)
{
    return !strcmp(msg->method, "echo");
}

static bool
concerns_conversion(const struct session *session, const struct jsonrpc_msg *msg)
{
    const struct hosted *hosted = session_request_database(session, msg);
    return hosted && hosted->convert_call;
}

/* Input is not read while a snapshot is made for the client, nor when many of its requests wait. */
void
session_update_hold(struct session *session)
{
    session->output->hold(session->aux, session->awaited || session->held.n >= SESSION_HELD_MAX);
}

bool
session_hold_request(struct session *session, struct jsonrpc_msg *msg)
{
    if (is_echo(msg) || !(session->held.n || session->awaits_conversion || concerns_conversion(session, msg))) {
        return false;
    }
    vec_push(&session->held, msg);
    session->server->n_held++;
    session_update_hold(session);
    return true;
}

bool
session_has_work(const struct session *session)
{
    return session->held.n && !session->awaited && !session->awaits_conversion && !session->is_closing
        && !concerns_conversion(session, session->held.d[0]);
}

static struct jsonrpc_msg *
take_held(struct session *session, size_t i)
{
    struct jsonrpc_msg *msg = session->held.d[i];
    session->held.n--;
    session->server->n_held--;
    memmove(&session->held.d[i], &session->held.d[i + 1], (session->held.n - i) * sizeof session->held.d[0]);
    return msg;
}

void
session_handle_held(struct session *session)
{
    bool any = false;
    while (session_has_work(session)) {
        struct jsonrpc_msg *msg = take_held(session, 0);
        session_handle_request(session, msg);
        jsonrpc_msg_free(msg);
        any = true;
    }
    if (any) {
        session_update_hold(session);
    }
}

bool
session_cancel_held(struct session *session, const json_t *id)
{
    for (size_t i = 0; i < session->held.n; i++) {
        const struct jsonrpc_msg *msg = session->held.d[i];
        if (!strcmp(msg->method, "transact") && json_equal(msg->id, id)) {
            session_reply_canceled(session, id);
            jsonrpc_msg_free(take_held(session, i));
            session_update_hold(session);
            return true;
        }
    }
    return false;
}

void
session_free_held(struct session *session)
{
    for (size_t i = 0; i < session->held.n; i++) {
        jsonrpc_msg_free(session->held.d[i]);
    }
    session->server->n_held -= session->held.n;
    vec_fini(&session->held);
}
