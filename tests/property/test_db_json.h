/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_PROPERTY_TEST_DB_JSON_H
#define WEFT_TESTS_PROPERTY_TEST_DB_JSON_H

/* What: the half of test_db.h that speaks JSON alone, for who cannot include the client's headers. */

#include <jansson.h>

#include "lib/base/check.h"

struct test_db;

/* 'schema_file' is relative to the source tree ($srcdir). */
struct test_db *test_db_new(const char *schema_file) MUST_USE;
void test_db_free(struct test_db *db);

/* Executes 'operations' (taken).  '*ret_update' gets the <table-updates> that follow, or NULL if nothing changed.  Returns
 * the result array. */
json_t *test_db_transact(struct test_db *db, json_t *operations, json_t **ret_update) MUST_USE;
/* The whole content as <table-updates>. */
json_t *test_db_content(const struct test_db *db) MUST_USE;

#endif
