/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "ovsdb/client/replica.h"
#include "ovsdb/client/session_private.h"
#include "ovsdb/model/envelope.h"

/* The error of the operation that failed, or NULL.  An extra element behind the last operation is the commit's. */
static struct err *
operation_error(const json_t *result, size_t n_operations)
{
    if (!json_is_array(result)) {
        return err_new("the result of a transaction is not an array");
    }
    size_t i;
    const json_t *element;
    json_array_foreach (result, i, element) {
        if (json_object_get(element, "error")) {
            struct err *err = ovsdb_error_from_json(element);
            return i < n_operations ? err_wrap(err, "operation %zu", i) : err_wrap(err, "commit");
        }
    }
    return NULL;
}

/* RFC 7047 has no such error: servers have it for what they do not let anybody write, as a backup does. */
static void
note_read_only(struct ovsdb_session *s, const struct err *err)
{
    if (err && err_tag(err) && !strcmp(err_tag(err), "not allowed")) {
        ovsdb_session_reject_server(s, "it does not take transactions");
    }
}

static void
handle_transact_reply(struct ovsdb_session *s, struct request *r, const struct jsonrpc_msg *msg)
{
    if (!r->done) {
        return;
    }
    if (!msg) {
        r->done(r->aux, NULL, err_tagged("lost", "not connected, or the connection ended before the answer"));
    } else if (msg->type == JSONRPC_ERROR) {
        bool is_canceled = json_is_string(msg->error) && !strcmp(json_string_value(msg->error), "canceled");
        r->done(r->aux, NULL, is_canceled ? err_tagged("canceled", "the database was converted, or its source lost")
                                          : ovsdb_error_from_json(msg->error));
    } else {
        struct err *err = operation_error(msg->result, r->n_operations);
        note_read_only(s, err);
        r->done(r->aux, err && json_is_array(msg->result) ? msg->result : NULL, err);
    }
}

/* The results of a transaction in which no operation failed. */
static bool
scan_transact_result(struct ovsdb_session *s, struct request *r, struct json_scan *scan)
{
    bool has_error = json_scan_peek(scan) != '[' || !json_scan_array(scan);
    while (!has_error && json_scan_element(scan)) {
        if (json_scan_peek(scan) != '{') {
            json_scan_skip(scan);
            continue;
        }
        json_scan_object(scan);
        for (struct str name; json_scan_member(scan, &name);) {
            has_error = has_error || str_is(name, "error");
            json_scan_skip(scan);
        }
    }
    struct err *err = has_error ? NULL : envelope_close(scan, false);
    if (has_error || err) {
        err_free(err);
        return false;
    }
    if (r->done) {
        r->done(r->aux, NULL, NULL);
    }
    return true;
}

void
ovsdb_session_tell_unsent(void *s_)
{
    struct ovsdb_session *s = s_;
    ovsdb_session_lose_requests(s, &s->unsent);
}

static uint64_t
await_transaction(struct ovsdb_session *s, struct request *r, size_t n_operations, ovsdb_txn_cb *done, void *aux)
{
    r->result = scan_transact_result;
    r->done = done;
    r->aux = aux;
    r->n_operations = n_operations;
    if (!ovsdb_session_is_connected(s)) {
        hmap_remove(&s->requests, &r->node);
        hmap_insert(&s->unsent, &r->node, hash_mix64(r->id));
        loop_defer(s->loop, ovsdb_session_tell_unsent, s);
    }
    return r->id;
}

uint64_t
ovsdb_session_transact(struct ovsdb_session *s, json_t *operations, ovsdb_txn_cb *done, void *aux)
{
    size_t n_operations = json_array_size(operations);
    json_array_insert_new(operations, 0, json_string(replica_def(s->replica)->database));
    struct request *r = ovsdb_session_send_request(s, "transact", operations, handle_transact_reply);
    return await_transaction(s, r, n_operations, done, aux);
}

uint64_t
ovsdb_session_transact_text(struct ovsdb_session *s, struct str operations, size_t n, ovsdb_txn_cb *done, void *aux)
{
    CHECK(operations.n >= 2 && operations.s[0] == '[' && operations.s[operations.n - 1] == ']');
    struct request *r = ovsdb_session_request_new(s, handle_transact_reply);
    struct buf buf = BUF_INIT(BUF_NO_LIMIT);
    buf_printf(&buf, "{\"id\":%" PRIu64 ",\"method\":\"transact\",\"params\":[", r->id);
    buf_put_json_string(&buf, str_from(replica_def(s->replica)->database));
    buf_puts(&buf, n ? "," : "");
    jsonrpc_session_send_bytes(s->rpc, buf.data, buf.size);
    jsonrpc_session_send_bytes(s->rpc, operations.s + 1, operations.n - 1);
    jsonrpc_session_send_bytes(s->rpc, "}", 1);
    buf_fini(&buf);
    return await_transaction(s, r, n, done, aux);
}

void
ovsdb_session_forget(struct ovsdb_session *s, uint64_t id)
{
    struct request *r = ovsdb_session_find_request(&s->requests, id);
    r = r ? r : ovsdb_session_find_request(&s->unsent, id);
    r = r ? r : ovsdb_session_find_request(&s->lost, id);
    if (r) {
        r->done = NULL;
    }
}

size_t
ovsdb_session_outstanding(const struct ovsdb_session *s)
{
    size_t n = 0;
    HMAP_FOR_EACH (r, struct request, node, &s->requests) {
        n += r->done != NULL;
    }
    return n;
}
