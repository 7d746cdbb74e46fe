/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and their replies. */
#include <config.h>

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/client/session_private.h"

LOG_MODULE(ovsdb_session);
MEM_TYPE(ovsdb_request, "OVSDB requests outstanding");

void
ovsdb_request_free(struct request *r)
{
    mem_add(&mem_ovsdb_request, -1);
    free(r);
}

void
ovsdb_requests_drop(struct hmap *requests)
{
    HMAP_FOR_EACH_SAFE (r, struct request, node, requests) {
        hmap_remove(requests, &r->node);
        ovsdb_request_free(r);
    }
    hmap_fini(requests);
}

struct request *
ovsdb_session_request_new(struct ovsdb_session *s, reply_cb *reply)
{
    struct request *r = xcalloc(1, sizeof *r);
    mem_add(&mem_ovsdb_request, +1);
    r->id = s->next_id++;
    r->n_monitors = s->n_monitors;
    r->reply = reply;
    hmap_insert(&s->requests, &r->node, hash_mix64(r->id));
    return r;
}

struct request *
ovsdb_session_send_request(struct ovsdb_session *s, const char *method, json_t *params, reply_cb *reply)
{
    struct request *r = ovsdb_session_request_new(s, reply);
    jsonrpc_session_send(s->rpc, jsonrpc_request(method, params, json_integer((json_int_t) r->id)));
    return r;
}

void
ovsdb_session_ignore_reply(struct ovsdb_session *s UNUSED, struct request *r UNUSED, const struct jsonrpc_msg *msg UNUSED)
{
}

struct request *
ovsdb_session_find_request(const struct hmap *requests, uint64_t id)
{
    HMAP_FOR_EACH_WITH_HASH (r, struct request, node, hash_mix64(id), requests) {
        if (r->id == id) {
            return r;
        }
    }
    return NULL;
}

static void
finish_request(struct ovsdb_session *s, struct hmap *from, struct request *r, const struct jsonrpc_msg *msg)
{
    hmap_remove(from, &r->node);
    r->reply(s, r, msg);
    ovsdb_request_free(r);
}

void
ovsdb_session_lose_requests(struct ovsdb_session *s, struct hmap *requests)
{
    CHECK(hmap_is_empty(&s->lost));
    hmap_swap(requests, &s->lost);
    for (struct hmap_node *node; (node = hmap_first(&s->lost));) {
        finish_request(s, &s->lost, CONTAINER_OF(node, struct request, node), NULL);
    }
}

void
ovsdb_session_handle_reply(struct ovsdb_session *s, const struct jsonrpc_msg *msg)
{
    uint64_t id = (uint64_t) json_integer_value(msg->id);
    struct request *r = json_is_integer(msg->id) ? ovsdb_session_find_request(&s->requests, id) : NULL;
    if (r) {
        finish_request(s, &s->requests, r, msg);
    } else {
        log_warn_rl("%s: reply to a request that was not made", ovsdb_session_remote(s));
    }
}

struct err *
ovsdb_error_from_json(const json_t *json)
{
    const char *tag = json_string_value(json_object_get(json, "error"));
    const char *details = json_string_value(json_object_get(json, "details"));
    if (json_is_string(json)) {
        return err_new("%s", json_string_value(json));
    }
    return tag ? err_tagged(tag, "%s", details ? details : "no details") : err_new("an error that is not an object");
}

void
ovsdb_session_give_up(struct ovsdb_session *s, struct err *err /* taken */)
{
    char *text = err_take_text(err);
    log_warn_rl("%s: %s", ovsdb_session_remote(s), text);
    free(text);
    ovsdb_session_reset(s);
}
