/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nbctl/nbctl.h"
#include "nbctl/top.h"

/* lr-add, lr-del, lr-list. */

static struct err *
cmd_lr_add(struct ctl_context *ctx)
{
    return nb_top_add(ctx, &nb_router);
}

static struct err *
cmd_lr_del(struct ctl_context *ctx)
{
    return nb_top_del(ctx, &nb_router);
}

static struct err *
cmd_lr_list(struct ctl_context *ctx)
{
    return nb_top_list(ctx, &nb_router);
}

const struct ctl_command_def router_commands[] = {
    {"lr-add", 0, 1, "[ROUTER]", "--may-exist,--add-duplicate", cmd_lr_add, NULL},
    {"lr-del", 1, 1, "ROUTER", "--if-exists", cmd_lr_del, NULL},
    {"lr-list", 0, 0, "", "", cmd_lr_list, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
