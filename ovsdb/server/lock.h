/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_LOCK_H
#define WEFT_OVSDB_SERVER_LOCK_H

/* What: the named locks of RFC 7047, sections 4.1.8 to 4.1.10: one owner and a queue each.
 *
 * Why: daemons agree on who is active through them; "assert" makes a transaction depend on one.
 *
 * Owns: the table owns locks and waiters; an owner is any pointer of the caller's, which calls
 * lock_table_drop() before the pointer dies. */

#include "lib/base/hmap.h"

enum lock_mode { LOCK_WAIT, LOCK_STEAL };

struct lock_table {
    struct strmap locks;                                     /* name → struct lock */
    /* Tells 'owner' that it has got, or lost ("stolen"), the lock 'name'. */
    void (*notify)(void *owner, const char *name, bool locked);
};

void lock_table_init(struct lock_table *table, void (*notify)(void *owner, const char *name, bool locked));
void lock_table_fini(struct lock_table *table);
/* Asks for the lock.  '*ret_locked' says whether 'owner' has it now.  False if 'owner' has or waits for it already. */
bool lock_table_add(struct lock_table *table, const char *name, void *owner, enum lock_mode mode, bool *ret_locked);
/* Gives it up, or stops waiting.  False if 'owner' neither has it nor waits. */
bool lock_table_remove(struct lock_table *table, const char *name, void *owner);
void lock_table_drop(struct lock_table *table, void *owner); /* all locks of 'owner' */
bool lock_table_owns(const struct lock_table *table, const char *name, const void *owner);
bool lock_table_waits(const struct lock_table *table, const char *name, const void *owner);

#endif
