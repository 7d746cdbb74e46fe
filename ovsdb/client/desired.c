/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/client/desired.h"

#include <string.h>

/* A content: table, key, then calls: kind, column, arguments.  Strings have their length before them and a NUL behind;
 * numbers lie as in memory, since contents do not leave the process. */
enum call { CALL_INTEGER, CALL_BOOLEAN, CALL_STRING, CALL_UUID, CALL_REF, CALL_PAIR, CALL_UUID_PAIR, CALL_OWN_PAIR };

static void
put_u32(struct buf *out, uint32_t x)
{
    buf_put(out, &x, sizeof x);
}

static void
put_str(struct buf *out, struct str s)
{
    put_u32(out, (uint32_t) s.n);
    buf_put_str(out, s);
    buf_putc(out, '\0');
}

static void
put_call(struct desired *r, enum call call, uint32_t column)
{
    put_u32(&r->content, call);
    put_u32(&r->content, column);
}

void
desired_fini(struct desired *r)
{
    buf_fini(&r->content);
}

struct desired *
desired_begin(struct desired *scratch, uint32_t table, struct str key)
{
    buf_clear(&scratch->content);
    put_u32(&scratch->content, table);
    put_str(&scratch->content, key);
    return scratch;
}

void
desired_integer(struct desired *r, uint32_t column, int64_t value)
{
    put_call(r, CALL_INTEGER, column);
    buf_put(&r->content, &value, sizeof value);
}

void
desired_boolean(struct desired *r, uint32_t column, bool value)
{
    put_call(r, CALL_BOOLEAN, column);
    put_u32(&r->content, value);
}

void
desired_string(struct desired *r, uint32_t column, const char *value)
{
    if (value) {
        put_call(r, CALL_STRING, column);
        put_str(&r->content, str_from(value));
    }
}

void
desired_uuid(struct desired *r, uint32_t column, const struct uuid *uuid)
{
    put_call(r, CALL_UUID, column);
    buf_put(&r->content, uuid, sizeof *uuid);
}

void
desired_ref(struct desired *r, uint32_t column, uint32_t ref_table, struct str ref_key)
{
    put_call(r, CALL_REF, column);
    put_u32(&r->content, ref_table);
    put_str(&r->content, ref_key);
}

void
desired_pair(struct desired *r, uint32_t column, const char *key, const char *value)
{
    put_call(r, CALL_PAIR, column);
    put_str(&r->content, str_from(key));
    put_str(&r->content, str_from(value));
}

void
desired_uuid_pair(struct desired *r, uint32_t column, const char *key, const struct uuid *value)
{
    put_call(r, CALL_UUID_PAIR, column);
    put_str(&r->content, str_from(key));
    buf_put(&r->content, value, sizeof *value);
}

void
desired_own_pair(struct desired *r, uint32_t column, const char *key, const char *value)
{
    put_call(r, CALL_OWN_PAIR, column);
    put_str(&r->content, str_from(key));
    put_u32(&r->content, value != NULL);
    put_str(&r->content, str_from(value ? value : ""));
}

void
desired_strings(struct desired *r, uint32_t column, const struct datum *value)
{
    for (uint32_t i = 0; i < value->n; i++) {
        desired_string(r, column, datum_keys(value)[i].string->text);
    }
}

void
desired_pairs(struct desired *r, uint32_t column, const struct datum *map)
{
    for (uint32_t i = 0; i < map->n; i++) {
        desired_pair(r, column, datum_keys(map)[i].string->text, datum_values(map)[i].string->text);
    }
}

void
desired_emit(struct desired *r, struct derive *d, uint16_t sink)
{
    CHECK(buf_is_ok(&r->content));
    derive_emit(d, sink, r->content.data, r->content.size);
}

void
desired_emit_member(struct desired *scratch, struct derive *d, uint16_t sink, uint32_t table, struct str key,
                    uint32_t column, uint32_t ref_table, struct str ref_key)
{
    desired_ref(desired_begin(scratch, table, key), column, ref_table, ref_key);
    desired_emit(scratch, d, sink);
}

/* --- Playing --- */

struct cursor {
    const char *p, *end;
};

static void
get_bytes(struct cursor *c, void *ret, size_t n)
{
    CHECK((size_t) (c->end - c->p) >= n);
    memcpy(ret, c->p, n);
    c->p += n;
}

static uint32_t
get_u32(struct cursor *c)
{
    uint32_t x;
    get_bytes(c, &x, sizeof x);
    return x;
}

static struct str
get_str(struct cursor *c)
{
    uint32_t n = get_u32(c);
    struct str s = str_n(c->p, n);
    CHECK((size_t) (c->end - c->p) > n);
    c->p += n + 1;
    return s;
}

static void
play_call(struct cursor *c, struct writer_row *row)
{
    enum call call = get_u32(c);
    uint32_t column = get_u32(c), ref_table, has_value;
    struct uuid uuid;
    int64_t integer;
    struct str key;

    switch (call) {
    case CALL_INTEGER:
        get_bytes(c, &integer, sizeof integer);
        writer_row_integer(row, column, integer);
        break;
    case CALL_BOOLEAN:
        writer_row_boolean(row, column, get_u32(c));
        break;
    case CALL_STRING:
        writer_row_str(row, column, get_str(c));
        break;
    case CALL_UUID:
        get_bytes(c, &uuid, sizeof uuid);
        writer_row_uuid(row, column, &uuid);
        break;
    case CALL_REF:
        ref_table = get_u32(c);
        writer_row_ref(row, column, ref_table, get_str(c));
        break;
    case CALL_PAIR:
        key = get_str(c);
        writer_row_pair(row, column, key.s, get_str(c).s);
        break;
    case CALL_UUID_PAIR:
        key = get_str(c);
        get_bytes(c, &uuid, sizeof uuid);
        writer_row_uuid_pair(row, column, key.s, &uuid);
        break;
    case CALL_OWN_PAIR:
        key = get_str(c);
        has_value = get_u32(c);
        writer_row_own_pair(row, column, key.s, has_value ? get_str(c).s : (get_str(c), NULL));
        break;
    }
}

void
desired_member_output(struct writer *w, const struct derive_output *output)
{
    struct cursor c = {output->content, (const char *) output->content + output->n};
    uint32_t table = get_u32(&c);
    struct str key = get_str(&c);
    CHECK(get_u32(&c) == CALL_REF);
    uint32_t column = get_u32(&c);
    uint32_t ref_table = get_u32(&c);
    writer_member_ref(w, table, key, column, ref_table, get_str(&c), output->added);
}

void
desired_sync_init(struct desired_sync *sync)
{
    strmap_init(&sync->put);
}

void
desired_sync_fini(struct desired_sync *sync)
{
    strmap_fini(&sync->put);
}

/* Table and key as one string; keys are bytes, so they are written in hexadecimal. */
static const char *
sync_name(struct buf *name, uint32_t table, struct str key)
{
    buf_printf(name, "%u:", table);
    for (size_t i = 0; i < key.n; i++) {
        buf_printf(name, "%02x", (unsigned char) key.s[i]);
    }
    return buf_text(name);
}

void
desired_sync_output(struct desired_sync *sync, struct writer *w, const struct derive_output *output)
{
    struct cursor c = {output->content, (const char *) output->content + output->n};
    uint32_t table = get_u32(&c);
    struct str key = get_str(&c);
    struct buf name = BUF_INIT(BUF_NO_LIMIT);

    if (output->added) {
        struct writer_row *row = writer_put(w, table, key);
        while (c.p < c.end) {
            play_call(&c, row);
        }
        strmap_set(&sync->put, sync_name(&name, table, key), NULL);
    } else if (!strmap_find(&sync->put, sync_name(&name, table, key))) {
        writer_remove(w, table, key);
    }
    buf_fini(&name);
}

void
desired_sync_end(struct desired_sync *sync)
{
    desired_sync_fini(sync);
    desired_sync_init(sync);
}
