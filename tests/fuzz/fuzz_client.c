/* SPDX-License-Identifier: Apache-2.0 */
/* What a server tells the session of a client, and what the client asks of it meanwhile.  Lines begin with a letter, most go on
 * in JSON.  The server: 's' a message; 'r' and 'e' the result and the error of the request that waits longest, 'R' and 'E' of
 * the latest; 'u' and 'd' updates of the monitor and of _Server; 'x' the monitor is canceled; 'g' it does as it should, once; 'c'
 * the connection is lost; 'a' there is another server.  The client: 't' and 'T' operations, the latter as text; 'f' forgets
 * them; 'n' another transaction follows from the next answer; 'k' a condition; 'l' a lock; 'o' it wants the leader; 'z' it starts
 * over.  Otherwise: a turn.
 * Properties: the replica has what the session took (fuzz_follower.h), each transaction has one answer, and whatever came
 * before, a good server and its reply to "where were we" bring the replica to what that server has. */
#include <config.h>

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/net/jsonrpc.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_follower.h"
#include "tests/fuzz/fuzz_peer.h"
#include "tests/unit/client/part.h"

#define UUID(DIGIT) "aa000000-0000-0000-0000-00000000000" DIGIT
static const char early[] =
    "{\"Group\":{\"" UUID("1") "\":{\"initial\":{\"name\":\"g\",\"members\":[\"set\",[[\"uuid\",\"" UUID("2") "\"],[\"uuid\",\""
    UUID("3") "\"]]],\"options\":[\"map\",[[\"a\",\"b\"]]]}}},"
    "\"Port\":{\"" UUID("2") "\":{\"initial\":{\"name\":\"p\",\"key\":2,\"group\":[\"uuid\",\"" UUID("1") "\"]}},"
    "\"" UUID("3") "\":{\"initial\":{\"name\":\"q\",\"key\":3,\"group\":[\"uuid\",\"" UUID("1") "\"]}}}}";
static const char late[] =
    "{\"Group\":{\"" UUID("1") "\":{\"initial\":{\"name\":\"g\",\"members\":[\"uuid\",\"" UUID("3") "\"],"
    "\"options\":[\"map\",[[\"a\",\"c\"]]]}}},"
    "\"Port\":{\"" UUID("3") "\":{\"initial\":{\"name\":\"q\",\"key\":3,\"group\":[\"uuid\",\"" UUID("1") "\"]}},"
    "\"" UUID("4") "\":{\"initial\":{\"name\":\"p\",\"key\":2,\"group\":[\"uuid\",\"" UUID("1") "\"]}}}}";
static const char missed[] = "{\"Port\":{\"" UUID("3") "\":{\"delete\":null},\"" UUID("4") "\":{\"modify\":{\"key\":5}}}}";
static const char *const txns[] = {UUID("a"), UUID("b"), UUID("c")};

enum phase { EARLY, LATE, RESUMED };

struct scene {
    struct fuzz_follower follower;
    enum phase phase;
    VEC(struct txn *) txns;                                  /* owned */
    size_t n_more;                                           /* transactions that follow from answers */
    bool wants_leader;
};

struct txn {
    struct scene *scene;
    uint64_t id;
    bool is_being_asked, is_answered, is_forgotten;
};

static void transact(struct scene *scene, json_t *operations, bool as_text);

/* --- The client --- */

static void
on_answer(void *txn_, const json_t *result, struct err *e)
{
    struct txn *txn = txn_;
    CHECK(!txn->is_being_asked && !txn->is_answered && !txn->is_forgotten);
    CHECK(!result || e);
    txn->is_answered = true;
    err_free(e);
    if (txn->scene->n_more) {
        txn->scene->n_more--;
        transact(txn->scene, json_array(), false);
    }
}

/* 'operations' is taken. */
static void
transact(struct scene *scene, json_t *operations, bool as_text)
{
    struct ovsdb_session *session = scene->follower.session;
    struct txn *txn = xmalloc(sizeof *txn);
    *txn = (struct txn) {.scene = scene, .is_being_asked = true};
    vec_push(&scene->txns, txn);
    if (as_text) {
        char *text = json_text(operations);
        txn->id = ovsdb_session_transact_text(session, str_from(text), json_array_size(operations), on_answer, txn);
        free(text);
        json_decref(operations);
    } else {
        txn->id = ovsdb_session_transact(session, operations, on_answer, txn);
    }
    txn->is_being_asked = false;
}

static void
forget(struct scene *scene)
{
    for (size_t i = 0; i < scene->txns.n; i++) {
        struct txn *txn = scene->txns.d[i];
        if (!txn->is_answered && !txn->is_forgotten) {
            ovsdb_session_forget(scene->follower.session, txn->id);
            txn->is_forgotten = true;
            return;
        }
    }
}

/* --- The server --- */

/* The client is answered 'result', taken, or 'is_error'. */
static void
answer(struct scene *scene, const json_t *request, json_t *result, bool is_error)
{
    json_t *reply = json_pack("{s:O, s:o, s:n}", "id", json_object_get(request, "id"), is_error ? "error" : "result", result,
                              is_error ? "result" : "error");
    char *text = json_text(reply);
    fuzz_follower_hear(&scene->follower, str_from(text));
    free(text);
    json_decref(reply);
}

static void
notify(struct scene *scene, const char *method, json_t *params /* taken */)
{
    json_t *notification = json_pack("{s:n, s:s, s:o}", "id", "method", method, "params", params);
    char *text = json_text(notification);
    fuzz_follower_hear(&scene->follower, str_from(text));
    free(text);
    json_decref(notification);
}

static json_t *
monitor_result(const struct scene *scene, const json_t *request)
{
    const json_t *params = json_object_get(request, "params");
    if (!strcmp(json_string_value(json_array_get(params, 0)), "_Server")) {
        return json_pack("{s:{s:{s:{s:s, s:s, s:b, s:b, s:s}}}}", "Database", UUID("1"), "new", "name", "Part", "model",
                         "standalone", "connected", true, "leader", true, "schema", PART_SCHEMA);
    }
    const char *last = json_string_value(json_array_get(params, 3));
    bool resumes = scene->phase == RESUMED;
    CHECK(!resumes || !strcmp(last, txns[LATE]));
    return json_pack("[b, s, o]", resumes, txns[scene->phase],
                     json_loads(resumes ? missed : scene->phase == LATE ? late : early, 0, NULL));
}

/* As a server should, and one that has all there is to have. */
static json_t *
good_result(const struct scene *scene, const json_t *request)
{
    const char *method = json_string_value(json_object_get(request, "method"));
    if (!strcmp(method, "get_schema")) {
        return json_loads(PART_SCHEMA, 0, NULL);
    } else if (!strcmp(method, "monitor") || !strcmp(method, "monitor_cond_since")) {
        return monitor_result(scene, request);
    } else if (!strcmp(method, "transact")) {
        json_t *results = json_array();
        for (size_t i = 1; i < json_array_size(json_object_get(request, "params")); i++) {
            json_array_append_new(results, json_object());
        }
        return results;
    }
    return strcmp(method, "lock") ? json_object() : json_pack("{s:b}", "locked", true);
}

/* To the oldest request. */
static void
answer_well(struct scene *scene)
{
    json_t *request = json_incref(json_array_get(fuzz_peer.requests, 0));
    bool is_older_way = request && !strcmp(json_string_value(json_object_get(request, "method")), "monitor_cond");
    if (is_older_way) {                                      /* was asked for because of an error */
        answer(scene, request, json_string("unknown method"), true);
    } else if (request) {
        answer(scene, request, good_result(scene, request), false);
    }
    json_decref(request);
}

/* --- Both --- */

/* What a line holds behind its letter, an array if 'is_array'; with NULL there is nothing to be done. */
static json_t *
parse(struct str text, bool is_array)
{
    struct jsonrpc_framer framer = {.depth = 4};             /* there are values around it on the wire */
    struct err *e;
    jsonrpc_framer_feed(&framer, text.s, text.n, &e);
    json_t *json = e ? NULL : json_loadb(text.s, text.n, JSON_DECODE_ANY, NULL);
    err_free(e);
    if (is_array && !json_is_array(json)) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

static void
play_server(struct scene *scene, char what, struct str rest)
{
    size_t n = json_array_size(fuzz_peer.requests);
    json_t *request = json_incref(json_array_get(fuzz_peer.requests, what == 'R' || what == 'E' ? n - 1 : 0));
    bool is_error = what == 'e' || what == 'E';
    json_t *json = parse(rest, false);
    char *monitor = xasprintf("data-%u", (unsigned int) fuzz_follower_n_monitors(&scene->follower));
    if (what == 'x') {
        notify(scene, "monitor_canceled", json_pack("[s]", monitor));
    } else if (json && what == 'd') {
        notify(scene, "update", json_pack("[s, O]", "server", json));
    } else if (json && what == 'u') {
        notify(scene, "update3", json_pack("[s, s, O]", monitor, UUID("9"), json));
    } else if (json && request && strchr("rReE", what)) {
        answer(scene, request, json_incref(json), is_error);
    }
    free(monitor);
    json_decref(json);
    json_decref(request);
}

static void
play_client(struct scene *scene, char what, struct str rest)
{
    struct fuzz_follower *follower = &scene->follower;
    json_t *json = parse(rest, true);
    switch (what) {
    case 't':
    case 'T':
        if (json) {
            transact(scene, json_incref(json), what == 'T');
        }
        break;
    case 'f': forget(scene); break;
    case 'n': scene->n_more++; break;
    case 'k':
        replica_set_condition(follower->replica, T_PORT, json_incref(json));
        ovsdb_session_conditions_changed(follower->session);
        break;
    case 'l': ovsdb_session_set_lock(follower->session, json_string_value(json_array_get(json, 0))); break;
    case 'o':
        scene->wants_leader = !scene->wants_leader;
        ovsdb_session_set_leader_only(follower->session, scene->wants_leader);
        break;
    default: ovsdb_session_reset(follower->session); break;
    }
    json_decref(json);
}

static void
play(struct scene *scene, struct str line)
{
    char what = line.n ? line.s[0] : '\0';
    struct str rest = str_n(line.s + 1, line.n - (line.n > 0));
    if (what && strchr("rReEudx", what)) {
        play_server(scene, what, rest);
    } else if (what && strchr("tTfnkloz", what)) {
        play_client(scene, what, rest);
    } else if (what == 's') {
        fuzz_follower_hear(&scene->follower, rest);
    } else if (what == 'g') {
        answer_well(scene);
    } else if (what == 'c') {
        fuzz_peer_lose();
    } else if (what == 'a') {
        fuzz_peer.has_alternatives = !fuzz_peer.has_alternatives;
    } else {
        fuzz_follower_turn(&scene->follower);
    }
}

/* Over a new connection, until nobody waits for anything. */
static void
settle(struct scene *scene, enum phase phase)
{
    enum { TURNS_MAX = 1000 };
    const struct ovsdb_session *session = scene->follower.session;
    size_t n_turns = 0;
    scene->phase = phase;
    fuzz_follower_turn(&scene->follower);                    /* which ends what the client wanted to end itself */
    fuzz_peer_lose();
    do {
        CHECK(n_turns++ < TURNS_MAX);
        fuzz_follower_turn(&scene->follower);
        while (json_array_size(fuzz_peer.requests)) {
            answer_well(scene);
        }
    } while (!ovsdb_session_conditions_settled(session));
    CHECK(ovsdb_session_is_synced(session) && ovsdb_session_has_lock(session));
}

static void
check_result(const struct scene *scene, bool is_resumed)
{
    struct replica *replica = fuzz_replica_new();
    for (int i = 0; i < 1 + is_resumed; i++) {
        struct json_scan scan;
        json_scan_init(&scan, str_from(i ? missed : late));
        replica_apply_begin(replica);
        struct err *e = replica_apply_update2(replica, &scan);
        replica_apply_end(replica);
        CHECK(!e);
        json_scan_fini(&scan);
    }
    CHECK(fuzz_replica_eq(replica, scene->follower.replica));
    replica_free(replica);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene scene = {.phase = EARLY};
    fuzz_follower_start(&scene.follower);
    for (struct str rest = str_n((const char *) data, size); rest.s;) {
        play(&scene, str_cut(&rest, "\n"));
    }
    fuzz_peer.has_alternatives = false;
    settle(&scene, LATE);
    check_result(&scene, false);
    settle(&scene, RESUMED);
    check_result(&scene, true);
    CHECK(!ovsdb_session_outstanding(scene.follower.session));
    for (size_t i = 0; i < scene.txns.n; i++) {
        CHECK(scene.txns.d[i]->is_answered != scene.txns.d[i]->is_forgotten);
        free(scene.txns.d[i]);
    }
    vec_fini(&scene.txns);
    fuzz_follower_stop(&scene.follower);
    return 0;
}
