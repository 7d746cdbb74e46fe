/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_RELAY_PRIVATE_H
#define WEFT_OVSDB_SERVER_RELAY_PRIVATE_H

/* What: what relay.c (following the source) and relay_forward.c (requests of clients) share. */

#include "lib/base/hmap.h"
#include "lib/base/str.h"
#include "lib/base/vec.h"
#include "ovsdb/model/server_row.h"
#include "ovsdb/server/relay.h"

struct forward;
struct follower;

struct relay {
    struct server *server;                                   /* borrowed */
    struct hosted *hosted;                                   /* whose relay it is */
    const struct upstream_env *env;                          /* borrowed */
    struct upstream *upstream;                               /* owned */
    bool has_alternatives;                                   /* more than one remote */
    int64_t next_id;                                         /* of requests to the source */
    int64_t row_request, schema_request;                     /* whose reply is to come, or -1 */
    struct server_row row;                                   /* what the source's _Server says of it */
    bool source_is_usable;                                   /* as that row says */
    struct hosted *next;                                     /* owned: a copy under another schema in the making, or NULL */
    struct follower *follower;                               /* owned: of 'next' or 'hosted', or NULL */
    struct hmap sent;                                        /* forwards, by the id at the source */
    VEC(struct forward *) waiting;                           /* for a connection, in order; owned */
};

bool relay_is_connected(const struct relay *relay);          /* can pass on */
void relay_send_waiting(struct relay *relay);
void relay_cancel_sent(struct relay *relay);
void relay_cancel_waiting(struct relay *relay);
/* Handles the reply 'id' if it is for a client: 'text' is the result, or the error if 'is_error'. */
bool relay_receive_reply(struct relay *relay, int64_t id, struct str text, bool is_error);

#endif
