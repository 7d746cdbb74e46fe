/* SPDX-License-Identifier: Apache-2.0 */
/* The integration bridge, and its tunnels to the other chassis: rows of the local Open_vSwitch database. */
#include <config.h>

#include <string.h>

#include "controller/binding.h"
#include "controller/config.h"
#include "controller/zones.h"
#include "lib/base/mem.h"

struct zone_pairs {
    struct derive *d;
    struct desired *r;
};

static void
put_zone(void *pairs_, const char *name, uint32_t zone)
{
    const struct zone_pairs *pairs = pairs_;
    desired_own_pair(pairs->r, VSWITCH_BRIDGE_EXTERNAL_IDS, arena_printf(run_arena(pairs->d), "ct-zone-%s", name),
                     arena_printf(run_arena(pairs->d), "%u", zone));
}

/* The conntrack zones, so that they survive a restart; and none of those that are given up. */
static void
put_zones(struct derive *d, struct desired *r, const struct row *row)
{
    static const char prefix[] = "ct-zone-";
    const struct controller *c = controller_of(d);
    const struct datum *ids = row ? vswitch_bridge_external_ids(d, vswitch_bridge(row)) : NULL;

    for (enum zone_kind kind = 0; kind < N_ZONE_KINDS; kind++) {
        size_t n;
        const uint64_t *rows = derive_members(d, C_ZONES, kind, &n);
        for (size_t i = 0; i < n; i++) {
            zone_of(d, kind, (uint32_t) rows[i]);            /* read: what zones_for_each() says depends on it */
        }
    }
    for (uint32_t i = 0; ids && i < ids->n; i++) {
        const char *name = datum_keys(ids)[i].string->text;
        if (!strncmp(name, prefix, sizeof prefix - 1) && !zones_has(c->zones, name + sizeof prefix - 1)) {
            desired_own_pair(r, VSWITCH_BRIDGE_EXTERNAL_IDS, name, NULL);
        }
    }
    struct zone_pairs pairs = {d, r};
    zones_for_each(c->zones, put_zone, &pairs);
}

void
derive_bridge(struct derive *d, uint64_t key UNUSED)
{
    const char *name = config(d, CONFIG_BRIDGE);
    struct controller *c = controller_of(d);
    struct desired *scratch = &c->desired;
    char *bridge = arena_strdup(run_arena(d), name);

    if (!config(d, CONFIG_SYSTEM_ID)) {
        return;
    }
    const struct row *row = replica_find_string(d, c->ovs, c->indexes[IX_BRIDGE_BY_NAME], bridge);
    const char *type = config(d, CONFIG_DATAPATH_TYPE);
    if (!*type && row) {                                     /* unset, it is the operator's */
        type = vswitch_bridge_datapath_type(d, vswitch_bridge(row));
    }
    struct desired *r = desired_begin(scratch, VSWITCH_TABLE_BRIDGE, str_from(bridge));
    desired_string(r, VSWITCH_BRIDGE_NAME, bridge);
    desired_string(r, VSWITCH_BRIDGE_FAIL_MODE, "secure");
    desired_string(r, VSWITCH_BRIDGE_DATAPATH_TYPE, type);
    desired_own_pair(r, VSWITCH_BRIDGE_OTHER_CONFIG, "disable-in-band", "true");
    put_zones(d, r, row);
    desired_emit(r, d, S_OVS_ROW);
    desired_emit_member(scratch, d, S_OVS_MEMBER, VSWITCH_TABLE_OPEN_VSWITCH, str_from(""),
                        VSWITCH_OPEN_VSWITCH_BRIDGES, VSWITCH_TABLE_BRIDGE, str_from(bridge));
}

/* --- Tunnels --- */

struct encap {
    const char *type, *ip;
    const struct datum *options;
};

/* What we can speak, in the order we prefer it: the first type that both ends have. */
static bool
find_encap(struct derive *d, const struct sb_chassis *chassis, struct encap *ret)
{
    const struct replica *sb = controller_of(d)->sb;
    const struct datum *encaps = sb_chassis_encaps(d, chassis);
    const char *types = config(d, CONFIG_ENCAP_TYPE);
    struct str list = str_from(types ? types : "");

    while (list.s) {
        struct str type = str_trim(str_cut(&list, ","));
        const struct sb_encap *best = NULL;
        for (uint32_t i = 0; i < encaps->n; i++) {
            const struct sb_encap *encap = sb_encap_by_uuid(d, sb, &datum_keys(encaps)[i].uuid);
            if (encap && str_is(type, sb_encap_type(d, encap))
                && (!best || strcmp(sb_encap_ip(d, encap), sb_encap_ip(d, best)) < 0)) {
                best = encap;
            }
        }
        if (best) {
            *ret = (struct encap) {sb_encap_type(d, best), sb_encap_ip(d, best), sb_encap_options(d, best)};
            return true;
        }
    }
    return false;
}

/* Chassis that share no transport zone do not tunnel to each other; without zones all do. */
static bool
shares_transport_zone(struct derive *d, const struct sb_chassis *chassis)
{
    const struct datum *theirs = sb_chassis_transport_zones(d, chassis);
    struct str list = str_from(config(d, CONFIG_TRANSPORT_ZONES));
    bool have_ours = false;
    while (list.s) {
        struct str zone = str_trim(str_cut(&list, ","));
        have_ours |= zone.n > 0;
        for (uint32_t i = 0; i < theirs->n; i++) {
            if (zone.n && str_is(zone, datum_keys(theirs)[i].string->text)) {
                return true;
            }
        }
    }
    return !have_ours && !theirs->n;
}

/* "ovn-CHASSIS-0", cut to what an interface's name can hold. */
static char *
tunnel_name(struct arena *a, const char *chassis)
{
    enum { NAME_LENGTH = 15, FIXED = sizeof "ovn--0" - 1 };
    size_t n = strlen(chassis);
    if (n <= NAME_LENGTH - FIXED) {
        return arena_printf(a, "ovn-%s-0", chassis);
    }
    struct uuid hash = uuid_from_content(chassis, n);        /* long names must stay different */
    return arena_printf(a, "ovn-%.3s%02x%02x%02x-0", chassis, hash.b[0], hash.b[1], hash.b[2]);
}

static void
put_options(struct derive *d, struct desired *r, const struct encap *encap)
{
    const char *csum = datum_get_string(encap->options, "csum");
    const char *tos = config(d, CONFIG_ENCAP_TOS);

    desired_pair(r, VSWITCH_INTERFACE_OPTIONS, "remote_ip", encap->ip);
    desired_pair(r, VSWITCH_INTERFACE_OPTIONS, "key", "flow");
    desired_pair(r, VSWITCH_INTERFACE_OPTIONS, "csum", csum ? csum : "false");
    if (tos) {
        desired_pair(r, VSWITCH_INTERFACE_OPTIONS, "tos", tos);
    }
}

void
derive_tunnels(struct derive *d, uint64_t key)
{
    const struct row *row = replica_row_by_id(controller_of(d)->sb, SB_TABLE_CHASSIS, (uint32_t) key);
    const struct sb_chassis *chassis = sb_chassis(row);
    const char *id = config(d, CONFIG_SYSTEM_ID);
    const char *other = sb_chassis_name(d, chassis);
    struct desired *scratch = &controller_of(d)->desired;
    struct encap encap;

    if (!id || !strcmp(id, other) || !shares_transport_zone(d, chassis) || !find_encap(d, chassis, &encap)) {
        return;
    }
    char *name = tunnel_name(run_arena(d), other);
    char *bridge = arena_strdup(run_arena(d), config(d, CONFIG_BRIDGE));

    struct desired *r = desired_begin(scratch, VSWITCH_TABLE_INTERFACE, str_from(name));
    desired_string(r, VSWITCH_INTERFACE_NAME, name);
    desired_string(r, VSWITCH_INTERFACE_TYPE, encap.type);
    put_options(d, r, &encap);
    desired_emit(r, d, S_OVS_ROW);

    r = desired_begin(scratch, VSWITCH_TABLE_PORT, str_from(name));
    desired_string(r, VSWITCH_PORT_NAME, name);
    desired_ref(r, VSWITCH_PORT_INTERFACES, VSWITCH_TABLE_INTERFACE, str_from(name));
    desired_pair(r, VSWITCH_PORT_EXTERNAL_IDS, "ovn-chassis-id", arena_printf(run_arena(d), "%s@%s", other, encap.ip));
    desired_emit(r, d, S_OVS_ROW);

    desired_emit_member(scratch, d, S_OVS_MEMBER, VSWITCH_TABLE_BRIDGE, str_from(bridge), VSWITCH_BRIDGE_PORTS,
                        VSWITCH_TABLE_PORT, str_from(name));
}
