/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/jsonrpc.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/counter.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"

LOG_MODULE(jsonrpc);
MEM_TYPE(jsonrpc, "JSON-RPC connections");
COUNTER(jsonrpc_received);
COUNTER(jsonrpc_sent);

struct jsonrpc {
    uint32_t magic;
    struct stream *stream;                                   /* owned */
    struct loop *loop;
    const struct jsonrpc_callbacks *cbs;
    void *aux;
    struct jsonrpc_framer framer;
    size_t max_message;
    bool paused;
    bool is_behind;                                          /* more waits than a turn hands on: nothing is read meanwhile */
    bool closed;                                             /* nothing more to receive than what is buffered */
    struct err *close_reason;                                /* when 'closed'; NULL for an orderly end */
    bool *freed;                                             /* set by jsonrpc_free(), or NULL */
    struct loop_timer *probe_timer;
    int64_t probe_ms;                                        /* 0: no probing */
    int64_t last_input_ms;
    int64_t n_taken;                                         /* stream_n_untaken() when a probe was last looked after; */
    bool was_untaken;                                        /* and whether something was waiting then */
    enum { PROBE_IDLE, PROBE_SENT, PROBE_OVERDUE } probe;
};

enum { JSONRPC_MAGIC = 0x6a727063, MESSAGES_AT_ONCE = 50, WAITING_BYTES = 256 * 1024, GRACE_MS = 100 };
#define JSONRPC(R) (CHECK((R)->magic == JSONRPC_MAGIC), (R))
static const char probe_id[] = "echo";

static void on_readable(void *rpc_);
static void on_drained(void *rpc_);
static void on_closed(void *rpc_, struct err *reason);
static void process_input(void *rpc_);
static struct err *next_text(struct jsonrpc *rpc, struct str *ret);
static struct err *receive(struct jsonrpc *rpc, struct str text);
static struct err *refuse_text(struct jsonrpc *rpc, struct str text, struct err *err);
static bool answer_probe(struct jsonrpc *rpc, struct jsonrpc_msg *msg);
static void on_probe_timer(void *rpc_);
static void fail(struct jsonrpc *rpc, struct err *reason);

static const struct stream_callbacks stream_cbs = {
    .readable = on_readable, .drained = on_drained, .closed = on_closed};

struct jsonrpc *
jsonrpc_new(struct stream *stream, const struct jsonrpc_callbacks *cbs, void *aux)
{
    CHECK(cbs->received && cbs->closed);
    struct jsonrpc *rpc = xmalloc(sizeof *rpc);
    *rpc = (struct jsonrpc) {
        .magic = JSONRPC_MAGIC, .stream = stream, .loop = stream_loop(stream), .cbs = cbs, .aux = aux,
        .max_message = JSONRPC_MAX_MESSAGE,
    };
    rpc->probe_timer = loop_timer_new(rpc->loop, on_probe_timer, rpc);
    rpc->last_input_ms = loop_now_ms(rpc->loop);
    stream_set_callbacks(stream, &stream_cbs, rpc);
    mem_add(&mem_jsonrpc, 1);
    return rpc;
}

void
jsonrpc_free(struct jsonrpc *rpc)
{
    if (!rpc) {
        return;
    }
    if (JSONRPC(rpc)->freed) {
        *rpc->freed = true;
    }
    loop_cancel_deferred(rpc->loop, process_input, rpc);
    loop_timer_free(rpc->probe_timer);
    stream_free(rpc->stream);
    err_free(rpc->close_reason);
    rpc->magic = 0;
    free(rpc);
    mem_add(&mem_jsonrpc, -1);
}

const char *
jsonrpc_name(const struct jsonrpc *rpc)
{
    return stream_name(JSONRPC(rpc)->stream);
}

/* Where json_dump_callback() writes: room reserved at the end of an evbuffer. */
struct sink {
    struct evbuffer *out;
    struct evbuffer_iovec room;
    size_t used;
};

static void
sink_commit(struct sink *sink)
{
    sink->room.iov_len = sink->used;
    CHECK(!sink->used || !evbuffer_commit_space(sink->out, &sink->room, 1));
}

static void
sink_reserve(struct sink *sink, size_t n)
{
    CHECK(evbuffer_reserve_space(sink->out, (ev_ssize_t) n, &sink->room, 1) == 1);
    sink->used = 0;
}

static int
sink_write(const char *p, size_t n, void *sink_)
{
    enum { NEXT_SIZE = 64 * 1024 };
    struct sink *sink = sink_;
    if (sink->used + n > sink->room.iov_len) {
        sink_commit(sink);
        sink_reserve(sink, MAX(n, (size_t) NEXT_SIZE));
    }
    memcpy((char *) sink->room.iov_base + sink->used, p, n);
    sink->used += n;
    return 0;
}

/* Appends 'json' as compact text, written in place. */
static void
write_json(struct evbuffer *out, const json_t *json)
{
    enum { FIRST_SIZE = 2048 };
    struct sink sink = {.out = out};
    sink_reserve(&sink, FIRST_SIZE);
    CHECK(!json_dump_callback(json, sink_write, &sink, JSON_COMPACT | JSON_ENCODE_ANY));
    sink_commit(&sink);
}

static void
log_message(const struct jsonrpc *rpc, const char *direction, const struct jsonrpc_msg *msg)
{
    static const char *const names[] = {
        [JSONRPC_REQUEST] = "request", [JSONRPC_NOTIFY] = "notification",
        [JSONRPC_REPLY] = "reply", [JSONRPC_ERROR] = "error"};
    const json_t *body = msg->params ? msg->params : msg->result ? msg->result : msg->error;
    char *text = json_text(body);
    char *id = msg->id ? json_text(msg->id) : NULL;
    log_dbg("%s: %s %s, %s%s%s%s=%s%s%s", jsonrpc_name(rpc), direction, names[msg->type],
            msg->method ? "method=\"" : "", msg->method ? msg->method : "", msg->method ? "\", " : "",
            msg->params ? "params" : msg->result ? "result" : "error", text, id ? ", id=" : "", id ? id : "");
    free(text);
    free(id);
}

/* Puts 'msg' at the end of the backlog; on a closed connection it is dropped. */
void
jsonrpc_send(struct jsonrpc *rpc, struct jsonrpc_msg *msg)
{
    if (!JSONRPC(rpc)->closed) {
        if (log_is_enabled(LOG_DBG)) {
            log_message(rpc, "send", msg);
        }
        json_t *json = jsonrpc_msg_to_json(msg);
        write_json(stream_output(rpc->stream), json);
        json_decref(json);
        counter_inc(&counter_jsonrpc_sent);
    }
    jsonrpc_msg_free(msg);
}

void
jsonrpc_send_shared(struct jsonrpc *rpc, struct shared_bytes *bytes)
{
    stream_send_shared(JSONRPC(rpc)->stream, bytes);
    counter_inc(&counter_jsonrpc_sent);
}

void
jsonrpc_send_bytes(struct jsonrpc *rpc, const void *p, size_t n)
{
    stream_send(JSONRPC(rpc)->stream, p, n);
}

size_t
jsonrpc_backlog(const struct jsonrpc *rpc)
{
    return stream_backlog(JSONRPC(rpc)->stream);
}

/* Messages longer than 'bytes' close the connection; JSONRPC_MAX_MESSAGE unless set. */
void
jsonrpc_set_max_message(struct jsonrpc *rpc, size_t bytes)
{
    JSONRPC(rpc)->max_message = bytes;
}

static bool
is_reading(const struct jsonrpc *rpc)
{
    return !rpc->paused && !rpc->is_behind;
}

static void
read_or_not(struct jsonrpc *rpc)
{
    stream_pause_input(rpc->stream, !is_reading(rpc));
    if (is_reading(rpc)) {
        rpc->last_input_ms = loop_now_ms(rpc->loop);         /* nobody looked in the meantime, so silence proves nothing */
    }
}

void
jsonrpc_pause_input(struct jsonrpc *rpc, bool paused)
{
    if (JSONRPC(rpc)->paused == paused) {
        return;
    }
    rpc->paused = paused;
    read_or_not(rpc);
    if (!paused) {
        loop_defer(rpc->loop, process_input, rpc);
    }
}

static void
set_behind(struct jsonrpc *rpc, bool is_behind)
{
    if (rpc->is_behind != is_behind) {
        rpc->is_behind = is_behind;
        read_or_not(rpc);
    }
}

static void
on_readable(void *rpc_)
{
    struct jsonrpc *rpc = JSONRPC((struct jsonrpc *) rpc_);
    rpc->last_input_ms = loop_now_ms(rpc->loop);
    rpc->probe = PROBE_IDLE;
    process_input(rpc);
}

static void
on_drained(void *rpc_)
{
    struct jsonrpc *rpc = JSONRPC((struct jsonrpc *) rpc_);
    if (rpc->cbs->drained) {
        rpc->cbs->drained(rpc->aux);
    }
}

static void
on_closed(void *rpc_, struct err *reason)
{
    struct jsonrpc *rpc = JSONRPC((struct jsonrpc *) rpc_);
    if (rpc->closed) {
        err_free(reason);
        return;
    }
    rpc->closed = true;
    rpc->close_reason = reason;
    process_input(rpc);
}

/* Receives the messages that are whole, some at a time so that one peer cannot keep the loop from the
 * others, nor make us hold what it sends faster than that; then, if the stream has ended, reports that.  May free 'rpc', through
 * the callbacks. */
static void
process_input(void *rpc_)
{
    struct jsonrpc *rpc = JSONRPC((struct jsonrpc *) rpc_);
    bool freed = false;
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        if (rpc->paused && !rpc->closed) {
            return;
        }
        struct str text;
        struct err *err = next_text(rpc, &text);
        if (err || !text.n) {
            if (err || rpc->closed) {
                fail(rpc, err);
            } else {
                set_behind(rpc, false);
            }
            return;
        }
        rpc->freed = &freed;
        err = receive(rpc, text);
        if (freed) {
            return;
        }
        rpc->freed = NULL;
        if (err) {
            fail(rpc, err);
            return;
        }
    }
    set_behind(rpc, evbuffer_get_length(stream_input(rpc->stream)) > WAITING_BYTES);
    loop_defer(rpc->loop, process_input, rpc);
}

/* Feeds the framer what it has not seen of 'input'.  On success '*ret_length' is the length of the first
 * message, or 0 if it is not whole yet. */
static struct err *
scan_input(struct jsonrpc *rpc, struct evbuffer *input, size_t *ret_length)
{
    enum { N_PIECES = 16 };
    struct evbuffer_iovec pieces[N_PIECES];
    struct err *err = NULL;
    size_t length = 0;
    while (!length && !err && rpc->framer.scanned < evbuffer_get_length(input)) {
        struct evbuffer_ptr at;
        CHECK(!evbuffer_ptr_set(input, &at, rpc->framer.scanned, EVBUFFER_PTR_SET));
        int n = evbuffer_peek(input, -1, &at, pieces, N_PIECES);
        for (int i = 0; i < MIN(n, (int) N_PIECES) && !length && !err; i++) {
            length = jsonrpc_framer_feed(&rpc->framer, pieces[i].iov_base, pieces[i].iov_len, &err);
        }
    }
    if (!err && MAX(length, rpc->framer.scanned) > rpc->max_message) {
        err = err_new("message larger than %zu bytes", rpc->max_message);
    }
    *ret_length = length;
    return err;
}

/* The first whole message of the input, in one piece; empty if there is none yet. */
static struct err *
next_text(struct jsonrpc *rpc, struct str *ret)
{
    struct evbuffer *input = stream_input(rpc->stream);
    size_t length;
    struct err *err = scan_input(rpc, input, &length);
    *ret = (struct str) {0};
    if (!err && length) {
        const char *text = (const char *) evbuffer_pullup(input, (ev_ssize_t) length);
        CHECK(text);
        *ret = str_n(text, length);
    }
    return err;
}

static void
log_text(const struct jsonrpc *rpc, struct str text)
{
    struct jsonrpc_msg *msg;
    struct err *err = jsonrpc_msg_parse(text.s, text.n, &msg);
    if (!err) {
        log_message(rpc, "received", msg);
        jsonrpc_msg_free(msg);
    }
    err_free(err);
}

/* Hands on 'text', the first message of the input, and drops it from there.  May free 'rpc', through the callbacks. */
static struct err *
receive(struct jsonrpc *rpc, struct str text)
{
    struct evbuffer *input = stream_input(rpc->stream);
    const bool *freed = rpc->freed;
    if (log_is_enabled(LOG_DBG)) {
        log_text(rpc, text);
    }
    counter_inc(&counter_jsonrpc_received);
    if (rpc->cbs->received_text && rpc->cbs->received_text(rpc->aux, text)) {
        if (!*freed) {
            evbuffer_drain(input, text.n);
        }
        return NULL;
    }
    struct jsonrpc_msg *msg;
    struct err *err = jsonrpc_msg_parse(text.s, text.n, &msg);
    if (err) {
        err = refuse_text(rpc, text, err);
        if (!*freed) {
            evbuffer_drain(input, text.n);
        }
        return err;
    }
    evbuffer_drain(input, text.n);
    if (!answer_probe(rpc, msg)) {
        rpc->cbs->received(rpc->aux, msg);
    }
    return NULL;
}

/* Refuses 'text', which is no message because of 'err' (taken), if only its strings are wrong; otherwise returns 'err'. */
static struct err *
refuse_text(struct jsonrpc *rpc, struct str text, struct err *err)
{
    struct jsonrpc_msg *answer = rpc->cbs->refused ? jsonrpc_refuse_bad_text(text.s, text.n) : NULL;
    if (!answer) {
        return err;
    }
    log_warn_rl("%s: request refused (%s)", jsonrpc_name(rpc), err_detail(err));
    err_free(err);
    rpc->cbs->refused(rpc->aux, answer);
    return NULL;
}

/* Handles "echo" requests and the answers to ours (RFC 7047, section 4.1.11): true if 'msg' was one, and is freed. */
static bool
answer_probe(struct jsonrpc *rpc, struct jsonrpc_msg *msg)
{
    if (msg->type == JSONRPC_REQUEST && !rpc->cbs->wants_echo && !strcmp(msg->method, "echo")) {
        jsonrpc_send(rpc, jsonrpc_reply(json_incref(msg->params), json_incref(msg->id)));
    } else if (msg->type != JSONRPC_REPLY || !json_is_string(msg->id)
               || strcmp(json_string_value(msg->id), probe_id)) {
        return false;
    }
    jsonrpc_msg_free(msg);
    return true;
}

void
jsonrpc_set_dscp(struct jsonrpc *rpc, int dscp)
{
    stream_set_dscp(rpc->stream, dscp);
}

void
jsonrpc_set_probe_interval(struct jsonrpc *rpc, int64_t ms)
{
    if (JSONRPC(rpc)->probe_ms == ms) {
        return;
    }
    rpc->probe_ms = ms;
    rpc->probe = PROBE_IDLE;
    if (ms > 0) {
        loop_timer_set(rpc->probe_timer, ms);
    } else {
        loop_timer_cancel(rpc->probe_timer);
    }
}

/* Whether the peer has taken something since the last call that was waiting for it then.  It cannot answer a probe before it has
 * read what is before that, which may be a database of any size. */
static bool
took_output(struct jsonrpc *rpc)
{
    int64_t n_taken;
    size_t n_untaken = stream_n_untaken(rpc->stream, &n_taken);
    bool took = rpc->was_untaken && n_taken > rpc->n_taken;
    rpc->n_taken = n_taken;
    rpc->was_untaken = n_untaken > 0;
    return took;
}

static void
on_probe_timer(void *rpc_)
{
    struct jsonrpc *rpc = JSONRPC((struct jsonrpc *) rpc_);
    if (rpc->closed) {
        return;
    }
    int64_t idle_ms = loop_now_ms(rpc->loop) - rpc->last_input_ms;
    if (!is_reading(rpc) || idle_ms < rpc->probe_ms) {
        loop_timer_set(rpc->probe_timer, is_reading(rpc) ? rpc->probe_ms - idle_ms : rpc->probe_ms);
        return;
    }
    if (took_output(rpc) && rpc->probe != PROBE_IDLE) {
        rpc->probe = PROBE_SENT;
        loop_timer_set(rpc->probe_timer, rpc->probe_ms);
        return;
    }
    switch (rpc->probe) {
    case PROBE_IDLE:
        log_dbg("%s: idle %lld ms, sending inactivity probe", jsonrpc_name(rpc), (long long) idle_ms);
        jsonrpc_send(rpc, jsonrpc_request("echo", json_array(), json_string(probe_id)));
        rpc->probe = PROBE_SENT;
        loop_timer_set(rpc->probe_timer, rpc->probe_ms);
        break;
    case PROBE_SENT:
        /* If it was we who slept, the answer may be waiting in the socket: look before leaving. */
        rpc->probe = PROBE_OVERDUE;
        loop_timer_set(rpc->probe_timer, MIN(rpc->probe_ms, (int64_t) GRACE_MS));
        break;
    case PROBE_OVERDUE:
        fail(rpc, err_new("no response to inactivity probe after %.3g seconds", (double) rpc->probe_ms / 1000));
        break;
    }
}

/* The end: reports 'reason' (taken), or the stream's own when NULL.  May free 'rpc'. */
static void
fail(struct jsonrpc *rpc, struct err *reason)
{
    if (!reason) {
        reason = rpc->close_reason;
        rpc->close_reason = NULL;
    }
    rpc->closed = true;
    loop_cancel_deferred(rpc->loop, process_input, rpc);
    loop_timer_cancel(rpc->probe_timer);
    stream_set_callbacks(rpc->stream, NULL, NULL);
    rpc->cbs->closed(rpc->aux, reason);
}
