/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/client/session.h"

#include "ovsdb/client/row.h"
#include "tests/unit/client/server.h"

struct client {
    struct loop *loop;
    struct replica *replica;
    struct ovsdb_session *session;
    uint32_t by_name;
    size_t n_changed;
    size_t wanted;                                           /* what has_ports() waits for */
    bool answered;
    struct err *err;
};

static void
count_change(void *c_)
{
    struct client *c = c_;
    c->n_changed++;
}

static const struct ovsdb_session_callbacks session_cbs = {.changed = count_change};

static void
client_init(struct client *c, struct loop *loop, const char *remote)
{
    *c = (struct client) {.loop = loop, .replica = replica_new(&part_def, 0, 0)};
    replica_monitor_table(c->replica, T_GROUP);
    replica_monitor_column(c->replica, T_PORT, PORT_KEY);
    c->by_name = replica_add_index(c->replica, T_PORT, (uint32_t[]) {PORT_NAME}, 1, T_N);
    assert_null(ovsdb_session_new(loop, remote, c->replica, &session_cbs, c, &c->session));
    ovsdb_session_set_max_backoff(c->session, 10);
}

static void
client_fini(struct client *c)
{
    ovsdb_session_free(c->session);
    replica_free(c->replica);
}

static bool is_synced(void *c) { return ovsdb_session_is_synced(((struct client *) c)->session); }
static bool is_settled(void *c) { return ovsdb_session_conditions_settled(((struct client *) c)->session); }
static bool is_lost(void *c) { return !ovsdb_session_is_connected(((struct client *) c)->session); }
static bool has_lock(void *c) { return ovsdb_session_has_lock(((struct client *) c)->session); }
static bool is_contended(void *c) { return ovsdb_session_lock_contended(((struct client *) c)->session); }
static bool has_answer(void *c) { return ((struct client *) c)->answered; }
static bool
has_ports(void *c_)
{
    const struct client *c = c_;
    return replica_count(c->replica, T_PORT) == c->wanted;
}

#define WAIT(C, CONDITION) assert_true(loop_run_until((C)->loop, CONDITION, C, DEADLINE_MS))

static void
note_answer(void *c_, const json_t *result, struct err *err)
{
    struct client *c = c_;
    c->answered = true;
    c->err = err;
    assert_true(!result || err);
}

/* Runs operations in JSON with ' for " and returns their error. */
static struct err *
transact(struct client *c, const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    json_t *operations = json_loads(copy, 0, NULL);
    assert_non_null(operations);
    free(copy);
    c->answered = false;
    ovsdb_session_transact(c->session, operations, note_answer, c);
    assert_false(c->answered);
    WAIT(c, has_answer);
    return c->err;
}

#define PORT(NAME, KEY)                                                                             \
    "{'op':'insert','table':'Port','row':{'name':'" NAME "','key':" KEY ",'group':['named-uuid','g']}}"
#define GROUP "{'op':'insert','table':'Group','uuid-name':'g','row':{'name':'g'}}"

TEST(replica_follows_transactions)
{
    struct server server;
    if (!server_init(&server)) {
        skip();
    }
    struct loop *loop = loop_new();
    struct client c;
    client_init(&c, loop, server.remote);
    WAIT(&c, is_synced);
    assert_null(transact(&c, "[" GROUP "," PORT("p1", "1") "," PORT("p2", "2") "]"));
    /* Updates come before the answer. */
    assert_int_equal(replica_count(c.replica, T_PORT), 2);
    assert_int_equal(replica_count(c.replica, T_GROUP), 1);
    assert_int_equal(row_integer(NULL, replica_find_string(NULL, c.replica, c.by_name, "p2"), PORT_KEY), 2);

    struct err *err = transact(&c, "[" GROUP "," PORT("p3", "-1") "]");
    assert_string_equal(err_tag(err), "constraint violation");
    assert_non_null(strstr(err_detail(err), "operation 1: "));
    err_free(err);
    err = transact(&c, "[" GROUP "," PORT("p1", "1") "]");
    assert_string_equal(err_tag(err), "constraint violation");
    assert_non_null(strstr(err_detail(err), "commit: "));
    err_free(err);
    client_fini(&c);
    loop_free(loop);
    server_fini(&server);
}

TEST(conditions_narrow_and_widen)
{
    struct server server;
    if (!server_init(&server)) {
        skip();
    }
    struct loop *loop = loop_new();
    struct client c;
    client_init(&c, loop, server.remote);
    assert_true(replica_set_condition(c.replica, T_PORT, json_pack("[[ssi]]", "key", "==", 1)));
    WAIT(&c, is_synced);
    assert_null(transact(&c, "[" GROUP "," PORT("p1", "1") "," PORT("p2", "2") "," PORT("p3", "3") "]"));
    assert_int_equal(replica_count(c.replica, T_PORT), 1);
    replica_set_condition(c.replica, T_PORT, json_pack("[[ssi][ssi]]", "key", "==", 2, "key", "==", 3));
    ovsdb_session_conditions_changed(c.session);
    assert_false(ovsdb_session_conditions_settled(c.session));
    WAIT(&c, is_settled);
    assert_int_equal(replica_count(c.replica, T_PORT), 2);
    assert_null(replica_find_string(NULL, c.replica, c.by_name, "p1"));
    replica_set_condition(c.replica, T_PORT, NULL);
    ovsdb_session_conditions_changed(c.session);
    WAIT(&c, is_settled);
    assert_int_equal(replica_count(c.replica, T_PORT), 3);
    client_fini(&c);
    loop_free(loop);
    server_fini(&server);
}

TEST(lost_connections_come_back)
{
    struct server server;
    if (!server_init(&server)) {
        skip();
    }
    struct loop *loop = loop_new();
    struct client c;
    client_init(&c, loop, server.remote);
    struct err *err = transact(&c, "[]");
    assert_string_equal(err_tag(err), "lost");
    err_free(err);
    WAIT(&c, is_synced);
    assert_null(transact(&c, "[" GROUP "," PORT("p1", "1") "," PORT("p2", "2") "]"));
    const struct row *port = replica_find_string(NULL, c.replica, c.by_name, "p1");
    server_stop(&server);
    WAIT(&c, is_lost);
    assert_false(ovsdb_session_is_synced(c.session));
    server_start(&server);
    WAIT(&c, is_synced);
    assert_ptr_equal(replica_find_string(NULL, c.replica, c.by_name, "p1"), port);
    c.wanted = 1;
    assert_null(transact(&c, "[{'op':'delete','table':'Port','where':[['name','==','p1']]}]"));
    WAIT(&c, has_ports);
    client_fini(&c);
    loop_free(loop);
    server_fini(&server);
}

TEST(locks_pass_on)
{
    struct server server;
    if (!server_init(&server)) {
        skip();
    }
    struct loop *loop = loop_new();
    struct client a, b;
    client_init(&a, loop, server.remote);
    client_init(&b, loop, server.remote);
    ovsdb_session_set_lock(a.session, "boss");
    assert_false(ovsdb_session_has_lock(a.session));
    WAIT(&a, has_lock);
    ovsdb_session_set_lock(b.session, "boss");
    WAIT(&b, is_contended);
    assert_null(transact(&a, "[{'op':'assert','lock':'boss'}]"));
    struct err *err = transact(&b, "[{'op':'assert','lock':'boss'}]");
    assert_string_equal(err_tag(err), "not owner");
    err_free(err);
    ovsdb_session_set_lock(a.session, NULL);
    WAIT(&b, has_lock);
    client_fini(&a);
    client_fini(&b);
    loop_free(loop);
    server_fini(&server);
}

TEST_MAIN(T(replica_follows_transactions), T(conditions_narrow_and_widen), T(lost_connections_come_back),
          T(locks_pass_on))
