/* SPDX-License-Identifier: Apache-2.0 */
/* This chassis in the Southbound database: its rows of Chassis, Encap and Chassis_Private. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "controller/chassis.h"
#include "controller/config.h"
#include "lib/base/mem.h"

/* Capabilities that northd looks at before it uses what older controllers do not know. */
static const char *const features[] = {
    "ct-no-masked-label", "mac-binding-timestamp", "port-up-notif", "fdb-timestamp", "ls-dpg-column", "ct-commit-nat-v2",
    "ct-commit-to-zone", "ct-next-zone", "ovn-ct-lb-related",
};

struct str
encap_key(struct buf *ret, struct str type, struct str ip)
{
    buf_clear(ret);
    buf_put_str(ret, type);
    buf_putc(ret, ' ');
    buf_put_str(ret, ip);
    return str_n(buf_text(ret), ret->size);
}

/* Calls 'each' for each pair of the types and addresses configured. */
static void
for_each_encap(struct derive *d, void (*each)(struct derive *d, struct str type, struct str ip, void *aux), void *aux)
{
    const char *types = config(d, CONFIG_ENCAP_TYPE), *ips = config(d, CONFIG_ENCAP_IP);
    struct str type_list = str_from(types ? types : "");
    while (type_list.s) {
        struct str type = str_trim(str_cut(&type_list, ","));
        struct str ip_list = str_from(ips ? ips : "");
        while (ip_list.s && type.n) {
            struct str ip = str_trim(str_cut(&ip_list, ","));
            if (ip.n) {
                each(d, type, ip, aux);
            }
        }
    }
}

static void
emit_encap(struct derive *d, struct str type, struct str ip, void *name)
{
    struct buf key = BUF_INIT(1024);
    struct desired *r = desired_begin(&controller_of(d)->desired, SB_TABLE_ENCAP, encap_key(&key, type, ip));
    char *type_text = arena_memdup0(run_arena(d), type.s, type.n), *ip_text = arena_memdup0(run_arena(d), ip.s, ip.n);

    desired_string(r, SB_ENCAP_TYPE, type_text);
    desired_string(r, SB_ENCAP_IP, ip_text);
    desired_string(r, SB_ENCAP_CHASSIS_NAME, name);
    desired_pair(r, SB_ENCAP_OPTIONS, "csum", config_is_true(d, CONFIG_ENCAP_CSUM) ? "true" : "false");
    desired_emit(r, d, S_SB_ROW);
    buf_fini(&key);
}

struct encap_refs {
    struct desired *r;
    struct buf key;
};

static void
add_encap_ref(struct derive *d UNUSED, struct str type, struct str ip, void *refs_)
{
    struct encap_refs *refs = refs_;
    desired_ref(refs->r, SB_CHASSIS_ENCAPS, SB_TABLE_ENCAP, encap_key(&refs->key, type, ip));
}

static void
put_other_config(struct derive *d, struct desired *r)
{
    static const struct {
        const char *name;
        enum config_key key;
    } copied[] = {
        {"datapath-type", CONFIG_DATAPATH_TYPE},
        {"is-interconn", CONFIG_IS_INTERCONN},
        {"ovn-bridge-mappings", CONFIG_BRIDGE_MAPPINGS},
        {"ovn-chassis-mac-mappings", CONFIG_CHASSIS_MAC_MAPPINGS},
        {"ovn-cms-options", CONFIG_CMS_OPTIONS},
        {"ovn-monitor-all", CONFIG_MONITOR_ALL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
        desired_pair(r, SB_CHASSIS_OTHER_CONFIG, copied[i].name, config(d, copied[i].key));
    }
    for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
        desired_pair(r, SB_CHASSIS_OTHER_CONFIG, features[i], "true");
    }
}

static void
put_transport_zones(struct derive *d, struct desired *r)
{
    struct str list = str_from(config(d, CONFIG_TRANSPORT_ZONES));
    while (list.s) {
        struct str zone = str_trim(str_cut(&list, ","));
        if (zone.n) {
            desired_string(r, SB_CHASSIS_TRANSPORT_ZONES, arena_memdup0(run_arena(d), zone.s, zone.n));
        }
    }
}

void
derive_chassis(struct derive *d, uint64_t key UNUSED)
{
    const char *id = config(d, CONFIG_SYSTEM_ID);
    struct encap_refs refs = {.key = BUF_INIT(1024)};

    if (!id || !config(d, CONFIG_ENCAP_TYPE) || !config(d, CONFIG_ENCAP_IP)) {
        return;                                              /* not configured: no chassis */
    }
    char *name = arena_strdup(run_arena(d), id);
    for_each_encap(d, emit_encap, name);

    refs.r = desired_begin(&controller_of(d)->desired, SB_TABLE_CHASSIS, str_from(name));
    desired_string(refs.r, SB_CHASSIS_NAME, name);
    desired_string(refs.r, SB_CHASSIS_HOSTNAME, config(d, CONFIG_HOSTNAME));
    for_each_encap(d, add_encap_ref, &refs);
    put_other_config(d, refs.r);
    put_transport_zones(d, refs.r);
    desired_emit(refs.r, d, S_SB_ROW);
    buf_fini(&refs.key);
}
