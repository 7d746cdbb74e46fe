/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/property/test_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The writer's side --- */

static bool
is_ready(void *link UNUSED)
{
    return true;
}

static uint64_t
transact(void *link_, json_t *operations, writer_done_cb *done, void *aux)
{
    struct test_link *link = link_;
    vec_push(&link->sent, (struct test_txn) {operations, done, aux});
    return link->n_delivered + link->sent.n;
}

static void
forget(void *link_, uint64_t id)
{
    struct test_link *link = link_;
    CHECK(id > link->n_delivered && id <= link->n_delivered + link->sent.n);
    link->sent.d[id - link->n_delivered - 1].done = NULL;
}

const struct writer_link test_writer_link = {.is_ready = is_ready, .transact = transact, .forget = forget};

/* --- The database's side --- */

void
test_link_init(struct test_link *link, struct test_db *db, struct replica *replica)
{
    *link = (struct test_link) {.db = db, .replica = replica};
}

void
test_link_fini(struct test_link *link)
{
    for (size_t i = 0; i < link->sent.n; i++) {
        json_decref(link->sent.d[i].operations);
    }
    vec_fini(&link->sent);
}

static void
put_monitored(const struct replica *replica, uint32_t table, const char *image, const json_t *update, json_t *ret)
{
    const struct replica_table_def *def = &replica_def(replica)->tables[table];
    const json_t *row = json_object_get(update, image);
    if (row) {
        json_t *columns = json_object();
        for (uint32_t c = 0; c < def->n_columns; c++) {
            if (replica_is_monitored(replica, table, c)) {
                json_object_set(columns, def->columns[c].name, json_object_get(row, def->columns[c].name));
            }
        }
        json_object_set_new(ret, image, columns);
    }
}

/* What a server would send of 'update': the tables and columns that 'replica' monitors. */
static json_t *
monitored_part(const struct replica *replica, const json_t *update)
{
    json_t *part = json_object();
    for (uint32_t t = 0; t < replica_def(replica)->n_tables; t++) {
        const char *name = replica_def(replica)->tables[t].name, *uuid;
        json_t *rows = json_object_get(update, name), *row;
        if (rows && replica_is_table_monitored(replica, t)) {
            json_t *rows_part = json_object();
            json_object_foreach (rows, uuid, row) {
                json_t *row_part = json_object();
                put_monitored(replica, t, "old", row, row_part);
                put_monitored(replica, t, "new", row, row_part);
                json_object_set_new(rows_part, uuid, row_part);
            }
            json_object_set_new(part, name, rows_part);
        }
    }
    return part;
}

void
test_feed(struct replica *replica, const json_t *update)
{
    json_t *part = monitored_part(replica, update);
    struct err *e = replica_test_apply(replica, part, true);
    if (e) {
        fprintf(stderr, "%s\n", err_detail(e));
        abort();
    }
    json_decref(part);
}

static void
follow(const struct test_link *link, const json_t *update)
{
    test_feed(link->replica, update);
    if (link->trace && update) {
        json_dumpf(update, link->trace, JSON_COMPACT);
        fputc('\n', link->trace);
    }
}

/* What is wrong, or NULL. */
static const json_t *
error_of(const json_t *result)
{
    size_t i;
    const json_t *one;
    json_array_foreach (result, i, one) {
        if (json_object_get(one, "error")) {
            return one;
        }
    }
    return NULL;
}

bool
test_link_deliver(struct test_link *link)
{
    json_t *update;
    if (!link->sent.n) {
        return false;
    }
    struct test_txn txn = link->sent.d[0];
    link->sent.n--;
    memmove(link->sent.d, link->sent.d + 1, link->sent.n * sizeof txn);
    link->n_delivered++;
    json_t *result = test_db_transact(link->db, json_incref(txn.operations), &update);
    const json_t *error = error_of(result);
    if (error && !link->may_refuse) {                        /* a writer asks for nothing that is refused */
        json_dumpf(txn.operations, stderr, JSON_COMPACT);
        json_dumpf(result, stderr, JSON_COMPACT);
        abort();
    }
    json_decref(txn.operations);
    follow(link, update);
    if (txn.done) {
        txn.done(txn.aux, result, error ? err_tagged(json_string_value(json_object_get(error, "error")), "refused") : NULL);
    }
    json_decref(update);
    json_decref(result);
    return true;
}

bool
test_link_transact(struct test_link *link, json_t *operations)
{
    json_t *update;
    json_t *result = test_db_transact(link->db, operations, &update);
    bool ok = !error_of(result);
    follow(link, update);
    json_decref(update);
    json_decref(result);
    return ok;
}
