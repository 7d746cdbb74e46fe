/* SPDX-License-Identifier: Apache-2.0 */
/* The writer against a real server, with foreign hands and lost connections. */
#include <config.h>

#include "ovsdb/client/writer.h"

#include "lib/base/rng.h"
#include "ovsdb/client/row.h"
#include "ovsdb/client/session.h"
#include "tests/unit/client/server.h"

enum { N_GROUPS = 4, N_PORTS = 12 };

static const uint32_t group_owned[] = {GROUP_MEMBERS, GROUP_NAME, GROUP_OPTIONS, GROUP_PARENT};
static const uint32_t port_owned[] = {PORT_GROUP, PORT_KEY, PORT_NAME};
static const struct writer_table tables[] = {
    {.table = T_GROUP, .owns = WRITER_ROWS, .columns = group_owned, .n_columns = 4, .key_column = GROUP_NAME},
    {.table = T_PORT, .owns = WRITER_ROWS, .columns = port_owned, .n_columns = 3, .key_column = PORT_NAME},
};

/* What is wanted, as plainly as can be. */
struct model {
    bool has_group[N_GROUPS];
    int parent[N_GROUPS];                                    /* or -1 */
    int option[N_GROUPS];
    int port_key[N_PORTS];                                   /* -1: no port */
    int port_group[N_PORTS];
    bool is_member[N_GROUPS][N_PORTS];
};

struct client {
    struct loop *loop;
    struct replica *replica;
    struct ovsdb_session *session;
    struct writer *w;
    size_t n_foreign;                                        /* transactions outstanding */
};

static void
flush(void *c_)
{
    struct client *c = c_;
    if (c->w) {
        writer_flush(c->w);
        writer_check_invariants(c->w);
    }
}

static void
defer_flush(void *c_)
{
    struct client *c = c_;
    loop_defer(c->loop, flush, c);
}

static const struct ovsdb_session_callbacks session_cbs = {.changed = flush};
static const struct writer_callbacks writer_cbs = {.progress = defer_flush};

static void
client_init(struct client *c, struct loop *loop, const char *remote, bool writes)
{
    *c = (struct client) {.loop = loop, .replica = replica_new(&part_def, 0, 0)};
    assert_null(ovsdb_session_new(loop, remote, c->replica, &session_cbs, c, &c->session));
    ovsdb_session_set_max_backoff(c->session, 10);
    if (writes) {
        c->w = writer_new(c->replica, tables, 2, &writer_session_link, c->session, &writer_cbs, c);
    } else {
        replica_monitor_table(c->replica, T_PORT);
    }
}

static void
client_fini(struct client *c)
{
    loop_cancel_deferred(c->loop, flush, c);
    writer_free(c->w);
    ovsdb_session_free(c->session);
    replica_free(c->replica);
}

static bool is_synced(void *c) { return ovsdb_session_is_synced(((struct client *) c)->session); }
static bool has_no_transactions(void *c) { return !((struct client *) c)->n_foreign; }
static bool
is_idle(void *c_)
{
    const struct client *c = c_;
    return ovsdb_session_is_synced(c->session) && writer_is_idle(c->w);
}

static struct str
name_of(char kind, int i, char text[4])
{
    text[0] = kind;
    text[1] = (char) ('0' + i / 10);
    text[2] = (char) ('0' + i % 10);
    text[3] = 0;
    return str_n(text, 3);
}

static void
put_group(struct writer *w, const struct model *m, int g)
{
    char text[4], parent[4];
    struct str name = name_of('g', g, text);
    if (!m->has_group[g]) {
        writer_remove(w, T_GROUP, name);
        return;
    }
    struct writer_row *row = writer_put(w, T_GROUP, name);
    writer_row_str(row, GROUP_NAME, name);
    for (int i = 0; i < m->option[g]; i++) {
        char key[4];
        name_of('k', i, key);
        writer_row_pair(row, GROUP_OPTIONS, key, i == m->option[g] - 1 ? "last" : "v");
    }
    if (m->parent[g] >= 0) {
        writer_row_ref(row, GROUP_PARENT, T_GROUP, name_of('g', m->parent[g], parent));
    }
}

static void
put_port(struct writer *w, const struct model *m, int p)
{
    char text[4], group[4];
    struct str name = name_of('p', p, text);
    if (m->port_key[p] < 0) {
        writer_remove(w, T_PORT, name);
        return;
    }
    struct writer_row *row = writer_put(w, T_PORT, name);
    writer_row_str(row, PORT_NAME, name);
    writer_row_integer(row, PORT_KEY, m->port_key[p]);
    writer_row_ref(row, PORT_GROUP, T_GROUP, name_of('g', m->port_group[p], group));
}

static void
put_member(struct writer *w, const struct model *m, int g, int p)
{
    char group[4], port[4];
    writer_member_ref(w, T_GROUP, name_of('g', g, group), GROUP_MEMBERS, T_PORT, name_of('p', p, port),
                      m->is_member[g][p]);
}

static void
put_all(struct writer *w, const struct model *m)
{
    for (int g = 0; g < N_GROUPS; g++) {
        put_group(w, m, g);
        for (int p = 0; p < N_PORTS; p++) {
            if (m->is_member[g][p]) {
                put_member(w, m, g, p);
            }
        }
    }
    for (int p = 0; p < N_PORTS; p++) {
        put_port(w, m, p);
    }
}

static bool
has_ports(const struct model *m, int g)
{
    for (int p = 0; p < N_PORTS; p++) {
        if (m->port_key[p] >= 0 && m->port_group[p] == g) {
            return true;
        }
    }
    return false;
}

static void
change(struct writer *w, struct model *m, struct rng *rng)
{
    int g = (int) rng_below(rng, N_GROUPS), p = (int) rng_below(rng, N_PORTS);
    switch (rng_below(rng, 4)) {
    case 0:
        m->has_group[g] = has_ports(m, g) || !rng_one_in(rng, 4);
        m->parent[g] = (int) rng_below(rng, N_GROUPS + 1) - 1;
        m->option[g] = (int) rng_below(rng, 6);
        put_group(w, m, g);
        break;
    case 1:
        if (m->port_key[p] >= 0) {
            m->is_member[g][p] = !m->is_member[g][p];
            put_member(w, m, g, p);
        }
        break;
    default:
        m->port_key[p] = m->has_group[g] ? (int) rng_below(rng, 6) - 1 : -1;
        m->port_group[p] = g;
        put_port(w, m, p);
        for (g = 0; g < N_GROUPS && m->port_key[p] < 0; g++) {
            if (m->is_member[g][p]) {
                m->is_member[g][p] = false;
                put_member(w, m, g, p);
            }
        }
    }
}

/* Is there what 'm' wants, and nothing else? */

static const struct row *
find(const struct replica *replica, uint32_t table, uint32_t column, const char *name)
{
    const struct row *found = NULL;
    for (const struct row *r = replica_first(replica, table); r; r = replica_next(r)) {
        if (!strcmp(row_string(NULL, r, column), name)) {
            assert_null(found);
            found = r;
        }
    }
    return found;
}

static void
check_group(const struct replica *replica, const struct model *m, int g)
{
    char name[4], other[4];
    name_of('g', g, name);
    const struct row *row = find(replica, T_GROUP, GROUP_NAME, name);
    assert_int_equal(row != NULL, m->has_group[g]);
    if (!row) {
        return;
    }
    assert_int_equal(row->columns[GROUP_OPTIONS].n, m->option[g]);
    bool has_parent = m->parent[g] >= 0 && m->has_group[m->parent[g]];
    const struct row *parent = row_reference(NULL, row, GROUP_PARENT, T_GROUP);
    assert_int_equal(parent != NULL, has_parent);
    if (parent) {
        name_of('g', m->parent[g], other);
        assert_string_equal(row_string(NULL, parent, GROUP_NAME), other);
    }
    for (int p = 0; p < N_PORTS; p++) {
        name_of('p', p, other);
        const struct row *port = find(replica, T_PORT, PORT_NAME, other);
        bool is_member = port && datum_has_uuid(&row->columns[GROUP_MEMBERS], &port->uuid);
        assert_int_equal(is_member, m->is_member[g][p]);
    }
}

static void
check_all(const struct replica *replica, const struct model *m)
{
    size_t n_ports = 0;
    for (int p = 0; p < N_PORTS; p++) {
        char name[4], group[4];
        name_of('p', p, name);
        const struct row *row = find(replica, T_PORT, PORT_NAME, name);
        assert_int_equal(row != NULL, m->port_key[p] >= 0);
        if (row) {
            n_ports++;
            assert_int_equal(row_integer(NULL, row, PORT_KEY), m->port_key[p]);
            name_of('g', m->port_group[p], group);
            assert_string_equal(row_string(NULL, row_reference(NULL, row, PORT_GROUP, T_GROUP), GROUP_NAME), group);
        }
    }
    assert_int_equal(replica_count(replica, T_PORT), n_ports);
    for (int g = 0; g < N_GROUPS; g++) {
        check_group(replica, m, g);
    }
}

static void
foreign_done(void *c_, const json_t *result, struct err *err)
{
    struct client *c = c_;
    c->n_foreign--;
    err_free(err);
}

/* Somebody else deletes, changes and adds. */
static void
meddle(struct client *c, struct rng *rng)
{
    char port[4];
    name_of('p', (int) rng_below(rng, N_PORTS), port);
    json_t *where = json_pack("[[sss]]", "name", "==", port);
    json_t *ops;
    switch (rng_below(rng, 4)) {
    case 0: ops = json_pack("[{sssssO}]", "op", "delete", "table", "Port", "where", where); break;
    case 1: ops = json_pack("[{sssssOs{si}}]", "op", "update", "table", "Port", "where", where, "row", "key", 77); break;
    case 2: ops = json_pack("[{sssssOs{ss}}]", "op", "update", "table", "Port", "where", where, "row", "name", "stolen"); break;
    default:
        ops = json_pack("[{sssss[]s{s[s[]]s[s[]]}}]", "op", "update", "table", "Group", "where", "row", "members", "set",
                        "options", "map");
    }
    json_decref(where);
    c->n_foreign++;
    ovsdb_session_transact(c->session, ops, foreign_done, c);
}

/* Waits until all foreign changes were seen, and answered. */
static void
settle(struct client *c)
{
    assert_true(loop_run_until(c->loop, is_synced, c, DEADLINE_MS));
    c->n_foreign++;
    ovsdb_session_transact(c->session, json_array(), foreign_done, c);
    assert_true(loop_run_until(c->loop, has_no_transactions, c, DEADLINE_MS));
    defer_flush(c);
    assert_true(loop_run_until(c->loop, is_idle, c, DEADLINE_MS));
}

TEST(the_database_becomes_what_is_wanted)
{
    struct server server;
    if (!server_init(&server)) {
        skip();
    }
    const char *seed = getenv("SEED");
    struct rng rng = {seed ? strtoull(seed, NULL, 10) : 7};
    struct loop *loop = loop_new();
    struct model m = {0};
    for (int p = 0; p < N_PORTS; p++) {
        m.port_key[p] = -1;
    }
    struct client c, foreigner;
    client_init(&c, loop, server.remote, true);
    client_init(&foreigner, loop, server.remote, false);
    writer_set_max_operations(c.w, 5);
    for (int round = 0; round < 60; round++) {
        for (uint32_t i = rng_below(&rng, 12); i; i--) {
            change(c.w, &m, &rng);
            if (rng_one_in(&rng, 3)) {
                flush(&c);
            }
        }
        if (rng_one_in(&rng, 3)) {
            meddle(&foreigner, &rng);
        }
        if (rng_one_in(&rng, 12)) {
            server_reconnect(&server);
        }
        assert_true(loop_run_until(loop, has_no_transactions, &foreigner, DEADLINE_MS));
        settle(&c);
        check_all(c.replica, &m);
    }
    assert_int_equal(writer_confirmed(c.w), writer_flush(c.w));
    client_fini(&c);
    client_fini(&foreigner);

    /* A restart writes nothing. */
    client_init(&c, loop, server.remote, true);
    put_all(c.w, &m);
    assert_true(loop_run_until(loop, is_synced, &c, DEADLINE_MS));
    flush(&c);
    assert_true(writer_is_idle(c.w));
    assert_int_equal(writer_stats(c.w).n_transactions, 0);
    check_all(c.replica, &m);
    client_fini(&c);
    loop_free(loop);
    server_fini(&server);
}

TEST_MAIN(T(the_database_becomes_what_is_wanted))
