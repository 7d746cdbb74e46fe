/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of <table-updates2> (after a '1', <table-updates>; after an 's', as a snapshot; "1s" both) that follow one another
 * on one database.  What cannot be applied leaves nothing; what can, can be taken back and applied again to the same
 * effect; the invariants hold throughout. */
#include <config.h>

#include "ovsdb/server/delta.h"
#include "ovsdb/server/updates.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/server/fixture_db.h"

static struct err *
apply(struct database *db, struct str text, bool is_v1, bool is_snapshot, struct delta **ret)
{
    struct json_scan scan;
    json_scan_init(&scan, text);
    struct updates updates = {.txn = txn_begin(db), .is_v1 = is_v1, .is_snapshot = is_snapshot};
    struct err *e = updates_apply(&updates, &scan);
    if (e) {
        txn_abort(updates.txn);
    } else {
        e = txn_commit(updates.txn, ret);
    }
    json_scan_fini(&scan);
    database_check_invariants(db);
    return e;
}

static void
apply_line(struct database *db, struct str line)
{
    uint64_t before = fixture_digest(db);
    bool is_v1 = str_starts(line, "1");
    line = is_v1 ? str_n(line.s + 1, line.n - 1) : line;
    bool is_snapshot = str_starts(line, "s");
    line = is_snapshot ? str_n(line.s + 1, line.n - 1) : line;
    struct delta *delta = NULL;
    struct err *e = apply(db, line, is_v1, is_snapshot, &delta);
    if (e || !delta) {
        CHECK(fixture_digest(db) == before);
        err_free(e);
        return;
    }
    uint64_t after = fixture_digest(db);
    database_undo(db, delta);
    database_check_invariants(db);
    CHECK(fixture_digest(db) == before);
    delta_unref(delta);
    delta = NULL;
    e = apply(db, line, is_v1, is_snapshot, &delta);
    CHECK(!e && fixture_digest(db) == after);
    delta_unref(delta);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct database *db = fixture_database();
    for (struct str rest = str_n((const char *) data, size); rest.s;) {
        apply_line(db, str_cut(&rest, "\n"));
    }
    database_free(db);
    return 0;
}
