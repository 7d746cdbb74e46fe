/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/lock.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/vec.h"

/* The owner is queue.d[0]; the others wait.  A lock without anybody does not exist. */
struct lock {
    VEC(void *) queue;
};

void
lock_table_init(struct lock_table *table, void (*notify)(void *owner, const char *name, bool locked))
{
    strmap_init(&table->locks);
    table->notify = notify;
}

static void
lock_free(struct lock *lock)
{
    vec_fini(&lock->queue);
    free(lock);
}

void
lock_table_fini(struct lock_table *table)
{
    STRMAP_FOR_EACH (node, &table->locks) {
        lock_free(node->data);
    }
    strmap_fini(&table->locks);
}

/* The place of 'owner' in the queue, or SIZE_MAX. */
static size_t
find(const struct lock *lock, const void *owner)
{
    size_t i = 0;
    while (lock && i < lock->queue.n && lock->queue.d[i] != owner) {
        i++;
    }
    return lock && i < lock->queue.n ? i : SIZE_MAX;
}

bool
lock_table_add(struct lock_table *table, const char *name, void *owner, enum lock_mode mode, bool *ret_locked)
{
    struct lock *lock = strmap_get(&table->locks, name);
    if (find(lock, owner) != SIZE_MAX) {
        return false;
    }
    if (!lock) {
        lock = xcalloc(1, sizeof *lock);
        strmap_set(&table->locks, name, lock);
    }
    void *loser = mode == LOCK_STEAL && lock->queue.n ? lock->queue.d[0] : NULL;
    vec_push(&lock->queue, owner);
    if (mode == LOCK_STEAL) {
        memmove(lock->queue.d + 1, lock->queue.d, (lock->queue.n - 1) * sizeof *lock->queue.d);
        lock->queue.d[0] = owner;
    }
    *ret_locked = lock->queue.d[0] == owner;
    if (loser) {
        table->notify(loser, name, false);
    }
    return true;
}

static void
remove_at(struct lock_table *table, const char *name, struct lock *lock, size_t i)
{
    memmove(lock->queue.d + i, lock->queue.d + i + 1, (lock->queue.n - i - 1) * sizeof *lock->queue.d);
    lock->queue.n--;
    if (!lock->queue.n) {
        strmap_remove(&table->locks, name);
        lock_free(lock);
    } else if (!i) {
        table->notify(lock->queue.d[0], name, true);
    }
}

bool
lock_table_remove(struct lock_table *table, const char *name, void *owner)
{
    struct lock *lock = strmap_get(&table->locks, name);
    size_t i = find(lock, owner);
    if (i == SIZE_MAX) {
        return false;
    }
    remove_at(table, name, lock, i);
    return true;
}

void
lock_table_drop(struct lock_table *table, void *owner)
{
    size_t n;
    struct strmap_node **nodes = strmap_sorted(&table->locks, &n);
    for (size_t j = 0; j < n; j++) {
        size_t i = find(nodes[j]->data, owner);
        if (i != SIZE_MAX) {
            remove_at(table, nodes[j]->key, nodes[j]->data, i);
        }
    }
    free(nodes);
}

bool
lock_table_owns(const struct lock_table *table, const char *name, const void *owner)
{
    return find(strmap_get(&table->locks, name), owner) == 0;
}

bool
lock_table_waits(const struct lock_table *table, const char *name, const void *owner)
{
    size_t i = find(strmap_get(&table->locks, name), owner);
    return i && i != SIZE_MAX;
}
