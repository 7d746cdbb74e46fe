/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_PROPERTY_NETWORK_H
#define WEFT_TESTS_PROPERTY_NETWORK_H

/* What: northd between two databases, without sockets; and random changes of what it reads.
 *
 * Why: the property tests of northd and of the controller want networks as users make them, and as databases keep them. */

#include "lib/base/rng.h"
#include "northd/output.h"
#include "tests/property/test_db.h"

struct network {
    struct northd *northd;
    struct output *output;
    struct test_link nb, sb;
    bool progress;                                           /* a transaction ended: run again */
    int64_t now_ms;
};

/* With databases of its own, empty but for NB_Global.  Which derivations fail to record what they read is for
 * derive_inject_fault(). */
void network_init(struct network *n);
void network_fini(struct network *n);
/* Runs northd until nothing is left to send. */
void network_run(struct network *n);

/* A northd that reads the same rows, told in another order.  Whatever it writes stays in its links. */
void network_init_twin(struct network *twin, const struct network *n, struct rng *rng);
/* The same with databases of its own, where of the Southbound rows only datapaths, ports and what chassis wrote are there yet: the
 * others are written anew. */
void network_init_rebuilt(struct network *twin, const struct network *n);

/* One random transaction on the Northbound database, or one that a chassis could make on the Southbound one.  False: it was
 * refused. */
bool network_change(struct network *n, struct rng *rng);
bool network_change_southbound(struct network *n, struct rng *rng);

/* The names that network_change() gives to switch ports: "p0" to "p39"; to chassis: "hv0" to "hv3". */
enum { NETWORK_PORTS = 40, NETWORK_CHASSIS = 4 };

#endif
