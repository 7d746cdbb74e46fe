/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_TUNNEL_KEYS_H
#define WEFT_NORTHD_TUNNEL_KEYS_H

/* What: the allocators of tunnel keys for datapaths and, within each datapath, for ports.
 *
 * Why: keys are on the wire between hypervisors, so they must not move: what the Southbound database holds is adopted
 * before the first assignment.  Names are Northbound uuids (datapaths) and port names (ports).
 *
 * Requests are members of C_DATAPATHS (key = wanted key or 0, element = datapath) and C_PORTS (key = datapath,
 * element = port_request()).  Results are read with datapath_key() and port_key(), by derivations of RANK_OUTPUT. */

#include "northd/northd.h"

struct tunnel_keys;

struct tunnel_keys *tunnel_keys_new(void) MUST_USE;
void tunnel_keys_free(struct tunnel_keys *keys);
void tunnel_keys_update_datapaths(struct derive *d, const struct derive_change *changes, size_t n);
void tunnel_keys_update_ports(struct derive *d, const struct derive_change *changes, size_t n);

/* A request says which port, under which name, and which key it would like: 15 bits of 'wanted' (0: any), whether it is a
 * router port, 24 bits of its row id and 24 of a hash of its name.  So a port that is renamed asks anew, for its key belongs to
 * the name. */
uint64_t port_request(uint64_t port, const char *name, uint16_t wanted);
uint64_t port_of_request(uint64_t request);
static inline uint16_t wanted_of_request(uint64_t request) { return (uint16_t) (request >> 49); }

uint32_t tunnel_keys_max_datapath(const struct derive *d);   /* the greatest that is given to a datapath; unrecorded */
uint32_t datapath_key(struct derive *d, uint64_t datapath);  /* 0: none could be assigned */
uint32_t port_key(struct derive *d, uint64_t port);          /* likewise */
/* The other way round. */
uint64_t datapath_with_key(struct derive *d, int64_t key);   /* 0: no datapath has it */
bool has_port_with_key(struct derive *d, uint64_t datapath, int64_t key);

/* The Northbound uuid that a Datapath_Binding stands for, whoever wrote it. */
bool datapath_binding_nb_uuid(struct derive *d /* NULL: unrecorded */, const struct sb_datapath_binding *dp, struct uuid *ret);

#endif
