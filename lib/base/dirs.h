/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_DIRS_H
#define WEFT_BASE_DIRS_H

/* What: where things live: run, log and database directories.
 * The environment decides first: OVN_RUNDIR and OVN_LOGDIR for Weft's own daemons; OVS_RUNDIR, OVS_LOGDIR and OVS_DBDIR (or
 * "openvswitch" in OVS_SYSCONFDIR) for the local switch's.  Unset, the defaults of configure and Debian's paths (/var/run/ovn,
 * /var/run/openvswitch, ...).  A program that runs as ovsdb-server or ovsdb-client is looked for where Open vSwitch's are: it
 * has those for run and log.  Strings live for ever. */

const char *dirs_run(void);
const char *dirs_log(void);
const char *dirs_ovs_run(void);
const char *dirs_ovs_db(void);
/* 'path' as seen from the root, for who changes the current folder later.  The caller frees it. */
char *dirs_absolute(const char *path);

#endif
