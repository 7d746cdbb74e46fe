/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_H

/* What: running transactions written as JSON on the database of fixture_db.h. */

#include "ovsdb/server/execute.h"
#include "tests/unit/server/fixture_db.h"
#include "tests/unit/test.h"

#define U1 "11111111-1111-1111-1111-111111111111"
#define U2 "22222222-2222-2222-2222-222222222222"
#define U3 "33333333-3333-3333-3333-333333333333"
#define U4 "44444444-4444-4444-4444-444444444444"

/* Executes 'operations' (text with ' for "), checks the invariants and returns the result text; the caller frees. */
char *fixture_run(struct database *db, const char *operations, struct delta **ret_delta);
/* Fails the test unless the result of 'operations' is 'expected', both with ' for ". */
void fixture_expect(struct database *db, const char *operations, const char *expected);
/* The same, but the result must only contain 'expected'. */
void fixture_expect_part(struct database *db, const char *operations, const char *expected);

#endif
