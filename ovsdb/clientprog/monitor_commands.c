/* SPDX-License-Identifier: Apache-2.0 */
/* monitor, monitor-cond, monitor-cond-since: what is seen first, then each change, as tables. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/dirs.h"
#include "lib/base/uuid.h"
#include "lib/base/vec.h"
#include "lib/net/loop.h"
#include "lib/net/unixctl.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/clientprog/wire.h"
#include "ovsdb/model/schema.h"

struct monitored_table {
    const struct table *table;
    VEC(const struct column *) columns;                      /* in the order they are shown */
};

struct monitor {
    struct client *client;
    struct schema *schema;                                   /* owned */
    VEC(struct monitored_table) tables;
    json_t *requests;                                        /* owned: <monitor-requests> */
    bool has_captions;                                       /* more than one table */
    bool is_conditional;                                     /* updates have the form of "update2" */
    bool is_blocked;                                         /* by "ovsdb-client/block" */
    struct err *e;                                           /* of a notification */
};

static struct err *
add_monitored_column(struct monitor *m, struct monitored_table *mt, const struct column *column, json_t *names)
{
    for (size_t i = 0; i < mt->columns.n; i++) {
        if (mt->columns.d[i] == column) {
            return err_new("%s: column \"%s\" mentioned multiple times", wire_name(m->client->wire), column->name);
        }
    }
    vec_push(&mt->columns, column);
    json_array_append_new(names, json_string(column->name));
    return NULL;
}

static struct err *
add_named_column(struct monitor *m, struct monitored_table *mt, const char *name, json_t *names)
{
    const struct column *column = table_column(mt->table, name);
    return column ? add_monitored_column(m, mt, column, names)
                  : err_new("%s: table \"%s\" in %s does not have a column named \"%s\"", wire_name(m->client->wire),
                            mt->table->name, m->schema->name, name);
}

/* All columns, the version last; the row's uuid is shown anyhow. */
static struct err *
add_all_columns(struct monitor *m, struct monitored_table *mt, json_t *names)
{
    struct err *e = NULL;
    for (uint32_t i = COLUMN_FIRST; i <= mt->table->n_columns && !e; i++) {
        e = add_monitored_column(m, mt, &mt->table->columns[i < mt->table->n_columns ? i : COLUMN_VERSION], names);
    }
    return e;
}

/* One group of columns, "name,options,!initial". */
static struct err *
parse_group(struct monitor *m, struct monitored_table *mt, const char *group, json_t *requests)
{
    json_t *names = json_array(), *select = json_object();
    struct str rest = str_from(group ? group : "");
    struct err *e = NULL;
    while (rest.s && !e) {
        char *word = str_dup(str_trim(str_cut(&rest, ",")));
        if (!strcmp(word, "!initial") || !strcmp(word, "!insert") || !strcmp(word, "!delete")
            || !strcmp(word, "!modify")) {
            json_object_set_new(select, word + 1, json_false());
        } else if (*word) {
            e = add_named_column(m, mt, word, names);
        }
        free(word);
    }
    if (!e && !json_array_size(names)) {
        e = add_all_columns(m, mt, names);
    }
    json_array_append_new(requests, json_pack("{s:o, s:o}", "columns", names, "select", select));
    return e;
}

static struct err *
add_table(struct monitor *m, const char *name, int n_groups, char *groups[], const json_t *condition)
{
    const struct table *table = schema_table(m->schema, name);
    if (!table) {
        return err_new("%s: %s does not have a table named \"%s\"", wire_name(m->client->wire), m->schema->name, name);
    }
    vec_push(&m->tables, (struct monitored_table) {.table = table});
    json_t *requests = json_array();
    struct err *e = NULL;
    json_object_set_new(m->requests, name, requests);
    for (int i = 0; i < MAX(n_groups, 1) && !e; i++) {
        e = parse_group(m, &vec_last(&m->tables), n_groups ? groups[i] : NULL, requests);
    }
    for (size_t i = 0; condition && i < json_array_size(requests); i++) {
        json_object_set(json_array_get(requests, i), "where", (json_t *) condition);
    }
    return e;
}

static struct err *
add_tables(struct monitor *m, int argc, char *argv[], const json_t *condition)
{
    if (strcmp(argv[0], "ALL")) {
        return add_table(m, argv[0], argc - 1, argv + 1, condition);
    }
    m->has_captions = true;
    for (uint32_t i = 0; i < m->schema->n_tables; i++) {
        struct err *e = add_table(m, m->schema->tables[i].name, argc - 1, argv + 1, condition);
        if (e) {
            return e;
        }
    }
    return NULL;
}

static void
monitor_fini(struct monitor *m)
{
    for (size_t i = 0; i < m->tables.n; i++) {
        vec_fini(&m->tables.d[i].columns);
    }
    vec_fini(&m->tables);
    json_decref(m->requests);
    schema_unref(m->schema);
    err_free(m->e);
}

/* One line: the columns in 'values', others empty. */
static struct err *
add_line(struct tabular *out, const struct monitored_table *mt, const char *uuid, const char *action,
         const json_t *values)
{
    tabular_add_row(out);
    tabular_add_text(out, uuid);
    tabular_add_text(out, action);
    for (size_t i = 0; i < mt->columns.n; i++) {
        const struct column *column = mt->columns.d[i];
        const json_t *json = json_object_get(values, column->name);
        if (!json) {
            tabular_add_empty(out);
            continue;
        }
        struct datum datum;
        struct err *e = datum_from_json_unbounded(&datum, &column->type, json, NULL);
        if (e) {
            return err_wrap(e, "%s", column->name);
        }
        tabular_add_datum(out, &datum, &column->type);
        datum_fini(&datum, column_datum_type(&column->type));
    }
    return NULL;
}

/* <row-update>: old, new or both. */
static struct err *
add_change(struct tabular *out, const struct monitored_table *mt, const char *uuid, const json_t *change,
           bool is_initial)
{
    const json_t *old = json_object_get(change, "old"), *new = json_object_get(change, "new");
    if (old && new) {
        struct err *e = add_line(out, mt, uuid, "old", old);
        return e ? e : add_line(out, mt, "", "new", new);
    }
    return add_line(out, mt, uuid, is_initial ? "initial" : new ? "insert" : "delete", new ? new : old);
}

/* <row-update2>: one member, named as what happened. */
static struct err *
add_change2(struct tabular *out, const struct monitored_table *mt, const char *uuid, const json_t *change)
{
    const char *action;
    json_t *values;
    struct err *e = NULL;
    json_object_foreach((json_t *) change, action, values) {
        e = e ? e : add_line(out, mt, uuid, action, values);
    }
    return e;
}

static struct err *
print_updates(struct monitor *m, const json_t *updates, bool is_initial)
{
    for (size_t i = 0; i < m->tables.n; i++) {
        const struct monitored_table *mt = &m->tables.d[i];
        json_t *rows = json_object_get(updates, mt->table->name);
        if (!rows) {
            continue;
        }
        struct tabular *out = tabular_new();
        if (m->has_captions) {
            tabular_set_caption(out, mt->table->name);
        }
        tabular_add_column(out, "row");
        tabular_add_column(out, "action");
        for (size_t j = 0; j < mt->columns.n; j++) {
            tabular_add_column(out, mt->columns.d[j]->name);
        }
        const char *uuid;
        json_t *change;
        struct err *e = NULL;
        json_object_foreach(rows, uuid, change) {
            e = e ? e : m->is_conditional ? add_change2(out, mt, uuid, change)
                                          : add_change(out, mt, uuid, change, is_initial);
        }
        if (e) {
            tabular_free(out);
            return e;
        }
        print_table(m->client, out);
    }
    return NULL;
}

static void
on_update(void *m_, const char *method, const json_t *params)
{
    struct monitor *m = m_;
    const json_t *updates = json_array_get(params, 1);
    if (!strcmp(method, "monitor_canceled")) {
        m->e = err_new("%s: %s database was removed", wire_name(m->client->wire), m->client->database);
        loop_stop(wire_loop(m->client->wire));
        return;
    }
    if (!strcmp(method, "update3")) {
        printf("\nlast_id: %s\n", json_string_value(json_array_get(params, 1)));
        m->client->printed = false;                          /* this line separates the tables */
        updates = json_array_get(params, 2);
    } else if (strcmp(method, "update") && strcmp(method, "update2")) {
        return;
    }
    m->e = print_updates(m, updates, false);
    if (m->e) {
        loop_stop(wire_loop(m->client->wire));
    }
}

/* Control commands of a process in the background. */

static void
on_condition_changed(void *aux UNUSED, struct unixctl_request *request, const json_t *result UNUSED)
{
    if (request) {
        unixctl_reply(request, "condition changed");
    }
}

static void
cmd_cond_change(struct unixctl_request *request, int argc UNUSED, const char *argv[], void *m_)
{
    struct monitor *m = m_;
    json_t *condition;
    struct err *e = parse_json(argv[2], &condition);
    if (e) {
        unixctl_reply_result(request, e);
        return;
    }
    json_t *change = json_pack("[n, n, {s: [{s: o}]}]", argv[1], "where", condition);
    if (m->is_blocked) {                                     /* no answer will be read */
        on_condition_changed(NULL, request, NULL);
        request = NULL;
    }
    wire_forward(m->client->wire, "monitor_cond_change", change, on_condition_changed, NULL, request);
}

static void
cmd_block(struct unixctl_request *request, int argc UNUSED, const char *argv[], void *m_)
{
    struct monitor *m = m_;
    m->is_blocked = !strcmp(argv[0], "ovsdb-client/block");
    wire_pause(m->client->wire, m->is_blocked);
    unixctl_reply(request, "");
}

static void
register_commands(struct monitor *m)
{
    struct unixctl *ctl = m->client->unixctl;
    if (!ctl) {
        return;
    }
    unixctl_register(ctl, "ovsdb-client/block", "", 0, 0, cmd_block, m);
    unixctl_register(ctl, "ovsdb-client/unblock", "", 0, 0, cmd_block, m);
    if (m->is_conditional) {
        unixctl_register(ctl, "ovsdb-client/cond_change", "TABLE COND", 2, 2, cmd_cond_change, m);
    }
}

/* Prints the reply to 'method' and then whatever comes. */
static struct err *
follow(struct monitor *m, const char *method, const char *last_id)
{
    json_t *params, *result;
    m->client->wants_time = true;
    struct err *e = client_announce_awareness(m->client);
    if (e) {
        return e;
    }
    params = json_pack("[s, n, O]", m->client->database, m->requests);
    if (last_id) {
        json_array_append_new(params, json_string(last_id));
    }
    e = wire_call(m->client->wire, method, params, &result);
    if (e) {
        return e;
    }
    const json_t *updates = result;
    if (last_id) {
        printf("found: %s, last_id: %s\n", json_is_true(json_array_get(result, 0)) ? "true" : "false",
               json_string_value(json_array_get(result, 1)));
        updates = json_array_get(result, 2);
    }
    e = print_updates(m, updates, true);
    json_decref(result);
    if (!e) {
        e = go_background(m->client);
        register_commands(m);
    }
    if (!e) {
        e = wire_listen(m->client->wire, on_update, m);
    }
    if (!e) {
        e = m->e;
        m->e = NULL;
    }
    return e;
}

static struct err *
start(struct client *client, int argc, char *argv[], const json_t *condition, const char *method, const char *last_id)
{
    struct monitor m = {.client = client, .requests = json_object(), .is_conditional = condition != NULL};
    struct err *e = fetch_schema(client, &m.schema);
    if (e) {
        json_decref(m.requests);
        return e;
    }
    e = add_tables(&m, argc, argv, condition);
    if (!e) {
        e = follow(&m, method, last_id);
    }
    monitor_fini(&m);
    return e;
}

struct err *
run_monitor(struct client *client, int argc, char *argv[])
{
    return start(client, argc, argv, NULL, "monitor", NULL);
}

static struct err *
start_conditional(struct client *client, int argc, char *argv[], const char *method, const char *last_id)
{
    if (argc < 2) {
        return err_new("'%s' requires conditions and a table", method);
    }
    json_t *condition;
    struct err *e = parse_json(argv[0], &condition);
    if (e) {
        return e;
    }
    e = json_is_array(condition) ? start(client, argc - 1, argv + 1, condition, method, last_id)
                                 : err_new("%s: conditions must be an array", argv[0]);
    json_decref(condition);
    return e;
}

struct err *
run_monitor_cond(struct client *client, int argc, char *argv[])
{
    return start_conditional(client, argc, argv, "monitor_cond", NULL);
}

struct err *
run_monitor_cond_since(struct client *client, int argc, char *argv[])
{
    struct uuid last;
    bool has_last = argc && uuid_from_text(str_from(argv[0]), &last);
    return start_conditional(client, argc - has_last, argv + has_last, "monitor_cond_since",
                             has_last ? argv[0] : uuid_text(&UUID_ZERO));
}
