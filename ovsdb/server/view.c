/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/view.h"

#include "lib/base/mem.h"
#include "ovsdb/server/execute.h"

bool
view_columns_eq(const struct view_columns *a, const struct view_columns *b)
{
    return a->initial == b->initial && a->insert == b->insert && a->delete_ == b->delete_ && a->modify == b->modify
        && a->select_initial == b->select_initial && a->select_insert == b->select_insert
        && a->select_delete == b->select_delete && a->select_modify == b->select_modify;
}

void
print_cache_init(struct print_cache *cache)
{
    *cache = (struct print_cache) {.text = BUF_INIT(BUF_NO_LIMIT)};
}

void
print_cache_clear(struct print_cache *cache)
{
    cache->n = 0;
    buf_clear(&cache->text);
}

void
print_cache_fini(struct print_cache *cache)
{
    buf_fini(&cache->text);
}

uint64_t
change_columns(const struct change *change)
{
    return image_changed_columns(change->old, change->new) | UINT64_C(1) << COLUMN_VERSION;
}

/* The columns of 'columns' that are not at their default. */
static uint64_t
without_defaults(const struct image *image, uint64_t columns)
{
    uint64_t left = columns;
    for (uint64_t rest = columns & ~UINT64_C(3); rest; rest &= rest - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(rest);
        if (datum_is_default(&image->cells[i - COLUMN_FIRST]->datum, &image->schema->columns[i].type)) {
            left &= ~(UINT64_C(1) << i);
        }
    }
    return left;
}

static void
put_uuid(struct buf *buf, const struct uuid *uuid)
{
    char text[UUID_LENGTH + 1];
    buf_putc(buf, '"');
    buf_put(buf, uuid_format(uuid, text), UUID_LENGTH);
    buf_puts(buf, "\":");
}

/* {"COLUMN":DIFFERENCE,...} */
static void
put_differences(struct buf *buf, const struct change *change, uint64_t columns)
{
    const char *separator = "{\"";
    for (; columns; columns &= columns - 1) {
        uint32_t i = (uint32_t) __builtin_ctzll(columns);
        const struct column *column = &change->new->schema->columns[i];
        struct datum old_scratch, new_scratch, diff;
        const struct datum *old = image_datum(change->old, i, &old_scratch);
        const struct datum *new = image_datum(change->new, i, &new_scratch);
        buf_puts(buf, separator);
        buf_puts(buf, column->name);
        buf_puts(buf, "\":");
        datum_diff_column(&diff, old, new, &column->type);
        datum_put_json(buf, &diff, &column->type);
        datum_fini(&diff, column_datum_type(&column->type));
        separator = ",\"";
    }
    buf_puts(buf, *separator == '{' ? "{}" : "}");
}

/* RFC 7047, section 4.1.6, <row-update>. */
static void
print_v1(struct buf *buf, const struct view_columns *columns, const struct change *change, uint64_t changed)
{
    if (!change->old && columns->select_insert) {
        buf_puts(buf, "{\"new\":");
        image_put_json(buf, change->new, columns->insert);
        buf_putc(buf, '}');
    } else if (!change->new && columns->select_delete) {
        buf_puts(buf, "{\"old\":");
        image_put_json(buf, change->old, columns->delete_);
        buf_putc(buf, '}');
    } else if (change->old && change->new && changed & columns->modify) {
        buf_puts(buf, "{\"old\":");
        image_put_json(buf, change->old, columns->modify & changed);
        buf_puts(buf, ",\"new\":");
        image_put_json(buf, change->new, columns->modify);
        buf_putc(buf, '}');
    }
}

/* ovsdb-server(7), section 4.1.14, <row-update2>. */
static void
print_v2(struct buf *buf, const struct view_columns *columns, const struct change *change, uint64_t changed,
         bool old_matches, bool new_matches)
{
    if (!old_matches && columns->select_insert) {
        buf_puts(buf, "{\"insert\":");
        image_put_json(buf, change->new, without_defaults(change->new, columns->insert));
        buf_putc(buf, '}');
    } else if (old_matches && !new_matches && columns->select_delete) {
        buf_puts(buf, "{\"delete\":null}");
    } else if (old_matches && new_matches && changed & columns->modify) {
        buf_puts(buf, "{\"modify\":");
        put_differences(buf, change, changed & columns->modify);
        buf_putc(buf, '}');
    }
}

static void
print_row(struct buf *buf, const struct view *view, const struct change *change, uint64_t changed, bool old_matches,
          bool new_matches)
{
    size_t start = buf->size;
    put_uuid(buf, change_uuid(change));
    size_t before = buf->size;
    if (view->format == VIEW_V1) {
        print_v1(buf, &view->columns, change, changed);
    } else {
        print_v2(buf, &view->columns, change, changed, old_matches, new_matches);
    }
    if (buf->size == before) {
        buf_truncate(buf, start);
    }
}

static struct print_cache_entry *
find_printed(struct print_cache *cache, const struct view *view, bool old_matches, bool new_matches)
{
    for (size_t i = 0; i < cache->n; i++) {
        struct print_cache_entry *entry = &cache->entries[i];
        if (entry->format == view->format && entry->old_matches == old_matches && entry->new_matches == new_matches
            && view_columns_eq(&entry->columns, &view->columns)) {
            return entry;
        }
    }
    return NULL;
}

void
view_print_change(struct view *view, const struct change *change, uint64_t changed, bool old_matches,
                  bool new_matches, struct print_cache *cache)
{
    if (!old_matches && !new_matches) {
        return;
    }
    struct buf *buf = &view->text;
    size_t start = buf->size;
    if (start) {
        buf_putc(buf, ',');
    }
    size_t before = buf->size;
    struct print_cache_entry *entry = cache ? find_printed(cache, view, old_matches, new_matches) : NULL;
    if (entry) {
        buf_put(buf, cache->text.data + entry->start, entry->size);
    } else {
        print_row(buf, view, change, changed, old_matches, new_matches);
        if (cache && cache->n < ARRAY_SIZE(cache->entries)) {
            cache->entries[cache->n++] = (struct print_cache_entry) {
                .format = view->format, .old_matches = old_matches, .new_matches = new_matches,
                .columns = view->columns, .start = cache->text.size, .size = buf->size - before};
            buf_put(&cache->text, buf->data + before, buf->size - before);
        }
    }
    if (buf->size == before) {
        buf_truncate(buf, start);
    }
}

void
view_print_initial(const struct view *view, const struct image *image, struct buf *buf)
{
    put_uuid(buf, &image->uuid);
    if (view->format == VIEW_V1) {
        buf_puts(buf, "{\"new\":");
        image_put_json(buf, image, view->columns.initial);
    } else {
        buf_puts(buf, "{\"initial\":");
        image_put_json(buf, image, without_defaults(image, view->columns.initial));
    }
    buf_putc(buf, '}');
}
