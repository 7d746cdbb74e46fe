/* SPDX-License-Identifier: Apache-2.0 */
/* Usage: southbound_trace SEED N: what the Southbound database tells its clients while a random network changes N times: one
 * <table-updates> a line.  For test_controller.c, since northd and the controller cannot be linked together. */
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
        if (rng_one_in(&rng, 4) ? network_change_southbound(&n, &rng) : network_change(&n, &rng)) {
            network_run(&n);
            i++;
        }
    }
    network_fini(&n);
    return 0;
}
