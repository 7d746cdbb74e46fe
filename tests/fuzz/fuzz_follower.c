/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/fuzz/fuzz_follower.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/loop.h"
#include "ovsdb/client/session_private.h"
#include "ovsdb/model/envelope.h"
#include "tests/fuzz/fuzz_peer.h"
#include "tests/unit/client/part.h"

/* --- Copies --- */

struct replica *
fuzz_replica_new(void)
{
    struct replica *replica = replica_new(&part_def, 0, 0);
    for (uint32_t t = 0; t < T_N; t++) {
        for (uint32_t c = 0; c < part_tables[t].n_columns; c++) {
            if (t != T_PORT || c != PORT_TAG) {
                replica_monitor_column(replica, t, c);
            }
        }
    }
    replica_add_index(replica, T_GROUP, (uint32_t[]) {GROUP_MEMBERS}, 1, T_N);
    replica_add_index(replica, T_PORT, (uint32_t[]) {PORT_KEY, PORT_NAME}, 2, T_N + 1);
    return replica;
}

static bool
is_same_row(const struct row *a, const struct row *b)
{
    if (!b || a->n_columns != b->n_columns) {
        return false;
    }
    for (uint32_t c = 0; c < a->n_columns; c++) {
        if (!datum_eq(&a->columns[c], &b->columns[c], part_tables[a->table].columns[c].type)) {
            return false;
        }
    }
    return true;
}

bool
fuzz_replica_eq(const struct replica *a, const struct replica *b)
{
    for (uint32_t t = 0; t < T_N; t++) {
        if (replica_count(a, t) != replica_count(b, t)) {
            return false;
        }
        for (const struct row *row = replica_first(a, t); row; row = replica_next(row)) {
            if (!is_same_row(row, replica_row(NULL, b, t, &row->uuid))) {
                return false;
            }
        }
    }
    return true;
}

static void
copy_columns(struct replica *to, const struct row *from, uint32_t columns)
{
    struct row *row = (struct row *) replica_row(NULL, to, from->table, &from->uuid);
    for (uint32_t c = 0; c < from->n_columns; c++) {
        if (columns & UINT32_C(1) << c) {
            struct datum datum;
            datum_clone(&datum, &from->columns[c], part_tables[from->table].columns[c].type);
            replica_test_set(to, row, c, &datum);
        }
    }
}

static void
on_fed(void *follower_, enum replica_change change, const struct row *row, uint32_t columns)
{
    struct fuzz_follower *follower = follower_;
    follower->has_news = true;
    if (change == REPLICA_DELETED) {
        replica_test_delete(follower->fed, (struct row *) replica_row(NULL, follower->fed, row->table, &row->uuid));
        return;
    } else if (change == REPLICA_INSERTED) {
        replica_test_insert(follower->fed, row->table, &row->uuid);
    }
    copy_columns(follower->fed, row, columns);
}

/* --- What the session took --- */

/* Whether 'request' is to go on from a state that the client has. */
static bool
is_resumption(const json_t *request)
{
    const char *last = json_string_value(json_array_get(json_object_get(request, "params"), 3));
    return !strcmp(json_string_value(json_object_get(request, "method")), "monitor_cond_since")
           && strcmp(last, "00000000-0000-0000-0000-000000000000");
}

/* A request that the session does not wait for any more, which is removed; NULL: none.  The caller's to decref. */
static json_t *
take_answered(const struct fuzz_follower *follower)
{
    size_t i;
    json_t *request;
    json_array_foreach (fuzz_peer.requests, i, request) {
        uint64_t id = (uint64_t) json_integer_value(json_object_get(request, "id"));
        if (!ovsdb_session_find_request(&follower->session->requests, id)) {
            json_incref(request);
            json_array_remove(fuzz_peer.requests, i);
            return request;
        }
    }
    return NULL;
}

/* Applies what 'scan' is at. */
static void
tell(struct fuzz_follower *follower, struct json_scan *scan, bool is_v1)
{
    replica_apply_begin(follower->told);
    struct err *e = (is_v1 ? replica_apply_update : replica_apply_update2)(follower->told, scan);
    replica_apply_end(follower->told);
    CHECK(!e);
}

/* [<found>, <last-txn-id>, <table-updates2>], or <table-updates>. */
static void
tell_result(struct fuzz_follower *follower, struct json_scan *scan, bool resumes)
{
    enum monitor_method method = follower->session->method;
    bool is_found = false;
    if (method == MONITOR_COND_SINCE) {
        CHECK(json_scan_array(scan) && json_scan_element(scan) && json_scan_boolean(scan, &is_found));
        CHECK(json_scan_element(scan) && json_scan_skip(scan) && json_scan_element(scan));
    }
    if (!resumes || !is_found) {
        replica_set_server_schema(follower->told, follower->session->schema);
        replica_clear(follower->told);
    }
    tell(follower, scan, method == MONITOR);
}

static bool
scan_string(struct json_scan *scan, struct str *ret)
{
    return json_scan_element(scan) && json_scan_peek(scan) == '"' && json_scan_string(scan, ret);
}

/* [<monitor>, <last-txn-id>, <table-updates2>], or without <last-txn-id>.  What looks otherwise was not taken. */
static void
tell_update(struct fuzz_follower *follower, struct json_scan *scan, enum envelope kind)
{
    struct str name;
    char *wanted = xasprintf(DATA_MONITOR "%u", fuzz_follower_n_monitors(follower));
    bool is_ours = json_scan_array(scan) && scan_string(scan, &name) && str_is(name, wanted);
    if (is_ours && (kind != ENVELOPE_UPDATE3 || scan_string(scan, &name)) && json_scan_element(scan)) {
        tell(follower, scan, kind == ENVELOPE_UPDATE);
    }
    free(wanted);
}

/* The same once more, if the session took it; 'was_synced' before, and 'resumes' if it answers such a request. */
static void
tell_again(struct fuzz_follower *follower, struct str message, bool was_synced, bool resumes)
{
    struct json_scan scan;
    int64_t id;
    json_scan_init(&scan, message);
    enum envelope kind = envelope_open(&scan, &id);
    if (!was_synced) {
        CHECK(kind == ENVELOPE_RESULT);
        tell_result(follower, &scan, resumes);
    } else if (kind != ENVELOPE_RESULT && kind != ENVELOPE_OTHER) {
        tell_update(follower, &scan, kind);
    }
    json_scan_fini(&scan);
}

static void
check_copies(const struct fuzz_follower *follower)
{
    replica_check_invariants(follower->replica);
    CHECK(fuzz_replica_eq(follower->replica, follower->fed));
    if (ovsdb_session_is_synced(follower->session)) {
        CHECK(fuzz_peer.is_connected && fuzz_replica_eq(follower->replica, follower->told));
    }
}

void
fuzz_follower_hear(struct fuzz_follower *follower, struct str message)
{
    bool was_synced = ovsdb_session_is_synced(follower->session), resumes = false;
    message = fuzz_peer_tell(message);
    for (json_t *request; (request = take_answered(follower));) {
        resumes |= is_resumption(request);
        json_decref(request);
    }
    if (message.n && ovsdb_session_is_synced(follower->session)) {
        tell_again(follower, message, was_synced, resumes);
    }
    check_copies(follower);
}

/* --- The session --- */

static void
on_changed(void *follower)
{
    ((struct fuzz_follower *) follower)->has_news = false;
}

void
fuzz_follower_start(struct fuzz_follower *follower)
{
    static const struct ovsdb_session_callbacks callbacks = {.changed = on_changed};
    static struct loop *loop;                                /* never freed */
    if (!loop) {
        struct err *e = log_set("any:any:emer");             /* errors are this program's daily bread */
        CHECK(!e);
        loop = loop_new();
    }
    *follower = (struct fuzz_follower) {.loop = loop, .replica = fuzz_replica_new(), .fed = fuzz_replica_new(),
                                        .told = fuzz_replica_new()};
    replica_add_feed(follower->replica, on_fed, follower);
    fuzz_peer_start();
    struct err *e = ovsdb_session_new(loop, "peer", follower->replica, &callbacks, follower, &follower->session);
    CHECK(!e);
}

void
fuzz_follower_stop(struct fuzz_follower *follower)
{
    ovsdb_session_free(follower->session);
    fuzz_peer_stop();
    replica_remove_feed(follower->replica, on_fed, follower);
    replica_free(follower->replica);
    replica_free(follower->fed);
    replica_free(follower->told);
}

void
fuzz_follower_turn(struct fuzz_follower *follower)
{
    fuzz_peer_turn(follower->loop);
    CHECK(!follower->has_news || !ovsdb_session_is_synced(follower->session));
    check_copies(follower);
}

unsigned int
fuzz_follower_n_monitors(const struct fuzz_follower *follower)
{
    return follower->session->n_monitors;
}
