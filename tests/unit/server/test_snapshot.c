/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots that are made in slices while the database changes, beside ones made at once before it does. */
#include <config.h>

#include "ovsdb/server/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/counter.h"
#include "lib/base/hash.h"
#include "tests/unit/server/fixture.h"

enum { N_ROWS = 1500, FILLER = 1000 };

static char filler[FILLER + 1];
static uint64_t random_state;
static uint32_t n_inserted;

static uint32_t
random_below(uint32_t n)
{
    random_state = hash_mix64(random_state + UINT64_C(0x9e3779b97f4a7c15));
    return (uint32_t) (random_state >> 32) % n;
}

static struct delta *
change(struct database *db, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_vprintf(&text, format, args);
    va_end(args);
    char *quoted = fixture_quotes(buf_text(&text));
    json_t *params = json_loads(quoted, 0, NULL);
    assert_non_null(params);
    struct execute_request request = {.db = db, .params = params};
    struct execute_result result;
    execute(&request, &result);
    assert_false(result.failed);
    struct delta *delta = result.delta ? delta_ref(result.delta) : NULL;
    execute_result_fini(&result);
    json_decref(params);
    free(quoted);
    buf_fini(&text);
    return delta;
}

static struct delta *
insert_row(struct database *db)
{
    return change(db, "['T',{'op':'insert','table':'N','row':{'name':'%u%s','n':%u}}]", n_inserted++, filler,
                  random_below(10));
}

static struct database *
filled_database(void)
{
    struct database *db = fixture_database();
    memset(filler, 'x', FILLER);
    n_inserted = 0;
    for (int i = 0; i < N_ROWS; i++) {
        delta_unref(insert_row(db));
    }
    return db;
}

static struct delta *
change_at_random(struct database *db)
{
    uint32_t number = random_below(n_inserted);
    switch (random_below(4)) {
    case 0: return insert_row(db);
    case 1: return change(db, "['T',{'op':'delete','table':'N','where':[['name','==','%u%s']]}]", number, filler);
    case 2: return change(db, "['T',{'op':'update','table':'N','where':[['name','==','%u%s']],'row':{'n':%u}}]", number,
                          filler, random_below(10));
    default:
        n_inserted++;                                        /* 'A' has unique indexes */
        return change(db, "['T',{'op':'insert','table':'A','row':{'name':'%u','i':%u}}]", n_inserted, n_inserted);
    }
}

static json_t *
whole(const struct snapshot *snapshot)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < snapshot->chunks.n; i++) {
        buf_put(&text, snapshot->chunks.d[i]->data, snapshot->chunks.d[i]->n);
    }
    json_t *json = json_loads(buf_text(&text), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    buf_fini(&text);
    return json;
}

static struct monitor *
new_monitor(struct monitor_hub *hub, enum monitor_version version, const char *requests)
{
    char *quoted = fixture_quotes(requests);
    json_t *json = json_loads(quoted, 0, NULL), *id = json_integer(1);
    struct monitor *monitor;
    assert_null(monitor_new(hub, version, json, id, NULL, &monitor));
    json_decref(json);
    json_decref(id);
    free(quoted);
    return monitor;
}

/* Makes a snapshot slice by slice with random changes between; it must hold what one made before all of them does. */
static size_t
race(struct database *db, const struct view_vec *views)
{
    struct snapshot *at_once = snapshot_new(db, views, 0, &UUID_ZERO), *sliced = snapshot_new(db, views, 0, &UUID_ZERO);
    while (!at_once->is_done) {
        snapshot_work(at_once);
    }
    size_t n_slices = 0;
    for (; !sliced->is_done; n_slices++) {
        for (uint32_t i = random_below(100); i > 0; i--) {
            struct delta *delta = change_at_random(db);
            if (delta) {
                snapshot_note(sliced, delta);
            }
            delta_unref(delta);
        }
        snapshot_work(sliced);
    }
    json_t *expected = whole(at_once), *got = whole(sliced);
    assert_true(json_equal(expected, got));
    assert_true(json_object_size(json_object_get(got, "N")) > 0);
    json_decref(expected);
    json_decref(got);
    snapshot_free(at_once);
    snapshot_free(sliced);
    return n_slices;
}

TEST(slices_show_one_state)
{
    static const char *const requests[] = {
        "{'N':[{'columns':['name','n']}],'A':[{'columns':['name']}]}",
        "{'N':[{'columns':['name'],'where':[['n','>',3]]}],'A':[{'columns':['name']}]}",
        "{'A':[{'columns':['name']}],'N':[{'columns':['name','n'],'where':[['n','==',1],['n','==',2],['n','==',7]]}]}",
        "{'A':[{'columns':['name'],'select':{'initial':false}}],'N':[{'columns':['n','name']}]}",
    };
    const char *seed_text = getenv("TEST_SEED");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : 1;
    size_t n_slices = 0;
    for (int i = 0; i < (seed_text ? 1 : 4); i++, seed++) {
        print_message("TEST_SEED=%llu\n", (unsigned long long) seed);
        random_state = seed;
        struct database *db = filled_database();
        struct monitor_hub *hub = monitor_hub_new(db);
        for (size_t j = 0; j < ARRAY_SIZE(requests); j++) {
            struct monitor *monitor = new_monitor(hub, MONITOR_V2, requests[j]);
            n_slices += race(db, &monitor->watch->views);
            monitor_free(monitor);
        }
        monitor_hub_free(hub);
        database_free(db);
    }
    assert_true(n_slices > 4 * 4 * 3);
}

static size_t n_ready;

static void
on_ready(struct monitor *monitor)
{
    struct initial initial = monitor_take_initial(monitor);
    assert_true(initial.n_bytes > (size_t) N_ROWS * FILLER);
    n_ready++;
}

static void
ignore_updates(void *aux, struct monitor *monitor, struct shared_bytes *updates)
{
}

/* Clients that come while the first one's snapshot is being made share it, and what they missed is not lost. */
TEST(many_clients_cost_one_snapshot)
{
    enum { N_CLIENTS = 100 };
    struct database *db = filled_database();
    struct monitor_hub *hub = monitor_hub_new(db);
    struct monitor *monitors[N_CLIENTS];
    const struct counter *rows = counter_find("ovsdb_snapshot_rows");
    uint64_t before = rows->n;
    n_ready = 0;
    for (int i = 0; i < N_CLIENTS; i++) {
        monitors[i] = new_monitor(hub, MONITOR_V3, "{'N':[{'columns':['name','n']}]}");
        assert_false(monitor_prepare_initial(monitors[i]));
        if (i == N_CLIENTS / 2) {
            struct delta *delta = insert_row(db);
            monitor_hub_commit(hub, delta, ignore_updates, NULL);
            delta_unref(delta);
        }
    }
    monitor_free(monitors[0]);                               /* who began it need not see its end */
    for (size_t n_last = 0; monitor_hub_work(hub, on_ready); n_last = n_ready) {
        assert_true(n_ready - n_last <= MONITORS_READY_AT_ONCE);
    }
    assert_int_equal(n_ready, N_CLIENTS - 1);
    assert_int_equal(rows->n, before + N_ROWS);
    for (int i = 1; i < N_CLIENTS; i++) {
        assert_true(monitor_is_lagging(monitors[i]));
        struct shared_bytes *missed = monitor_catch_up(monitors[i]);
        assert_non_null(missed);
        shared_bytes_unref(missed);
        monitor_free(monitors[i]);
    }
    monitor_hub_free(hub);
    database_free(db);
}

TEST(a_snapshot_that_nobody_waits_for_is_dropped)
{
    struct database *db = filled_database();
    struct monitor_hub *hub = monitor_hub_new(db);
    struct monitor *monitor = new_monitor(hub, MONITOR_V2, "{'N':[{'columns':['name','n']}]}");
    assert_false(monitor_prepare_initial(monitor));
    assert_true(monitor_hub_has_work(hub));
    monitor_free(monitor);
    assert_false(monitor_hub_has_work(hub));
    monitor_hub_free(hub);
    database_free(db);
}

/* When the history no longer leads from the snapshot to the present, it is made again. */
TEST(a_snapshot_that_took_too_long_is_made_anew)
{
    struct database *db = filled_database();
    struct monitor_hub *hub = monitor_hub_new(db);
    struct monitor *monitor = new_monitor(hub, MONITOR_V2, "{'N':[{'columns':['name','n']}]}");
    assert_false(monitor_prepare_initial(monitor));
    for (int i = 0; i <= HISTORY_DELTAS_MAX; i++) {
        struct delta *delta = change(db, "['T',{'op':'update','table':'N','where':[],'row':{'n':%d}}]", i);
        monitor_hub_commit(hub, delta, ignore_updates, NULL);
        delta_unref(delta);
        if (!history_reaches(&hub->history, 0)) {
            break;
        }
    }
    n_ready = 0;
    while (monitor_hub_work(hub, on_ready)) {
    }
    assert_int_equal(n_ready, 1);
    assert_false(monitor_is_lagging(monitor));
    monitor_free(monitor);
    monitor_hub_free(hub);
    database_free(db);
}

TEST_MAIN(T(slices_show_one_state), T(many_clients_cost_one_snapshot), T(a_snapshot_that_nobody_waits_for_is_dropped),
          T(a_snapshot_that_took_too_long_is_made_anew))
