/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/hmap.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "tests/unit/test.h"

struct element {
    struct hmap_node node;
    int n_seen;
};

static void
walk_bucket(const struct hmap *map, uint64_t *cursor)
{
    for (struct hmap_node *node = hmap_walk(map, cursor); node; node = node->next) {
        CONTAINER_OF(node, struct element, node)->n_seen++;
    }
}

/* Elements come between the buckets, so that the map grows several times while it is walked. */
TEST(a_walk_sees_each_element_once_however_the_map_grows)
{
    enum { N = 5000, AT_FIRST = 60, A_BUCKET = 37 };
    struct element *elements = xcalloc(N, sizeof *elements);
    bool *was_passed = xcalloc(N, sizeof *was_passed);
    struct hmap map = HMAP_INIT(&map);
    uint64_t cursor = 0;
    int n = 0, n_buckets = 0;
    do {
        for (int end = n_buckets ? MIN(n + A_BUCKET, N) : AT_FIRST; n < end; n++) {
            hmap_insert(&map, &elements[n].node, hash_mix64((uint64_t) n));
            was_passed[n] = hmap_cursor_passed(cursor, elements[n].node.hash);
        }
        walk_bucket(&map, &cursor);
        n_buckets++;
    } while (cursor);
    assert_int_equal(n, N);
    assert_in_range(n_buckets, 2, map.mask);
    for (int i = 0; i < N; i++) {
        assert_int_equal(elements[i].n_seen, was_passed[i] ? 0 : 1);
    }
    hmap_fini(&map);
    free(elements);
    free(was_passed);
}

TEST(a_walk_over_few_elements_ends)
{
    struct element element = {0};
    struct hmap map = HMAP_INIT(&map);
    uint64_t cursor = 0;
    walk_bucket(&map, &cursor);
    assert_int_equal(cursor, 0);
    hmap_insert(&map, &element.node, 5);
    walk_bucket(&map, &cursor);
    assert_int_equal(cursor, 0);
    assert_int_equal(element.n_seen, 1);
    hmap_fini(&map);
}

TEST_MAIN(T(a_walk_sees_each_element_once_however_the_map_grows), T(a_walk_over_few_elements_ends))
