/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/property/contents.h"

#include <stdlib.h>
#include <string.h>

static void
collect_output(void *contents, const struct derive_output *o)
{
    vec_push((struct contents *) contents, (struct content) {{o->hash[0], o->hash[1]}, o->sink});
}

static int
compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct content));
}

struct contents
contents_of(struct derive *d)
{
    static const struct derive_outputs callbacks = {.output = collect_output};
    struct contents contents = {0};
    derive_all_outputs(d, &callbacks, &contents);
    if (contents.n) {
        qsort(contents.d, contents.n, sizeof *contents.d, compare);
    }
    return contents;
}

bool
contents_equal(const struct contents *a, const struct contents *b)
{
    return a->n == b->n && (!a->n || !memcmp(a->d, b->d, a->n * sizeof *a->d));
}

bool
contents_have(const struct contents *contents, const struct derive_output *o)
{
    struct content key = {{o->hash[0], o->hash[1]}, o->sink};
    return contents->n && bsearch(&key, contents->d, contents->n, sizeof key, compare);
}
