/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NBCTL_NBCTL_H
#define WEFT_NBCTL_NBCTL_H

/* What: what the commands of nbctl share: finding switches, routers and ports by name or uuid.
 * Why: names, messages and guards are the same in each command; a command's file holds only what it does. */

#include "lib/packet/addr.h"
#include "ovsdb/ctl/ctl.h"

/* A kind of named row, in the words of messages. */
struct nb_kind {
    const char *table;
    const char *noun;                                        /* "switch": "x: switch name not found" */
    const char *plural;                                      /* "logical switches": "Multiple ... named 'x'." */
};
extern const struct nb_kind nb_switch, nb_router, nb_switch_port, nb_router_port, nb_port_group;

/* The row of 'kind' that 'id', a name or a uuid, stands for, with the columns named in 'columns' (separated by spaces).
 * None: NULL in '*ret' if 'may_be_missing', else an error; several: an error. */
struct err *nb_find(struct ctl_context *ctx, const struct nb_kind *kind, const char *id, bool may_be_missing,
                    const char *columns, struct ws_row **ret) MUST_USE;
/* As nb_find(), missing being fine with --if-exists. */
struct err *nb_find_arg(struct ctl_context *ctx, const struct nb_kind *kind, const char *id, const char *columns,
                        struct ws_row **ret) MUST_USE;
/* The row of 'table' whose 'column', a set of references, has 'target'; an error if there is none. */
struct err *nb_find_parent(struct ctl_context *ctx, const struct nb_kind *kind, const char *column,
                           const struct ws_row *target, const char *columns, struct ws_row **ret) MUST_USE;
/* The rows that 'column' of 'row' (which is fetched, and guarded) refers to, with 'columns'. */
struct err *nb_fetch_refs(struct ctl_context *ctx, struct ws_row *row, const char *column, const char *columns,
                          struct ws_rows *ret) MUST_USE;
/* The same, the reference column being fetched here and not guarded: for output. */
struct err *nb_peek_refs(struct ctl_context *ctx, struct ws_row *row, const char *column, const char *columns,
                         struct ws_rows *ret) MUST_USE;

/* Sorts by column "name", then uuid. */
void nb_sort_by_name(struct ws_rows *rows);
/* Prints "UUID (NAME)" for each row, sorted by name. */
void nb_print_names(struct ctl_context *ctx, struct ws_rows *rows);

/* "enabled" and "disabled". */
struct err *nb_parse_enabled(const char *text, bool *ret) MUST_USE;
struct err *nb_set_enabled(struct ctl_context *ctx, const struct nb_kind *kind) MUST_USE;
struct err *nb_get_enabled(struct ctl_context *ctx, const struct nb_kind *kind) MUST_USE;
/* Makes the map 'column' of 'row' hold the "KEY=VALUE" arguments from 'argv[first]' on: the first of each key counts. */
void nb_set_options(struct ctl_context *ctx, struct ws_row *row, const char *column, int first);
/* Prints the map 'column' as "KEY=VALUE" lines. */
void nb_print_options(struct ctl_context *ctx, const struct ws_row *row, const char *column);

/* Six groups of one or two hex digits with colons between, after white space; what follows does not matter. */
bool nb_starts_with_mac(const char *text);
bool nb_parse_mac(const char *text, struct eth_addr *ret);   /* the same, the whole of 'text' */
/* The canonical text of an address prefix without its host bits; NULL if 'text' is none.  The caller frees it. */
char *nb_normalize_prefix(const char *text) MUST_USE;
char *nb_normalize_ip(const char *text) MUST_USE;            /* the same for an address without a mask */

/* 0 to 32767. */
struct err *nb_parse_priority(const char *text, int64_t *ret) MUST_USE;

extern const char nbctl_help[];
extern const struct ctl_command_def show_commands[], switch_commands[], port_commands[], router_commands[],
    router_port_commands[], route_commands[], rule_commands[], nat_commands[], policy_commands[], lb_commands[],
    group_commands[], meter_commands[], dhcp_commands[], mirror_commands[], fwd_group_commands[];

#endif
