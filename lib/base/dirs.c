/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/dirs.h"

#include <stdlib.h>

static const char *
from_environment(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);
    return value && *value ? value : otherwise;
}

const char *
dirs_run(void)
{
    return from_environment("OVN_RUNDIR", RUNDIR);
}

const char *
dirs_log(void)
{
    return from_environment("OVN_LOGDIR", LOGDIR);
}

const char *
dirs_db(void)
{
    return from_environment("OVN_DBDIR", DBDIR);
}

const char *
dirs_sysconf(void)
{
    return from_environment("OVN_SYSCONFDIR", SYSCONFDIR);
}

const char *
dirs_pkgdata(void)
{
    return from_environment("OVN_PKGDATADIR", PKGDATADIR);
}

const char *
dirs_ovs_run(void)
{
    return from_environment("OVS_RUNDIR", "/var/run/openvswitch");
}

const char *
dirs_ovs_db(void)
{
    return from_environment("OVS_DBDIR", "/etc/openvswitch");
}
