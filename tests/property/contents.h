/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_PROPERTY_CONTENTS_H
#define WEFT_TESTS_PROPERTY_CONTENTS_H

/* What: all that an engine's sinks hold, as sorted hashes, for comparison with another engine's. */

#include "lib/base/vec.h"
#include "lib/derive/derive.h"

struct content {
    uint64_t hash[2];
    uint64_t sink;
};
VEC_DEFINE(contents, struct content);

struct contents contents_of(struct derive *d) MUST_USE;      /* vec_fini() frees them */
bool contents_equal(const struct contents *a, const struct contents *b);
bool contents_have(const struct contents *contents, const struct derive_output *o);

#endif
