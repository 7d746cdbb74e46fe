/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_LEARN_H
#define WEFT_CONTROLLER_LEARN_H

/* What: writes what packets taught (which neighbor has which address, behind which port is an address) to the Southbound
 * tables MAC_Binding and FDB.
 *
 * Why: every hypervisor must know it, and several may learn the same at once; so rows are written by content, and what the
 * replica has already is not written again.
 *
 *    learn_mac, learn_fdb ─▶ pending (one a key, the last one wins) ─ learn_flush ─▶ one transaction at a time
 *
 * Invariants: pure.  At most LEARN_MAX_PENDING are pending, more are dropped and counted.  A key that is in the transaction
 * under way waits for its end, by when the replica usually has the row.  A refused transaction is forgotten: the next packet
 * teaches again.
 * Needs of the replica: columns of MAC_Binding (but timestamp), FDB (but timestamp), Port_Binding.logical_port, datapath and
 * tunnel_key, Datapath_Binding.tunnel_key; indexes IX_DP_BY_KEY, IX_PB_BY_KEY, IX_MAC_BINDING and IX_FDB. */

#include "controller/controller.h"
#include "lib/packet/addr.h"
#include "ovsdb/client/writer.h"

enum { LEARN_MAX_PENDING = 1000 };

struct learn;

/* 'link' and 'link_aux' as for a writer: writer_session_link and its session.  All are borrowed. */
struct learn *learn_new(const struct controller *controller, const struct writer_link *link, void *link_aux) MUST_USE;
void learn_free(struct learn *learn);                        /* before the link */

/* The keys are tunnel keys: of the datapath, and in it of the port.  Nothing is sent before learn_flush(). */
void learn_mac(struct learn *learn, uint32_t dp_key, uint32_t port_key, const struct ip_addr *ip, struct eth_addr mac);
void learn_fdb(struct learn *learn, uint32_t dp_key, uint32_t port_key, struct eth_addr mac);

/* Sends what is pending, if the link is ready and no transaction is under way.  To be called once per round of the event loop;
 * 'wall_ms', milliseconds since 1970, becomes the rows' timestamp. */
void learn_flush(struct learn *learn, int64_t wall_ms);

struct learn_stats {
    uint64_t n_written;                                      /* operations sent */
    uint64_t n_known;                                        /* the replica had it */
    uint64_t n_unknown_port;                                 /* no such datapath or port */
    uint64_t n_dropped;                                      /* too many pending */
    uint64_t n_failed;                                       /* transactions refused */
};
struct learn_stats learn_stats(const struct learn *learn);

#endif
