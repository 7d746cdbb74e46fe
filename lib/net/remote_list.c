/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/remote_list.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/base/str.h"

struct remote_list
remote_list_parse(const char *text, bool shuffle)
{
    struct remote_list remotes = {0};
    for (struct str rest = str_from(text); rest.s;) {
        struct str remote = str_trim(str_cut(&rest, ","));
        if (remote.n) {
            vec_push(&remotes, str_dup(remote));
        }
    }
    struct rng rng = {.state = (uint64_t) clock_wall_ms() ^ (uint64_t) getpid() << 32};
    for (size_t i = remotes.n; shuffle && i > 1; i--) {
        size_t j = rng_below(&rng, (uint32_t) i);
        char *other = remotes.d[i - 1];
        remotes.d[i - 1] = remotes.d[j];
        remotes.d[j] = other;
    }
    return remotes;
}

void
remote_list_fini(struct remote_list *remotes)
{
    for (size_t i = 0; i < remotes->n; i++) {
        free(remotes->d[i]);
    }
    vec_fini(remotes);
}
