/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket of weft-ovsdb-server; with a configuration file if the input begins with 'F'.  Lines: 'c' and a JSON array
 * of a command and its arguments; 'j' bytes for the socket; 'x' another connection to it; 'a' bytes of a client; 'w' what the
 * configuration file has from here on; 'y' the process crashes, and another takes over; 't' 10 s pass; otherwise a turn.
 * Properties: each command has one answer (fuzz_caller.h), "exit" too; what was acknowledged is what is listed, also by a
 * process that starts after a crash; clients are answered whatever came before.  No file outside of a folder is touched
 * (fuzz_cage.h), and no socket is left there. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "ovsdb/server/remotes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_caller.h"
#include "tests/fuzz/fuzz_daemon.h"

struct scene {
    struct fuzz_daemon daemon;
    struct fuzz_caller caller;
    struct fuzz_client client;
    json_t *databases, *remotes;                             /* owned: objects whose members are the names there should be */
    size_t n_commands;
};

/* --- What there should be --- */

static json_t *
names_from_text(const char *text)
{
    json_t *names = json_object();
    for (struct str rest = str_from(text); rest.s;) {
        struct str name = str_cut(&rest, "\n");
        if (name.n) {
            char *copy = str_dup(name);
            json_object_set_new(names, copy, json_true());
            free(copy);
        }
    }
    return names;
}

/* A name may be of several lines. */
static void
check_names(const json_t *wanted, const char *text)
{
    struct buf lines = BUF_INIT(BUF_NO_LIMIT);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) wanted, name, value) {
        buf_printf(&lines, "%s\n", name);
    }
    json_t *names = names_from_text(text), *wanted_names = names_from_text(buf_text(&lines));
    CHECK(json_equal(names, wanted_names));
    json_decref(names);
    json_decref(wanted_names);
    buf_fini(&lines);
}

static char *
list_databases(const struct scene *scene)
{
    size_t n;
    char **names = server_database_names(scene->daemon.home.server, &n);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&text, "%s\n", names[i]);
        free(names[i]);
    }
    free(names);
    return buf_take_text(&text);
}

static void
learn_names(struct scene *scene)
{
    char *databases = list_databases(scene), *remotes = remotes_list(scene->daemon.control.remotes);
    json_decref(scene->databases);
    json_decref(scene->remotes);
    scene->databases = names_from_text(databases);
    scene->remotes = names_from_text(remotes);
    free(databases);
    free(remotes);
}

static void
check_lists(const struct scene *scene)
{
    char *databases = list_databases(scene), *remotes = remotes_list(scene->daemon.control.remotes);
    check_names(scene->databases, databases);
    check_names(scene->remotes, remotes);
    free(databases);
    free(remotes);
}

/* The name of the database that "add-db" adds for 'arg'. */
static char *
name_of(const char *arg)
{
    struct str rest = str_from(arg);
    if (str_starts(rest, "relay:")) {
        str_cut(&rest, ":");
        return str_dup(str_cut(&rest, ":"));
    }
    const char *slash = strrchr(arg, '/');
    return xstrdup(!strcmp(slash ? slash + 1 : arg, "u.db") ? "U" : "T");
}

/* "ovsdb-server/NAME" with 'arg' was answered without an error. */
static void
note_success(struct scene *scene, const char *name, const char *arg, const char *text)
{
    bool changes = true;
    if (!strcmp(name, "add-remote")) {
        json_object_set_new(scene->remotes, arg, json_true());
    } else if (!strcmp(name, "remove-remote")) {
        CHECK(!json_object_del(scene->remotes, arg));
    } else if (!strcmp(name, "add-db")) {
        char *added = name_of(arg);
        CHECK(!json_object_get(scene->databases, added));
        json_object_set_new(scene->databases, added, json_true());
        free(added);
    } else if (!strcmp(name, "remove-db")) {
        CHECK(!json_object_del(scene->databases, arg));
    } else {
        changes = false;
    }
    CHECK(!changes || !scene->daemon.control.configuration);
    if (!strcmp(name, "reload")) {
        learn_names(scene);
    } else if (!strcmp(name, "list-dbs")) {
        check_names(scene->databases, text);
    } else if (!strcmp(name, "list-remotes")) {
        check_names(scene->remotes, text);
    }
}

static void
on_answered(void *scene_, const json_t *request, const struct jsonrpc_msg *answer)
{
    static const char prefix[] = "ovsdb-server/";
    struct scene *scene = scene_;
    const char *method = json_string_value(json_object_get(request, "method"));
    const char *arg = json_string_value(json_array_get(json_object_get(request, "params"), 0));
    if (answer->type == JSONRPC_REPLY && !strncmp(method, prefix, strlen(prefix))) {
        note_success(scene, method + strlen(prefix), arg, json_string_value(answer->result));
    }
    CHECK(strcmp(method, "exit") || answer->type == JSONRPC_ERROR || scene->daemon.is_exiting);
}

/* --- What happens --- */

/* Until nobody who calls waits for anything, but for the end. */
static void
run(struct scene *scene)
{
    enum { TURNS_MAX = 1000 };
    size_t n_turns = 0;
    do {
        CHECK(n_turns++ < TURNS_MAX);
        fuzz_daemon_turn(&scene->daemon, 1);
        fuzz_client_run(&scene->client);
        fuzz_caller_run(&scene->caller);
    } while (fuzz_caller_is_waiting(&scene->caller) && !scene->daemon.is_exiting);
    CHECK(!scene->caller.is_closed || scene->caller.is_broken);
    check_lists(scene);
}

static void
call_again(struct scene *scene)
{
    fuzz_caller_close(&scene->caller);
    fuzz_caller_open(&scene->caller, scene->daemon.socket);
}

static void
call(struct scene *scene, json_t *command /* taken */)
{
    json_t *name = json_incref(json_array_get(command, 0));
    if (json_is_string(name)) {
        json_array_remove(command, 0);
        json_t *request = json_pack("{s:i, s:O, s:O}", "id", (int) scene->n_commands++, "method", name, "params", command);
        char *text = json_text(request);
        fuzz_caller_say(&scene->caller, str_from(text));
        free(text);
        json_decref(request);
    }
    json_decref(name);
    json_decref(command);
    run(scene);
}

static void
settle_client(struct scene *scene)
{
    fuzz_client_say(&scene->client, str_from("{\"id\":\"last\",\"method\":\"list_dbs\",\"params\":[]}"));
    fuzz_clients_settle(&scene->client, 1);
    fuzz_client_leave(&scene->client);
}

static void
restart(struct scene *scene)
{
    if (scene->daemon.control.configuration) {               /* which is all there is to say then */
        return;
    }
    settle_client(scene);
    fuzz_daemon_restart(&scene->daemon);
    fuzz_client_join(&scene->client, &scene->daemon.home, NULL);
    call_again(scene);
    run(scene);
}

static void
play(struct scene *scene, struct str line)
{
    struct str rest = str_n(line.s + 1, line.n - (line.n > 0));
    switch (line.n ? line.s[0] : 'r') {
    case 'c': call(scene, json_loadb(rest.s, rest.n, 0, NULL)); break;
    case 'j':
        fuzz_caller_say(&scene->caller, rest);
        run(scene);
        break;
    case 'x': call_again(scene); break;
    case 'a': fuzz_client_say(&scene->client, rest); break;
    case 'y': restart(scene); break;
    case 'w':
        if (scene->daemon.control.configuration) {
            fuzz_daemon_configure(&scene->daemon, rest);
        }
        break;
    default: fuzz_daemon_turn(&scene->daemon, line.n && line.s[0] == 't' ? 10000 : 1); break;
    }
    if (scene->caller.is_closed) {
        call_again(scene);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene scene = {.caller = {.answered = on_answered, .aux = &scene}};
    fuzz_daemon_start(&scene.daemon, size && data[0] == 'F');
    fuzz_caller_open(&scene.caller, scene.daemon.socket);
    fuzz_client_join(&scene.client, &scene.daemon.home, NULL);
    learn_names(&scene);
    for (struct str rest = str_n((const char *) data, size); rest.s && !scene.daemon.is_exiting;) {
        play(&scene, str_cut(&rest, "\n"));
    }
    if (!scene.daemon.is_exiting) {
        call_again(&scene);
        call(&scene, json_pack("[s]", "ovsdb-server/list-dbs"));
        call(&scene, json_pack("[s]", "exit"));
    }
    CHECK(scene.daemon.is_exiting);
    settle_client(&scene);
    fuzz_daemon_stop(&scene.daemon);
    fuzz_caller_run(&scene.caller);
    size_t i;
    json_t *request;
    json_array_foreach (scene.caller.unanswered, i, request) {
        CHECK(strcmp(json_string_value(json_object_get(request, "method")), "exit"));
    }
    fuzz_caller_close(&scene.caller);
    json_decref(scene.databases);
    json_decref(scene.remotes);
    return 0;
}
