/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/dirs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"

static const char *
from_environment(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);
    return value && *value ? value : otherwise;
}

/* Whether the program goes by a name of Open vSwitch's, such as ovsdb-server. */
static bool
is_of_ovs(void)
{
    return !strncmp(program_invocation_short_name, "ovs", 3);
}

const char *
dirs_run(void)
{
    return is_of_ovs() ? dirs_ovs_run() : from_environment("OVN_RUNDIR", RUNDIR);
}

const char *
dirs_log(void)
{
    return is_of_ovs() ? from_environment("OVS_LOGDIR", "/var/log/openvswitch") : from_environment("OVN_LOGDIR", LOGDIR);
}

const char *
dirs_ovs_run(void)
{
    return from_environment("OVS_RUNDIR", "/var/run/openvswitch");
}

const char *
dirs_ovs_db(void)
{
    static char *below;
    if (!below) {
        below = xasprintf("%s/openvswitch", from_environment("OVS_SYSCONFDIR", "/etc"));
    }
    return from_environment("OVS_DBDIR", below);
}

char *
dirs_absolute(const char *path)
{
    char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
    char *absolute = folder ? xasprintf("%s/%s", folder, path) : xstrdup(path);
    free(folder);
    return absolute;
}
