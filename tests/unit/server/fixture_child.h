/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_CHILD_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_CHILD_H

/* What: a child process that is played: its job is done at once, on the state of now, and its end is told when the test says
 * so. */

#include "ovsdb/server/server.h"

extern struct child *fixture_child;                          /* that runs, or NULL */
extern const char *fixture_child_fails;                      /* what the next one will report instead of doing its job; or NULL */

void fixture_play_children(struct server_env *env);          /* gives it fork() and kill(); nothing fails */
void fixture_child_ends(void);

#endif
