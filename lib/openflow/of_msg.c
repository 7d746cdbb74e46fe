/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_msg.h"

enum { NX_HEADER_SIZE = 16, MULTIPART_HEADER_SIZE = 16, OFPMPF_MORE = 1 };
enum {
    NXT_SET_PACKET_IN_FORMAT = 16, NXT_SET_CONTROLLER_ID = 20, NXT_TLV_TABLE_MOD = 24,
    NXT_TLV_TABLE_REQUEST = 25,
    NXT_TLV_TABLE_REPLY = 26, NXT_RESUME = 28, NXT_CT_FLUSH_ZONE = 29, NXT_PACKET_IN2 = 30,
};
enum { OFPHET_VERSIONBITMAP = 1 };
enum { BUNDLE_ADD_HEADER_SIZE = 16 };

/* X(kind, name, message type, multipart or extension subtype (-1: none), least size of the body). */
#define KINDS(X)                                                                                    \
    X(OF_HELLO, "hello", OFPT_HELLO, -1, 0)                                                         \
    X(OF_ERROR, "error", OFPT_ERROR, -1, 4)                                                         \
    X(OF_ECHO_REQUEST, "echo_request", OFPT_ECHO_REQUEST, -1, 0)                                    \
    X(OF_ECHO_REPLY, "echo_reply", OFPT_ECHO_REPLY, -1, 0)                                          \
    X(OF_FEATURES_REQUEST, "features_request", OFPT_FEATURES_REQUEST, -1, 0)                        \
    X(OF_FEATURES_REPLY, "features_reply", OFPT_FEATURES_REPLY, -1, 24)                             \
    X(OF_SET_CONFIG, "set_config", OFPT_SET_CONFIG, -1, 4)                                          \
    X(OF_PACKET_IN, "packet_in", OFPT_PACKET_IN, -1, 0)                                             \
    X(OF_FLOW_REMOVED, "flow_removed", OFPT_FLOW_REMOVED, -1, 16)                                   \
    X(OF_PORT_STATUS, "port_status", OFPT_PORT_STATUS, -1, 48)                                      \
    X(OF_PACKET_OUT, "packet_out", OFPT_PACKET_OUT, -1, 16)                                         \
    X(OF_FLOW_MOD, "flow_mod", OFPT_FLOW_MOD, -1, 48)                                               \
    X(OF_GROUP_MOD, "group_mod", OFPT_GROUP_MOD, -1, 16)                                            \
    X(OF_METER_MOD, "meter_mod", OFPT_METER_MOD, -1, 8)                                             \
    X(OF_BARRIER_REQUEST, "barrier_request", OFPT_BARRIER_REQUEST, -1, 0)                           \
    X(OF_BARRIER_REPLY, "barrier_reply", OFPT_BARRIER_REPLY, -1, 0)                                 \
    X(OF_ROLE_REQUEST, "role_request", OFPT_ROLE_REQUEST, -1, 16)                                   \
    X(OF_ROLE_REPLY, "role_reply", OFPT_ROLE_REPLY, -1, 16)                                         \
    X(OF_SET_ASYNC, "set_async", OFPT_SET_ASYNC, -1, 0)                                             \
    X(OF_BUNDLE_CONTROL, "bundle_control", OFPT_BUNDLE_CONTROL, -1, 8)                              \
    X(OF_BUNDLE_ADD, "bundle_add", OFPT_BUNDLE_ADD_MESSAGE, -1, 16)                                 \
    X(OF_FLOW_DESC_REQUEST, "flow_desc_request", OFPT_MULTIPART_REQUEST, OFPMP_FLOW_DESC, 40)       \
    X(OF_FLOW_DESC_REPLY, "flow_desc_reply", OFPT_MULTIPART_REPLY, OFPMP_FLOW_DESC, 0)              \
    X(OF_GROUP_DESC_REQUEST, "group_desc_request", OFPT_MULTIPART_REQUEST, OFPMP_GROUP_DESC, 8)     \
    X(OF_GROUP_DESC_REPLY, "group_desc_reply", OFPT_MULTIPART_REPLY, OFPMP_GROUP_DESC, 0)           \
    X(OF_METER_CONFIG_REQUEST, "meter_config_request", OFPT_MULTIPART_REQUEST, OFPMP_METER_CONFIG, 8) \
    X(OF_METER_CONFIG_REPLY, "meter_config_reply", OFPT_MULTIPART_REPLY, OFPMP_METER_CONFIG, 0)     \
    X(OF_PORT_DESC_REQUEST, "port_desc_request", OFPT_MULTIPART_REQUEST, OFPMP_PORT_DESC, 8)        \
    X(OF_PORT_DESC_REPLY, "port_desc_reply", OFPT_MULTIPART_REPLY, OFPMP_PORT_DESC, 0)              \
    X(OF_NX_SET_PACKET_IN_FORMAT, "set_packet_in_format", OFPT_EXPERIMENTER, NXT_SET_PACKET_IN_FORMAT, 4) \
    X(OF_NX_SET_CONTROLLER_ID, "set_controller_id", OFPT_EXPERIMENTER, NXT_SET_CONTROLLER_ID, 8)    \
    X(OF_NX_TLV_TABLE_MOD, "tlv_table_mod", OFPT_EXPERIMENTER, NXT_TLV_TABLE_MOD, 8)                \
    X(OF_NX_TLV_TABLE_REQUEST, "tlv_table_request", OFPT_EXPERIMENTER, NXT_TLV_TABLE_REQUEST, 0)    \
    X(OF_NX_TLV_TABLE_REPLY, "tlv_table_reply", OFPT_EXPERIMENTER, NXT_TLV_TABLE_REPLY, 16)         \
    X(OF_NX_RESUME, "resume", OFPT_EXPERIMENTER, NXT_RESUME, 0)                                     \
    X(OF_NX_CT_FLUSH_ZONE, "ct_flush_zone", OFPT_EXPERIMENTER, NXT_CT_FLUSH_ZONE, 8)                \
    X(OF_NX_PACKET_IN2, "packet_in2", OFPT_EXPERIMENTER, NXT_PACKET_IN2, 0)

static const struct kind_row {
    const char *name;
    uint8_t type;
    int subtype;
    size_t min_body;
} kinds[] = {
    [OF_UNKNOWN] = {"unknown", 255, -1, 0},
#define X(KIND, NAME, TYPE, SUBTYPE, MIN_BODY) [KIND] = {NAME, TYPE, SUBTYPE, MIN_BODY},
    KINDS(X)
#undef X
};

const char *
of_kind_name(enum of_kind kind)
{
    CHECK((size_t) kind < ARRAY_SIZE(kinds));
    return kinds[kind].name;
}

struct err *
of_frame(const void *p_, size_t n, size_t *ret_length)
{
    const uint8_t *p = p_;
    size_t length = n >= 4 ? get_be16(p + 2) : 0;
    if (n >= 4 && length < OF_HEADER_SIZE) {
        return err_new("OpenFlow message claims a length of %zu", length);
    }
    *ret_length = length;
    return NULL;
}

/* The size of the header of 'msg', and the subtype in it (-1: none). */
static size_t
header_size(const struct of_msg *msg, int *ret_subtype)
{
    const char *p = msg->whole.s;
    bool is_multipart = msg->type == OFPT_MULTIPART_REQUEST || msg->type == OFPT_MULTIPART_REPLY;
    *ret_subtype = -1;
    if (is_multipart && msg->whole.n >= MULTIPART_HEADER_SIZE) {
        *ret_subtype = get_be16(p + 8);
        return MULTIPART_HEADER_SIZE;
    } else if (msg->type == OFPT_EXPERIMENTER && msg->whole.n >= NX_HEADER_SIZE
               && get_be32(p + 8) == OF_NICIRA
               && get_be32(p + 12) <= INT32_MAX) {
        *ret_subtype = (int) get_be32(p + 12);
        return NX_HEADER_SIZE;
    }
    return OF_HEADER_SIZE;
}

struct err *
of_msg_parse(const void *p, size_t n, struct of_msg *ret)
{
    if (n < OF_HEADER_SIZE || get_be16((const char *) p + 2) != n) {
        return err_new("OpenFlow message of %zu bytes does not have the length it says", n);
    }
    const uint8_t *header = p;
    struct of_msg msg = {.version = header[0], .type = header[1], .xid = get_be32(header + 4),
                         .whole = str_n(p, n)};
    int subtype;
    size_t size = header_size(&msg, &subtype);
    msg.body = str_n(msg.whole.s + size, n - size);
    bool is_multipart = size != OF_HEADER_SIZE && msg.type != OFPT_EXPERIMENTER;
    msg.more = is_multipart && get_be16(header + 10) & OFPMPF_MORE;
    if (msg.version != OF_VERSION && msg.type != OFPT_HELLO && msg.type != OFPT_ERROR) {
        return err_new("OpenFlow message of version 0x%02x, not 0x%02x", msg.version, OF_VERSION);
    }
    for (size_t i = 1; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i].type == msg.type && kinds[i].subtype == subtype) {
            if (msg.body.n < kinds[i].min_body) {
                return err_new("%s message of %zu bytes is too short", kinds[i].name, n);
            }
            msg.kind = (enum of_kind) i;
            break;
        }
    }
    *ret = msg;
    return NULL;
}

size_t
of_msg_begin(struct buf *out, uint8_t type, uint32_t xid)
{
    size_t start = out->size;
    uint8_t header[OF_HEADER_SIZE] = {OF_VERSION, type};
    put_be32(header + 4, xid);
    buf_put(out, header, sizeof header);
    return start;
}

size_t
of_nx_msg_begin(struct buf *out, uint32_t subtype, uint32_t xid)
{
    size_t start = of_msg_begin(out, OFPT_EXPERIMENTER, xid);
    uint8_t header[8];
    put_be32(header, OF_NICIRA);
    put_be32(header + 4, subtype);
    buf_put(out, header, sizeof header);
    return start;
}

size_t
of_multipart_begin(struct buf *out, bool is_reply, uint16_t type, bool more, uint32_t xid)
{
    size_t start = of_msg_begin(out, is_reply ? OFPT_MULTIPART_REPLY : OFPT_MULTIPART_REQUEST, xid);
    uint8_t header[8] = {0};
    put_be16(header, type);
    put_be16(header + 2, more ? OFPMPF_MORE : 0);
    buf_put(out, header, sizeof header);
    return start;
}

bool
of_msg_end(struct buf *out, size_t start)
{
    size_t length = out->size - start;
    if (!buf_is_ok(out) || length > OF_MSG_MAX) {
        buf_truncate(out, start);
        return false;
    }
    put_be16(out->data + start + 2, (uint16_t) length);
    return true;
}

/* Appends a whole small message of 'type' with the 'n' bytes of 'body'. */
static void
put_small(struct buf *out, uint8_t type, uint32_t xid, const void *body, size_t n)
{
    size_t start = of_msg_begin(out, type, xid);
    buf_put(out, body, n);
    (void) of_msg_end(out, start);
}

static void
put_small_nx(struct buf *out, uint32_t subtype, uint32_t xid, const void *body, size_t n)
{
    size_t start = of_nx_msg_begin(out, subtype, xid);
    buf_put(out, body, n);
    (void) of_msg_end(out, start);
}

void
of_put_hello(struct buf *out, uint32_t xid, uint32_t versions)
{
    uint8_t body[8];
    put_be16(body, OFPHET_VERSIONBITMAP);
    put_be16(body + 2, sizeof body);
    put_be32(body + 4, versions);
    put_small(out, OFPT_HELLO, xid, body, sizeof body);
}

struct err *
of_hello_decode(const struct of_msg *msg, uint32_t *ret_versions)
{
    const char *p = msg->body.s;
    for (size_t n = msg->body.n; n >= 4;) {
        size_t length = get_be16(p + 2);
        if (length < 4 || length > n) {
            return err_new("hello has an element of %zu bytes", length);
        } else if (get_be16(p) == OFPHET_VERSIONBITMAP && length >= 8) {
            *ret_versions = get_be32(p + 4);
            return NULL;
        }
        size_t padded = MIN(ROUND_UP(length, 8), n);
        p += padded;
        n -= padded;
    }
    *ret_versions = msg->version >= 31 ? UINT32_MAX : (2u << msg->version) - 1;
    return NULL;
}

void
of_put_echo_request(struct buf *out, uint32_t xid)
{
    put_small(out, OFPT_ECHO_REQUEST, xid, NULL, 0);
}

void
of_put_echo_reply(struct buf *out, const struct of_msg *request)
{
    put_small(out, OFPT_ECHO_REPLY, request->xid, request->body.s, request->body.n);
}

void
of_put_barrier_request(struct buf *out, uint32_t xid)
{
    put_small(out, OFPT_BARRIER_REQUEST, xid, NULL, 0);
}

void
of_put_barrier_reply(struct buf *out, uint32_t xid)
{
    put_small(out, OFPT_BARRIER_REPLY, xid, NULL, 0);
}

void
of_put_features_request(struct buf *out, uint32_t xid)
{
    put_small(out, OFPT_FEATURES_REQUEST, xid, NULL, 0);
}

/* Decoders of small messages are given one of the right kind, whose least size of_msg_parse() has checked. */
static struct err *
check_kind(const struct of_msg *msg, enum of_kind kind)
{
    return msg->kind == kind ? NULL : err_new("%s is not a %s", of_kind_name(msg->kind), of_kind_name(kind));
}

struct err *
of_features_decode(const struct of_msg *msg, struct of_features *ret)
{
    struct err *e = check_kind(msg, OF_FEATURES_REPLY);
    const uint8_t *p = (const uint8_t *) msg->body.s;
    if (!e) {
        *ret = (struct of_features) {
            .datapath_id = get_be64(p), .n_buffers = get_be32(p + 8), .n_tables = p[12],
            .auxiliary_id = p[13],
            .capabilities = get_be32(p + 16),
        };
    }
    return e;
}

void
of_put_set_config(struct buf *out, uint32_t xid, uint16_t miss_send_len)
{
    uint8_t body[4] = {0};
    put_be16(body + 2, miss_send_len);
    put_small(out, OFPT_SET_CONFIG, xid, body, sizeof body);
}

void
of_put_role_request(struct buf *out, uint32_t xid, const struct of_role_msg *role)
{
    uint8_t body[16] = {0};
    put_be32(body, role->role);
    put_be64(body + 8, role->generation_id);
    put_small(out, OFPT_ROLE_REQUEST, xid, body, sizeof body);
}

struct err *
of_role_decode(const struct of_msg *msg, struct of_role_msg *ret)
{
    if (msg->kind != OF_ROLE_REQUEST && msg->kind != OF_ROLE_REPLY) {
        return check_kind(msg, OF_ROLE_REPLY);
    }
    uint32_t role = get_be32(msg->body.s);
    if (role > OF_ROLE_SECONDARY) {
        return err_new("unknown role %u", role);
    }
    *ret = (struct of_role_msg) {.role = (enum of_role) role, .generation_id = get_be64(msg->body.s + 8)};
    return NULL;
}

void
of_put_set_async(struct buf *out, uint32_t xid, const struct of_async *async)
{
    /* The odd types are those of a primary or equal controller (OpenFlow 1.5, section 7.3.10). */
    const uint32_t masks[] = {async->packet_in, async->port_status, async->flow_removed};
    size_t start = of_msg_begin(out, OFPT_SET_ASYNC, xid);
    for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
        uint8_t property[8];
        put_be16(property, (uint16_t) (2 * i + 1));
        put_be16(property + 2, sizeof property);
        put_be32(property + 4, masks[i]);
        buf_put(out, property, sizeof property);
    }
    (void) of_msg_end(out, start);
}

void
of_put_set_packet_in_format(struct buf *out, uint32_t xid, uint32_t format)
{
    uint8_t body[4];
    put_be32(body, format);
    put_small_nx(out, NXT_SET_PACKET_IN_FORMAT, xid, body, sizeof body);
}

void
of_put_set_controller_id(struct buf *out, uint32_t xid, uint16_t id)
{
    uint8_t body[8] = {0};
    put_be16(body + 6, id);
    put_small_nx(out, NXT_SET_CONTROLLER_ID, xid, body, sizeof body);
}

void
of_put_ct_flush_zone(struct buf *out, uint32_t xid, uint16_t zone)
{
    uint8_t body[8] = {0};
    put_be16(body + 6, zone);
    put_small_nx(out, NXT_CT_FLUSH_ZONE, xid, body, sizeof body);
}

void
of_put_tlv_table_mod(struct buf *out, uint32_t xid, uint16_t command, const struct of_tlv_map *maps, size_t n)
{
    size_t start = of_nx_msg_begin(out, NXT_TLV_TABLE_MOD, xid);
    uint8_t header[8] = {0};
    put_be16(header, command);
    buf_put(out, header, sizeof header);
    for (size_t i = 0; i < n; i++) {
        uint8_t map[8] = {0};
        put_be16(map, maps[i].option_class);
        map[2] = maps[i].option_type;
        map[3] = maps[i].option_length;
        put_be16(map + 4, maps[i].index);
        buf_put(out, map, sizeof map);
    }
    (void) of_msg_end(out, start);
}

void
of_put_tlv_table_request(struct buf *out, uint32_t xid)
{
    put_small_nx(out, NXT_TLV_TABLE_REQUEST, xid, NULL, 0);
}

struct err *
of_tlv_table_decode(const struct of_msg *msg, struct of_tlv_table *ret)
{
    struct err *e = check_kind(msg, OF_NX_TLV_TABLE_REPLY);
    if (e) {
        return e;
    }
    const uint8_t *p = (const uint8_t *) msg->body.s;
    size_t n = (msg->body.n - 16) / 8;
    if (n > OF_TLV_MAPS_MAX || (msg->body.n - 16) % 8) {
        return err_new("TLV table of %zu bytes", msg->body.n);
    }
    *ret = (struct of_tlv_table) {.max_option_space = get_be32(p), .max_fields = get_be16(p + 4), .n_maps = n};
    p += 16;
    for (size_t i = 0; i < n; i++, p += 8) {
        ret->maps[i] = (struct of_tlv_map) {get_be16(p), p[2], p[3], get_be16(p + 4)};
    }
    return NULL;
}

void
of_put_bundle_control(struct buf *out, uint32_t xid, const struct of_bundle *bundle)
{
    uint8_t body[8];
    put_be32(body, bundle->id);
    put_be16(body + 4, bundle->type);
    put_be16(body + 6, bundle->flags);
    put_small(out, OFPT_BUNDLE_CONTROL, xid, body, sizeof body);
}

struct err *
of_bundle_decode(const struct of_msg *msg, struct of_bundle *ret)
{
    struct err *e = check_kind(msg, OF_BUNDLE_CONTROL);
    if (!e) {
        const char *p = msg->body.s;
        *ret = (struct of_bundle) {.id = get_be32(p), .type = get_be16(p + 4), .flags = get_be16(p + 6)};
    }
    return e;
}

size_t
of_bundle_add_begin(struct buf *out, uint32_t xid, uint32_t bundle_id, uint16_t flags)
{
    size_t start = of_msg_begin(out, OFPT_BUNDLE_ADD_MESSAGE, xid);
    uint8_t header[8] = {0};
    put_be32(header, bundle_id);
    put_be16(header + 6, flags);
    buf_put(out, header, sizeof header);
    return start;
}

bool
of_bundle_add_end(struct buf *out, size_t start)
{
    if (out->size <= start + BUNDLE_ADD_HEADER_SIZE) {
        buf_truncate(out, start);                            /* what was to be added did not fit */
        return false;
    }
    return of_msg_end(out, start);
}

struct err *
of_bundle_add_decode(const struct of_msg *msg, uint32_t *ret_bundle_id, struct of_msg *ret_inner)
{
    struct err *e = check_kind(msg, OF_BUNDLE_ADD);
    if (e) {
        return e;
    }
    /* Behind the inner message there may be padding and properties. */
    const char *inner = msg->body.s + 8;
    size_t n = msg->body.n - 8, length = 0;
    e = of_frame(inner, n, &length);
    if (!e && length > n) {
        e = err_new("the message in a bundle is cut short");
    }
    e = e ? e : of_msg_parse(inner, length, ret_inner);
    if (!e && ret_inner->kind == OF_BUNDLE_ADD) {
        e = err_new("a bundle message in a bundle");
    }
    if (!e) {
        *ret_bundle_id = get_be32(msg->body.s);
    }
    return e;
}
