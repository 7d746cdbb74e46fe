/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_actions.h"
#include "lib/openflow/of_flow.h"
#include "lib/openflow/of_group.h"
#include "lib/openflow/of_msg.h"
#include "lib/openflow/of_packet.h"

static struct err *print_msg(const void *p, size_t n, struct buf *out);

static struct err *
print_error_msg(const struct of_msg *msg, struct buf *out)
{
    struct of_error error;
    struct err *e = of_error_decode(msg, &error);
    if (!e) {
        buf_putc(out, ' ');
        of_error_print(&error, out);
    }
    return e;
}

static struct err *
print_hello(const struct of_msg *msg, struct buf *out)
{
    uint32_t versions;
    struct err *e = of_hello_decode(msg, &versions);
    if (!e) {
        buf_printf(out, " versions=0x%x", versions);
    }
    return e;
}

static struct err *
print_features(const struct of_msg *msg, struct buf *out)
{
    struct of_features features;
    struct err *e = of_features_decode(msg, &features);
    if (!e) {
        buf_printf(out, " dpid=%016llx n_tables=%u", (unsigned long long) features.datapath_id,
                   features.n_tables);
    }
    return e;
}

static struct err *
print_flow_mod(const struct of_msg *msg, struct buf *out)
{
    struct of_flow_mod fm;
    struct err *e = of_flow_mod_decode(msg, &fm);
    if (!e) {
        buf_putc(out, ' ');
        of_flow_mod_print(&fm, out);
        of_match_fini(&fm.match);
    }
    return e;
}

static struct err *
print_flow_desc(const struct of_msg *msg, struct buf *out)
{
    for (struct str p = msg->body; p.n;) {
        struct of_flow_desc desc;
        struct err *e = of_flow_desc_pull(&p, &desc);
        if (e) {
            return e;
        }
        buf_puts(out, "\n ");
        of_flow_desc_print(&desc, out);
        of_match_fini(&desc.match);
    }
    return NULL;
}

static struct err *
print_flow_removed(const struct of_msg *msg, struct buf *out)
{
    struct of_flow_removed removed;
    struct err *e = of_flow_removed_decode(msg, &removed);
    if (!e) {
        buf_printf(out, " reason=%u table=%u,priority=%u ", removed.reason, removed.table_id,
                   removed.priority);
        of_match_print(&removed.match, out);
        of_match_fini(&removed.match);
    }
    return e;
}

static struct err *
print_group_mod(const struct of_msg *msg, struct buf *out)
{
    struct of_group group;
    enum of_group_command command;
    uint32_t command_bucket;
    struct err *e = of_group_mod_decode(msg, &command, &command_bucket, &group);
    if (!e) {
        buf_printf(out, " command=0x%x,command_bucket=0x%x ", command, command_bucket);
        of_group_print(&group, out);
        of_group_fini(&group);
    }
    return e;
}

static struct err *
print_group_desc(const struct of_msg *msg, struct buf *out)
{
    for (struct str p = msg->body; p.n;) {
        struct of_group group;
        struct err *e = of_group_pull(&p, &group);
        if (e) {
            return e;
        }
        buf_puts(out, "\n ");
        of_group_print(&group, out);
        of_group_fini(&group);
    }
    return NULL;
}

static struct err *
print_meter_mod(const struct of_msg *msg, struct buf *out)
{
    struct of_meter meter;
    enum of_meter_command command;
    struct err *e = of_meter_mod_decode(msg, &command, &meter);
    if (!e) {
        buf_printf(out, " command=%u ", command);
        of_meter_print(&meter, out);
    }
    return e;
}

static struct err *
print_meters(const struct of_msg *msg, struct buf *out)
{
    for (struct str p = msg->body; p.n;) {
        struct of_meter meter;
        struct err *e = of_meter_pull(&p, &meter);
        if (e) {
            return e;
        }
        buf_puts(out, "\n ");
        of_meter_print(&meter, out);
    }
    return NULL;
}

static void
print_port(const struct of_port *port, struct buf *out)
{
    of_port_print(port->port, out);
    buf_printf(out, "(");
    buf_put_json_string(out, str_from(port->name));
    buf_printf(out, ") addr=%s config=0x%x state=0x%x", eth_addr_text(port->hw_addr).s, port->config,
               port->state);
}

static struct err *
print_ports(const struct of_msg *msg, struct buf *out)
{
    for (struct str p = msg->body; p.n;) {
        struct of_port port;
        struct err *e = of_port_pull(&p, &port);
        if (e) {
            return e;
        }
        buf_puts(out, "\n ");
        print_port(&port, out);
    }
    return NULL;
}

static struct err *
print_port_status(const struct of_msg *msg, struct buf *out)
{
    struct of_port port;
    uint8_t reason;
    struct err *e = of_port_status_decode(msg, &reason, &port);
    if (!e) {
        buf_printf(out, " reason=%u ", reason);
        print_port(&port, out);
    }
    return e;
}

static struct err *
print_packet_in(const struct of_msg *msg, struct buf *out)
{
    struct of_packet_in pin;
    struct err *e = of_packet_in_decode(msg, &pin);
    if (!e) {
        buf_printf(out, " table=%u reason=%u cookie=0x%llx length=%zu/%u userdata=%zu continuation=%zu ",
                   pin.table_id,
                   pin.reason, (unsigned long long) pin.cookie, pin.packet.n, pin.full_length, pin.userdata.n,
                   pin.continuation.n);
        of_match_print(&pin.metadata, out);
        of_packet_in_fini(&pin);
    }
    return e;
}

static struct err *
print_packet_out(const struct of_msg *msg, struct buf *out)
{
    struct of_packet_out_decoded po;
    struct err *e = of_packet_out_decode(msg, &po);
    if (!e) {
        buf_printf(out, " length=%zu ", po.packet.n);
        of_match_print(&po.metadata, out);
        buf_puts(out, " actions=");
        of_actions_print(po.actions.s, po.actions.n, out);
        of_match_fini(&po.metadata);
    }
    return e;
}

static struct err *
print_tlv_table(const struct of_msg *msg, struct buf *out)
{
    struct of_tlv_table table;
    struct err *e = of_tlv_table_decode(msg, &table);
    for (size_t i = 0; !e && i < table.n_maps; i++) {
        const struct of_tlv_map *map = &table.maps[i];
        buf_printf(out, "\n class=0x%x type=0x%x length=%u tun_metadata%u", map->option_class,
                   map->option_type,
                   map->option_length, map->index);
    }
    return e;
}

static struct err *
print_role(const struct of_msg *msg, struct buf *out)
{
    struct of_role_msg role;
    struct err *e = of_role_decode(msg, &role);
    if (!e) {
        buf_printf(out, " role=%u generation=%llu", role.role, (unsigned long long) role.generation_id);
    }
    return e;
}

static struct err *
print_bundle_control(const struct of_msg *msg, struct buf *out)
{
    struct of_bundle bundle;
    struct err *e = of_bundle_decode(msg, &bundle);
    if (!e) {
        buf_printf(out, " id=%u type=%u flags=0x%x", bundle.id, bundle.type, bundle.flags);
    }
    return e;
}

static struct err *
print_bundle_add(const struct of_msg *msg, struct buf *out)
{
    struct of_msg inner;
    uint32_t id;
    struct err *e = of_bundle_add_decode(msg, &id, &inner);
    if (!e) {
        buf_printf(out, " id=%u: ", id);
        e = print_msg(inner.whole.s, inner.whole.n, out);
    }
    return e;
}

typedef struct err *print_cb(const struct of_msg *msg, struct buf *out);
static print_cb *const printers[] = {                        /* those without content print their name only */
    [OF_HELLO] = print_hello,
    [OF_ERROR] = print_error_msg,
    [OF_FEATURES_REPLY] = print_features,
    [OF_FLOW_REMOVED] = print_flow_removed,
    [OF_PORT_STATUS] = print_port_status,
    [OF_PACKET_OUT] = print_packet_out,
    [OF_FLOW_MOD] = print_flow_mod,
    [OF_GROUP_MOD] = print_group_mod,
    [OF_METER_MOD] = print_meter_mod,
    [OF_ROLE_REQUEST] = print_role,
    [OF_ROLE_REPLY] = print_role,
    [OF_BUNDLE_CONTROL] = print_bundle_control,
    [OF_BUNDLE_ADD] = print_bundle_add,
    [OF_FLOW_DESC_REPLY] = print_flow_desc,
    [OF_GROUP_DESC_REPLY] = print_group_desc,
    [OF_METER_CONFIG_REPLY] = print_meters,
    [OF_PORT_DESC_REPLY] = print_ports,
    [OF_NX_TLV_TABLE_REPLY] = print_tlv_table,
    [OF_NX_RESUME] = print_packet_in,
    [OF_NX_PACKET_IN2] = print_packet_in,
};

static struct err *
print_msg(const void *p, size_t n, struct buf *out)
{
    struct of_msg msg;
    struct err *e = of_msg_parse(p, n, &msg);
    if (e) {
        return e;
    }
    buf_printf(out, "%s (xid=0x%x)%s", of_kind_name(msg.kind), msg.xid, msg.more ? " more" : "");
    if ((size_t) msg.kind < ARRAY_SIZE(printers) && printers[msg.kind]) {
        return printers[msg.kind](&msg, out);
    } else if (msg.kind == OF_UNKNOWN) {
        buf_printf(out, " type=%u", msg.type);
    }
    return NULL;
}

void
of_msg_print(const void *p, size_t n, struct buf *out)
{
    struct err *e = print_msg(p, n, out);
    if (e) {
        buf_printf(out, " ***%s***", err_detail(e));
        err_free(e);
    }
}
