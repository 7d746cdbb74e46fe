/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/derive/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const struct derive_sink world_sinks[2] = {[KEPT] = {"kept", false}, [FORGOTTEN] = {"forgotten", true}};

void
world_init(struct world *w, const struct derive_program *program)
{
    *w = (struct world) {.runs = BUF_INIT(BUF_NO_LIMIT), .changes = BUF_INIT(BUF_NO_LIMIT)};
    w->d = derive_new(program, w);
}

void
world_fini(struct world *w)
{
    derive_check_invariants(w->d);
    derive_free(w->d);
    buf_fini(&w->runs);
    buf_fini(&w->changes);
}

void
world_add_row(struct world *w, int row, int name, int value)
{
    w->exists[row] = true;
    w->name[row] = name;
    w->value[row] = value;
    derive_row_added(w->d, 0, (uint32_t) row);
    derive_touch_key(w->d, 0, (uint64_t) name);
}

void
world_set_value(struct world *w, int row, int value)
{
    w->value[row] = value;
    derive_row_changed(w->d, 0, (uint32_t) row, COL_VALUE);
}

void
world_remove_row(struct world *w, int row)
{
    w->exists[row] = false;
    derive_row_removed(w->d, 0, (uint32_t) row);
    derive_touch_key(w->d, 0, (uint64_t) w->name[row]);
}

void
world_run(struct world *w, const char *runs)
{
    buf_clear(&w->runs);
    derive_check_invariants(w->d);
    derive_run(w->d);
    assert_false(derive_is_dirty(w->d));
    derive_check_invariants(w->d);
    assert_string_equal(buf_text(&w->runs), runs);
}

static void
note_output(void *w_, const struct derive_output *o)
{
    struct world *w = w_;
    buf_putc(&w->changes, o->added ? '+' : '-');
    buf_put_str(&w->changes, o->content ? str_n(o->content, o->n) : str_from("?"));
    buf_putc(&w->changes, ' ');
}

static void
note_member(void *w_, uint16_t collection, uint64_t key, uint64_t element, bool added)
{
    struct world *w = w_;
    buf_printf(&w->changes, "%c%d/%" PRIu64 "/%" PRIu64 " ", added ? '+' : '-', collection, key, element);
}

/* The words of 'text' sorted.  The caller frees the result. */
static char *
sort_words(const char *text)
{
    char *copy = xstrdup(text), *save = NULL;
    char *words[256];
    size_t n = 0;
    struct buf sorted = BUF_INIT(BUF_NO_LIMIT);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        words[n++] = word;
    }
    qsort(words, n, sizeof *words, strings_cmp);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&sorted, "%s ", words[i]);
    }
    free(copy);
    return buf_take_text(&sorted);
}

void
world_take(struct world *w, const char *changes)
{
    static const struct derive_outputs cbs = {note_output, note_member};
    buf_clear(&w->changes);
    derive_take_outputs(w->d, &cbs, w);
    derive_check_invariants(w->d);
    char *taken = sort_words(buf_text(&w->changes)), *expected = sort_words(changes);
    assert_string_equal(taken, expected);
    free(taken);
    free(expected);
}

void
note_run(struct derive *d, const char *kind, uint64_t key)
{
    buf_printf(&world_of(d)->runs, "%s:%" PRIu64 " ", kind, key);
}

int
read_name(struct derive *d, uint64_t row)
{
    derive_read_row(d, 0, (uint32_t) row, COL_NAME);
    return world_of(d)->name[row];
}

int
read_value(struct derive *d, uint64_t row)
{
    derive_read_row(d, 0, (uint32_t) row, COL_VALUE);
    return world_of(d)->value[row];
}

int
find_name(struct derive *d, int name)
{
    const struct world *w = world_of(d);
    derive_read_key(d, 0, (uint64_t) name);
    for (int i = 0; i < N_ROWS; i++) {
        if (w->exists[i] && w->name[i] == name) {
            return i;
        }
    }
    return -1;
}

void
emit_text(struct derive *d, uint16_t sink, const char *format, int n)
{
    char text[64];
    int length = snprintf(text, sizeof text, format, n);
    derive_emit(d, sink, text, (size_t) length);
}

int
value_as_int(struct derive *d, uint16_t kind, uint64_t key)
{
    size_t n;
    const int *value = derive_value(d, kind, key, &n);
    assert_true(value ? n == sizeof *value : n == 0);
    return value ? *value : -1;
}

void
return_int(struct derive *d, int value)
{
    derive_return(d, &value, sizeof value);
}
