/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_NORTHD_SCENARIO_H
#define WEFT_TESTS_UNIT_NORTHD_SCENARIO_H

/* What: northd between two databases (tests/property/network.h), told and asked in texts.
 *
 * Why: a test reads as what a user writes and what then stands in the other database.  JSON is written with single quotes. */

#include "tests/property/network.h"

/* Executes the operations in 'text', "{...},{...}", and lets northd run until it is done.  Aborts if they are refused. */
void scenario_nb(struct network *n, const char *text);
void scenario_sb(struct network *n, const char *text);
/* Checks that the rows of 'table', of which 'columns' ("'name','up'") are looked at, are those in 'rows' ("{...},{...}") in any
 * order.  'where' is the inside of the array of conditions; "" for all. */
void scenario_expect(struct test_link *link, const char *table, const char *where, const char *columns, const char *rows);
/* The uuid of the only row of 'table' where 'where' holds. */
struct uuid scenario_uuid(struct test_link *link, const char *table, const char *where);

#endif
