/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that wait: for a database to come, connect or go; for locks. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/loop.h"
#include "lib/net/unixctl.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/clientprog/wire.h"

/* What is known of the database from _Server: its row, whose columns come piece by piece. */
struct wait {
    struct client *client;
    const char *database, *state;
    json_t *rows;                                            /* uuid → {"name", "model", "connected"} */
    bool is_over;
};

static bool
has_state(const struct wait *wait)
{
    bool is_there = false, is_connected = false;
    const char *uuid;
    json_t *row;
    json_object_foreach(wait->rows, uuid, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (name && !strcmp(name, wait->database)) {
            is_there = true;
            is_connected = json_is_true(json_object_get(row, "connected"));
        }
    }
    return !strcmp(wait->state, "removed") ? !is_there : !strcmp(wait->state, "added") ? is_there : is_connected;
}

/* RFC 7047, section 4.1.6, <table-updates>. */
static void
apply_updates(struct wait *wait, const json_t *updates)
{
    const char *uuid;
    json_t *change;
    json_object_foreach(json_object_get(updates, "Database"), uuid, change) {
        json_t *new = json_object_get(change, "new");
        if (new) {
            json_object_set(wait->rows, uuid, new);
        } else {
            json_object_del(wait->rows, uuid);
        }
    }
    wait->is_over = has_state(wait);
}

static void
on_update(void *wait_, const char *method, const json_t *params)
{
    struct wait *wait = wait_;
    if (!strcmp(method, "update")) {
        apply_updates(wait, json_array_get(params, 1));
        if (wait->is_over) {
            loop_stop(wire_loop(wait->client->wire));
        }
    }
}

struct err *
run_wait(struct client *client, int argc, char *argv[])
{
    struct wait wait = {.client = client, .database = argv[0], .state = argv[1]};
    if (strcmp(wait.state, "added") && strcmp(wait.state, "connected") && strcmp(wait.state, "removed")) {
        return err_new("%s: unknown state", wait.state);
    }
    json_t *result;
    struct err *e = client_connect(client);
    client->awareness = AWARE;                               /* or the change that is waited for could end the connection */
    e = e ? e : client_announce_awareness(client);
    if (e) {
        return e;
    }
    e = wire_call(client->wire, "monitor",
                  json_pack("[s, s, {s:{s:[s, s]}}]", "_Server", "wait", "Database", "columns", "name", "connected"),
                  &result);
    if (e) {
        return e;
    }
    wait.rows = json_object();
    apply_updates(&wait, result);
    json_decref(result);
    if (!wait.is_over) {
        e = wire_listen(client->wire, on_update, &wait);
    }
    json_decref(wait.rows);
    return wait.is_over ? (err_free(e), NULL) : e;
}

static void
on_lock_notification(void *client_, const char *method, const json_t *params)
{
    struct client *client = client_;
    if (!strcmp(method, "locked") || !strcmp(method, "stolen")) {
        printf("%s\n", method);
        print_json(client, params);
    }
}

static void
on_lock_result(void *client, struct unixctl_request *request, const json_t *result)
{
    print_json(client, result);
    unixctl_reply(request, "");
}

/* "lock", "steal" and "unlock" of a process in the background. */
static void
cmd_lock(struct unixctl_request *request, int argc, const char *argv[], void *client_)
{
    struct client *client = client_;
    wire_forward(client->wire, argv[0], json_pack("[s]", argv[1]), on_lock_result, client, request);
}

static void
register_lock_commands(struct client *client)
{
    static const char *const names[] = {"lock", "steal", "unlock"};
    for (size_t i = 0; client->unixctl && i < ARRAY_SIZE(names); i++) {
        unixctl_register(client->unixctl, names[i], "LOCK", 1, 1, cmd_lock, client);
    }
}

static struct err *
lock_command(struct client *client, const char *method, const char *name)
{
    json_t *result;
    struct err *e = wire_call(client->wire, method, json_pack("[s]", name), &result);
    if (e) {
        return e;
    }
    print_json(client, result);
    json_decref(result);
    e = go_background(client);
    register_lock_commands(client);
    return e ? e : wire_listen(client->wire, on_lock_notification, client);
}

struct err *
run_lock(struct client *client, int argc, char *argv[])
{
    return lock_command(client, "lock", argv[0]);
}

struct err *
run_steal(struct client *client, int argc, char *argv[])
{
    return lock_command(client, "steal", argv[0]);
}

struct err *
run_unlock(struct client *client, int argc, char *argv[])
{
    return lock_command(client, "unlock", argv[0]);
}
