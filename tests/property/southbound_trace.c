/* SPDX-License-Identifier: Apache-2.0 */
/* Usage: southbound_trace SEED N: what the Southbound database tells its clients while a random network goes through N random
 * Northbound changes, and some Southbound ones.  One <table-updates> a line; after those of a Northbound change, of which
 * there may be none, a line "null".  For test_controller.c, since northd and the controller cannot be linked together. */
#include <config.h>

#include "lib/base/str.h"
#include "tests/property/network.h"

int
main(int argc, char *argv[])
{
    uint32_t seed, n_changes;
    struct network n;

    if (argc != 3 || !str_to_uint32(argv[1], 10, &seed) || !str_to_uint32(argv[2], 10, &n_changes)) {
        fprintf(stderr, "usage: southbound_trace SEED N\n");
        return 2;
    }
    struct rng rng = {seed};
    network_init(&n);
    n.sb.trace = stdout;
    for (uint32_t i = 0; i < n_changes;) {
        bool is_southbound = rng_one_in(&rng, 4);
        if (is_southbound ? network_change_southbound(&n, &rng) : network_change(&n, &rng)) {
            network_run(&n);
            if (!is_southbound) {
                puts("null");
                i++;
            }
        }
    }
    network_fini(&n);
    return 0;
}
