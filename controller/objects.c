/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/objects.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/hmap.h"
#include "lib/base/mem.h"

struct object {
    struct hmap_node node;                                   /* by id */
    uint32_t id;
    struct str wanted;                                       /* the message that adds it, owned; s NULL: not wanted */
    bool is_installed;                                       /* with the content of 'wanted' */
    bool is_in_switch;                                       /* with this or other content */
};

struct objects {
    enum object_kind kind;
    struct hmap objects;
    bool changed;
};

MEM_TYPE(objects, "sets of groups or meters");

struct objects *
objects_new(enum object_kind kind)
{
    CHECK(kind < N_OBJECT_KINDS);
    struct objects *objects = xcalloc(1, sizeof *objects);
    objects->kind = kind;
    hmap_init(&objects->objects);
    mem_add(&mem_objects, 1);
    return objects;
}

static void
object_free(struct objects *objects, struct object *object)
{
    hmap_remove(&objects->objects, &object->node);
    free((char *) object->wanted.s);
    free(object);
}

void
objects_free(struct objects *objects)
{
    if (objects) {
        HMAP_FOR_EACH_SAFE (object, struct object, node, &objects->objects) {
            object_free(objects, object);
        }
        hmap_fini(&objects->objects);
        mem_add(&mem_objects, -1);
        free(objects);
    }
}

/* The object with this id; a new one if there is none. */
static struct object *
find(struct objects *objects, uint32_t id)
{
    HMAP_FOR_EACH_WITH_HASH (object, struct object, node, hash_mix64(id), &objects->objects) {
        if (object->id == id) {
            return object;
        }
    }
    struct object *object = xcalloc(1, sizeof *object);
    object->id = id;
    hmap_insert(&objects->objects, &object->node, hash_mix64(id));
    return object;
}

void
objects_output(struct objects *objects, const struct derive_output *output)
{
    struct object *object = find(objects, object_content_id(output->content, output->n));
    free((char *) object->wanted.s);
    object->wanted = (struct str) {NULL, 0};
    object->is_installed = false;
    objects->changed = true;
    if (output->added) {
        struct str message = object_content_message(output->content, output->n);
        object->wanted = str_n(xmemdup(message.s, message.n), message.n);
    }
}

bool
objects_have_changes(const struct objects *objects)
{
    return objects->changed;
}

/* --- What the switch has --- */

void
objects_forget_seen(struct objects *objects)
{
    HMAP_FOR_EACH (object, struct object, node, &objects->objects) {
        object->is_installed = object->is_in_switch = false;
    }
}

/* Texts of what a message adds and of what the switch has say the same if they are equal. */
static void
print_wanted(const struct objects *objects, struct str message, struct buf *out)
{
    enum of_group_command group_command;
    enum of_meter_command meter_command;
    uint32_t bucket;
    struct of_group group;
    struct of_meter meter;
    struct of_msg msg;

    struct err *e = of_msg_parse(message.s, message.n, &msg);
    CHECK(!e);
    if (objects->kind == OBJECT_GROUP) {
        e = of_group_mod_decode(&msg, &group_command, &bucket, &group);
        CHECK(!e);
        of_group_print(&group, out);
        of_group_fini(&group);
    } else {
        e = of_meter_mod_decode(&msg, &meter_command, &meter);
        CHECK(!e);
        of_meter_print(&meter, out);
    }
}

/* Takes one description off '*body'. */
static struct err *
pull(const struct objects *objects, struct str *body, uint32_t *ret_id, struct buf *text)
{
    struct err *e;
    if (objects->kind == OBJECT_GROUP) {
        struct of_group group;
        e = of_group_pull(body, &group);
        if (!e) {
            *ret_id = group.group_id;
            of_group_print(&group, text);
            of_group_fini(&group);
        }
    } else {
        struct of_meter meter;
        e = of_meter_pull(body, &meter);
        if (!e) {
            *ret_id = meter.meter_id;
            of_meter_print(&meter, text);
        }
    }
    return e;
}

static bool
is_wanted_as(const struct objects *objects, const struct object *object, const struct buf *seen)
{
    struct buf wanted = BUF_INIT(BUF_NO_LIMIT);
    if (!object->wanted.s) {
        return false;
    }
    print_wanted(objects, object->wanted, &wanted);
    bool same = !strcmp(buf_text(&wanted), buf_text(seen));
    buf_fini(&wanted);
    return same;
}

struct err *
objects_saw(struct objects *objects, const struct of_msg *reply)
{
    struct str body = reply->body;
    while (body.n) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        uint32_t id;
        struct err *e = pull(objects, &body, &id, &text);
        if (e) {
            buf_fini(&text);
            return e;
        }
        struct object *object = find(objects, id);
        object->is_in_switch = true;
        object->is_installed = is_wanted_as(objects, object, &text);
        buf_fini(&text);
    }
    return NULL;
}

/* --- Differences --- */

/* The message that adds an object serves as the one that modifies it: group_mod and meter_mod begin alike. */
static void
put_change(const struct object *object, bool is_modify, struct buf *out, uint32_t xid)
{
    static_assert((int) OFPGC_ADD == (int) OFPMC_ADD && (int) OFPGC_MODIFY == (int) OFPMC_MODIFY, "commands are the same");
    size_t at = out->size;
    buf_put_str(out, object->wanted);
    put_be32(out->data + at + 4, xid);
    put_be16(out->data + at + OF_HEADER_SIZE, is_modify ? OFPGC_MODIFY : OFPGC_ADD);
}

void
objects_put_wanted(struct objects *objects, struct buf *out, uint32_t xid)
{
    HMAP_FOR_EACH (object, struct object, node, &objects->objects) {
        if (object->wanted.s && !object->is_installed) {
            put_change(object, object->is_in_switch, out, xid);
            object->is_installed = object->is_in_switch = true;
        }
    }
    objects->changed = false;
}

void
objects_put_unwanted(struct objects *objects, struct buf *out, uint32_t xid)
{
    HMAP_FOR_EACH_SAFE (object, struct object, node, &objects->objects) {
        if (object->wanted.s) {
            continue;
        } else if (object->is_in_switch && objects->kind == OBJECT_GROUP) {
            CHECK(of_put_group_mod(out, xid, OFPGC_DELETE, OFPG_BUCKET_ALL, &(struct of_group) {.group_id = object->id}));
        } else if (object->is_in_switch) {
            of_put_meter_mod(out, xid, OFPMC_DELETE, &(struct of_meter) {.meter_id = object->id});
        }
        object_free(objects, object);
    }
}

static int
compare_ids(const void *a_, const void *b_)
{
    const uint32_t *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

void
objects_print_ids(const struct objects *objects, struct buf *out)
{
    VEC(uint32_t) ids = {0};
    HMAP_FOR_EACH (object, struct object, node, &objects->objects) {
        if (object->wanted.s) {
            vec_push(&ids, object->id);
        }
    }
    if (ids.n) {
        qsort(ids.d, ids.n, sizeof *ids.d, compare_ids);
    }
    for (size_t i = 0; i < ids.n; i++) {
        buf_printf(out, "%u\n", ids.d[i]);
    }
    vec_fini(&ids);
}
