/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_CONN_H
#define WEFT_OPENFLOW_OF_CONN_H

/* What: the connection to a switch: reconnecting, framing, version negotiation, probes.
 *
 * Why: whoever speaks OpenFlow sees only whole messages, of version 1.5, between connected() and
 * disconnected().
 *
 * Owns: its stream.  of_conn_free() may be called in any callback.
 * Bad input: a peer that does not speak OpenFlow 1.5, sends an impossible header, or does not answer
 * probes is disconnected, with a warning in the log, and tried again: after 1 s, doubling up to the
 * maximum. */

#include "lib/openflow/of_msg.h"

struct loop;
struct of_conn;

struct of_conn_callbacks {
    void (*connected)(void *aux);                            /* versions are agreed; nothing is sent yet */
    void (*disconnected)(void *aux);                         /* only after connected() */
    void (*received)(void *aux, const struct of_msg *msg);   /* all but hello and echo; borrowed */
    void (*drained)(void *aux);                              /* may be NULL: all that was sent has left */
};

/* 'target' is a stream target such as "unix:/var/run/openvswitch/br-int.mgmt".  Connecting starts at once;
 * fails only on a bad target. */
struct err *of_conn_new(struct loop *loop, const char *target, const struct of_conn_callbacks *cbs, void *aux,
                        struct of_conn **ret) MUST_USE;
void of_conn_free(struct of_conn *conn);

const char *of_conn_target(const struct of_conn *conn);
bool of_conn_is_connected(const struct of_conn *conn);
const char *of_conn_last_error(const struct of_conn *conn);  /* or NULL */
/* Numbers connections from 1: "is this still the connection I asked on?"  0 before the first. */
uint32_t of_conn_seq(const struct of_conn *conn);

uint32_t of_conn_new_xid(struct of_conn *conn);              /* never 0 */
/* Sends the whole messages in 'n' bytes; ignored unless connected. */
void of_conn_send(struct of_conn *conn, const void *p, size_t n);
/* The same for a buf, which is then empty. */
void of_conn_send_buf(struct of_conn *conn, struct buf *buf);
size_t of_conn_backlog(const struct of_conn *conn);          /* bytes not yet written */

/* Drops the connection and makes a new one, at once. */
void of_conn_reconnect(struct of_conn *conn);
/* An echo request after 'ms' (default 5000) without input; disconnects when as long again passes.  0:
 * none. */
void of_conn_set_probe_interval(struct of_conn *conn, int64_t ms);
void of_conn_set_max_backoff(struct of_conn *conn, int64_t ms);          /* default 8000 */

#endif
