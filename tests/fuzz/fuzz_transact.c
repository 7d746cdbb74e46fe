/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Input: a JSON array of transactions, each an array of operations.  Properties: the result is JSON; a transaction that
 * fails leaves nothing; a delta taken back restores what was; the invariants hold throughout. */

#include <jansson.h>

#include "ovsdb/server/delta.h"
#include "ovsdb/server/execute.h"
#include "ovsdb/server/txn.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/server/fixture_db.h"

static void
run(struct database *db, json_t *operations)
{
    uint64_t before = fixture_digest(db);
    json_array_insert_new(operations, 0, json_string("T"));
    struct execute_request request = {.db = db, .params = operations, .elapsed_ms = INT64_MAX};
    struct execute_result result;
    execute(&request, &result);
    database_check_invariants(db);
    if (result.delta) {
        database_undo(db, result.delta);
        database_check_invariants(db);
        CHECK(fixture_digest(db) == before);
        struct execute_result again;
        execute(&request, &again);
        CHECK(!again.failed);
        execute_result_fini(&again);
    } else {
        CHECK(fixture_digest(db) == before);
    }
    json_t *json = result.must_wait ? json_array() : json_loadb(result.text.data, result.text.size, 0, NULL);
    CHECK(json_is_array(json));
    json_decref(json);
    execute_result_fini(&result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *transactions = json_loadb((const char *) data, size, JSON_REJECT_DUPLICATES, NULL);
    struct database *db = fixture_database();
    for (size_t i = 0; i < json_array_size(transactions); i++) {
        json_t *operations = json_array_get(transactions, i);
        if (json_is_array(operations)) {
            run(db, operations);
        }
    }
    database_free(db);
    json_decref(transactions);
    return 0;
}
