/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/jsonrpc.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"

MEM_TYPE(jsonrpc_msg, "JSON-RPC messages");

static struct jsonrpc_msg *
msg_new(enum jsonrpc_type type)
{
    struct jsonrpc_msg *msg = xcalloc(1, sizeof *msg);
    msg->type = type;
    mem_add(&mem_jsonrpc_msg, 1);
    return msg;
}

/* A request with method 'method', of any length; 'params' (an array) and 'id' are taken. */
struct jsonrpc_msg *
jsonrpc_request(const char *method, json_t *params, json_t *id)
{
    CHECK(json_is_array(params) && id);
    struct jsonrpc_msg *msg = msg_new(JSONRPC_REQUEST);
    msg->method = xstrdup(method);
    msg->params = params;
    msg->id = id;
    return msg;
}

struct jsonrpc_msg *
jsonrpc_notify(const char *method, json_t *params)
{
    CHECK(json_is_array(params));
    struct jsonrpc_msg *msg = msg_new(JSONRPC_NOTIFY);
    msg->method = xstrdup(method);
    msg->params = params;
    return msg;
}

struct jsonrpc_msg *
jsonrpc_reply(json_t *result, json_t *id)
{
    CHECK(result && id);
    struct jsonrpc_msg *msg = msg_new(JSONRPC_REPLY);
    msg->result = result;
    msg->id = id;
    return msg;
}

struct jsonrpc_msg *
jsonrpc_error(json_t *error, json_t *id)
{
    CHECK(error && id);
    struct jsonrpc_msg *msg = msg_new(JSONRPC_ERROR);
    msg->error = error;
    msg->id = id;
    return msg;
}

void
jsonrpc_msg_free(struct jsonrpc_msg *msg)
{
    if (msg) {
        free(msg->method);
        json_decref(msg->params);
        json_decref(msg->result);
        json_decref(msg->error);
        json_decref(msg->id);
        free(msg);
        mem_add(&mem_jsonrpc_msg, -1);
    }
}

/* Members that are absent and those that are null mean the same (RFC 7047, section 4). */
static json_t *
get_member(const json_t *json, const char *name)
{
    json_t *member = json_object_get(json, name);
    return json_is_null(member) ? NULL : member;
}

static struct err *
call_from_json(const json_t *json, const json_t *method, struct jsonrpc_msg **ret)
{
    json_t *params = get_member(json, "params"), *id = get_member(json, "id");
    if (!json_is_string(method)) {
        return err_new("bad JSON-RPC message: \"method\" is not a string");
    }
    if (!json_is_array(params)) {
        return err_new("bad JSON-RPC message: \"params\" is not an array");
    }
    if (get_member(json, "result") || get_member(json, "error")) {
        return err_new("bad JSON-RPC message: both \"method\" and a result");
    }
    const char *name = json_string_value(method);
    *ret = id ? jsonrpc_request(name, json_incref(params), json_incref(id)) : jsonrpc_notify(name, json_incref(params));
    return NULL;
}

static struct err *
answer_from_json(const json_t *json, struct jsonrpc_msg **ret)
{
    json_t *result = json_object_get(json, "result"), *error = get_member(json, "error");
    json_t *id = get_member(json, "id");
    if (!id) {
        return err_new("bad JSON-RPC message: neither \"method\" nor \"id\"");
    }
    if (get_member(json, "params")) {
        return err_new("bad JSON-RPC message: \"params\" without \"method\"");
    }
    if (error && get_member(json, "result")) {
        return err_new("bad JSON-RPC message: both \"result\" and \"error\"");
    }
    if (!error && !result) {
        return err_new("bad JSON-RPC message: neither \"result\" nor \"error\"");
    }
    *ret = error ? jsonrpc_error(json_incref(error), json_incref(id))
                 : jsonrpc_reply(json_incref(result), json_incref(id));
    return NULL;
}

/* Takes 'json'. */
static struct err *
msg_from_json(json_t *json, struct jsonrpc_msg **ret)
{
    struct err *err;
    if (!json_is_object(json)) {
        err = err_new("bad JSON-RPC message: not an object");
    } else {
        const json_t *method = get_member(json, "method");
        err = method ? call_from_json(json, method, ret) : answer_from_json(json, ret);
    }
    json_decref(json);
    return err;
}

struct err *
jsonrpc_msg_parse(const char *p, size_t n, struct jsonrpc_msg **ret)
{
    json_t *json;
    struct err *e = json_parse(str_n(p, n), 0, &json);
    return e ? err_wrap(e, "bad JSON in message") : msg_from_json(json, ret);
}

/* The members in the order in which RFC 7047 writes them; "id" is null in a notification. */
json_t *
jsonrpc_msg_to_json(const struct jsonrpc_msg *msg)
{
    json_t *json = json_object();
    if (msg->method) {
        json_object_set_new(json, "method", json_string(msg->method));
        json_object_set(json, "params", msg->params);
    } else {
        json_object_set_new(json, "result", msg->result ? json_incref(msg->result) : json_null());
        json_object_set_new(json, "error", msg->error ? json_incref(msg->error) : json_null());
    }
    json_object_set_new(json, "id", msg->id ? json_incref(msg->id) : json_null());
    return json;
}

/* Debian's database server says the same, and its clients print it. */
static json_t *
bad_text_error(struct str sequence)
{
    struct buf bytes = BUF_INIT(100);
    for (size_t i = 0; i < sequence.n; i++) {
        buf_printf(&bytes, " 0x%02x", (unsigned char) sequence.s[i]);
    }
    json_t *error = json_pack("{s:s+, s:s}", "details", "not a valid UTF-8 string: invalid UTF-8 sequence", buf_text(&bytes),
                              "error", "constraint violation");
    buf_fini(&bytes);
    CHECK(error);
    return error;
}

struct jsonrpc_msg *
jsonrpc_refuse_bad_text(const char *p, size_t n)
{
    struct buf repaired = BUF_INIT(BUF_NO_LIMIT);
    struct str sequence = utf8_repair(str_n(p, n), &repaired);
    struct jsonrpc_msg *msg = NULL, *refusal = NULL;
    if (sequence.n) {
        err_free(jsonrpc_msg_parse(repaired.data, repaired.size, &msg));
    }
    if (msg && msg->type == JSONRPC_REQUEST) {
        refusal = jsonrpc_error(bad_text_error(sequence), json_incref(msg->id));
    }
    jsonrpc_msg_free(msg);
    buf_fini(&repaired);
    return refusal;
}
