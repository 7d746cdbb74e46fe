/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/client/replica.h"

#include <stdlib.h>

#include "lib/base/rng.h"
#include "ovsdb/client/row.h"
#include "tests/unit/client/part.h"
#include "tests/unit/test.h"

/* A replica of everything, with three indexes. */
struct fixture {
    struct replica *replica;
    uint32_t by_member, by_name, by_group_and_key;
    uint32_t by_option;
};

static void
fixture_init(struct fixture *f)
{
    f->replica = replica_new(&part_def, 0, 0);
    for (uint32_t t = 0; t < T_N; t++) {
        for (uint32_t c = 0; c < part_tables[t].n_columns; c++) {
            replica_monitor_column(f->replica, t, c);
        }
    }
    f->by_member = replica_add_index(f->replica, T_GROUP, (uint32_t[]) {GROUP_MEMBERS}, 1, T_N);
    f->by_name = replica_add_index(f->replica, T_PORT, (uint32_t[]) {PORT_NAME}, 1, T_N + 1);
    f->by_group_and_key = replica_add_index(f->replica, T_PORT, (uint32_t[]) {PORT_GROUP, PORT_KEY}, 2, T_N + 2);
    f->by_option = replica_add_index(f->replica, T_GROUP, (uint32_t[]) {GROUP_OPTIONS}, 1, T_N + 3);
}

/* Applies JSON with ' for ". */
static struct err *
apply(struct replica *replica, bool is_v1, const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    json_t *json = json_loads(copy, 0, NULL);
    assert_non_null(json);
    struct err *err = replica_test_apply(replica, json, is_v1);
    json_decref(json);
    free(copy);
    return err;
}
#define APPLY2(F, TEXT) assert_null(apply((F)->replica, false, TEXT))

#define U1 "11111111-1111-1111-1111-111111111111"
#define U2 "22222222-2222-2222-2222-222222222222"
#define U3 "33333333-3333-3333-3333-333333333333"

static struct uuid
uuid_from(const char *text)
{
    struct uuid uuid;
    assert_true(uuid_from_text(str_from(text), &uuid));
    return uuid;
}

TEST(update2_inserts_modifies_and_deletes)
{
    struct fixture f;
    fixture_init(&f);
    APPLY2(&f, "{'Port':{'" U1 "':{'insert':{'name':'p1','key':7,'group':['uuid','" U2 "']}}},"
               "'Group':{'" U2 "':{'initial':{'name':'g','members':['set',[['uuid','" U1 "'],['uuid','" U3 "']]],"
               "'options':['map',[['a','1'],['b','2']]]}}}}");
    const struct row *port = replica_find_string(NULL, f.replica, f.by_name, "p1");
    assert_non_null(port);
    assert_int_equal(row_integer(NULL, port, PORT_KEY), 7);
    assert_null(row_optional_integer(NULL, port, PORT_TAG));
    const struct row *group = row_reference(NULL, port, PORT_GROUP, T_GROUP);
    assert_string_equal(row_string(NULL, group, GROUP_NAME), "g");
    assert_string_equal(row_map_get(NULL, group, GROUP_OPTIONS, "b"), "2");
    struct uuid u3 = uuid_from(U3);
    assert_ptr_equal(replica_find_uuid(NULL, f.replica, f.by_member, &u3), group);

    APPLY2(&f, "{'Port':{'" U1 "':{'modify':{'name':'p2','tag':5}}},"
               "'Group':{'" U2 "':{'modify':{'members':['uuid','" U3 "'],'options':['map',[['a','1'],['b','3'],['c','4']]]}}}}");
    assert_null(replica_find_string(NULL, f.replica, f.by_name, "p1"));
    assert_ptr_equal(replica_find_string(NULL, f.replica, f.by_name, "p2"), port);
    assert_int_equal(*row_optional_integer(NULL, port, PORT_TAG), 5);
    assert_null(replica_find_uuid(NULL, f.replica, f.by_member, &u3));
    assert_ptr_equal(replica_find_uuid(NULL, f.replica, f.by_member, &port->uuid), group);
    assert_null(row_map_get(NULL, group, GROUP_OPTIONS, "a"));
    assert_string_equal(row_map_get(NULL, group, GROUP_OPTIONS, "b"), "3");
    assert_null(replica_find_string(NULL, f.replica, f.by_option, "a"));
    assert_ptr_equal(replica_find_string(NULL, f.replica, f.by_option, "c"), group);
    union atom keys[] = {{.uuid = uuid_from(U2)}, {.integer = 7}};
    assert_ptr_equal(replica_find(NULL, f.replica, f.by_group_and_key, keys), port);

    APPLY2(&f, "{'Port':{'" U1 "':{'modify':{'key':8,'tag':['set',[]]}}}}");
    assert_null(replica_find(NULL, f.replica, f.by_group_and_key, keys));
    assert_null(row_optional_integer(NULL, port, PORT_TAG));
    APPLY2(&f, "{'Port':{'" U1 "':{'delete':null}}}");
    assert_int_equal(replica_count(f.replica, T_PORT), 0);
    replica_free(f.replica);
}

TEST(update1_is_understood)
{
    struct fixture f;
    fixture_init(&f);
    assert_null(apply(f.replica, true, "{'Port':{'" U1 "':{'new':{'name':'p1','key':7}}}}"));
    assert_null(apply(f.replica, true, "{'Port':{'" U1 "':{'old':{'key':7},'new':{'name':'p1','key':9}}}}"));
    assert_int_equal(row_integer(NULL, replica_find_string(NULL, f.replica, f.by_name, "p1"), PORT_KEY), 9);
    assert_null(apply(f.replica, true, "{'Port':{'" U1 "':{'old':{'key':9}}}}"));
    assert_int_equal(replica_count(f.replica, T_PORT), 0);
    replica_free(f.replica);
}

TEST(bad_updates_name_table_row_and_column)
{
    static const struct {
        const char *update, *detail;
    } cases[] = {
        {"{'Prot':{}}", "table Prot: not monitored, or not an object"},
        {"{'Port':{'x':{'insert':{}}}}", "table Port: row x: not a uuid and an object"},
        {"{'Port':{'" U1 "':{'insert':{'nome':1}}}}", "table Port: row " U1 ": column nome is not monitored"},
        {"{'Port':{'" U1 "':{'modify':{}}}}", "table Port: row " U1 ": cannot modify what is not here"},
        {"{'Port':{'" U1 "':{'upset':{}}}}", "table Port: row " U1 ": \"upset\" is not a kind of update"},
        {"{'Port':{'" U1 "':{'insert':1}}}", "table Port: row " U1 ": \"insert\" is not followed by an object"},
        {"{'Port':{'" U1 "':{'insert':{},'modify':{}}}}", "table Port: row " U1 ": more than one kind of update"},
        {"[]", "table updates are not an object"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_init(&f);
        struct err *err = apply(f.replica, false, cases[i].update);
        assert_non_null(err);
        assert_string_equal(err_detail(err), cases[i].detail);
        err_free(err);
        replica_clear(f.replica);
        replica_free(f.replica);
    }
}

/* A tree could not hold a name twice. */
TEST(a_column_given_twice_is_refused)
{
    struct fixture f;
    fixture_init(&f);
    struct json_scan scan;
    json_scan_init(&scan, str_from("{\"Port\":{\"" U1 "\":{\"insert\":{\"key\":1,\"key\":2}}}}"));
    replica_apply_begin(f.replica);
    struct err *err = replica_apply_update2(f.replica, &scan);
    replica_apply_end(f.replica);
    assert_non_null(err);
    assert_string_equal(err_detail(err), "table Port: row " U1 ": column key is given twice");
    err_free(err);
    json_scan_fini(&scan);
    replica_free(f.replica);
}

/* Feeds and snapshots. */

static void
log_change(void *aux, enum replica_change change, const struct row *row, uint32_t columns)
{
    static const char *names[] = {"insert", "modify", "delete"};
    char text[UUID_LENGTH + 1];
    buf_printf(aux, "%s %.2s %x;", names[change], uuid_format(&row->uuid, text), columns);
}

TEST(snapshots_change_only_what_differs)
{
    struct fixture f;
    fixture_init(&f);
    APPLY2(&f, "{'Port':{'" U1 "':{'initial':{'name':'p1','key':1}},'" U2 "':{'initial':{'name':'p2','key':2,'tag':1}},"
               "'" U3 "':{'initial':{'name':'p3'}}}}");
    struct buf log = BUF_INIT(BUF_NO_LIMIT);
    replica_add_feed(f.replica, log_change, &log);
    const struct row *port = replica_find_string(NULL, f.replica, f.by_name, "p1");
    replica_expect_snapshot(f.replica);
    APPLY2(&f, "{'Port':{'" U1 "':{'initial':{'name':'p1','key':1}},'" U2 "':{'initial':{'name':'p2','key':2}}}}");
    assert_ptr_equal(replica_find_string(NULL, f.replica, f.by_name, "p1"), port);
    assert_string_equal(buf_text(&log), "modify 22 8;delete 33 ffffffff;");
    buf_clear(&log);
    APPLY2(&f, "{}");
    assert_string_equal(buf_text(&log), "");
    replica_remove_feed(f.replica, log_change, &log);
    buf_fini(&log);
    replica_free(f.replica);
}

TEST(rows_of_a_table_without_columns_only_exist)
{
    struct replica *replica = replica_new(&part_def, 0, 0);
    replica_monitor_table(replica, T_PORT);
    assert_null(apply(replica, false, "{'Port':{'" U1 "':{'initial':{}}}}"));
    assert_int_equal(replica_first(replica, T_PORT)->n_columns, 0);
    assert_null(replica_next(replica_first(replica, T_PORT)));
    replica_free(replica);
}

TEST(monitor_requests_leave_out_what_the_server_lacks)
{
    struct schema *schema;
    assert_null(schema_from_text(str_from("{\"name\":\"Part\",\"version\":\"0.1.0\",\"tables\":{\"Port\":{\"columns\":{"
                                          "\"name\":{\"type\":\"string\"},\"tag\":{\"type\":\"string\"}}}}}"), &schema));
    struct replica *replica = replica_new(&part_def, 0, 0);
    replica_monitor_table(replica, T_GROUP);
    replica_monitor_column(replica, T_PORT, PORT_NAME);
    replica_monitor_column(replica, T_PORT, PORT_TAG);
    assert_true(replica_set_condition(replica, T_PORT, json_pack("[[sss]]", "name", "==", "p")));
    assert_false(replica_set_condition(replica, T_PORT, json_pack("[[sss]]", "name", "==", "p")));
    replica_set_server_schema(replica, schema);
    json_t *requests = replica_monitor_requests(replica, true);
    char *text = json_dumps(requests, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"Port\":[{\"columns\":[\"name\"],\"where\":[[\"name\",\"==\",\"p\"]]}]}");
    assert_true(replica_server_has(replica, T_PORT, PORT_NAME));
    assert_false(replica_server_has(replica, T_PORT, PORT_TAG));
    free(text);
    json_decref(requests);
    schema_unref(schema);
    replica_free(replica);
}

/* The engine sees exactly what changed. */

static void
run_port_names(struct derive *d, uint64_t key)
{
    const struct fixture *f = derive_aux(d);
    const struct row *row = replica_row_by_id(f->replica, T_PORT, (uint32_t) key);
    const char *name = row_string(d, row, PORT_NAME);
    derive_emit(d, 0, name, strlen(name));
}

static void
run_member_groups(struct derive *d, uint64_t key)
{
    const struct fixture *f = derive_aux(d);
    const struct row *row = replica_row_by_id(f->replica, T_PORT, (uint32_t) key);
    const struct row *group = replica_find_uuid(d, f->replica, f->by_member, &row->uuid);
    const char *name = group ? row_string(d, group, GROUP_NAME) : "none";
    derive_emit(d, 0, name, strlen(name));
}

static const struct derive_kind kinds[] = {
    {"port-names", 0, DERIVE_ROW, T_PORT, run_port_names},
    {"member-groups", 0, DERIVE_ROW, T_PORT, run_member_groups},
};
static const struct derive_sink sinks[] = {{"out", false}};
static const struct derive_program program = {
    .kinds = kinds, .n_kinds = 2, .sinks = sinks, .n_sinks = 1, .n_tables = T_N, .n_spaces = T_N + 4};

TEST(one_change_runs_one_derivation_whatever_the_size)
{
    uint64_t runs[2];
    for (uint32_t size = 0; size < 2; size++) {
        struct fixture f;
        fixture_init(&f);
        struct derive *d = derive_new(&program, &f);
        replica_attach(f.replica, d);
        replica_apply_begin(f.replica);
        struct uuid group_uuid = uuid_of(1000000);
        struct row *group = replica_test_insert(f.replica, T_GROUP, &group_uuid);
        struct datum members;
        datum_init_empty(&members);
        for (uint32_t i = 0; i < (size ? 1000 : 10); i++) {
            struct uuid uuid = uuid_of(i);
            replica_test_insert(f.replica, T_PORT, &uuid);
            struct datum one;
            datum_init_uuid(&one, &uuid);
            datum_union(&members, &one, (struct datum_type) {ATOM_UUID, ATOM_VOID}, false);
            datum_fini(&one, (struct datum_type) {ATOM_UUID, ATOM_VOID});
        }
        replica_test_set(f.replica, group, GROUP_MEMBERS, &members);
        replica_apply_end(f.replica);
        derive_run(d);
        derive_clear_stats(d);
        APPLY2(&f, "{'Port':{'" U1 "':{'insert':{'name':'new'}}},"
                   "'Group':{'aa000000-0000-0000-0000-0000000f4240':{'modify':{'members':['uuid','" U1 "']}}}}");
        derive_run(d);
        runs[size] = derive_total_stats(d).n_runs;
        derive_check_invariants(d);
        replica_attach(f.replica, NULL);
        derive_free(d);
        replica_free(f.replica);
    }
    assert_int_equal(runs[0], 2);
    assert_int_equal(runs[1], 2);
}

/* Random updates against the obvious: after each, every index equals a scan, and a replica fed with the whole equals the
 * one fed with differences. */

static void
check_index(const struct fixture *f, uint32_t index, uint32_t table, uint32_t column, enum atom_type type,
            const union atom *key)
{
    const struct row *const *rows;
    size_t n = replica_find_all(NULL, f->replica, index, key, &rows);
    size_t n_scanned = 0;
    for (const struct row *r = replica_first(f->replica, table); r; r = replica_next(r)) {
        n_scanned += datum_find(&r->columns[column], key, type) != UINT32_MAX;
    }
    assert_int_equal(n, n_scanned);
    for (size_t i = 0; i < n; i++) {
        assert_true(datum_find(&rows[i]->columns[column], key, type) != UINT32_MAX);
        assert_true(!i || uuid_cmp(&rows[i - 1]->uuid, &rows[i]->uuid) < 0);
    }
}

static json_t *
random_members(struct rng *rng)
{
    json_t *set = json_array();
    for (uint32_t i = 0; i < 8; i++) {
        if (rng_one_in(rng, 3)) {
            char text[UUID_LENGTH + 1];
            struct uuid uuid = uuid_of(i);
            json_array_append_new(set, json_pack("[ss]", "uuid", uuid_format(&uuid, text)));
        }
    }
    return json_pack("[so]", "set", set);
}

static json_t *
random_options(struct rng *rng)
{
    json_t *map = json_array();
    for (uint32_t i = 0; i < 5; i++) {
        if (rng_one_in(rng, 2)) {
            json_array_append_new(map, json_pack("[ss]", (char[]) {'k', (char) ('0' + i), 0},
                                                 (char[]) {'v', (char) ('0' + rng_below(rng, 3)), 0}));
        }
    }
    return json_pack("[so]", "map", map);
}

TEST(random_updates_keep_indexes_right)
{
    struct rng rng = {20240501};
    struct fixture f;
    fixture_init(&f);
    for (int step = 0; step < 2000; step++) {
        char text[UUID_LENGTH + 1];
        struct uuid uuid = uuid_of(100 + rng_below(&rng, 6));
        const struct row *row = replica_row(NULL, f.replica, T_GROUP, &uuid);
        const char *kind = !row ? "insert" : rng_one_in(&rng, 5) ? "delete" : "modify";
        json_t *content = !strcmp(kind, "delete") ? json_null()
                          : json_pack("{so,so}", "members", random_members(&rng), "options", random_options(&rng));
        json_t *update = json_pack("{s{s{so}}}", "Group", uuid_format(&uuid, text), kind, content);
        assert_null(replica_test_apply(f.replica, update, false));
        json_decref(update);
        replica_check_invariants(f.replica);
        for (uint32_t i = 0; i < 8; i++) {
            check_index(&f, f.by_member, T_GROUP, GROUP_MEMBERS, ATOM_UUID, &(union atom) {.uuid = uuid_of(i)});
        }
        for (uint32_t i = 0; i < 5; i++) {
            union atom key = {.string = atom_string_new(str_n((char[]) {'k', (char) ('0' + i)}, 2))};
            check_index(&f, f.by_option, T_GROUP, GROUP_OPTIONS, ATOM_STRING, &key);
            atom_string_unref(key.string);
        }
    }
    replica_free(f.replica);
}

TEST_MAIN(T(update2_inserts_modifies_and_deletes), T(update1_is_understood), T(bad_updates_name_table_row_and_column),
          T(a_column_given_twice_is_refused),
          T(snapshots_change_only_what_differs), T(rows_of_a_table_without_columns_only_exist),
          T(monitor_requests_leave_out_what_the_server_lacks), T(one_change_runs_one_derivation_whatever_the_size),
          T(random_updates_keep_indexes_right))
