/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_MATCH_H
#define WEFT_OPENFLOW_OF_MATCH_H

/* What: 'struct of_match', the conditions of an OpenFlow flow: which bits of which fields must have which
 * value.
 *
 * Why: the controller holds up to a million matches, compares those it wants with those the switch
 * reports, and hashes them.  So a match is one canonical byte string: equal matches have equal bytes.
 *
 * Representation: for each field, in the order of 'enum of_field_id', one byte of id (and a bit: has a
 * mask), the value in the field's own width, and the mask if it has one.  Up to OF_MATCH_INLINE bytes
 * (about eight fields) need no allocation.
 *
 * Invariants: a value has no bits outside its mask; a mask is neither all zeros (the field is then absent)
 * nor all ones (the field is then exact).  What can be said in two ways is stored in one: wide registers
 * (xregN, xxregN) as the 32-bit registers they consist of, vlan_tci as vlan_vid and vlan_pcp, nw_tos as
 * ip_dscp, in_port as in_port_oxm; so a match that the switch rephrases compares equal.
 * A zeroed struct is the match of all packets.
 *
 * Owns: its heap bytes, if any: of_match_fini().  Assignment moves; of_match_clone() copies.
 * Cost: 48 bytes; look-up and insertion are linear in the few bytes there are. */

#include "lib/base/err.h"
#include "lib/openflow/of_field.h"

enum { OF_MATCH_INLINE = 44 };
struct of_match {
    union {
        uint8_t small[OF_MATCH_INLINE];                      /* while 'capacity' is 0 */
        uint8_t *heap;                                       /* owned, 'capacity' bytes */
    } __attribute__((packed));
    uint16_t size;                                           /* bytes used */
    uint16_t capacity;
} __attribute__((packed, aligned(8)));
static_assert(sizeof(struct of_match) == 48, "a million of these are held");

static inline void of_match_init(struct of_match *match) { memset(match, 0, sizeof *match); }
void of_match_fini(struct of_match *match);                  /* 'match' then matches all packets */
struct of_match of_match_clone(const struct of_match *match) MUST_USE;

/* Each replaces what 'match' says about 'field' (about the bits in question for of_match_set_bits()).
 * Values are cut to the field's width and mask. */
void of_match_set(struct of_match *match, enum of_field_id field, const struct of_value *value);
void of_match_set_masked(struct of_match *match, enum of_field_id field, const struct of_value *value,
                         const struct of_value *mask);
void of_match_set_u64(struct of_match *match, enum of_field_id field, uint64_t value);
void of_match_set_u64_masked(struct of_match *match, enum of_field_id field, uint64_t value, uint64_t mask);
void of_match_set_bits(struct of_match *match, struct of_subfield sf, uint64_t value);
void of_match_set_eth(struct of_match *match, enum of_field_id field, struct eth_addr addr);
void of_match_set_ip4(struct of_match *match, enum of_field_id field, struct ip4_prefix prefix);
void of_match_set_ip6(struct of_match *match, enum of_field_id field, const struct ip6_prefix *prefix);
void of_match_unset(struct of_match *match, enum of_field_id field);

/* What 'match' says about 'field'; false, with zeros, if nothing.  '*mask' may be NULL. */
bool of_match_get(const struct of_match *match, enum of_field_id field, struct of_value *value,
                  struct of_value *mask);
bool of_match_has(const struct of_match *match, enum of_field_id field);
static inline bool of_match_is_empty(const struct of_match *match) { return !match->size; }

/* Adds the conditions of 'other'.  False, with 'match' unchanged, if no packet could satisfy both. */
bool of_match_merge(struct of_match *match, const struct of_match *other) MUST_USE;

bool of_match_eq(const struct of_match *a, const struct of_match *b);
/* a total order, the same in every process */
int of_match_cmp(const struct of_match *a, const struct of_match *b);
uint64_t of_match_hash(const struct of_match *match);

/* One condition, while walking. */
struct of_match_entry {
    const struct of_field *field;
    struct of_value value;
    struct of_value mask;                                    /* all ones (in the field's bits) when exact */
    bool is_masked;
};
/* Stores the condition at '*pos' (0 at first) and moves '*pos' behind it; false at the end. */
bool of_match_next(const struct of_match *match, size_t *pos, struct of_match_entry *ret);
/* Visits the conditions in field order.  'MATCH' must not change. */
#define OF_MATCH_FOR_EACH(ENTRY, MATCH)                                                             \
    for (struct {size_t pos; struct of_match_entry e; } ENTRY##_it = {0}; ENTRY##_it.pos != SIZE_MAX; \
         ENTRY##_it.pos = SIZE_MAX)                                                                 \
        for (struct of_match_entry *ENTRY = &ENTRY##_it.e; of_match_next(MATCH, &ENTRY##_it.pos, ENTRY);)

/* Says which field lacks its prerequisite, or NULL if the switch will take the match (OFPBMC_BAD_PREREQ
 * otherwise).  Encoding does not care: it writes exactly what is set. */
const struct of_field *of_match_missing_prereq(const struct of_match *match);
/* Whether 'prereq' follows from 'match'. */
bool of_match_satisfies(const struct of_match *match, enum of_prereq prereq);

/* "ip,metadata=0x1,nw_dst=10.0.0.0/24", as ovs-ofctl(8) reads and prints it; nothing for the empty match. */
void of_match_print(const struct of_match *match, struct buf *out);

/* Appends the fields as OXM without, or with ofp_match header and padding (OpenFlow 1.5, section 7.2.3). */
void of_match_put_oxm(const struct of_match *match, struct buf *out);
void of_match_put(const struct of_match *match, struct buf *out);
/* Reads 'n' bytes of OXM fields; or an ofp_match with its padding, moving '*p' behind it.  Rejects unknown
 * fields, wrong lengths, values outside masks and duplicates.  On success '*ret' is the caller's. */
struct err *of_match_from_oxm(const void *p, size_t n, struct of_match *ret) MUST_USE;
struct err *of_match_pull(struct str *p, struct of_match *ret) MUST_USE;

#endif
