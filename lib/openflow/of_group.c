/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_group.h"

#include "lib/openflow/of_actions.h"
#include "lib/openflow/of_match.h"

enum { OFPGBPT_WEIGHT = 0, OFPGBPT_WATCH_PORT = 1, OFPGBPT_WATCH_GROUP = 2, OFPGPT_EXPERIMENTER = 0xffff };
enum { NETRONOME = 0x0000154d, NTRT_SELECTION_METHOD = 1, SELECTION_HEADER = 40, METHOD_NAME_MAX = 16 };
enum { OFPMBT_DROP = 1 };

static const char *const method_names[] = {[OF_SELECT_DEFAULT] = "", [OF_SELECT_HASH] = "hash",
                                           [OF_SELECT_DP_HASH] = "dp_hash"};

void
of_group_fini(struct of_group *group)
{
    vec_fini(&group->buckets);
}

static void
put_u32_property(struct buf *out, uint16_t type, uint32_t value)
{
    uint8_t property[8];
    put_be16(property, type);
    put_be16(property + 2, sizeof property);
    put_be32(property + 4, value);
    buf_put(out, property, sizeof property);
}

static void
put_bucket(struct buf *out, enum of_group_type type, const struct of_bucket *bucket)
{
    size_t start = out->size;
    uint8_t header[8] = {0};
    put_be16(header + 2, (uint16_t) bucket->n_actions);
    put_be32(header + 4, bucket->id);
    buf_put(out, header, sizeof header);
    buf_put(out, bucket->actions, bucket->n_actions);
    if (type == OFPGT_SELECT) {
        put_u32_property(out, OFPGBPT_WEIGHT, (uint32_t) bucket->weight << 16);
    }
    if (bucket->watch_port != OF_PORT_ANY) {
        put_u32_property(out, OFPGBPT_WATCH_PORT, bucket->watch_port);
    }
    if (bucket->watch_group != OF_PORT_ANY) {
        put_u32_property(out, OFPGBPT_WATCH_GROUP, bucket->watch_group);
    }
    if (buf_is_ok(out)) {
        put_be16(out->data + start, (uint16_t) (out->size - start));
    }
}

/* The selection method of Open vSwitch is an experimenter property: name, parameter, fields. */
static void
put_selection(struct buf *out, const struct of_group *group)
{
    uint8_t header[SELECTION_HEADER] = {0};
    size_t size = sizeof header + group->n_select_fields;
    const char *name = method_names[group->select_method];
    put_be16(header, OFPGPT_EXPERIMENTER);
    put_be16(header + 2, (uint16_t) size);
    put_be32(header + 4, NETRONOME);
    put_be32(header + 8, NTRT_SELECTION_METHOD);
    memcpy(header + 16, name, strlen(name));
    put_be64(header + 32, group->select_param);
    buf_put(out, header, sizeof header);
    buf_put(out, group->select_fields, group->n_select_fields);
    buf_put_zeros(out, ROUND_UP(size, 8) - size);
}

static void
put_buckets(struct buf *out, const struct of_group *group)
{
    for (size_t i = 0; i < group->buckets.n; i++) {
        put_bucket(out, group->type, &group->buckets.d[i]);
    }
}

bool
of_put_group_mod(struct buf *out, uint32_t xid, enum of_group_command command, uint32_t command_bucket,
                 const struct of_group *group)
{
    bool has_content = command != OFPGC_DELETE && command != OFPGC_REMOVE_BUCKET;
    size_t start = of_msg_begin(out, OFPT_GROUP_MOD, xid);
    uint8_t header[16] = {0};
    put_be16(header, (uint16_t) command);
    header[2] = (uint8_t) group->type;
    put_be32(header + 4, group->group_id);
    put_be32(header + 12, command_bucket);
    buf_put(out, header, sizeof header);
    size_t buckets_start = out->size;
    if (has_content) {
        put_buckets(out, group);
    }
    size_t n_buckets = out->size - buckets_start;
    if (has_content && group->type == OFPGT_SELECT && group->select_method != OF_SELECT_DEFAULT) {
        put_selection(out, group);
    }
    if (!of_msg_end(out, start)) {
        return false;
    }
    put_be16(out->data + start + 16, (uint16_t) n_buckets);
    return true;
}

/* The length of the property at the front of 'p', and the same with padding. */
static struct err *
next_property(struct str p, size_t *ret_length, size_t *ret_padded)
{
    size_t length = p.n >= 4 ? get_be16(p.s + 2) : 0;
    if (length < 4 || ROUND_UP(length, 8) > p.n) {
        return err_new("property of %zu bytes in a group", length);
    }
    *ret_length = length;
    *ret_padded = ROUND_UP(length, 8);
    return NULL;
}

/* Reads the bucket at the front of '*p' and moves '*p' behind it. */
static struct err *
pull_bucket(struct str *p, struct of_bucket *ret)
{
    size_t length = p->n >= 8 ? get_be16(p->s) : 0, n_actions = p->n >= 8 ? get_be16(p->s + 2) : 0;
    if (length < 8 || length % 8 || length > p->n || n_actions > length - 8) {
        return err_new("bucket of %zu bytes", length);
    }
    *ret = (struct of_bucket) {.id = get_be32(p->s + 4), .watch_port = OF_PORT_ANY, .watch_group = OF_PORT_ANY,
                               .actions = p->s + 8, .n_actions = n_actions};
    struct str props = str_n(p->s + 8 + n_actions, length - 8 - n_actions);
    while (props.n) {
        size_t n = 0, padded = 0;
        struct err *e = next_property(props, &n, &padded);
        if (e) {
            return e;
        }
        uint16_t type = get_be16(props.s);
        uint32_t value = n >= 8 ? get_be32(props.s + 4) : 0;
        if (type == OFPGBPT_WEIGHT) {
            ret->weight = (uint16_t) (value >> 16);
        } else if (type == OFPGBPT_WATCH_PORT) {
            ret->watch_port = value;
        } else if (type == OFPGBPT_WATCH_GROUP) {
            ret->watch_group = value;
        }
        props = str_n(props.s + padded, props.n - padded);
    }
    *p = str_n(p->s + length, p->n - length);
    return NULL;
}

/* Reads the selection method out of the properties of a group. */
static struct err *
read_selection(struct str p, struct of_group *group)
{
    while (p.n) {
        size_t n = 0, padded = 0;
        struct err *e = next_property(p, &n, &padded);
        if (e) {
            return e;
        }
        if (get_be16(p.s) == OFPGPT_EXPERIMENTER && n >= SELECTION_HEADER && get_be32(p.s + 4) == NETRONOME
            && get_be32(p.s + 8) == NTRT_SELECTION_METHOD) {
            size_t i = OF_SELECT_HASH;
            while (i < ARRAY_SIZE(method_names) && strncmp(p.s + 16, method_names[i], METHOD_NAME_MAX)) {
                i++;
            }
            if (i == ARRAY_SIZE(method_names)) {
                return err_new("unknown selection method \"%.*s\"", METHOD_NAME_MAX, p.s + 16);
            }
            group->select_method = (enum of_select_method) i;
            group->select_param = get_be64(p.s + 32);
            group->select_fields = p.s + SELECTION_HEADER;
            group->n_select_fields = n - SELECTION_HEADER;
        }
        p = str_n(p.s + padded, p.n - padded);
    }
    return NULL;
}

/* Reads buckets, then properties. */
static struct err *
read_content(struct str p, size_t n_buckets, struct of_group *group)
{
    if (n_buckets > p.n) {
        return err_new("%zu bytes of buckets in %zu", n_buckets, p.n);
    }
    struct str buckets = str_n(p.s, n_buckets);
    while (buckets.n) {
        struct of_bucket bucket;
        struct err *e = pull_bucket(&buckets, &bucket);
        if (e) {
            return e;
        }
        vec_push(&group->buckets, bucket);
    }
    return read_selection(str_n(p.s + n_buckets, p.n - n_buckets), group);
}

struct err *
of_group_mod_decode(const struct of_msg *msg, enum of_group_command *ret_command,
                    uint32_t *ret_command_bucket,
                    struct of_group *ret)
{
    if (msg->kind != OF_GROUP_MOD) {
        return err_new("%s is not a group_mod", of_kind_name(msg->kind));
    }
    const uint8_t *p = (const uint8_t *) msg->body.s;
    uint16_t command = get_be16(p);
    if ((command > OFPGC_REMOVE_BUCKET && command != OFPGC_ADD_OR_MODIFY) || command == 4
        || p[2] > OFPGT_FAST_FAILOVER) {
        return err_new("group_mod with command %u, type %u", command, p[2]);
    }
    struct of_group group = {.group_id = get_be32(p + 4), .type = (enum of_group_type) p[2]};
    struct err *e = read_content(str_n(msg->body.s + 16, msg->body.n - 16), get_be16(p + 8), &group);
    if (e) {
        of_group_fini(&group);
        return e;
    }
    *ret_command = (enum of_group_command) command;
    *ret_command_bucket = get_be32(p + 12);
    *ret = group;
    return NULL;
}

void
of_put_group_desc_request(struct buf *out, uint32_t xid, uint32_t group_id)
{
    size_t start = of_multipart_begin(out, false, OFPMP_GROUP_DESC, false, xid);
    uint8_t body[8] = {0};
    put_be32(body, group_id);
    buf_put(out, body, sizeof body);
    (void) of_msg_end(out, start);
}

struct err *
of_group_pull(struct str *body, struct of_group *ret)
{
    const uint8_t *p = (const uint8_t *) body->s;
    size_t length = body->n >= 16 ? get_be16(p) : 0;
    if (length < 16 || length > body->n || p[2] > OFPGT_FAST_FAILOVER) {
        *body = str_n(NULL, 0);
        return err_new("group description of %zu bytes", length);
    }
    *body = str_n(body->s + length, body->n - length);
    struct of_group group = {.group_id = get_be32(p + 4), .type = (enum of_group_type) p[2]};
    struct err *e = read_content(str_n((const char *) p + 16, length - 16), get_be16(p + 8), &group);
    if (e) {
        of_group_fini(&group);
        return e;
    }
    *ret = group;
    return NULL;
}

/* "fields(ip_src,tcp_dst=0xff)": each field with the bits that count. */
static void
print_select_fields(const struct of_group *group, struct buf *out)
{
    struct str p = str_n(group->select_fields, group->n_select_fields);
    struct of_header header;
    const char *separator = "";
    buf_puts(out, ",fields(");
    while (of_header_pull(&p, &header) && header.field && header.n_bytes <= p.n && header.n_bytes <= 16) {
        struct of_value mask = of_value_from_bytes(p.s, header.n_bytes),
        ones = of_value_ones(header.field->n_bits);
        buf_printf(out, "%s%s", separator, header.field->name);
        if (!of_value_eq(&mask, &ones)) {
            buf_putc(out, '=');
            of_value_print(header.field, &mask, NULL, out);
        }
        separator = ",";
        p = str_n(p.s + header.n_bytes, p.n - header.n_bytes);
    }
    buf_putc(out, ')');
}

void
of_group_print(const struct of_group *group, struct buf *out)
{
    static const char *const types[] = {"all", "select", "indirect", "fast_failover"};
    buf_printf(out, "group_id=%u,type=%s", group->group_id, types[group->type]);
    if (group->select_method != OF_SELECT_DEFAULT) {
        buf_printf(out, ",selection_method=%s", method_names[group->select_method]);
    }
    if (group->n_select_fields) {
        print_select_fields(group, out);
    }
    for (size_t i = 0; i < group->buckets.n; i++) {
        const struct of_bucket *bucket = &group->buckets.d[i];
        buf_printf(out, ",bucket=bucket_id:%u", bucket->id);
        if (group->type == OFPGT_SELECT) {
            buf_printf(out, ",weight:%u", bucket->weight);
        }
        if (bucket->watch_port != OF_PORT_ANY) {
            buf_printf(out, ",watch_port:%u", bucket->watch_port);
        }
        if (bucket->watch_group != OF_PORT_ANY) {
            buf_printf(out, ",watch_group:%u", bucket->watch_group);
        }
        buf_puts(out, ",actions=");
        of_actions_print(bucket->actions, bucket->n_actions, out);
    }
}

void
of_put_meter_mod(struct buf *out, uint32_t xid, enum of_meter_command command, const struct of_meter *meter)
{
    size_t start = of_msg_begin(out, OFPT_METER_MOD, xid);
    uint8_t body[24] = {0};
    bool has_band = meter->has_band && command != OFPMC_DELETE;
    put_be16(body, (uint16_t) command);
    put_be16(body + 2, command == OFPMC_DELETE ? 0 : meter->flags);
    put_be32(body + 4, meter->meter_id);
    put_be16(body + 8, OFPMBT_DROP);
    put_be16(body + 10, 16);
    put_be32(body + 12, meter->rate);
    put_be32(body + 16, meter->flags & OFPMF_BURST ? meter->burst : 0);
    buf_put(out, body, has_band ? 24 : 8);
    (void) of_msg_end(out, start);
}

/* Reads flags, id and bands: the part that meter_mod and the description share. */
static struct err *
read_meter(struct str p, struct of_meter *ret)
{
    struct of_meter meter = {.flags = get_be16(p.s), .meter_id = get_be32(p.s + 2)};
    for (p = str_n(p.s + 6, p.n - 6); p.n;) {
        size_t length = p.n >= 16 ? get_be16(p.s + 2) : 0;
        if (length < 16 || length > p.n) {
            return err_new("meter band of %zu bytes", length);
        }
        if (get_be16(p.s) == OFPMBT_DROP && !meter.has_band) {
            meter.has_band = true;
            meter.rate = get_be32(p.s + 4);
            /* Without the flag, the switch fills in a burst of its own. */
            meter.burst = meter.flags & OFPMF_BURST ? get_be32(p.s + 8) : 0;
        }
        p = str_n(p.s + length, p.n - length);
    }
    *ret = meter;
    return NULL;
}

struct err *
of_meter_mod_decode(const struct of_msg *msg, enum of_meter_command *ret_command, struct of_meter *ret)
{
    if (msg->kind != OF_METER_MOD) {
        return err_new("%s is not a meter_mod", of_kind_name(msg->kind));
    }
    uint16_t command = get_be16(msg->body.s);
    if (command > OFPMC_DELETE) {
        return err_new("meter_mod with command %u", command);
    }
    struct err *e = read_meter(str_n(msg->body.s + 2, msg->body.n - 2), ret);
    if (!e) {
        *ret_command = (enum of_meter_command) command;
    }
    return e;
}

void
of_put_meter_config_request(struct buf *out, uint32_t xid, uint32_t meter_id)
{
    size_t start = of_multipart_begin(out, false, OFPMP_METER_CONFIG, false, xid);
    uint8_t body[8] = {0};
    put_be32(body, meter_id);
    buf_put(out, body, sizeof body);
    (void) of_msg_end(out, start);
}

struct err *
of_meter_pull(struct str *body, struct of_meter *ret)
{
    struct str p = *body;
    size_t length = p.n >= 8 ? get_be16(p.s) : 0;
    if (length < 8 || length > p.n) {
        *body = str_n(NULL, 0);
        return err_new("meter of %zu bytes", length);
    }
    *body = str_n(p.s + length, p.n - length);
    return read_meter(str_n(p.s + 2, length - 2), ret);
}

void
of_meter_print(const struct of_meter *meter, struct buf *out)
{
    buf_printf(out, "meter=%u", meter->meter_id);
    buf_puts(out, meter->flags & OFPMF_KBPS ? ",kbps" : "");
    buf_puts(out, meter->flags & OFPMF_PKTPS ? ",pktps" : "");
    buf_puts(out, meter->flags & OFPMF_BURST ? ",burst" : "");
    buf_puts(out, meter->flags & OFPMF_STATS ? ",stats" : "");
    if (meter->has_band) {
        buf_printf(out, ",bands=type=drop,rate=%u", meter->rate);
        if (meter->flags & OFPMF_BURST) {
            buf_printf(out, ",burst_size=%u", meter->burst);
        }
    }
}
