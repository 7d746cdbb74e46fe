/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/follower.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/model/envelope.h"
#include "ovsdb/server/hosted.h"
#include "ovsdb/server/monitor.h"
#include "ovsdb/server/updates.h"

MEM_TYPE(follower, "databases that follow another");

enum { NO_REQUEST = -1 };

struct follower {
    struct hosted *hosted;                                   /* borrowed */
    bool *excluded;                                          /* owned, or NULL */
    follower_commit_cb *commit;
    void *aux;
    struct uuid last_txn;                                    /* names the state here, or zero */
    enum monitor_version version;                            /* of the request that was sent */
    json_t *requests;                                        /* owned: what is asked for; NULL unless started */
    int64_t request_id;                                      /* whose reply is to come, or NO_REQUEST */
};

struct follower *
follower_new(struct hosted *hosted, const bool *excluded, follower_commit_cb *commit, void *aux)
{
    struct follower *f = xmalloc(sizeof *f);
    *f = (struct follower) {.hosted = hosted, .commit = commit, .aux = aux, .request_id = NO_REQUEST};
    if (excluded) {
        uint32_t n = hosted->db->schema->n_tables;
        f->excluded = xcalloc(n + 1, sizeof *f->excluded);
        memcpy(f->excluded, excluded, n * sizeof *excluded);
    }
    mem_add(&mem_follower, 1);
    return f;
}

void
follower_free(struct follower *f)
{
    if (f) {
        json_decref(f->requests);
        free(f->excluded);
        free(f);
        mem_add(&mem_follower, -1);
    }
}

struct hosted *
follower_hosted(const struct follower *f)
{
    return f->hosted;
}

void
follower_set_hosted(struct follower *f, struct hosted *hosted)
{
    f->hosted = hosted;
}

void
follower_forget(struct follower *f)
{
    follower_stop(f);
    f->last_txn = UUID_ZERO;
}

const struct uuid *
follower_last_txn(const struct follower *f)
{
    return &f->last_txn;
}

bool
follower_is_started(const struct follower *f)
{
    return f->requests;
}

bool
follower_is_current(const struct follower *f)
{
    return f->requests && f->request_id == NO_REQUEST;
}

void
follower_stop(struct follower *f)
{
    json_decref(f->requests);
    f->requests = NULL;
    f->request_id = NO_REQUEST;
}

/* <monitor-requests> for the columns that the source has. */
static json_t *
make_requests(const struct follower *f, const struct schema *source)
{
    json_t *requests = json_object();
    for (uint32_t i = 0; i < source->n_tables; i++) {
        const struct table *table = &source->tables[i], *here = schema_table(f->hosted->db->schema, table->name);
        CHECK(here);
        if (f->excluded && f->excluded[here->index]) {
            continue;
        }
        json_t *columns = json_array();
        for (uint32_t j = COLUMN_FIRST; j < table->n_columns; j++) {
            json_array_append_new(columns, json_string(table->columns[j].name));
        }
        json_object_set_new(requests, table->name, json_pack("[{s:o}]", "columns", columns));
    }
    return requests;
}

static struct jsonrpc_msg *
make_request(struct follower *f, int64_t id)
{
    static const char *const methods[] = {
        [MONITOR_V1] = "monitor", [MONITOR_V2] = "monitor_cond", [MONITOR_V3] = "monitor_cond_since"};
    json_t *params = json_pack("[s, s, O]", f->hosted->name, f->hosted->name, f->requests);
    if (f->version == MONITOR_V3) {
        json_array_append_new(params, json_string(uuid_text(&f->last_txn)));
    }
    f->request_id = id;
    return jsonrpc_request(methods[f->version], params, json_integer(id));
}

struct jsonrpc_msg *
follower_start(struct follower *f, const struct schema *source_schema, int64_t id)
{
    follower_stop(f);
    f->version = MONITOR_V3;
    f->requests = make_requests(f, source_schema);
    return make_request(f, id);
}

struct jsonrpc_msg *
follower_start_older(struct follower *f, int64_t id, int64_t new_id)
{
    if (id == NO_REQUEST || f->request_id != id || f->version == MONITOR_V1) {
        return NULL;
    }
    f->version--;
    return make_request(f, new_id);
}

static struct err *
commit(struct follower *f, struct txn *txn, const struct uuid *txn_id)
{
    struct delta *delta = NULL;
    struct err *e = txn_commit(txn, &delta);
    if (!e && delta) {
        if (!uuid_is_zero(txn_id)) {
            delta->txn_id = *txn_id;
        }
        e = f->commit(f->aux, f->hosted, delta);
    }
    return e;
}

/* Applies the table updates that 'scan' is at, in an array or not, if the rest of the message is in order too. */
static struct err *
apply(struct follower *f, struct json_scan *scan, bool in_array, bool is_snapshot, const struct uuid *txn_id)
{
    const struct updates updates = {.txn = txn_begin(f->hosted->db), .excluded = f->excluded,
                                    .is_v1 = f->version == MONITOR_V1, .is_snapshot = is_snapshot};
    struct err *e = updates_apply(&updates, scan);
    e = e ? e : envelope_close(scan, in_array);
    if (e) {
        txn_abort(updates.txn);
    } else {
        e = commit(f, updates.txn, txn_id);
    }
    f->last_txn = e ? UUID_ZERO : *txn_id;
    return e;
}

static bool
scan_txn_id(struct json_scan *scan, struct uuid *ret)
{
    struct str text;
    return json_scan_element(scan) && json_scan_peek(scan) == '"' && json_scan_string(scan, &text)
           && uuid_from_text(text, ret);
}

static struct err *
malformed(struct follower *f, const struct json_scan *scan)
{
    struct err *e = json_scan_error(scan);
    f->last_txn = UUID_ZERO;
    return e ? e : err_tagged("syntax error", "not what was asked for");
}

static struct err *
receive_reply(struct follower *f, struct json_scan *scan)
{
    f->request_id = NO_REQUEST;
    if (f->version != MONITOR_V3) {
        return apply(f, scan, false, true, &UUID_ZERO);
    }
    struct uuid txn_id;
    bool found;
    char first;
    if (!json_scan_array(scan) || !json_scan_element(scan) || ((first = json_scan_peek(scan)) != 't' && first != 'f')
        || !json_scan_boolean(scan, &found) || !scan_txn_id(scan, &txn_id) || !json_scan_element(scan)) {
        return malformed(f, scan);
    }
    bool is_copy = !found || uuid_is_zero(&f->last_txn);     /* who did not ask to go on has no state to go on from */
    return apply(f, scan, true, is_copy, &txn_id);
}

/* Behind the monitor's name. */
static struct err *
receive_update(struct follower *f, enum envelope kind, struct json_scan *scan)
{
    static const enum envelope kinds[] = {
        [MONITOR_V1] = ENVELOPE_UPDATE, [MONITOR_V2] = ENVELOPE_UPDATE2, [MONITOR_V3] = ENVELOPE_UPDATE3};
    struct uuid txn_id = UUID_ZERO;
    if (!follower_is_started(f)) {
        return NULL;                                         /* still under way when it was stopped */
    }
    if (!follower_is_current(f) || kind != kinds[f->version]
        || (kind == ENVELOPE_UPDATE3 && !scan_txn_id(scan, &txn_id)) || !json_scan_element(scan)) {
        return malformed(f, scan);
    }
    return apply(f, scan, true, false, &txn_id);
}

static struct follower *
find_by_request(struct follower *const *followers, size_t n, int64_t id)
{
    for (size_t i = 0; i < n && id != NO_REQUEST; i++) {
        if (followers[i]->request_id == id) {
            return followers[i];
        }
    }
    return NULL;
}

static struct follower *
find_by_monitor(struct follower *const *followers, size_t n, struct json_scan *scan)
{
    struct str name;
    if (!json_scan_array(scan) || !json_scan_element(scan) || json_scan_peek(scan) != '"'
        || !json_scan_string(scan, &name)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (str_is(name, followers[i]->hosted->name)) {
            return followers[i];
        }
    }
    return NULL;
}

struct follower *
followers_receive(struct follower *const *followers, size_t n, struct str text, struct err **ret_err)
{
    struct json_scan scan;
    json_scan_init(&scan, text);
    int64_t id = NO_REQUEST;
    struct err *e = NULL;
    enum envelope kind = envelope_open(&scan, &id);
    struct follower *f = NULL;
    if (kind == ENVELOPE_RESULT) {
        f = find_by_request(followers, n, id);
        e = f ? receive_reply(f, &scan) : NULL;
    } else if (kind != ENVELOPE_OTHER) {
        f = find_by_monitor(followers, n, &scan);
        e = f ? receive_update(f, kind, &scan) : NULL;
    }
    json_scan_fini(&scan);
    *ret_err = e ? err_wrap(e, "%s", f->hosted->name) : NULL;
    return f;
}
