/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/flow_table.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/openflow/of_actions.h"

MEM_TYPE(flow_entries, "OpenFlow flows");

/* One content that asks for the flow of an entry. */
struct wish {
    bool is_clause;
    uint32_t cookie;
    uint32_t n;
    char *actions;                                           /* owned */
};
VEC_DEFINE(wishes, struct wish);

struct entry {
    struct hmap_node node;
    uint8_t table;
    uint16_t priority;
    uint32_t match_size;
    uint32_t dirty_at;                                       /* position in 'dirty' + 1; 0: not there */
    struct wishes wishes;
    bool is_installed;
    bool is_as_seen;                                         /* 'installed' is in the switch's words, not ours */
    bool is_refused;                                         /* by the switch, as it is wanted now */
    uint32_t xid;                                            /* of the last message about it, or 0 */
    uint64_t installed_cookie;
    char *installed;                                         /* actions; owned, with their size */
    uint32_t installed_size;
    char match[];
};

struct flow_table {
    struct hmap entries;
    VEC(struct entry *) dirty;
    size_t n_wanted;
};

struct flow_table *
flow_table_new(void)
{
    struct flow_table *table = xcalloc(1, sizeof *table);
    hmap_init(&table->entries);
    return table;
}

static void
entry_free(struct flow_table *table, struct entry *entry)
{
    for (size_t i = 0; i < entry->wishes.n; i++) {
        free(entry->wishes.d[i].actions);
    }
    vec_fini(&entry->wishes);
    free(entry->installed);
    hmap_remove(&table->entries, &entry->node);
    free(entry);
    mem_add(&mem_flow_entries, -1);
}

void
flow_table_free(struct flow_table *table)
{
    if (table) {
        HMAP_FOR_EACH_SAFE (entry, struct entry, node, &table->entries) {
            entry_free(table, entry);
        }
        hmap_fini(&table->entries);
        vec_fini(&table->dirty);
        free(table);
    }
}

static struct entry *
find_or_add(struct flow_table *table, uint8_t table_id, uint16_t priority, struct str match)
{
    uint64_t hash = hash_bytes64(match.s, match.n, derive_pair(table_id, priority));
    HMAP_FOR_EACH_WITH_HASH (entry, struct entry, node, hash, &table->entries) {
        if (entry->table == table_id && entry->priority == priority
            && str_eq(str_n(entry->match, entry->match_size), match)) {
            return entry;
        }
    }
    struct entry *entry = xcalloc(1, sizeof *entry + match.n);
    entry->table = table_id;
    entry->priority = priority;
    entry->match_size = (uint32_t) match.n;
    if (match.n) {
        memcpy(entry->match, match.s, match.n);
    }
    hmap_insert(&table->entries, &entry->node, hash);
    mem_add(&mem_flow_entries, 1);
    return entry;
}

static void
mark_dirty(struct flow_table *table, struct entry *entry)
{
    if (!entry->dirty_at) {
        vec_push(&table->dirty, entry);
        entry->dirty_at = (uint32_t) table->dirty.n;
    }
}

/* Clauses after others, then by actions, then by cookie: the first of a sorted list is the one that counts. */
static int
compare_wishes(const struct wish *a, const struct wish *b)
{
    if (a->is_clause != b->is_clause) {
        return a->is_clause ? 1 : -1;
    }
    int order = str_cmp(str_n(a->actions, a->n), str_n(b->actions, b->n));
    return order ? order : (a->cookie > b->cookie) - (a->cookie < b->cookie);
}

void
flow_table_add(struct flow_table *table, const void *content, size_t n)
{
    struct flow_content flow;
    flow_content_decode(content, n, &flow);
    struct entry *entry = find_or_add(table, flow.table, flow.priority, flow.match);
    struct wish wish = {flow.is_clause, flow.cookie, (uint32_t) flow.actions.n, xmemdup0(flow.actions.s, flow.actions.n)};
    size_t at = entry->wishes.n;

    vec_push(&entry->wishes, wish);
    while (at && compare_wishes(&entry->wishes.d[at - 1], &wish) > 0) {
        entry->wishes.d[at] = entry->wishes.d[at - 1];
        at--;
    }
    entry->wishes.d[at] = wish;
    table->n_wanted += entry->wishes.n == 1;
    entry->is_refused = false;
    mark_dirty(table, entry);
}

void
flow_table_remove(struct flow_table *table, const void *content, size_t n)
{
    struct flow_content flow;
    flow_content_decode(content, n, &flow);
    struct entry *entry = find_or_add(table, flow.table, flow.priority, flow.match);
    struct wish gone = {flow.is_clause, flow.cookie, (uint32_t) flow.actions.n, (char *) flow.actions.s};
    size_t at = 0;

    while (at < entry->wishes.n && compare_wishes(&entry->wishes.d[at], &gone)) {
        at++;
    }
    CHECK(at < entry->wishes.n);
    free(entry->wishes.d[at].actions);
    entry->wishes.n--;
    memmove(&entry->wishes.d[at], &entry->wishes.d[at + 1], (entry->wishes.n - at) * sizeof *entry->wishes.d);
    table->n_wanted -= !entry->wishes.n;
    entry->is_refused = false;
    mark_dirty(table, entry);
}

/* What the entry's flow shall do: the first wish, or all clauses together. */
static void
put_actions(const struct entry *entry, struct buf *out)
{
    const struct wish *previous = NULL;
    for (size_t i = 0; i < entry->wishes.n; i++) {
        const struct wish *wish = &entry->wishes.d[i];
        bool is_repeated = previous && str_eq(str_n(previous->actions, previous->n), str_n(wish->actions, wish->n));
        if (!is_repeated) {
            buf_put(out, wish->actions, wish->n);
        }
        if (!wish->is_clause) {
            return;
        }
        previous = wish;
    }
}

static void
set_installed(struct entry *entry, uint64_t cookie, struct str actions)
{
    free(entry->installed);
    entry->is_installed = true;
    entry->is_as_seen = false;
    entry->installed_cookie = cookie;
    entry->installed = xmemdup0(actions.s, actions.n);
    entry->installed_size = (uint32_t) actions.n;
}

/* A switch may write the same actions in another way: what prints alike is alike. */
static bool
prints_alike(struct str a, struct str b)
{
    struct buf text_a = BUF_INIT(BUF_NO_LIMIT), text_b = BUF_INIT(BUF_NO_LIMIT);
    of_actions_print(a.s, a.n, &text_a);
    of_actions_print(b.s, b.n, &text_b);
    bool alike = !strcmp(buf_text(&text_a), buf_text(&text_b));
    buf_fini(&text_a);
    buf_fini(&text_b);
    return alike;
}

static bool
is_in_switch(const struct entry *entry, uint64_t cookie, struct str actions)
{
    struct str installed = str_n(entry->installed, entry->installed_size);
    return entry->is_installed && entry->installed_cookie == cookie
        && (str_eq(actions, installed) || (entry->is_as_seen && prints_alike(actions, installed)));
}

/* Reports the difference at 'entry', if there is one. */
static void
settle(struct entry *entry, struct buf *scratch, flow_change_cb *change, void *aux)
{
    struct flow_change c = {.table = entry->table, .priority = entry->priority, .is_new = !entry->is_installed,
                            .match = str_n(entry->match, entry->match_size)};
    if (!entry->wishes.n) {
        if (entry->is_installed) {
            c.is_delete = true;
            change(aux, &c);
            entry->is_installed = false;
        }
        return;
    }
    buf_clear(scratch);
    put_actions(entry, scratch);
    c.cookie = entry->wishes.d[0].cookie;
    c.actions = str_n(buf_text(scratch), scratch->size);
    if (!entry->is_refused && !is_in_switch(entry, c.cookie, c.actions)) {
        entry->xid = change(aux, &c);
        set_installed(entry, c.cookie, c.actions);
    }
}

void
flow_table_take_changes(struct flow_table *table, flow_change_cb *change, void *aux)
{
    struct buf scratch = BUF_INIT(OF_ACTIONS_MAX);
    for (size_t i = 0; i < table->dirty.n; i++) {
        struct entry *entry = table->dirty.d[i];
        entry->dirty_at = 0;
        settle(entry, &scratch, change, aux);
        if (!entry->wishes.n) {
            entry_free(table, entry);
        }
    }
    vec_clear(&table->dirty);
    buf_fini(&scratch);
}

bool
flow_table_has_changes(const struct flow_table *table)
{
    return table->dirty.n;
}

/* --- What the switch refuses --- */

/* Walks the table: this is rare, and an xid with each entry is cheaper than finding it at once. */
bool
flow_table_refuse(struct flow_table *table, uint32_t xid)
{
    HMAP_FOR_EACH (entry, struct entry, node, &table->entries) {
        if (entry->xid == xid && xid && entry->wishes.n) {
            entry->is_refused = true;
            entry->xid = 0;
            return true;
        }
    }
    return false;
}

void
flow_table_forgive(struct flow_table *table)
{
    HMAP_FOR_EACH (entry, struct entry, node, &table->entries) {
        entry->is_refused = false;
        entry->xid = 0;
    }
}

/* --- What the switch has --- */

void
flow_table_forget_installed(struct flow_table *table)
{
    HMAP_FOR_EACH (entry, struct entry, node, &table->entries) {
        entry->is_installed = false;
        free(entry->installed);
        entry->installed = NULL;
        entry->installed_size = 0;
    }
}

/* Moves the conditions on 'wide', which consists of 'n' registers from 'first' on, to those. */
static void
split_register(struct of_match *match, enum of_field_id wide, unsigned int first, unsigned int n)
{
    struct of_value value, mask;
    if (!of_match_get(match, wide, &value, &mask)) {
        return;
    }
    of_match_unset(match, wide);
    for (unsigned int i = 0; i < n; i++) {
        struct of_value v = of_value_shr(&value, 32 * (n - 1 - i)), m = of_value_shr(&mask, 32 * (n - 1 - i));
        if (of_value_low64(&m) & UINT32_MAX) {
            of_match_set_masked(match, OFF_REG(first + i), &v, &m);
        }
    }
}

void
match_normalise(struct of_match *match)
{
    for (unsigned int i = 0; i < 8; i++) {
        split_register(match, OFF_XREG(i), 2 * i, 2);
    }
    for (unsigned int i = 0; i < 4; i++) {
        split_register(match, OFF_XXREG(i), 4 * i, 4);
    }
}

/* Flows in these tables are made by the switch itself, by learn(): they are nobody's to delete here. */
static bool
is_learned(uint8_t table)
{
    return table >= OFT_ECMP_NH_MAC && table <= OFT_LB_AFFINITY;
}

/* What is wanted may not be known yet: what was seen is compared when differences are taken. */
void
flow_table_saw(struct flow_table *table, const struct of_flow_desc *desc)
{
    struct buf oxm = BUF_INIT(BUF_NO_LIMIT);
    struct of_match match = of_match_clone(&desc->match);

    if (!is_learned(desc->table_id)) {
        match_normalise(&match);
        of_match_put_oxm(&match, &oxm);
        struct entry *entry = find_or_add(table, desc->table_id, desc->priority, str_n(buf_text(&oxm), oxm.size));
        set_installed(entry, desc->has_other_instructions ? UINT64_MAX : desc->cookie, str_n(desc->actions, desc->n_actions));
        entry->is_as_seen = true;
    }
    of_match_fini(&match);
    buf_fini(&oxm);
}

void
flow_table_seen_all(struct flow_table *table)
{
    HMAP_FOR_EACH (entry, struct entry, node, &table->entries) {
        mark_dirty(table, entry);
    }
}

size_t
flow_table_count(const struct flow_table *table)
{
    return table->n_wanted;
}

/* --- For people --- */

static int
compare_lines(const void *a_, const void *b_)
{
    char *const *a = a_, *const *b = b_;
    return strcmp(*a, *b);
}

static char *
entry_text(const struct entry *entry)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT), actions = BUF_INIT(BUF_NO_LIMIT);
    struct of_match match;
    struct err *e = of_match_from_oxm(entry->match, entry->match_size, &match);
    CHECK(!e);
    buf_printf(&text, "table=%03u, priority=%05u", entry->table, entry->priority);
    if (!of_match_is_empty(&match)) {
        buf_putc(&text, ',');
        of_match_print(&match, &text);
    }
    put_actions(entry, &actions);
    buf_puts(&text, " actions=");
    of_actions_print(actions.data, actions.size, &text);
    of_match_fini(&match);
    buf_fini(&actions);
    return buf_take_text(&text);
}

void
flow_table_print(const struct flow_table *table, struct buf *out)
{
    VEC(char *) lines = {0};
    HMAP_FOR_EACH (entry, struct entry, node, &table->entries) {
        if (entry->wishes.n) {
            vec_push(&lines, entry_text(entry));
        }
    }
    if (lines.n) {
        qsort(lines.d, lines.n, sizeof *lines.d, compare_lines);
    }
    for (size_t i = 0; i < lines.n; i++) {
        buf_puts(out, lines.d[i]);
        buf_putc(out, '\n');
        free(lines.d[i]);
    }
    vec_fini(&lines);
}
