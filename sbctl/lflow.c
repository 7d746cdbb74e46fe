/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <ctype.h>

#include "lib/base/log.h"
#include "sbctl/lflow.h"

LOG_MODULE(sbctl);

/* lflow-list, dump-flows, count-flows. */

static const char DATAPATH_COLUMNS[] = "external_ids", GROUP_COLUMNS[] = "datapaths",
                  FLOW_COLUMNS[] = "logical_datapath logical_dp_group pipeline table_id priority match actions external_ids",
                  COUNT_COLUMNS[] = "logical_datapath logical_dp_group pipeline table_id priority external_ids";

/* A logical flow in one datapath: a flow of a datapath group is listed once for each of them. */
struct listed_flow {
    struct ws_row *row;
    struct ws_row *datapath;
    const char *datapath_name;
    bool is_egress;
    int64_t table_id, priority;
};

/* What a command line asks for. */
struct flow_list {
    struct ws_row *datapath;                                 /* only in this one; NULL: in all */
    char **ids;                                              /* only these uuids, or beginnings of some */
    int n_ids;
    VEC(struct listed_flow) flows;
};

uint32_t
sb_uuid_cookie(const struct uuid *uuid)
{
    return (uint32_t) uuid->b[0] << 24 | (uint32_t) uuid->b[1] << 16 | (uint32_t) uuid->b[2] << 8 | uuid->b[3];
}

/* The name that a datapath is sorted by. */
static const char *
datapath_name(const struct ws_row *datapath)
{
    const struct datum *ids = row_peek_named(datapath, "external_ids");
    const char *name = datum_get_string(ids, "name");
    name = name ? name : datum_get_string(ids, "name2");
    return name ? name : "";
}

char *
sb_datapath_label(const struct ws_row *datapath)
{
    const struct datum *ids = row_peek_named(datapath, "external_ids");
    const char *name = datum_get_string(ids, "name"), *name2 = datum_get_string(ids, "name2");
    if (name && name2) {
        return xasprintf("\"%s\" aka \"%s\"", name, name2);
    }
    name = datapath_name(datapath);
    return *name ? xasprintf("\"%s\"", name) : xstrdup("");
}

/* --- Which flows --- */

/* "0x" apart, the text is hex digits and dashes. */
static struct err *
check_flow_id(char **id)
{
    const char *text = *id + (!strncmp(*id, "0x", 2) ? 2 : 0);
    size_t n = strlen(text);
    if (!n || n > UUID_LENGTH || strspn(text, "0123456789abcdefABCDEF-") != n) {
        return err_new("%s is not a UUID or the beginning of a UUID", *id);
    }
    *id = (char *) text;
    return NULL;
}

static bool
is_wanted(const struct flow_list *list, const struct ws_row *row)
{
    char text[UUID_LENGTH + 1];
    uuid_format(row_uuid(row), text);
    for (int i = 0; i < list->n_ids; i++) {
        if (!strncasecmp(text, list->ids[i], strlen(list->ids[i]))) {
            return true;
        }
    }
    return !list->n_ids;
}

/* Reads "[DATAPATH] [LFLOW]...": the first argument is a flow if no datapath is named so. */
static struct err *
parse_args(struct ctl_context *ctx, struct flow_list *ret)
{
    const struct table *table;
    int first = 1;

    struct err *err = ctl_table(ctx, "Datapath_Binding", &table);
    if (!err && ctx->argc > 1) {
        err = ctl_find_record(ctx, table, ctx->argv[1], true, &ret->datapath);
        first += ret->datapath != NULL;
    }
    if (!err && ret->datapath) {
        err = workset_fetch_row(ctx->ws, ret->datapath, ws_columns(table, DATAPATH_COLUMNS));
    }
    ret->ids = ctx->argv + first;
    ret->n_ids = ctx->argc - first;
    return err;
}

/* --- Fetching --- */

static struct err *
select_by_ref(struct ctl_context *ctx, const struct table *table, const char *column, enum ws_function function,
              const struct uuid *uuid, const char *columns, struct ws_rows *ret)
{
    struct datum value;
    datum_init_uuid(&value, uuid);
    struct ws_condition condition = {table_column(table, column), function, &value};
    struct err *err = condition.column ? workset_select(ctx->ws, table, &condition, 1, ws_columns(table, columns), false, ret)
                                       : NULL;
    datum_fini(&value, (struct datum_type) {ATOM_UUID, ATOM_VOID});
    return err;
}

static void
append_flow(struct flow_list *list, struct ws_row *row, struct ws_row *datapath)
{
    if (is_wanted(list, row)) {
        vec_push(&list->flows, (struct listed_flow) {.row = row, .datapath = datapath, .datapath_name = datapath_name(datapath),
                                                     .is_egress = !strcmp(row_string(row, "pipeline"), "egress"),
                                                     .table_id = row_integer(row, "table_id"),
                                                     .priority = row_integer(row, "priority")});
    }
}

/* The flows of one datapath: its own, and those of the groups it is in. */
static struct err *
fetch_datapath(struct ctl_context *ctx, struct flow_list *list, const char *columns)
{
    const struct table *flows, *groups;
    struct ws_rows rows = {0}, in_groups = {0};

    struct err *err = ctl_table(ctx, "Logical_Flow", &flows);
    if (!err) {
        err = ctl_table(ctx, "Logical_DP_Group", &groups);
    }
    if (!err) {
        err = select_by_ref(ctx, flows, "logical_datapath", WS_EQ, row_uuid(list->datapath), columns, &rows);
    }
    for (size_t i = 0; i < rows.n && !err; i++) {
        append_flow(list, rows.d[i], list->datapath);
    }
    if (!err) {
        err = select_by_ref(ctx, groups, "datapaths", WS_INCLUDES, row_uuid(list->datapath), "", &in_groups);
    }
    for (size_t i = 0; i < in_groups.n && !err; i++) {
        err = select_by_ref(ctx, flows, "logical_dp_group", WS_EQ, row_uuid(in_groups.d[i]), columns, &rows);
        for (size_t j = 0; j < rows.n && !err; j++) {
            append_flow(list, rows.d[j], list->datapath);
        }
    }
    vec_fini(&rows);
    vec_fini(&in_groups);
    return err;
}

/* Adds the flow 'row' for each datapath that 'refs' names. */
static struct err *
append_for_each(struct ctl_context *ctx, struct flow_list *list, struct ws_row *row, const struct datum *refs)
{
    const struct table *table;
    struct ws_rows datapaths = {0};
    struct err *err = ctl_table(ctx, "Datapath_Binding", &table);
    if (!err) {
        err = workset_fetch_refs(ctx->ws, table, refs, ws_columns(table, DATAPATH_COLUMNS), &datapaths);
    }
    for (size_t i = 0; i < datapaths.n && !err; i++) {
        append_flow(list, row, datapaths.d[i]);
    }
    vec_fini(&datapaths);
    return err;
}

static struct err *
fetch_everything(struct ctl_context *ctx, struct flow_list *list, const char *columns)
{
    const struct sb_wanted wanted[] = {{"Datapath_Binding", DATAPATH_COLUMNS}, {"Logical_DP_Group", GROUP_COLUMNS},
                                       {"Logical_Flow", columns}, {NULL, NULL}};
    struct ws_rows rows = {0}, groups = {0};

    struct err *err = sb_prefetch(ctx, wanted);
    if (!err) {
        err = sb_all(ctx, "Logical_Flow", columns, &rows);
    }
    for (size_t i = 0; i < rows.n && !err; i++) {
        struct ws_row *row = rows.d[i];
        err = append_for_each(ctx, list, row, row_peek_named(row, "logical_datapath"));
        const struct column *column = table_column(row_table(row), "logical_dp_group");
        if (!err && column && row_peek(row, column)->n) {
            const struct table *table = column->type.key.ref_table;
            err = workset_fetch_refs(ctx->ws, table, row_peek(row, column), ws_columns(table, GROUP_COLUMNS), &groups);
            if (!err && groups.n) {
                err = append_for_each(ctx, list, row, row_peek_named(groups.d[0], "datapaths"));
            }
        }
    }
    vec_fini(&rows);
    vec_fini(&groups);
    return err;
}

static int
compare_flows(const void *a_, const void *b_)
{
    const struct listed_flow *a = a_, *b = b_;
    int cmp = a->datapath == b->datapath ? 0 : strcmp(a->datapath_name, b->datapath_name);
    if (!cmp && a->datapath != b->datapath) {
        cmp = uuid_cmp(row_uuid(a->datapath), row_uuid(b->datapath));
    }
    if (!cmp) {
        cmp = a->is_egress - b->is_egress;
    }
    if (!cmp) {
        cmp = (a->table_id > b->table_id) - (a->table_id < b->table_id);
    }
    return cmp ? cmp : (a->priority < b->priority) - (a->priority > b->priority);
}

/* Sorts flows that are to be printed, also by match, actions, and uuid at last. */
static int
compare_texts(const void *a_, const void *b_)
{
    const struct listed_flow *a = a_, *b = b_;
    int cmp = compare_flows(a, b);
    if (!cmp) {
        cmp = strcmp(row_string(a->row, "match"), row_string(b->row, "match"));
    }
    if (!cmp) {
        cmp = strcmp(row_string(a->row, "actions"), row_string(b->row, "actions"));
    }
    return cmp ? cmp : uuid_cmp(row_uuid(a->row), row_uuid(b->row));
}

static struct err *
fetch_flows(struct ctl_context *ctx, struct flow_list *list, const char *columns,
            int (*compare)(const void *, const void *))
{
    struct err *err = list->datapath ? fetch_datapath(ctx, list, columns) : fetch_everything(ctx, list, columns);
    if (!err && list->flows.n) {
        qsort(list->flows.d, list->flows.n, sizeof *list->flows.d, compare);
    }
    return err;
}

/* --- Printing --- */

/* Does 'b' begin a new datapath or pipeline after 'a' (NULL at the start)? */
static bool
is_new_pipeline(const struct listed_flow *a, const struct listed_flow *b)
{
    return !a || a->datapath != b->datapath || a->is_egress != b->is_egress;
}

static void
put_pipeline(struct buf *out, const struct listed_flow *flow)
{
    char *label = sb_datapath_label(flow->datapath);
    buf_printf(out, "Datapath: %s (%s)  Pipeline: %s\n", label, uuid_text(row_uuid(flow->datapath)),
               row_string(flow->row, "pipeline"));
    free(label);
}

static void
put_stage(struct buf *out, const struct listed_flow *flow)
{
    const char *stage = datum_get_string(row_peek_named(flow->row, "external_ids"), "stage-name");
    buf_printf(out, "table=%-2lld(%-19s)", (long long) flow->table_id, stage ? stage : "");
}

static struct err *
cmd_lflow_list(struct ctl_context *ctx)
{
    struct flow_list list = {0};
    struct buf *out = &ctx->output;

    struct err *err = parse_args(ctx, &list);
    for (int i = 0; i < list.n_ids && !err; i++) {
        err = check_flow_id(&list.ids[i]);
    }
    if (!err) {
        err = fetch_flows(ctx, &list, FLOW_COLUMNS, compare_texts);
    }
    if (!err && ctl_has_option(ctx, "--ovs")) {
        log_warn("--ovs: OpenFlow flows are not shown");
    }
    for (size_t i = 0; i < list.flows.n && !err; i++) {
        const struct listed_flow *flow = &list.flows.d[i];
        if (is_new_pipeline(i ? flow - 1 : NULL, flow)) {
            put_pipeline(out, flow);
        }
        buf_puts(out, "  ");
        if (ctl_has_option(ctx, "--uuid")) {
            buf_printf(out, "uuid=0x%08x, ", sb_uuid_cookie(row_uuid(flow->row)));
        }
        put_stage(out, flow);
        buf_printf(out, ", priority=%-5lld, match=(%s), action=(%s)\n", (long long) flow->priority,
                   row_string(flow->row, "match"), row_string(flow->row, "actions"));
    }
    if (!err && ctl_has_option(ctx, "--vflows")) {
        err = sb_put_vflows(ctx, list.datapath);
    }
    vec_fini(&list.flows);
    return err;
}

/* Prints how many flows are in [first, end), one datapath's pipeline, by table. */
static void
count_pipeline(struct buf *out, const struct listed_flow *first, const struct listed_flow *end)
{
    put_pipeline(out, first);
    for (const struct listed_flow *flow = first; flow < end;) {
        const struct listed_flow *next = flow;
        while (next < end && next->table_id == flow->table_id) {
            next++;
        }
        buf_puts(out, "  ");
        put_stage(out, flow);
        buf_printf(out, " lflows=%zd\n", next - flow);
        flow = next;
    }
    char *label = sb_datapath_label(first->datapath);
    buf_printf(out, "Total number of logical flows in the datapath %s (%s) Pipeline: %s = %zd\n\n", label,
               uuid_text(row_uuid(first->datapath)), row_string(first->row, "pipeline"), end - first);
    free(label);
}

static struct err *
cmd_count_flows(struct ctl_context *ctx)
{
    struct flow_list list = {0};

    struct err *err = parse_args(ctx, &list);
    bool is_unknown = !err && list.n_ids;
    if (!err && !is_unknown) {
        err = fetch_flows(ctx, &list, COUNT_COLUMNS, compare_flows);
    }
    const struct listed_flow *flow = list.flows.d, *end = flow + list.flows.n;
    while (!err && flow < end) {
        const struct listed_flow *next = flow + 1;
        while (next < end && !is_new_pipeline(flow, next)) {
            next++;
        }
        count_pipeline(&ctx->output, flow, next);
        flow = next;
    }
    if (!err) {
        buf_printf(&ctx->output, "Total number of logical flows = %zu\n", list.flows.n);
    }
    vec_fini(&list.flows);
    return err;
}

const struct ctl_command_def lflow_commands[] = {
    {"lflow-list", 0, INT_MAX, "[DATAPATH] [LFLOW]...", "--uuid,--ovs?,--stats,--vflows?", cmd_lflow_list, NULL},
    {"dump-flows", 0, INT_MAX, "[DATAPATH] [LFLOW]...", "--uuid,--ovs?,--stats,--vflows?", cmd_lflow_list, NULL},
    {"count-flows", 0, 1, "[DATAPATH]", "", cmd_count_flows, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};
