/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/binding.h"
#include "controller/chassis.h"
#include "controller/config.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

LOG_MODULE(binding);

/* A port bound here, from its claim until its release. */
struct bound_port {
    struct uuid iface;
    struct uuid binding;
    uint64_t flush;                                          /* of the flows that serve it */
    bool is_installed;
    bool is_gone;                                            /* in this wave, unless it came again */
};

struct output {
    struct controller *c;
    struct output_links links;
    struct writer *sb, *ovs;
    struct desired_sync sb_sync, ovs_sync;
    struct strmap ports;                                     /* struct bound_port, by name */
    struct {
        bool is_set;
        int64_t nb_cfg;
        uint64_t flush;
    } pending;
    int64_t nb_cfg, nb_cfg_ms;                               /* done */
    bool is_withdrawing;
};

/* --- What is written --- */

static struct controller *
controller_of_output(void *output_)
{
    return ((struct output *) output_)->c;
}

static const char *
own_name(void *output_)
{
    return config_peek(controller_of_output(output_), CONFIG_SYSTEM_ID);
}

static bool
is_own_name(void *output_, const char *name)
{
    const char *own = own_name(output_);
    return own && !strcmp(own, name);
}

static bool
is_own_encap(void *output_, const struct row *row)
{
    return is_own_name(output_, sb_encap_chassis_name(NULL, sb_encap(row)));
}

static bool
is_own_chassis(void *output_, const struct row *row)
{
    return is_own_name(output_, sb_chassis_name(NULL, sb_chassis(row)));
}

static bool
is_own_private(void *output_, const struct row *row)
{
    return is_own_name(output_, sb_chassis_private_name(NULL, sb_chassis_private(row)));
}

/* Others are bound by somebody else: a virtual port by who answers for it, a vtep port by its gateway. */
static bool
is_claimed_type(const char *type)
{
    static const char *const types[] = {"", "l2gateway", "l3gateway", "chassisredirect", "external"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(type, types[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_own_binding(void *output_, const struct row *row)
{
    const struct sb_chassis *chassis = sb_port_binding_chassis(NULL, sb_port_binding(row));
    return chassis && is_own_name(output_, sb_chassis_name(NULL, chassis))
        && is_claimed_type(sb_port_binding_type(NULL, sb_port_binding(row)));
}

static bool
encap_row_key(void *output_ UNUSED, const struct row *row, struct buf *ret)
{
    const struct sb_encap *encap = sb_encap(row);
    encap_key(ret, str_from(sb_encap_type(NULL, encap)), str_from(sb_encap_ip(NULL, encap)));
    return true;
}

static bool
singleton_key(void *output_ UNUSED, const struct row *row UNUSED, struct buf *ret UNUSED)
{
    return true;
}

/* Tunnels, and patches to the bridges of physical networks. */
static bool
is_own_port(void *output_ UNUSED, const struct row *row)
{
    static const char *const marks[] = {"ovn-chassis-id", "ovn-localnet-port", "ovn-l2gateway-port"};
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        if (vswitch_port_external_ids_get(NULL, vswitch_port(row), marks[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_own_interface(void *output_, const struct row *row)
{
    const struct controller *c = controller_of_output(output_);
    const struct row *port = replica_find_uuid(NULL, c->ovs, c->indexes[IX_PORT_BY_IFACE], &row->uuid);
    return port && is_own_port(output_, port);
}

static bool
is_nobodys(void *output_ UNUSED, const struct row *row UNUSED)
{
    return false;
}

#define COLUMNS(...)                                                                                \
    .columns = (const uint32_t[]) {__VA_ARGS__}, .n_columns = ARRAY_SIZE(((const uint32_t[]) {__VA_ARGS__}))

static const struct writer_table sb_tables[] = {
    {.table = SB_TABLE_ENCAP, .owns = WRITER_ROWS, .key_column = WRITER_KEY_FUNCTION, .key = encap_row_key,
     .is_ours = is_own_encap,
     COLUMNS(SB_ENCAP_TYPE, SB_ENCAP_IP, SB_ENCAP_CHASSIS_NAME, SB_ENCAP_OPTIONS)},
    {.table = SB_TABLE_CHASSIS, .owns = WRITER_ROWS, .key_column = SB_CHASSIS_NAME, .is_ours = is_own_chassis,
     COLUMNS(SB_CHASSIS_NAME, SB_CHASSIS_HOSTNAME, SB_CHASSIS_ENCAPS, SB_CHASSIS_OTHER_CONFIG,
             SB_CHASSIS_TRANSPORT_ZONES)},
    {.table = SB_TABLE_CHASSIS_PRIVATE, .owns = WRITER_ROWS, .key_column = SB_CHASSIS_PRIVATE_NAME,
     .is_ours = is_own_private,
     COLUMNS(SB_CHASSIS_PRIVATE_NAME, SB_CHASSIS_PRIVATE_CHASSIS, SB_CHASSIS_PRIVATE_NB_CFG,
             SB_CHASSIS_PRIVATE_NB_CFG_TIMESTAMP)},
    {.table = SB_TABLE_PORT_BINDING, .owns = WRITER_COLUMNS, .key_column = SB_PORT_BINDING_LOGICAL_PORT,
     .is_ours = is_own_binding, COLUMNS(SB_PORT_BINDING_CHASSIS, SB_PORT_BINDING_UP)},
};

static const struct writer_shared bridge_ports = {VSWITCH_BRIDGE_PORTS, VSWITCH_TABLE_PORT};
static const struct writer_shared root_bridges = {VSWITCH_OPEN_VSWITCH_BRIDGES, VSWITCH_TABLE_BRIDGE};

static const struct writer_table ovs_tables[] = {
    {.table = VSWITCH_TABLE_INTERFACE, .owns = WRITER_ROWS, .key_column = VSWITCH_INTERFACE_NAME,
     .is_ours = is_own_interface,
     COLUMNS(VSWITCH_INTERFACE_NAME, VSWITCH_INTERFACE_TYPE, VSWITCH_INTERFACE_OPTIONS)},
    {.table = VSWITCH_TABLE_PORT, .owns = WRITER_ROWS, .key_column = VSWITCH_PORT_NAME, .is_ours = is_own_port,
     COLUMNS(VSWITCH_PORT_NAME, VSWITCH_PORT_INTERFACES, VSWITCH_PORT_EXTERNAL_IDS)},
    {.table = VSWITCH_TABLE_BRIDGE, .owns = WRITER_ROWS, .key_column = VSWITCH_BRIDGE_NAME, .is_ours = is_nobodys,
     .shared = &bridge_ports,
     COLUMNS(VSWITCH_BRIDGE_NAME, VSWITCH_BRIDGE_FAIL_MODE, VSWITCH_BRIDGE_DATAPATH_TYPE, VSWITCH_BRIDGE_PORTS,
             VSWITCH_BRIDGE_OTHER_CONFIG, VSWITCH_BRIDGE_EXTERNAL_IDS)},
    {.table = VSWITCH_TABLE_OPEN_VSWITCH, .owns = WRITER_COLUMNS, .key_column = WRITER_KEY_FUNCTION, .key = singleton_key,
     .shared = &root_bridges, COLUMNS(VSWITCH_OPEN_VSWITCH_BRIDGES)},
};

/* --- Ports bound here --- */

/* Interface.external_ids:ovn-installed tells whoever plugged the interface in that its traffic flows. */
static void
mark_interface(struct output *output, const struct uuid *iface, bool is_installed, int64_t now_ms)
{
    char text[UUID_LENGTH + 1], stamp[32];
    if (uuid_is_zero(iface)) {
        return;
    }
    snprintf(stamp, sizeof stamp, "%" PRId64, now_ms);
    json_t *gone = json_pack("[s, s, [s, [s, s]]]", "external_ids", "delete", "set", "ovn-installed", "ovn-installed-ts");
    json_t *mutations = json_pack("[o]", gone);
    if (is_installed) {
        json_array_append_new(mutations, json_pack("[s, s, [s, [[s, s], [s, s]]]]", "external_ids", "insert", "map",
                                                   "ovn-installed", "true", "ovn-installed-ts", stamp));
    }
    json_t *op = json_pack("{s: s, s: s, s: [[s, s, [s, s]]], s: o}", "op", "mutate", "table", "Interface", "where",
                           "_uuid", "==", "uuid", uuid_format(iface, text), "mutations", mutations);
    output->links.ovs_link->transact(output->links.ovs_aux, json_pack("[o]", op), NULL, NULL);
}

static void
take_port(struct output *output, const struct derive_output *content)
{
    const struct local_port *local = content->content;
    struct bound_port *port = strmap_get(&output->ports, local->name);
    if (!content->added) {
        if (port && uuid_eq(&port->iface, &local->iface) && uuid_eq(&port->binding, &local->binding)) {
            port->is_gone = true;
        }
        return;
    }
    if (!port) {
        port = xcalloc(1, sizeof *port);
        strmap_set(&output->ports, local->name, port);
        log_info("Claiming lport %s for this chassis.", local->name);
    }
    port->iface = local->iface;
    port->binding = local->binding;
    port->is_gone = false;
    port->is_installed = false;
    port->flush = UINT64_MAX;                                /* not sent yet */
}

/* After a flush: the ports that came are served by it. */
static void
note_flush(struct output *output, uint64_t flush, int64_t now_ms)
{
    STRMAP_FOR_EACH_SAFE (node, &output->ports) {
        struct bound_port *port = node->data;
        if (port->is_gone) {
            log_info("Releasing lport %s", node->key);
            binding_set_installed(output->c, node->key, false);
            mark_interface(output, &port->iface, false, now_ms);
            hmap_remove(&output->ports.map, &node->node);
            free(node->key);
            free(node);
            free(port);
        } else if (port->flush == UINT64_MAX) {
            port->flush = flush;
        }
    }
}

static void
raise_ports(struct output *output, int64_t now_ms)
{
    uint64_t confirmed = flow_sync_confirmed(output->links.flows);
    STRMAP_FOR_EACH (node, &output->ports) {
        struct bound_port *port = node->data;
        if (!port->is_installed && port->flush <= confirmed) {
            port->is_installed = true;
            binding_set_installed(output->c, node->key, true);
            mark_interface(output, &port->iface, true, now_ms);
            log_info("Setting lport %s up in Southbound", node->key);
        }
    }
}

/* --- nb_cfg --- */

static void
put_private(struct output *output)
{
    const char *name = own_name(output);
    if (!name || !config_peek(output->c, CONFIG_ENCAP_IP) || output->is_withdrawing) {
        return;
    }
    struct writer_row *row = writer_put(output->sb, SB_TABLE_CHASSIS_PRIVATE, str_from(name));
    writer_row_string(row, SB_CHASSIS_PRIVATE_NAME, name);
    writer_row_ref(row, SB_CHASSIS_PRIVATE_CHASSIS, SB_TABLE_CHASSIS, str_from(name));
    writer_row_integer(row, SB_CHASSIS_PRIVATE_NB_CFG, output->nb_cfg);
    writer_row_integer(row, SB_CHASSIS_PRIVATE_NB_CFG_TIMESTAMP, output->nb_cfg_ms);
}

static void
advance_sequence(struct output *output, uint64_t flush, int64_t now_ms)
{
    const struct row *row = replica_first(output->c->sb, SB_TABLE_SB_GLOBAL);
    int64_t nb_cfg = row ? sb_sb_global_nb_cfg(NULL, sb_sb_global(row)) : 0;
    if (!output->pending.is_set || nb_cfg != output->pending.nb_cfg) {
        output->pending.is_set = true;
        output->pending.nb_cfg = nb_cfg;
        output->pending.flush = flush;
    }
    if (nb_cfg != output->nb_cfg && flow_sync_confirmed(output->links.flows) >= output->pending.flush) {
        output->nb_cfg = nb_cfg;
        output->nb_cfg_ms = now_ms;
    }
    put_private(output);
}

/* --- Running --- */

static void
take_output(void *output_, const struct derive_output *content)
{
    struct output *output = output_;
    switch ((enum controller_sink) content->sink) {
    case S_FLOW: flow_sync_flow(output->links.flows, content); break;
    case S_GROUP:
        flow_sync_object(output->links.flows, OBJECT_GROUP, content);
        if (!content->added) {
            flows_release_object(output->c, output->c->group_ids, content->content, content->n);
        }
        break;
    case S_METER:
        flow_sync_object(output->links.flows, OBJECT_METER, content);
        if (!content->added) {
            flows_release_object(output->c, output->c->meter_ids, content->content, content->n);
        }
        break;
    case S_SB_ROW: desired_sync_output(&output->sb_sync, output->sb, content); break;
    case S_OVS_ROW: desired_sync_output(&output->ovs_sync, output->ovs, content); break;
    case S_OVS_MEMBER: desired_member_output(output->ovs, content); break;
    case S_LOCAL_PORT: take_port(output, content); break;
    case N_SINKS: CHECK(false);
    }
}

static void
derive_and_take(struct output *output)
{
    static const struct derive_outputs callbacks = {.output = take_output};
    derive_run(output->c->derive);
    derive_take_outputs(output->c->derive, &callbacks, output);
    desired_sync_end(&output->sb_sync);
    desired_sync_end(&output->ovs_sync);
}

void
output_run(struct output *output, int64_t now_ms)
{
    derive_and_take(output);
    uint64_t flush = flow_sync_flush(output->links.flows);
    note_flush(output, flush, now_ms);
    raise_ports(output, now_ms);
    if (derive_is_dirty(output->c->derive)) {
        derive_and_take(output);                             /* of ports that went, or are up */
    }
    advance_sequence(output, flush, now_ms);
    writer_flush(output->sb);
    writer_flush(output->ovs);
}

bool
output_withdraw(struct output *output)
{
    const char *name = own_name(output);
    if (!output->is_withdrawing) {
        output->is_withdrawing = true;
        STRMAP_FOR_EACH (node, &output->ports) {
            writer_remove(output->sb, SB_TABLE_PORT_BINDING, str_from(node->key));
        }
        if (name) {
            writer_remove(output->sb, SB_TABLE_CHASSIS_PRIVATE, str_from(name));
            writer_remove(output->sb, SB_TABLE_CHASSIS, str_from(name));
        }
        writer_flush(output->sb);
    }
    /* Ports and chassis are given up in one transaction. */
    const struct controller *c = output->c;
    return !name || !replica_find_string(NULL, c->sb, c->indexes[IX_CHASSIS_BY_NAME], name);
}

static void
on_progress(void *output_)
{
    struct output *output = output_;
    output->links.progress(output->links.aux);
}

struct output *
output_new(struct controller *c, const struct output_links *links)
{
    static const struct writer_callbacks callbacks = {.progress = on_progress};
    struct output *output = xcalloc(1, sizeof *output);
    output->c = c;
    output->links = *links;
    output->sb = writer_new(c->sb, sb_tables, ARRAY_SIZE(sb_tables), links->sb_link, links->sb_aux, &callbacks, output);
    output->ovs = writer_new(c->ovs, ovs_tables, ARRAY_SIZE(ovs_tables), links->ovs_link, links->ovs_aux, &callbacks,
                             output);
    desired_sync_init(&output->sb_sync);
    desired_sync_init(&output->ovs_sync);
    strmap_init(&output->ports);
    return output;
}

void
output_free(struct output *output)
{
    if (output) {
        strmap_fini_data(&output->ports);
        desired_sync_fini(&output->sb_sync);
        desired_sync_fini(&output->ovs_sync);
        writer_free(output->sb);
        writer_free(output->ovs);
        free(output);
    }
}
