/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_CONTROLLER_CONFIG_H
#define WEFT_CONTROLLER_CONFIG_H

/* What: the settings of this chassis: external_ids of the Open_vSwitch row, as ovn-controller(8) names them.
 *
 * Why: each key is a small derivation, so that a change of one wakes who reads that one.  A key "KEY-SYSTEM_ID" goes
 * before "KEY", for several controllers on one switch.
 *
 * X(identifier, "key", "default" or NULL). */

#include "controller/controller.h"

#define CONFIG_KEYS(X)                                                                              \
    X(CONFIG_SYSTEM_ID, "system-id", NULL)                                                          \
    X(CONFIG_HOSTNAME, "hostname", "")                                                              \
    X(CONFIG_REMOTE, "ovn-remote", NULL)                                                            \
    X(CONFIG_BRIDGE, "ovn-bridge", "br-int")                                                        \
    X(CONFIG_DATAPATH_TYPE, "ovn-bridge-datapath-type", "")                                         \
    X(CONFIG_BRIDGE_MAPPINGS, "ovn-bridge-mappings", "")                                            \
    X(CONFIG_ENCAP_TYPE, "ovn-encap-type", NULL)                                                    \
    X(CONFIG_ENCAP_IP, "ovn-encap-ip", NULL)                                                        \
    X(CONFIG_ENCAP_CSUM, "ovn-encap-csum", "true")                                                  \
    X(CONFIG_ENCAP_TOS, "ovn-encap-tos", NULL)                                                      \
    X(CONFIG_MONITOR_ALL, "ovn-monitor-all", "false")                                               \
    X(CONFIG_CMS_OPTIONS, "ovn-cms-options", "")                                                    \
    X(CONFIG_CHASSIS_MAC_MAPPINGS, "ovn-chassis-mac-mappings", "")                                  \
    X(CONFIG_IS_INTERCONN, "ovn-is-interconn", "false")                                             \
    X(CONFIG_TRANSPORT_ZONES, "ovn-transport-zones", "")                                            \
    X(CONFIG_REMOTE_PROBE, "ovn-remote-probe-interval", NULL)

enum config_key {
#define X(ID, KEY, DEFAULT) ID,
    CONFIG_KEYS(X)
#undef X
        N_CONFIG_KEYS
};

/* The value, its default, or NULL.  Recorded; valid until the calling derivation returns. */
const char *config(struct derive *d, enum config_key key);
bool config_is_true(struct derive *d, enum config_key key);
/* The same outside of derivations, unrecorded; valid until the replica changes. */
const char *config_peek(const struct controller *c, enum config_key key);

/* The keys and certificates for the Southbound database: those of the switch's SSL table, and 'given' for what is not there
 * (ovn-controller(8): the database goes before the command line).  Unrecorded; valid until the replica changes. */
struct tls_options;
void config_peek_tls(const struct controller *c, const struct tls_options *given, struct tls_options *ret);

#endif
