/* SPDX-License-Identifier: Apache-2.0 */
/* The writer alone: what it sends, with a server that the test plays. */
#include <config.h>

#include "ovsdb/client/writer.h"

#include <stdlib.h>

#include "ovsdb/client/row.h"
#include "tests/unit/client/part.h"
#include "tests/unit/test.h"

/* Groups by name; their members are whole or come one by one.  Ports by name. */
static const uint32_t group_owned[] = {GROUP_MEMBERS, GROUP_NAME, GROUP_OPTIONS, GROUP_PARENT};
static const uint32_t port_owned[] = {PORT_GROUP, PORT_KEY, PORT_NAME};
static const struct writer_table tables[] = {
    {.table = T_GROUP, .owns = WRITER_ROWS, .columns = group_owned, .n_columns = 4, .key_column = GROUP_NAME},
    {.table = T_PORT, .owns = WRITER_ROWS, .columns = port_owned, .n_columns = 3, .key_column = PORT_NAME},
};

struct bench {
    struct replica *replica;
    struct writer *w;
    bool is_ready;
    json_t *sent;                                            /* operations of the transactions sent */
    writer_done_cb *done[8];
    void *done_aux[8];
    size_t n_outstanding;
    size_t n_progress;
    uint32_t recalled;
};

static bool is_ready(void *b) { return ((struct bench *) b)->is_ready; }

static uint64_t
transact(void *b_, json_t *operations, writer_done_cb *done, void *aux)
{
    struct bench *b = b_;
    assert_true(b->n_outstanding < ARRAY_SIZE(b->done));
    b->done[b->n_outstanding] = done;
    b->done_aux[b->n_outstanding++] = aux;
    json_array_append_new(b->sent, operations);
    return b->n_outstanding;
}

static void forget(void *b, uint64_t id) { }
static void note_progress(void *b) { ((struct bench *) b)->n_progress++; }
static void note_recall(void *b, uint32_t table) { ((struct bench *) b)->recalled = table; }

static const struct writer_link fake_link = {.is_ready = is_ready, .transact = transact, .forget = forget};
static const struct writer_callbacks callbacks = {note_progress, note_recall};

static void
bench_init(struct bench *b, const struct writer_table *t, uint32_t n)
{
    *b = (struct bench) {.replica = replica_new(&part_def, 0, 0), .is_ready = true, .sent = json_array(),
                         .recalled = UINT32_MAX};
    b->w = writer_new(b->replica, t, n, &fake_link, b, &callbacks, b);
}

static void
bench_fini(struct bench *b)
{
    writer_check_invariants(b->w);
    writer_free(b->w);
    replica_free(b->replica);
    json_decref(b->sent);
}

/* Flushes and compares what is sent, with ' for ". */
static void
expect_sent(struct bench *b, const char *expected)
{
    writer_flush(b->w);
    writer_check_invariants(b->w);
    char *text = json_dumps(b->sent, JSON_COMPACT | JSON_SORT_KEYS);
    for (char *p = text; *p; p++) {
        *p = *p == '"' ? '\'' : *p;
    }
    assert_string_equal(text, expected);
    free(text);
    json_array_clear(b->sent);
}

/* Answers the oldest outstanding transaction. */
static void
answer(struct bench *b, const json_t *result, struct err *err)
{
    assert_true(b->n_outstanding);
    writer_done_cb *done = b->done[0];
    void *aux = b->done_aux[0];
    b->n_outstanding--;
    memmove(b->done, b->done + 1, sizeof b->done - sizeof b->done[0]);
    memmove(b->done_aux, b->done_aux + 1, sizeof b->done_aux - sizeof b->done_aux[0]);
    done(aux, result, err);
}

static void
feed(struct bench *b, const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    json_t *json = json_loads(copy, 0, NULL);
    assert_non_null(json);
    assert_null(replica_test_apply(b->replica, json, false));
    json_decref(json);
    free(copy);
}

static void
put_port(struct bench *b, const char *name, int64_t key)
{
    struct writer_row *row = writer_put(b->w, T_PORT, str_from(name));
    writer_row_ref(row, PORT_GROUP, T_GROUP, str_from("g"));
    writer_row_integer(row, PORT_KEY, key);
    writer_row_string(row, PORT_NAME, name);
}

static void
put_group(struct bench *b, const char *name)
{
    writer_row_string(writer_put(b->w, T_GROUP, str_from(name)), GROUP_NAME, name);
}

#define U1 "11111111-1111-1111-1111-111111111111"
#define U2 "22222222-2222-2222-2222-222222222222"
#define U3 "33333333-3333-3333-3333-333333333333"
#define ON(UUID) "'where':[['_uuid','==',['uuid','" UUID "']]]"

TEST(new_rows_refer_to_each_other)
{
    struct bench b;
    bench_init(&b, tables, 2);
    put_port(&b, "p", 3);
    put_group(&b, "g");
    char g[UUID_LENGTH + 1], p[UUID_LENGTH + 1];
    struct uuid g_uuid = writer_uuid(b.w, T_GROUP, str_from("g")), p_uuid = writer_uuid(b.w, T_PORT, str_from("p"));
    char *expected = xasprintf("[[{'op':'insert','row':{'name':'g'},'table':'Group','uuid':'%s'},"
                               "{'op':'insert','row':{'group':['uuid','%s'],'key':3,'name':'p'},'table':'Port','uuid':'%s'}]]",
                               uuid_format(&g_uuid, g), g, uuid_format(&p_uuid, p));
    expect_sent(&b, expected);
    free(expected);
    expect_sent(&b, "[]");
    assert_int_equal(writer_confirmed(b.w), 0);
    answer(&b, NULL, err_tagged("lost", "x"));
    assert_int_equal(b.n_progress, 1);
    bench_fini(&b);
}

TEST(rows_that_are_there_are_adopted)
{
    struct bench b;
    bench_init(&b, tables, 2);
    feed(&b, "{'Group':{'" U1 "':{'initial':{'name':'g'}}},"
             "'Port':{'" U2 "':{'initial':{'name':'p','key':3,'group':['uuid','" U1 "']}}}}");
    put_port(&b, "p", 3);
    put_group(&b, "g");
    expect_sent(&b, "[]");
    assert_int_equal(writer_confirmed(b.w), 1);
    /* A foreign hand is corrected, in the column that differs. */
    feed(&b, "{'Port':{'" U2 "':{'modify':{'key':4}}}}");
    expect_sent(&b, "[[{'op':'update','row':{'key':3},'table':'Port'," ON(U2) "}]]");
    feed(&b, "{'Port':{'" U2 "':{'modify':{'key':3}}}}");
    answer(&b, NULL, NULL);
    expect_sent(&b, "[]");
    assert_true(writer_is_idle(b.w));
    /* Rows that nobody wants go; also a second one of the same key. */
    feed(&b, "{'Port':{'" U3 "':{'insert':{'name':'p'}}}}");
    expect_sent(&b, "[[{'op':'delete','table':'Port'," ON(U3) "}]]");
    feed(&b, "{'Port':{'" U3 "':{'delete':null}}}");
    answer(&b, NULL, NULL);
    writer_remove(b.w, T_GROUP, str_from("g"));
    writer_remove(b.w, T_PORT, str_from("p"));
    expect_sent(&b, "[[{'op':'delete','table':'Port'," ON(U2) "},{'op':'delete','table':'Group'," ON(U1) "}]]");
    answer(&b, NULL, NULL);
    bench_fini(&b);
}

TEST(members_cost_one_mutation_each)
{
    struct bench b;
    bench_init(&b, tables, 2);
    feed(&b, "{'Group':{'" U1 "':{'initial':{'name':'g','members':['set',[['uuid','" U2 "'],['uuid','" U3 "']]]}}},"
             "'Port':{'" U2 "':{'initial':{'name':'p2'}},'" U3 "':{'initial':{'name':'p3'}}}}");
    put_group(&b, "g");
    for (int i = 2; i <= 3; i++) {
        struct str name = str_n((char[]) {'p', (char) ('0' + i)}, 2);
        writer_row_str(writer_put(b.w, T_PORT, name), PORT_NAME, name);
        writer_member_ref(b.w, T_GROUP, str_from("g"), GROUP_MEMBERS, T_PORT, name, true);
    }
    expect_sent(&b, "[]");
    put_group(&b, "g");                                      /* members stay */
    writer_member_ref(b.w, T_GROUP, str_from("g"), GROUP_MEMBERS, T_PORT, str_from("p3"), false);
    expect_sent(&b, "[[{'mutations':[['members','delete',['uuid','" U3 "']]],'op':'mutate','table':'Group'," ON(U1) "}]]");
    feed(&b, "{'Group':{'" U1 "':{'modify':{'members':['uuid','" U3 "']}}}}");
    answer(&b, NULL, NULL);
    writer_member_ref(b.w, T_GROUP, str_from("g"), GROUP_MEMBERS, T_PORT, str_from("p3"), true);
    expect_sent(&b, "[[{'mutations':[['members','insert',['uuid','" U3 "']]],'op':'mutate','table':'Group'," ON(U1) "}]]");
    answer(&b, NULL, err_tagged("lost", "x"));
    writer_member_ref(b.w, T_GROUP, str_from("g"), GROUP_MEMBERS, T_PORT, str_from("p3"), false);
    writer_member_ref(b.w, T_GROUP, str_from("g"), GROUP_MEMBERS, T_PORT, str_from("p2"), false);
    expect_sent(&b, "[[{'op':'update','row':{'members':['set',[]]},'table':'Group'," ON(U1) "}]]");
    bench_fini(&b);
}

TEST(maps_are_changed_by_key)
{
    struct bench b;
    bench_init(&b, tables, 1);
    feed(&b, "{'Group':{'" U1 "':{'initial':{'name':'g','options':['map',[['a','1'],['b','2'],['c','3'],['d','4']]]}}}}");
    struct writer_row *row = writer_put(b.w, T_GROUP, str_from("g"));
    writer_row_string(row, GROUP_NAME, "g");
    writer_row_pair(row, GROUP_OPTIONS, "a", "1");
    writer_row_pair(row, GROUP_OPTIONS, "b", "7");
    writer_row_pair(row, GROUP_OPTIONS, "c", "3");
    expect_sent(&b, "[[{'mutations':[['options','delete',['set',['b','d']]],['options','insert',['map',[['b','7']]]]],"
                    "'op':'mutate','table':'Group'," ON(U1) "}]]");
    answer(&b, NULL, err_tagged("lost", "x"));
    row = writer_put(b.w, T_GROUP, str_from("g"));
    writer_row_string(row, GROUP_NAME, "g");
    writer_row_own_pair(row, GROUP_OPTIONS, "a", "1");
    writer_row_own_pair(row, GROUP_OPTIONS, "b", NULL);
    writer_row_own_pair(row, GROUP_OPTIONS, "c", "0");
    writer_row_own_pair(row, GROUP_OPTIONS, "e", NULL);
    expect_sent(&b, "[[{'mutations':[['options','delete',['set',['b','c']]],['options','insert',['map',[['c','0']]]]],"
                    "'op':'mutate','table':'Group'," ON(U1) "}]]");
    bench_fini(&b);
}

TEST(rows_wait_for_what_they_refer_to)
{
    struct bench b;
    bench_init(&b, tables, 2);
    put_port(&b, "p", 3);
    expect_sent(&b, "[]");
    put_group(&b, "g");
    writer_flush(b.w);
    assert_int_equal(json_array_size(json_array_get(b.sent, 0)), 2);
    bench_fini(&b);
}

TEST(what_the_server_refuses_is_set_aside)
{
    struct bench b;
    bench_init(&b, tables, 2);
    writer_set_lock(b.w, "boss");
    feed(&b, "{'Group':{'" U1 "':{'initial':{'name':'g'}}},"
             "'Port':{'" U2 "':{'initial':{'name':'p','group':['uuid','" U1 "']}},"
             "'" U3 "':{'initial':{'name':'q','group':['uuid','" U1 "']}}}}");
    put_group(&b, "g");
    put_port(&b, "p", -1);
    put_port(&b, "q", 1);
#define ASSERT "{'lock':'boss','op':'assert'}"
#define UPDATE_P "{'op':'update','row':{'key':-1},'table':'Port'," ON(U2) "}"
#define UPDATE_Q "{'op':'update','row':{'key':1},'table':'Port'," ON(U3) "}"
    expect_sent(&b, "[[" ASSERT "," UPDATE_P "," UPDATE_Q "]]");
    json_t *result = json_pack("[{}{ssss}n]", "error", "constraint violation", "details", "-1 is below 0");
    answer(&b, result, err_tagged("constraint violation", "-1 is below 0"));
    json_decref(result);
    expect_sent(&b, "[[" ASSERT "," UPDATE_Q "]]");
    feed(&b, "{'Port':{'" U3 "':{'modify':{'key':1}}}}");
    answer(&b, NULL, NULL);
    /* The replica changed: another try, alone. */
    expect_sent(&b, "[[" ASSERT "," UPDATE_P "]]");
    answer(&b, NULL, err_tagged("constraint violation", "still"));
    expect_sent(&b, "[]");
    /* Until then nothing is confirmed that was wanted since 'p' was. */
    assert_int_equal(writer_confirmed(b.w), 0);
    assert_int_equal(writer_count_refused(b.w), 1);
    put_port(&b, "p", 0);
    expect_sent(&b, "[]");
    assert_int_equal(writer_confirmed(b.w), 5);
    assert_int_equal(writer_count_refused(b.w), 0);
    bench_fini(&b);
}

/* The commit fails for one of eight rows and does not say which: it is found, the others are written. */
TEST(a_failure_without_a_culprit_is_narrowed_down)
{
    struct bench b;
    bench_init(&b, tables, 2);
    for (char c = 'a'; c <= 'h'; c++) {
        put_group(&b, (char[]) {c, 0});
    }
    struct uuid bad = writer_uuid(b.w, T_GROUP, str_from("e"));
    for (int i = 0; i < 40; i++) {
        writer_flush(b.w);
        while (b.n_outstanding) {
            json_t *operations = json_array_get(b.sent, 0);
            json_t *update = json_object();
            struct err *err = NULL;
            size_t j;
            const json_t *op;
            json_array_foreach (operations, j, op) {
                const char *uuid = json_string_value(json_object_get(op, "uuid"));
                json_object_set_new(update, uuid, json_pack("{sO}", "insert", json_object_get(op, "row")));
                if (!strcmp(uuid, uuid_text(&bad))) {
                    err = err_tagged("constraint violation", "somewhere");
                    break;
                }
            }
            if (!err) {
                json_t *updates = json_pack("{sO}", "Group", update);
                assert_null(replica_test_apply(b.replica, updates, false));
                json_decref(updates);
            }
            json_decref(update);
            json_array_remove(b.sent, 0);
            answer(&b, NULL, err);
        }
    }
    assert_int_equal(replica_count(b.replica, T_GROUP), 7);
    assert_true(writer_is_idle(b.w));
    bench_fini(&b);
}

TEST(large_differences_are_split)
{
    struct bench b;
    bench_init(&b, tables, 2);
    writer_set_max_operations(b.w, 2);
    for (char c = 'a'; c <= 'z'; c++) {
        put_group(&b, (char[]) {c, 0});
    }
    writer_flush(b.w);
    assert_int_equal(json_array_size(b.sent), 8);            /* so many at a time */
    assert_int_equal(json_array_size(json_array_get(b.sent, 0)), 2);
    assert_int_equal(writer_confirmed(b.w), 0);
    bench_fini(&b);
}

/* Rows that others own. */

static bool
has_tag(void *aux, const struct row *row)
{
    return row_optional_integer(NULL, row, PORT_TAG);
}

TEST(columns_of_foreign_rows)
{
    static const uint32_t columns[] = {PORT_KEY, PORT_TAG};
    static const struct writer_table foreign[] = {
        {.table = T_PORT, .owns = WRITER_COLUMNS, .columns = columns, .n_columns = 2, .key_column = PORT_NAME,
         .is_ours = has_tag},
    };
    struct bench b;
    bench_init(&b, foreign, 1);
    writer_row_integer(writer_put(b.w, T_PORT, str_from("p")), PORT_KEY, 7);
    writer_row_integer(writer_put(b.w, T_PORT, str_from("none")), PORT_KEY, 7);
    expect_sent(&b, "[]");
    feed(&b, "{'Port':{'" U1 "':{'initial':{'name':'p'}},'" U2 "':{'initial':{'name':'q','key':5,'tag':1}},"
             "'" U3 "':{'initial':{'name':'r','key':5}}}}");
    writer_flush(b.w);
    assert_int_equal(json_array_size(json_array_get(b.sent, 0)), 2);
    json_array_clear(b.sent);
    feed(&b, "{'Port':{'" U1 "':{'modify':{'key':7}},'" U2 "':{'modify':{'key':0,'tag':['set',[]]}}}}");
    answer(&b, NULL, NULL);
    expect_sent(&b, "[]");
    writer_remove(b.w, T_PORT, str_from("p"));               /* not tagged: stays */
    expect_sent(&b, "[]");
    bench_fini(&b);
}

TEST(seeds_are_sown_once)
{
    static const uint32_t columns[] = {PORT_NAME, PORT_TAG};
    static const struct writer_table seeded[] = {
        {.table = T_PORT, .owns = WRITER_ROWS, .columns = columns, .n_columns = 2, .key_column = PORT_NAME,
         .seeds = &columns[1], .n_seeds = 1},
    };
    struct bench b;
    bench_init(&b, seeded, 1);
    struct writer_row *row = writer_put(b.w, T_PORT, str_from("p"));
    writer_row_string(row, PORT_NAME, "p");
    writer_row_integer(row, PORT_TAG, 0);
    feed(&b, "{'Port':{'" U1 "':{'initial':{'name':'p','tag':5}}}}");
    expect_sent(&b, "[]");                                   /* it grew already */
    feed(&b, "{'Port':{'" U1 "':{'modify':{'tag':['set',[]]}}}}");
    expect_sent(&b, "[[{'op':'update','row':{'tag':0},'table':'Port','where':[['_uuid','==',['uuid','" U1 "']]]}]]");
    feed(&b, "{'Port':{'" U1 "':{'modify':{'tag':0}}}}");
    answer(&b, NULL, NULL);
    feed(&b, "{'Port':{'" U1 "':{'modify':{'tag':9}}}}");
    expect_sent(&b, "[]");
    feed(&b, "{'Port':{'" U1 "':{'delete':null}}}");
    expect_sent(&b, "[[{'op':'insert','row':{'name':'p','tag':0},'table':'Port','uuid':'" U1 "'}]]");
    bench_fini(&b);
}

static void
fill_port(struct writer_row *row, struct str content)
{
    writer_row_str(row, PORT_NAME, content);
    writer_row_ref(row, PORT_GROUP, T_GROUP, str_from("g"));
}

TEST(content_waits_as_bytes_and_is_forgotten_and_recalled)
{
    static const struct writer_table forgetful[] = {
        {.table = T_GROUP, .owns = WRITER_ROWS, .columns = group_owned, .n_columns = 4, .key_column = GROUP_NAME},
        {.table = T_PORT, .owns = WRITER_ROWS, .columns = port_owned, .n_columns = 3, .key_column = WRITER_KEY_UUID,
         .fill = fill_port},
    };
    struct bench b;
    bench_init(&b, forgetful, 2);
    struct uuid uuid;
    assert_true(uuid_from_text(str_from(U1), &uuid));
    writer_put_content(b.w, T_PORT, writer_key_uuid(&uuid), str_from("overwritten"));
    writer_put_content(b.w, T_PORT, writer_key_uuid(&uuid), str_from("p"));
    expect_sent(&b, "[]");                                   /* its group is not there */
    feed(&b, "{'Group':{'" U2 "':{'insert':{'name':'g'}}}}");
    writer_row_string(writer_put(b.w, T_GROUP, str_from("g")), GROUP_NAME, "g");
    expect_sent(&b, "[[{'op':'insert','row':{'group':['uuid','" U2 "'],'name':'p'},'table':'Port','uuid':'" U1 "'}]]");
    answer(&b, NULL, err_tagged("lost", "the connection"));
    expect_sent(&b, "[[{'op':'insert','row':{'group':['uuid','" U2 "'],'name':'p'},'table':'Port','uuid':'" U1 "'}]]");
    feed(&b, "{'Port':{'" U1 "':{'insert':{}}}}");
    answer(&b, NULL, NULL);
    expect_sent(&b, "[]");
    assert_int_equal(b.recalled, UINT32_MAX);
    feed(&b, "{'Port':{'" U1 "':{'delete':null}}}");
    expect_sent(&b, "[]");
    assert_int_equal(b.recalled, T_PORT);
    writer_put_content(b.w, T_PORT, writer_key_uuid(&uuid), str_from("p"));
    expect_sent(&b, "[[{'op':'insert','row':{'group':['uuid','" U2 "'],'name':'p'},'table':'Port','uuid':'" U1 "'}]]");
    bench_fini(&b);
}

static bool is_never_ours(void *b, const struct row *row) { return false; }
static bool is_called_p(void *b, const struct row *row) { return datum_keys(&row->columns[PORT_NAME])[0].string->text[0] == 'p'; }

/* A set in a row of others: our members come and go, theirs stay, and nothing else of the row is touched. */
TEST(members_of_foreign_rows)
{
    static const struct writer_shared shared = {GROUP_MEMBERS, T_PORT};
    static const struct writer_table with_shared[] = {
        {.table = T_GROUP, .owns = WRITER_ROWS, .columns = group_owned, .n_columns = 4, .key_column = GROUP_NAME,
         .is_ours = is_never_ours, .shared = &shared},
        {.table = T_PORT, .owns = WRITER_ROWS, .columns = port_owned, .n_columns = 3, .key_column = PORT_NAME,
         .is_ours = is_called_p},
    };
    struct bench b;
    bench_init(&b, with_shared, 2);
    feed(&b, "{'Group':{'" U1 "':{'initial':{'name':'g','members':['uuid','" U2 "']}}},"
             "'Port':{'" U2 "':{'initial':{'name':'theirs'}},'" U3 "':{'initial':{'name':'p3'}}}}");
    writer_row_string(writer_put(b.w, T_PORT, str_from("p3")), PORT_NAME, "p3");
    writer_member_ref(b.w, T_GROUP, str_from("g"), GROUP_MEMBERS, T_PORT, str_from("p3"), true);
    expect_sent(&b, "[[{'mutations':[['members','insert',['uuid','" U3 "']]],'op':'mutate','table':'Group'," ON(U1) "}]]");
    feed(&b, "{'Group':{'" U1 "':{'modify':{'members':['uuid','" U3 "']}}}}");
    answer(&b, NULL, NULL);
    writer_member_ref(b.w, T_GROUP, str_from("g"), GROUP_MEMBERS, T_PORT, str_from("p3"), false);
    writer_remove(b.w, T_PORT, str_from("p3"));
    expect_sent(&b, "[[{'op':'delete','table':'Port'," ON(U3) "},"
                    "{'mutations':[['members','delete',['uuid','" U3 "']]],'op':'mutate','table':'Group'," ON(U1) "}]]");
    bench_fini(&b);
}

TEST_MAIN(T(members_of_foreign_rows), T(new_rows_refer_to_each_other), T(rows_that_are_there_are_adopted), T(members_cost_one_mutation_each),
          T(maps_are_changed_by_key), T(rows_wait_for_what_they_refer_to), T(what_the_server_refuses_is_set_aside),
          T(a_failure_without_a_culprit_is_narrowed_down), T(large_differences_are_split), T(columns_of_foreign_rows),
          T(seeds_are_sown_once),
          T(content_waits_as_bytes_and_is_forgotten_and_recalled))
