/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/property/derive_program.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/mem.h"

enum { MAX_REQUEST = 1000, S_ASSIGNED = N_TABLES, N_SPACES };            /* other spaces: rows of a table by name */
enum { SINK_KEPT, SINK_FORGOTTEN };
enum { C_TAG_SWITCHES, C_TAG_NAMES, C_SWITCH_PORTS, C_REQUESTS, C_LATE };
enum { K_OPTION, K_PORT_CONF, K_PARITY, K_LATE, K_TAG, K_SWITCH, K_PORT, K_LATE_TAG, K_TOTAL };

static struct program_world *world_of(struct derive *d) { return derive_aux(d); }

/* --- Reads --- */

static const struct program_row *
read_row(struct derive *d, uint16_t table, uint64_t row, uint32_t columns)
{
    derive_read_row(d, table, (uint32_t) row, columns);
    return &world_of(d)->tables[table][row];
}

/* The row with a name, the least uuid if there are several; or -1. */
static int
find_row(struct derive *d, uint16_t table, uint32_t name)
{
    const struct program_world *w = world_of(d);
    int found = -1;
    derive_read_key(d, table, name);
    for (int i = 0; i < N_ROWS; i++) {
        const struct program_row *row = &w->tables[table][i];
        if (row->exists && row->name == name
            && (found < 0 || (!w->first_by_row_id && row->uuid < w->tables[table][found].uuid))) {
            found = i;
        }
    }
    return found;
}

static uint32_t
read_u32(struct derive *d, uint16_t kind, uint64_t key, uint32_t none)
{
    const uint32_t *value = derive_value(d, kind, key, NULL);
    return value ? *value : none;
}

static const struct program_row *sorting;                    /* the table that compare_rows() looks at */

static int
compare_rows(const void *a, const void *b)
{
    uint64_t x = sorting[*(const uint64_t *) a].uuid, y = sorting[*(const uint64_t *) b].uuid;
    return x < y ? -1 : x > y;
}

/* Puts the names of the rows of a collection's key, by uuid.  Returns the first row, or -1. */
static int
put_names(struct derive *d, struct buf *text, uint16_t collection, uint64_t key, uint16_t table)
{
    size_t n;
    const uint64_t *members = derive_members(d, collection, key, &n);
    uint64_t *rows = xmemdup(members, n * sizeof *rows);
    sorting = world_of(d)->tables[table];
    qsort(rows, n, sizeof *rows, compare_rows);
    for (size_t i = 0; i < n; i++) {
        buf_printf(text, " %u", read_row(d, table, rows[i], COL_NAME)->name);
    }
    int first = n ? (int) rows[0] : -1;
    free(rows);
    return first;
}

static void
emit_buf(struct derive *d, uint16_t sink, struct buf *text)
{
    derive_emit(d, sink, buf_text(text), text->size);
    buf_fini(text);
}

static uint32_t
assigned_number(const struct pool *numbers, uint64_t request)
{
    char name[24];
    snprintf(name, sizeof name, "%llu", (unsigned long long) request);
    return pool_find(numbers, str_from(name));
}

/* --- Derivations --- */

/* The number of an option; nothing if there is no such option. */
static void
run_option(struct derive *d, uint64_t name)
{
    int row = find_row(d, T_OPTION, (uint32_t) name);
    if (row >= 0) {
        derive_return(d, &read_row(d, T_OPTION, (uint64_t) row, COL_NUMBER)->number, sizeof(uint32_t));
    }
}

struct port_conf {
    uint32_t name, tags;
    int32_t lswitch;                                         /* row, or -1 */
};

static void
run_port_conf(struct derive *d, uint64_t key)
{
    const struct program_row *port = read_row(d, T_PORT, key, COL_NAME | COL_REF | COL_TAGS);
    struct port_conf conf = {port->name, port->tags, find_row(d, T_SWITCH, port->ref)};
    for (uint32_t tag = 0; conf.lswitch >= 0 && tag < N_TAGS; tag++) {
        if (port->tags & 1u << tag) {
            derive_member(d, C_TAG_SWITCHES, tag, (uint64_t) conf.lswitch);
            derive_member(d, C_TAG_NAMES, tag, port->name);
        }
    }
    if (conf.lswitch >= 0) {
        derive_member(d, C_SWITCH_PORTS, (uint64_t) conf.lswitch, key);
    }
    derive_return(d, &conf, sizeof conf);
}

static void
run_parity(struct derive *d, uint64_t key)
{
    uint32_t number = read_row(d, T_SWITCH, key, COL_NUMBER)->number;
    uint32_t parity = (number + read_u32(d, K_OPTION, number % 4, 0)) % 2;
    derive_return(d, &parity, sizeof parity);
}

/* Lives by its readers, emits, and contributes to a collection that ranks above them. */
static void
run_late(struct derive *d, uint64_t key)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    uint32_t tag = derive_first(key), x = derive_second(key);
    derive_member(d, C_LATE, tag, x);
    buf_printf(&text, "late %u: %u", x, read_u32(d, K_OPTION, x, 77));
    emit_buf(d, SINK_KEPT, &text);
}

static void
run_tag(struct derive *d, uint64_t tag)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_printf(&text, "tag %u:", (uint32_t) tag);
    int first = put_names(d, &text, C_TAG_SWITCHES, tag, T_SWITCH);
    derive_member(d, C_REQUESTS, 0, tag);
    if (read_u32(d, K_PARITY, (uint64_t) first, 0)) {
        derive_member(d, C_REQUESTS, 0, 100 + read_row(d, T_SWITCH, (uint64_t) first, COL_NAME)->name);
    }
    uint32_t length = (uint32_t) text.size;
    derive_return(d, &length, sizeof length);
    emit_buf(d, SINK_KEPT, &text);
}

static void
run_switch(struct derive *d, uint64_t key)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    uint32_t name = read_row(d, T_SWITCH, key, COL_NAME)->name;
    derive_read_key(d, S_ASSIGNED, 100 + name);
    buf_printf(&text, "switch %u (%u):", name, assigned_number(world_of(d)->numbers, 100 + name));
    put_names(d, &text, C_SWITCH_PORTS, key, T_PORT);
    emit_buf(d, SINK_FORGOTTEN, &text);
}

static void
put_port_tag(struct derive *d, struct buf *text, const struct port_conf *conf, uint32_t tag)
{
    derive_read_key(d, S_ASSIGNED, tag);
    buf_printf(text, " tag %u: number %u length %u next %d member %d", tag,
               assigned_number(world_of(d)->numbers, tag), read_u32(d, K_TAG, tag, 0),
               derive_has_members(d, C_TAG_SWITCHES, (tag + 1) % N_TAGS),
               derive_is_member(d, C_TAG_SWITCHES, (tag + 2) % N_TAGS, (uint64_t) conf->lswitch));
}

static void
run_port(struct derive *d, uint64_t key)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct port_conf conf = *(const struct port_conf *) derive_value(d, K_PORT_CONF, key, NULL);
    buf_printf(&text, "port %u parity %u:", conf.name,
               conf.lswitch < 0 ? 9 : read_u32(d, K_PARITY, (uint64_t) conf.lswitch, 0));
    for (uint32_t tag = 0; tag < N_TAGS; tag++) {
        if (conf.tags & 1u << tag) {
            put_port_tag(d, &text, &conf, tag);
            uint32_t number = read_row(d, T_PORT, key, COL_NUMBER)->number;
            if (number % 2) {
                (void) derive_value(d, K_LATE, derive_pair(tag, number / 2), NULL);
            }
        }
    }
    emit_buf(d, conf.name % 2 ? SINK_KEPT : SINK_FORGOTTEN, &text);
}

static void
run_late_tag(struct derive *d, uint64_t tag)
{
    size_t n;
    uint32_t sum = 0;
    const uint64_t *members = derive_members(d, C_LATE, tag, &n);
    for (size_t i = 0; i < n; i++) {
        sum += (uint32_t) members[i];
    }
    derive_return(d, &sum, sizeof sum);
}

static void
run_total(struct derive *d, uint64_t key UNUSED)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&text, "total:");
    for (uint32_t tag = 0; tag < N_TAGS; tag++) {
        buf_printf(&text, " %u", read_u32(d, K_LATE_TAG, tag, 99));
    }
    emit_buf(d, SINK_KEPT, &text);
}

/* --- The allocator --- */

static void
update_numbers(struct derive *d, const struct derive_change *changes, size_t n)
{
    struct pool *numbers = world_of(d)->numbers;
    char name[24];
    for (uint64_t request = 0; request < MAX_REQUEST; request++) {       /* in the order of content */
        for (size_t i = 0; i < n; i++) {
            if (changes[i].element == request) {
                snprintf(name, sizeof name, "%llu", (unsigned long long) request);
                if (changes[i].added) {
                    CHECK(pool_assign(numbers, str_from(name), 0));
                } else {
                    pool_release(numbers, str_from(name));
                }
                derive_touch_key(d, S_ASSIGNED, request);
            }
        }
    }
}

/* --- The program --- */

static const struct derive_kind kinds[] = {
    [K_OPTION] = {"option", 1, DERIVE_ON_READ, 0, run_option},
    [K_PORT_CONF] = {"port-conf", 1, DERIVE_ROW, T_PORT, run_port_conf},
    [K_PARITY] = {"parity", 2, DERIVE_ON_READ, 0, run_parity},
    [K_LATE] = {"late", 2, DERIVE_ON_READ, 0, run_late},
    [K_TAG] = {"tag", 3, DERIVE_COLLECTION_KEY, C_TAG_SWITCHES, run_tag},
    [K_SWITCH] = {"switch", 6, DERIVE_ROW, T_SWITCH, run_switch},
    [K_PORT] = {"port", 6, DERIVE_ROW, T_PORT, run_port},
    [K_LATE_TAG] = {"late-tag", 9, DERIVE_COLLECTION_KEY, C_LATE, run_late_tag},
    [K_TOTAL] = {"total", 10, DERIVE_ALWAYS, 0, run_total},
};
static const struct derive_collection collections[] = {
    [C_TAG_SWITCHES] = {"tag-switches", 2, false},
    [C_TAG_NAMES] = {"tag-names", 2, true},
    [C_SWITCH_PORTS] = {"switch-ports", 5, false},
    [C_REQUESTS] = {"requests", 4, false},
    [C_LATE] = {"late", 8, true},
};
static const struct derive_sink sinks[] = {[SINK_KEPT] = {"kept", false}, [SINK_FORGOTTEN] = {"forgotten", true}};
static const struct derive_allocator allocators[] = {{"numbers", 5, C_REQUESTS, update_numbers}};
static const struct derive_program program = {
    .kinds = kinds, .n_kinds = ARRAY_SIZE(kinds),
    .collections = collections, .n_collections = ARRAY_SIZE(collections),
    .sinks = sinks, .n_sinks = ARRAY_SIZE(sinks),
    .allocators = allocators, .n_allocators = ARRAY_SIZE(allocators),
    .n_tables = N_TABLES, .n_spaces = N_SPACES,
};

/* --- The world --- */

struct program_world *
world_new(bool first_by_row_id)
{
    struct program_world *w = xcalloc(1, sizeof *w);
    w->first_by_row_id = first_by_row_id;
    w->numbers = pool_new(1, 100);
    w->d = derive_new(&program, w);
    return w;
}

void
world_free(struct program_world *w)
{
    derive_free(w->d);
    pool_free(w->numbers);
    free(w);
}

void
world_adopt(struct program_world *w, const struct program_world *other)
{
    for (uint32_t number = 1; number <= 100; number++) {
        struct str name = pool_name(other->numbers, number);
        CHECK(!name.s || pool_adopt(w->numbers, name, number));
    }
}

uint32_t
world_count(const struct program_world *w, uint16_t table)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < N_ROWS; i++) {
        n += w->tables[table][i].exists;
    }
    return n;
}

void
world_add_row(struct program_world *w, uint16_t table, uint32_t row, struct program_row content)
{
    w->tables[table][row] = content;
    w->tables[table][row].exists = true;
    w->tables[table][row].is_leaving = false;
    derive_row_added(w->d, table, row);
    derive_touch_key(w->d, table, content.name);
}

void
world_change_row(struct program_world *w, uint16_t table, uint32_t row, struct program_row new)
{
    struct program_row *old = &w->tables[table][row];
    uint32_t columns = (old->name != new.name ? COL_NAME : 0) | (old->ref != new.ref ? COL_REF : 0)
                       | (old->number != new.number ? COL_NUMBER : 0) | (old->tags != new.tags ? COL_TAGS : 0);
    if (columns & COL_NAME) {
        derive_touch_key(w->d, table, old->name);
        derive_touch_key(w->d, table, new.name);
    }
    derive_row_changed(w->d, table, row, columns);
    *old = new;
    old->exists = true;
}

void
world_remove_row(struct program_world *w, uint16_t table, uint32_t row)
{
    w->tables[table][row].exists = false;
    w->tables[table][row].is_leaving = true;
    derive_row_removed(w->d, table, row);
    derive_touch_key(w->d, table, w->tables[table][row].name);
}

void
world_run(struct program_world *w)
{
    derive_run(w->d);
    for (uint16_t table = 0; table < N_TABLES; table++) {
        for (uint32_t row = 0; row < N_ROWS; row++) {
            w->tables[table][row].is_leaving = false;
        }
    }
}
