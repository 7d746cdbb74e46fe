/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of "update2" (and, after a '1', "update") bodies into a replica: rows, ids and indexes stay consistent,
 * whatever it is told.  After a 'm', of messages into envelope.h: what is found starts an array or object.  After an 's', of
 * updates of _Server, whose schema the replica then takes the server to have: a snapshot under it is next. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "ovsdb/client/replica.h"
#include "ovsdb/model/envelope.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/model/server_row.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/client/part.h"

static void
apply_line(struct replica *replica, struct str line)
{
    bool is_v1 = str_starts(line, "1");
    struct json_scan scan;
    json_scan_init(&scan, str_n(line.s + is_v1, line.n - is_v1));
    replica_apply_begin(replica);
    err_free((is_v1 ? replica_apply_update : replica_apply_update2)(replica, &scan));
    replica_apply_end(replica);
    replica_check_invariants(replica);
    json_scan_fini(&scan);
}

static void
open_line(struct str line)
{
    struct json_scan scan;
    int64_t id;
    json_scan_init(&scan, str_n(line.s + 1, line.n - 1));
    if (envelope_open(&scan, &id) != ENVELOPE_OTHER) {
        char first = json_scan_peek(&scan);
        CHECK(first == '[' || first == '{');
        json_scan_skip(&scan);
        err_free(envelope_close(&scan, false));
    }
    json_scan_fini(&scan);
}

static void
follow_schema(struct replica *replica, const char *text)
{
    struct schema *schema;
    struct err *err = schema_from_text(str_from(text), &schema);
    if (err) {
        err_free(err);
        return;
    }
    replica_set_server_schema(replica, schema);
    replica_expect_snapshot(replica);
    json_t *requests = replica_monitor_requests(replica, true);
    CHECK(json_object_size(requests) <= T_N);
    json_decref(requests);
    schema_unref(schema);
}

static void
describe_line(struct replica *replica, struct server_row *row, struct str line)
{
    json_t *updates = json_loadb(line.s + 1, line.n - 1, 0, NULL);
    bool is_changed = server_row_apply(row, part_def.database, updates);
    CHECK(row->uuid || (!row->schema_text && !row->is_stored && !row->is_leader));
    if (is_changed && !server_row_objection(row, true)) {
        CHECK(row->is_leader && row->is_stored);
        follow_schema(replica, row->schema_text);
    }
    json_decref(updates);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replica *replica = replica_new(&part_def, 0, 0);
    struct server_row row = {0};
    for (uint32_t t = 0; t < T_N; t++) {
        for (uint32_t c = 0; c < part_tables[t].n_columns; c++) {
            replica_monitor_column(replica, t, c);
            replica_add_index(replica, t, &c, 1, (uint16_t) (T_N + t * GROUP_N + c));
        }
    }
    replica_add_index(replica, T_PORT, (uint32_t[]) {PORT_KEY, PORT_NAME}, 2, T_N + T_N * GROUP_N);
    for (struct str rest = str_n((const char *) data, size); rest.s;) {
        struct str line = str_cut(&rest, "\n");
        if (str_starts(line, "m")) {
            open_line(line);
        } else if (str_starts(line, "s")) {
            describe_line(replica, &row, line);
        } else {
            apply_line(replica, line);
        }
    }
    server_row_fini(&row);
    replica_free(replica);
    return 0;
}
