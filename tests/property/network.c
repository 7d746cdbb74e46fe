/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/property/network.h"

#include "northd/monitoring.h"

/* --- Life --- */

static void
note_progress(void *n)
{
    ((struct network *) n)->progress = true;
}

static void
init(struct network *n, struct test_db *nb, struct test_db *sb)
{
    *n = (struct network) {.northd = northd_new(), .now_ms = 1000};
    monitor_what_is_read(n->northd);
    test_link_init(&n->nb, nb, n->northd->nb);
    test_link_init(&n->sb, sb, n->northd->sb);
    n->output = output_new(n->northd, &test_writer_link, &n->sb, &test_writer_link, &n->nb, note_progress, n);
}

static void
attach(struct network *n)
{
    replica_attach(n->northd->nb, n->northd->derive);
    replica_attach(n->northd->sb, n->northd->derive);
}

void
network_init(struct network *n)
{
    init(n, test_db_new("schemas/ovn-nb.ovsschema"), test_db_new("schemas/ovn-sb.ovsschema"));
    attach(n);
    json_t *insert = json_pack("[{s:s,s:s,s:{}}]", "op", "insert", "table", "NB_Global", "row");
    CHECK(test_link_transact(&n->nb, insert));
}

void
network_fini(struct network *n)
{
    output_free(n->output);
    northd_free(n->northd);
    test_db_free(n->nb.db);
    test_db_free(n->sb.db);
    test_link_fini(&n->nb);
    test_link_fini(&n->sb);
}

void
network_run(struct network *n)
{
    do {
        n->progress = false;
        output_run(n->output, n->now_ms++);
        while (test_link_deliver(&n->sb) || test_link_deliver(&n->nb)) {
        }
    } while (n->progress);
}

/* --- Twins --- */

struct one_row {
    const char *table, *uuid;
    json_t *update;
};
VEC_DEFINE(one_rows, struct one_row);

/* Feeds the rows of 'db' in a random order, in one update, as a server sends them to who connects. */
static void
feed_shuffled(struct replica *replica, const struct test_db *db, struct rng *rng)
{
    json_t *content = test_db_content(db), *rows, *update;
    struct one_rows all = {0};
    const char *table, *uuid;

    json_object_foreach (content, table, rows) {
        json_object_foreach (rows, uuid, update) {
            vec_push(&all, (struct one_row) {table, uuid, update});
        }
    }
    for (size_t i = 0; i < all.n; i++) {
        uint32_t j = rng_below(rng, (uint32_t) i + 1);
        struct one_row swap = all.d[i];
        all.d[i] = all.d[j];
        all.d[j] = swap;
    }
    json_t *update_all = json_object();
    for (size_t i = 0; i < all.n; i++) {
        rows = json_object_get(update_all, all.d[i].table);
        if (!rows) {
            rows = json_object();
            json_object_set_new(update_all, all.d[i].table, rows);
        }
        json_object_set(rows, all.d[i].uuid, all.d[i].update);
    }
    test_feed(replica, update_all);
    json_decref(update_all);
    vec_fini(&all);
    json_decref(content);
}

void
network_init_twin(struct network *twin, const struct network *n, struct rng *rng)
{
    init(twin, NULL, NULL);
    feed_shuffled(twin->northd->nb, n->nb.db, rng);
    feed_shuffled(twin->northd->sb, n->sb.db, rng);
    attach(twin);
}

/* Copies the rows of the tables named (NULL: all) from one database to another. */
static void
copy_rows(struct test_link *to, const struct test_db *from, const char *const *tables)
{
    json_t *content = test_db_content(from), *ops = json_array(), *rows, *update;
    const char *table, *uuid;
    json_object_foreach (content, table, rows) {
        bool wanted = !tables;
        for (size_t i = 0; tables && tables[i]; i++) {
            wanted |= !strcmp(tables[i], table);
        }
        json_object_foreach (rows, uuid, update) {
            if (wanted) {
                json_array_append_new(ops, json_pack("{s:s,s:s,s:s,s:O}", "op", "insert", "table", table, "uuid", uuid,
                                                     "row", json_object_get(update, "new")));
            }
        }
    }
    CHECK(test_link_transact(to, ops));
    json_decref(content);
}

void
network_init_rebuilt(struct network *twin, const struct network *n)
{
    static const char *const kept[] = {"Chassis", "Encap", "Chassis_Private", "Datapath_Binding", "Port_Binding",
                                       "MAC_Binding", "FDB", NULL};
    init(twin, test_db_new("schemas/ovn-nb.ovsschema"), test_db_new("schemas/ovn-sb.ovsschema"));
    copy_rows(&twin->nb, n->nb.db, NULL);
    copy_rows(&twin->sb, n->sb.db, kept);
    attach(twin);
}
