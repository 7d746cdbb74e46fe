/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/hash.h"

#include "tests/unit/test.h"

/* Row uuids in databases depend on these. */
TEST(hash128_is_the_same_for_ever)
{
    static const struct {
        const char *text;
        uint64_t hash[2];
    } known[] = {
        {"", {0x4bfedb52924fbcb5ULL, 0x4f1588a3043f6de4ULL}},
        {"a", {0xd74253660bbee9f4ULL, 0x989377990aecc24eULL}},
        {"12345678", {0x20a00eb01cf8351bULL, 0x4a9443b9a688f022ULL}},
        {"The quick brown fox jumps over the lazy dog", {0x994db3a9b802886aULL, 0xfab81f3eaf62720fULL}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        uint64_t hash[2];
        hash128(known[i].text, strlen(known[i].text), hash);
        assert_memory_equal(hash, known[i].hash, sizeof hash);
    }
}

TEST_MAIN(T(hash128_is_the_same_for_ever))
