/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_JSONRPC_H
#define WEFT_NET_JSONRPC_H

/* What: JSON-RPC 1.0 messages (RFC 7047, section 4) over a stream, and sessions that reconnect.
 *
 * Why: the database server, its clients and the control socket share framing, limits and probes.
 *
 * Owns: a message owns its JSON; callbacks that receive a message take it.
 * Cost: a receiver of large messages may read them from their text (received_text()), without a tree of values.
 * Bad input: a message that is not JSON, not an object, not a request, reply, error or notification, nested
 * too deep or larger than the limit closes the connection with an error that says which; so does one that is not UTF-8, unless
 * refused() is there. */

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

struct loop;
struct stream;
struct shared_bytes;

enum jsonrpc_type { JSONRPC_REQUEST, JSONRPC_NOTIFY, JSONRPC_REPLY, JSONRPC_ERROR };
struct jsonrpc_msg {
    enum jsonrpc_type type;
    char *method;                                            /* requests and notifications */
    json_t *params;                                          /* requests and notifications: an array */
    json_t *result;                                          /* replies */
    json_t *error;                                           /* errors */
    json_t *id;                                              /* all but notifications */
};
/* Constructors take their json_t arguments. */
struct jsonrpc_msg *jsonrpc_request(const char *method, json_t *params, json_t *id) MUST_USE;
struct jsonrpc_msg *jsonrpc_notify(const char *method, json_t *params) MUST_USE;
struct jsonrpc_msg *jsonrpc_reply(json_t *result, json_t *id) MUST_USE;
struct jsonrpc_msg *jsonrpc_error(json_t *error, json_t *id) MUST_USE;
void jsonrpc_msg_free(struct jsonrpc_msg *msg);
/* Parses one JSON text, as the framer cuts it.  Members that are not known are ignored.
 * Errors, none of which a protocol names: not JSON; not an object; a member of the wrong type; a combination of
 * members that is no request, notification, reply or error. */
struct err *jsonrpc_msg_parse(const char *p, size_t n, struct jsonrpc_msg **ret) MUST_USE;
/* If the text is a request but for strings that are not UTF-8: the error message that answers it.  Otherwise NULL. */
struct jsonrpc_msg *jsonrpc_refuse_bad_text(const char *p, size_t n) MUST_USE;
json_t *jsonrpc_msg_to_json(const struct jsonrpc_msg *msg) MUST_USE;

/* Framing, as a pure function: finds the ends of JSON texts in a byte sequence that arrives in pieces.
 * Every byte is looked at once.  Starts as all zeros. */
struct jsonrpc_framer {
    size_t scanned;                                          /* bytes of the unfinished message seen so far */
    uint32_t depth;
    bool in_string, in_escape;
};
enum { JSONRPC_MAX_DEPTH = 200, JSONRPC_MAX_MESSAGE = 1 << 30 };
/* Looks at the next 'n' bytes at 'p', those that follow what was fed before.  Returns 0 if the message goes on
 * behind them.  If it ends in them, returns its whole length, with what was fed before and leading white
 * space; the framer is then ready for the first byte behind it, which is not consumed.
 * On an error (nesting deeper than JSONRPC_MAX_DEPTH, a byte that starts no object or array) stores it in
 * '*ret_err', which is otherwise set to NULL, and returns 0; the framer is of no more use. */
size_t jsonrpc_framer_feed(struct jsonrpc_framer *framer, const char *p, size_t n, struct err **ret_err);

/* A connection: messages both ways.  Freeing it inside its own callbacks is allowed.  When the peer closes,
 * the messages that arrived before are still received, then closed() is called, once. */
struct jsonrpc;
struct jsonrpc_callbacks {
    void (*received)(void *aux, struct jsonrpc_msg *msg);    /* takes 'msg' */
    /* May be NULL.  Offers each message before it is parsed: 'text' is balanced, but not known to be JSON otherwise;
     * it ends with the jsonrpc.  Returns whether that was all; if not, received() follows. */
    bool (*received_text)(void *aux, struct str text);
    void (*drained)(void *aux);                              /* may be NULL */
    void (*closed)(void *aux, struct err *reason);           /* takes 'reason'; free the jsonrpc soon */
    bool wants_echo;                                         /* "echo" requests are received(), not answered here */
    /* May be NULL.  Takes the error message that is to answer a request with strings that are not UTF-8: who lost the connection
     * over that would connect and send it again, for ever. */
    void (*refused)(void *aux, struct jsonrpc_msg *answer);
};
struct jsonrpc *jsonrpc_new(struct stream *stream /* taken */, const struct jsonrpc_callbacks *cbs, void *aux) MUST_USE;
void jsonrpc_free(struct jsonrpc *rpc);
const char *jsonrpc_name(const struct jsonrpc *rpc);
void jsonrpc_send(struct jsonrpc *rpc, struct jsonrpc_msg *msg /* taken */);
void jsonrpc_send_shared(struct jsonrpc *rpc, struct shared_bytes *bytes);       /* whole serialised messages */
void jsonrpc_send_bytes(struct jsonrpc *rpc, const void *p, size_t n);
size_t jsonrpc_backlog(const struct jsonrpc *rpc);
void jsonrpc_set_max_message(struct jsonrpc *rpc, size_t bytes);
void jsonrpc_pause_input(struct jsonrpc *rpc, bool paused);
/* Sends "echo" after 'ms' without input and closes ("no response to inactivity probe after N seconds")
 * when as long again passes in which the peer takes nothing of what waits for it.  0 turns probing off.
 * Echo requests of the peer are answered here, unless 'wants_echo'. */
void jsonrpc_set_probe_interval(struct jsonrpc *rpc, int64_t ms);
void jsonrpc_set_dscp(struct jsonrpc *rpc, int dscp);        /* as stream_set_dscp() */

/* A client session: connects to one of several remotes, with backoff from 1 s (doubling) up to 'max_backoff_ms'
 * (8 s unless set), and connects again when the connection is lost.  It waits only after it has tried every
 * remote in vain.  What is sent while it is not connected is dropped.
 * Unless told otherwise it probes every 5 s, but not over unix sockets. */
struct jsonrpc_session;
struct jsonrpc_session_callbacks {
    void (*connected)(void *aux);
    void (*disconnected)(void *aux);                         /* only after connected() */
    void (*received)(void *aux, struct jsonrpc_msg *msg);    /* takes 'msg' */
    bool (*received_text)(void *aux, struct str text);       /* may be NULL; as in struct jsonrpc_callbacks */
};
/* 'remotes' is a comma-separated list of active targets, tried in order (shuffled when 'shuffle'). */
struct err *jsonrpc_session_new(struct loop *loop, const char *remotes, bool shuffle,
                                const struct jsonrpc_session_callbacks *cbs, void *aux,
                                struct jsonrpc_session **ret) MUST_USE;
void jsonrpc_session_free(struct jsonrpc_session *session);
struct err *jsonrpc_session_set_remotes(struct jsonrpc_session *session, const char *remotes) MUST_USE;
bool jsonrpc_session_is_connected(const struct jsonrpc_session *session);
const char *jsonrpc_session_remote(const struct jsonrpc_session *session);       /* current or next */
bool jsonrpc_session_has_alternatives(const struct jsonrpc_session *session);    /* more than one remote */
const char *jsonrpc_session_last_error(const struct jsonrpc_session *session);   /* or NULL */
void jsonrpc_session_send(struct jsonrpc_session *session, struct jsonrpc_msg *msg /* taken */);
void jsonrpc_session_send_bytes(struct jsonrpc_session *session, const void *p, size_t n);     /* whole messages */
/* -1: the default, as if neither had been set. */
void jsonrpc_session_set_probe_interval(struct jsonrpc_session *session, int64_t ms);
void jsonrpc_session_set_max_backoff(struct jsonrpc_session *session, int64_t ms);
void jsonrpc_session_reconnect(struct jsonrpc_session *session);         /* drop it and try the next remote */
size_t jsonrpc_session_backlog(const struct jsonrpc_session *session);

#endif
