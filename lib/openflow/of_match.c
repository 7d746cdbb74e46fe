/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_match.h"

#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"

enum { HAS_MASK = 0x80 };                                    /* in the byte of a field id */
enum { ENTRY_MAX = 1 + 2 * 16 };

static const uint8_t *
bytes(const struct of_match *match)
{
    return match->capacity ? match->heap : match->small;
}

static size_t
entry_size(const uint8_t *entry)
{
    size_t n = of_field(entry[0] & ~HAS_MASK)->n_bytes;
    return 1 + (entry[0] & HAS_MASK ? 2 * n : n);
}

/* Replaces 'old_n' bytes at 'pos' with the 'n' at 'p'. */
static void
splice(struct of_match *match, size_t pos, size_t old_n, const void *p, size_t n)
{
    size_t size = match->size - old_n + n;
    if (size > (match->capacity ? match->capacity : OF_MATCH_INLINE)) {
        size_t capacity = size + size / 2;
        CHECK(capacity <= UINT16_MAX);
        uint8_t *heap = xmalloc(capacity);
        memcpy(heap, bytes(match), match->size);
        if (match->capacity) {
            free(match->heap);
        }
        match->heap = heap;
        match->capacity = (uint16_t) capacity;
    }
    uint8_t *data = match->capacity ? match->heap : match->small;
    memmove(data + pos + n, data + pos + old_n, match->size - pos - old_n);
    if (n) {
        memcpy(data + pos, p, n);
    }
    match->size = (uint16_t) size;
}

/* Finds the entry of 'field', or where it would be. */
static bool
find(const struct of_match *match, enum of_field_id field, size_t *ret_pos)
{
    const uint8_t *data = bytes(match);
    size_t pos = 0;
    while (pos < match->size && (data[pos] & ~HAS_MASK) < (int) field) {
        pos += entry_size(data + pos);
    }
    *ret_pos = pos;
    return pos < match->size && (data[pos] & ~HAS_MASK) == (int) field;
}

/* Sets a field that is stored as it is. */
static void
set_stored(struct of_match *match, enum of_field_id id, const struct of_value *value,
           const struct of_value *mask)
{
    const struct of_field *field = of_field(id);
    struct of_value ones = of_value_ones(field->n_bits);
    struct of_value m = of_value_and(mask, &ones), v = of_value_and(value, &m);
    uint8_t entry[ENTRY_MAX];
    size_t n = 0, pos;
    if (!of_value_is_zero(&m)) {
        bool is_exact = of_value_eq(&m, &ones);
        entry[0] = (uint8_t) (id | (is_exact ? 0 : HAS_MASK));
        memcpy(entry + 1, v.b + 16 - field->n_bytes, field->n_bytes);
        memcpy(entry + 1 + field->n_bytes, m.b + 16 - field->n_bytes, field->n_bytes);
        n = entry_size(entry);
    }
    bool found = find(match, id, &pos);
    splice(match, pos, found ? entry_size(bytes(match) + pos) : 0, entry, n);
}

/* Reads a field that is stored as it is. */
static bool
get_stored(const struct of_match *match, enum of_field_id id, struct of_value *value, struct of_value *mask)
{
    size_t pos;
    const struct of_field *field = of_field(id);
    *value = *mask = OF_VALUE_ZERO;
    if (!find(match, id, &pos)) {
        return false;
    }
    const uint8_t *entry = bytes(match) + pos;
    *value = of_value_from_bytes(entry + 1, field->n_bytes);
    *mask = entry[0] & HAS_MASK ? of_value_from_bytes(entry + 1 + field->n_bytes, field->n_bytes)
                                : of_value_ones(field->n_bits);
    return true;
}

/* The stored fields that 'id' is said with, and where each lies in it. */
struct part {
    enum of_field_id id;
    unsigned int shift;
};
static size_t
parts_of(enum of_field_id id, struct part parts[4])
{
    if (id >= OFF_XREG0 && id <= OFF_XREG7) {
        parts[0] = (struct part) {OFF_REG((id - OFF_XREG0) * 2), 32};
        parts[1] = (struct part) {OFF_REG((id - OFF_XREG0) * 2 + 1), 0};
        return 2;
    } else if (id >= OFF_XXREG0 && id <= OFF_XXREG3) {
        for (unsigned int i = 0; i < 4; i++) {
            parts[i] = (struct part) {OFF_REG((id - OFF_XXREG0) * 4 + i), 96 - 32 * i};
        }
        return 4;
    } else if (id == OFF_VLAN_TCI) {
        parts[0] = (struct part) {OFF_VLAN_VID, 0};
        parts[1] = (struct part) {OFF_VLAN_PCP, 13};
        return 2;
    } else if (id == OFF_IP_TOS) {
        parts[0] = (struct part) {OFF_IP_DSCP, 2};
        return 1;
    }
    parts[0] = (struct part) {id == OFF_IN_PORT16 ? OFF_IN_PORT : id, 0};
    return 1;
}

static void
set_vlan_tci(struct of_match *match, const struct of_value *value, const struct of_value *mask)
{
    uint64_t m = of_value_low64(mask) & 0xffff, v = of_value_low64(value) & m;
    of_match_unset(match, OFF_VLAN_TCI);
    if ((m & 0xe000) && (m & 0xe000) != 0xe000) {            /* vlan_pcp takes no mask */
        set_stored(match, OFF_VLAN_TCI, value, mask);
        return;
    }
    of_match_set_u64_masked(match, OFF_VLAN_VID, v & 0x1fff, m & 0x1fff);
    if ((m & 0xe000) && (v & m & OF_VLAN_PRESENT)) {         /* without a tag there is no priority to match */
        of_match_set_u64(match, OFF_VLAN_PCP, v >> 13);
    } else if ((m & 0xe000) && !(m & OF_VLAN_PRESENT)) {
        of_match_unset(match, OFF_VLAN_VID);
        set_stored(match, OFF_VLAN_TCI, value, mask);
    }
}

void
of_match_fini(struct of_match *match)
{
    if (match->capacity) {
        free(match->heap);
    }
    of_match_init(match);
}

struct of_match
of_match_clone(const struct of_match *match)
{
    struct of_match copy = *match;
    if (match->size <= OF_MATCH_INLINE) {
        memcpy(copy.small, bytes(match), match->size);
        copy.capacity = 0;
    } else {
        copy.heap = xmemdup(match->heap, match->size);
        copy.capacity = match->size;
    }
    return copy;
}

void
of_match_set_masked(struct of_match *match, enum of_field_id id, const struct of_value *value,
                    const struct of_value *mask)
{
    struct part parts[4];
    size_t n = parts_of(id, parts);
    if (id == OFF_VLAN_TCI) {
        set_vlan_tci(match, value, mask);
        return;
    } else if (id == OFF_IN_PORT16) {
        uint32_t port = of_value_low64(value) & 0xffff;
        of_match_set_u64(match, OFF_IN_PORT, port >= 0xff00 ? port | 0xffff0000 : port);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct of_value v = of_value_shr(value, parts[i].shift), m = of_value_shr(mask, parts[i].shift);
        set_stored(match, parts[i].id, &v, &m);
    }
}

void
of_match_set(struct of_match *match, enum of_field_id id, const struct of_value *value)
{
    struct of_value ones = of_value_ones(of_field(id)->n_bits);
    of_match_set_masked(match, id, value, &ones);
}

void
of_match_set_u64(struct of_match *match, enum of_field_id id, uint64_t value)
{
    struct of_value v = of_value_u64(value);
    of_match_set(match, id, &v);
}

void
of_match_set_u64_masked(struct of_match *match, enum of_field_id id, uint64_t value, uint64_t mask)
{
    struct of_value v = of_value_u64(value), m = of_value_u64(mask);
    of_match_set_masked(match, id, &v, &m);
}

void
of_match_set_bits(struct of_match *match, struct of_subfield sf, uint64_t value)
{
    struct of_value old, old_mask, ones = of_value_ones(sf.n_bits), v = of_value_u64(value);
    CHECK(of_subfield_is_valid(sf));
    struct of_value bits = of_value_shl(&ones, sf.ofs), keep = of_value_not(&bits);
    of_match_get(match, sf.field, &old, &old_mask);
    v = of_value_and(&v, &ones);
    v = of_value_shl(&v, sf.ofs);
    old = of_value_and(&old, &keep);
    v = of_value_or(&v, &old);
    old_mask = of_value_or(&old_mask, &bits);
    of_match_set_masked(match, sf.field, &v, &old_mask);
}

void
of_match_set_eth(struct of_match *match, enum of_field_id id, struct eth_addr addr)
{
    struct of_value v = of_value_eth(addr);
    of_match_set(match, id, &v);
}

void
of_match_set_ip4(struct of_match *match, enum of_field_id id, struct ip4_prefix prefix)
{
    struct of_value v = of_value_ip4(prefix.addr), m = of_value_ip4(prefix.mask);
    of_match_set_masked(match, id, &v, &m);
}

void
of_match_set_ip6(struct of_match *match, enum of_field_id id, const struct ip6_prefix *prefix)
{
    struct in6_addr addr = prefix->addr, mask = prefix->mask;
    struct of_value v = of_value_ip6(&addr), m = of_value_ip6(&mask);
    of_match_set_masked(match, id, &v, &m);
}

void
of_match_unset(struct of_match *match, enum of_field_id id)
{
    struct part parts[4];
    size_t n = parts_of(id, parts);
    for (size_t i = 0; i < n; i++) {
        set_stored(match, parts[i].id, &OF_VALUE_ZERO, &OF_VALUE_ZERO);
    }
    if (id == OFF_VLAN_TCI) {
        set_stored(match, id, &OF_VALUE_ZERO, &OF_VALUE_ZERO);
    }
}

bool
of_match_get(const struct of_match *match, enum of_field_id id, struct of_value *ret_value,
             struct of_value *ret_mask)
{
    struct of_value value, mask, unused;
    struct part parts[4];
    size_t n = parts_of(id, parts);
    bool found = false;
    ret_mask = ret_mask ? ret_mask : &unused;
    *ret_value = *ret_mask = OF_VALUE_ZERO;
    if (id == OFF_VLAN_TCI && get_stored(match, id, ret_value, ret_mask)) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (get_stored(match, parts[i].id, &value, &mask)) {
            value = of_value_shl(&value, parts[i].shift);
            mask = of_value_shl(&mask, parts[i].shift);
            *ret_value = of_value_or(ret_value, &value);
            *ret_mask = of_value_or(ret_mask, &mask);
            found = true;
        }
    }
    if (id == OFF_IN_PORT16) {
        struct of_value ones = of_value_ones(16);
        *ret_value = of_value_and(ret_value, &ones);
        *ret_mask = of_value_and(ret_mask, &ones);
    }
    return found;
}

bool
of_match_has(const struct of_match *match, enum of_field_id id)
{
    struct of_value value;
    return of_match_get(match, id, &value, NULL);
}

bool
of_match_next(const struct of_match *match, size_t *pos, struct of_match_entry *ret)
{
    if (*pos >= match->size) {
        return false;
    }
    const uint8_t *entry = bytes(match) + *pos;
    ret->field = of_field(entry[0] & ~HAS_MASK);
    ret->is_masked = entry[0] & HAS_MASK;
    ret->value = of_value_from_bytes(entry + 1, ret->field->n_bytes);
    ret->mask = ret->is_masked ? of_value_from_bytes(entry + 1 + ret->field->n_bytes, ret->field->n_bytes)
                               : of_value_ones(ret->field->n_bits);
    *pos += entry_size(entry);
    return true;
}

bool
of_match_merge(struct of_match *match, const struct of_match *other)
{
    struct of_match result = of_match_clone(match);
    OF_MATCH_FOR_EACH (e, other) {
        struct of_value value, mask;
        get_stored(&result, e->field->id, &value, &mask);
        struct of_value both = of_value_and(&mask, &e->mask);
        struct of_value ours = of_value_and(&value, &both), theirs = of_value_and(&e->value, &both);
        if (!of_value_eq(&ours, &theirs)) {
            of_match_fini(&result);
            return false;
        }
        value = of_value_or(&value, &e->value);
        mask = of_value_or(&mask, &e->mask);
        set_stored(&result, e->field->id, &value, &mask);
    }
    of_match_fini(match);
    *match = result;
    return true;
}

bool
of_match_eq(const struct of_match *a, const struct of_match *b)
{
    return a->size == b->size && !memcmp(bytes(a), bytes(b), a->size);
}

int
of_match_cmp(const struct of_match *a, const struct of_match *b)
{
    int cmp = memcmp(bytes(a), bytes(b), MIN(a->size, b->size));
    return cmp ? cmp : (a->size > b->size) - (a->size < b->size);
}

uint64_t
of_match_hash(const struct of_match *match)
{
    return hash_bytes64(bytes(match), match->size, 0);
}
