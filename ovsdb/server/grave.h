/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_GRAVE_H
#define WEFT_OVSDB_SERVER_GRAVE_H

/* What: databases that nobody uses any more, freed in slices.
 *
 * Why: freeing 100,000 rows takes longer than clients may wait; a conversion leaves the old database behind, or the half-made
 * new one if it fails.
 *
 * Owns: what is in it. */

#include "ovsdb/server/database.h"

struct monitor_hub;

struct grave_entry {
    struct monitor_hub *hub;                                 /* owned; NULL: none, or freed */
    struct database *db;                                     /* owned */
    struct database_walk walk;                               /* over the rows to be freed */
};
struct grave {
    VEC(struct grave_entry) entries;
};

/* Takes both.  'db' may have a transaction that is not over; no monitor may be on 'hub', which may be NULL. */
void grave_add(struct grave *grave, struct monitor_hub *hub, struct database *db);
/* Frees what makes 'budget' units of work (rows and elements of their values), or a little more.  Returns how many it were. */
size_t grave_empty_slice(struct grave *grave, size_t budget);
static inline bool grave_is_empty(const struct grave *grave) { return !grave->entries.n; }
void grave_fini(struct grave *grave);                        /* frees all that is left */
/* The same for one database that had no time to wait for a grave. */
void database_discard(struct database *db);

#endif
