/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/fuzz/fuzz_server.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "ovsdb/server/hosted.h"
#include "ovsdb/storage/storage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/server/fixture_db.h"

static const char rbac_tables[] =
    "{'RBAC_Role':{'isRoot':true,'columns':{'name':{'type':'string'},'permissions':{'type':{'key':'string',"
    "'value':{'type':'uuid','refTable':'RBAC_Permission','refType':'weak'},'min':0,'max':'unlimited'}}}},"
    "'RBAC_Permission':{'isRoot':true,'columns':{'table':{'type':'string'},'insert_delete':{'type':'boolean'},"
    "'authorization':{'type':{'key':'string','min':0,'max':'unlimited'}},"
    "'update':{'type':{'key':'string','min':0,'max':'unlimited'}}}}}";

/* --- The server --- */

static struct schema *
schema_with_rbac(void)
{
    struct schema *plain = fixture_schema(), *schema;
    json_t *json = schema_to_json(plain);
    char *text = fixture_quotes(rbac_tables);
    json_t *tables = json_loads(text, 0, NULL);
    json_object_update(json_object_get(json, "tables"), tables);
    struct err *e = schema_from_json(json, &schema);
    CHECK(!e);
    json_decref(tables);
    json_decref(json);
    schema_unref(plain);
    free(text);
    return schema;
}

static struct storage *
open_file(const struct fuzz_server *home)
{
    struct storage *storage;
    char *path = xasprintf("%s/t.db", home->folder);
    struct err *e = storage_open(path, STORAGE_READ_WRITE, &storage);
    CHECK(!e);
    free(path);
    return storage;
}

/* Writes the file with no rows, which is made once. */
static void
write_file(const char *path)
{
    static struct buf pristine = BUF_INIT(BUF_NO_LIMIT);     /* never freed */
    if (!pristine.size) {
        struct schema *schema = schema_with_rbac();
        struct err *e = storage_create(path, schema);
        CHECK(!e);
        schema_unref(schema);
        FILE *file = fopen(path, "rb");
        CHECK(file);
        for (int c; (c = getc(file)) != EOF;) {
            buf_putc(&pristine, (char) c);
        }
        fclose(file);
        return;
    }
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(pristine.data, 1, pristine.size, file) == pristine.size && !fclose(file));
}

void
fuzz_server_start_empty(struct fuzz_server *home)
{
    static bool is_quiet;
    if (!is_quiet) {
        struct err *e = log_set("any:any:emer");             /* errors are this program's daily bread */
        CHECK(!e);
        is_quiet = true;
    }
    fixture_now_ms = 0;
    const char *base = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
    snprintf(home->folder, sizeof home->folder, "%s/weft-fuzz-XXXXXX", base);
    CHECK(mkdtemp(home->folder));
    char *path = xasprintf("%s/t.db", home->folder);
    write_file(path);
    free(path);
    home->now_ms = 0;
    fuzz_server_restart(home);
}

void
fuzz_server_restart(struct fuzz_server *home)
{
    const struct server_env env = fixture_env();
    home->server = server_new(&env);
}

void
fuzz_server_start(struct fuzz_server *home)
{
    fuzz_server_start_empty(home);
    struct err *e = server_add_database(home->server, open_file(home));
    CHECK(!e);
}

/* The digest of what is in the file. */
static uint64_t
file_digest(const struct fuzz_server *home)
{
    struct storage *storage = open_file(home);
    struct hosted *hosted;
    struct err *e = hosted_open(storage_schema(storage), storage, &hosted);
    CHECK(!e);
    database_check_invariants(hosted->db);
    uint64_t digest = fixture_stored_digest(hosted->db);
    hosted_free(hosted);
    return digest;
}

void
fuzz_server_stop(struct fuzz_server *home)
{
    server_settle(home->server);
    uint64_t digest = fixture_stored_digest(server_database(home->server, "T"));
    server_free(home->server);
    CHECK(file_digest(home) == digest);
    fuzz_server_remove_files(home);
}

/* Sockets and files that were made for a while are gone by then. */
static bool
may_be_left(const char *name)
{
    static const char *const names[] = {"t.db", "u.db", "conf"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(name, names[i])) {
            return true;
        }
    }
    return *name == '.' && strstr(name, ".~lock~");
}

void
fuzz_server_remove_files(const struct fuzz_server *home)
{
    DIR *folder = opendir(home->folder);
    CHECK(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (may_be_left(entry->d_name)) {
            unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    closedir(folder);
    CHECK(!rmdir(home->folder));
}

static void
check_database(const struct fuzz_server *home, const char *name)
{
    const struct database *database = server_database(home->server, name);
    if (database) {
        database_check_invariants(database);
    }
}

void
fuzz_server_turn(struct fuzz_server *home, int64_t ms)
{
    home->now_ms += ms;
    fixture_now_ms = home->now_ms;
    server_run(home->server, home->now_ms);
    check_database(home, "T");
    check_database(home, "_Server");
}

/* --- What a client is sent --- */

static bool
is_notification(const char *method)
{
    static const char *const known[] = {"update", "update2", "update3", "locked", "stolen", "monitor_canceled"};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (!strcmp(method, known[i])) {
            return true;
        }
    }
    return false;
}

static void
check_answer(struct fuzz_client *client, const struct jsonrpc_msg *msg)
{
    size_t i = 0;
    while (i < json_array_size(client->unanswered) && !json_equal(json_array_get(client->unanswered, i), msg->id)) {
        i++;
    }
    CHECK(i < json_array_size(client->unanswered));
    json_array_remove(client->unanswered, i);
}

/* Cuts the first message from 'bytes'; returns false if there is none.  A bad one is '*ret_err'. */
static bool
cut_message(struct buf *bytes, struct jsonrpc_msg **ret, struct err **ret_err)
{
    struct jsonrpc_framer framer = {0};
    size_t n = bytes->size ? jsonrpc_framer_feed(&framer, bytes->data, bytes->size, ret_err) : 0;
    if (!n) {
        return false;
    }
    *ret_err = jsonrpc_msg_parse(bytes->data, n, ret);
    buf_pull(bytes, n);
    return !*ret_err;
}

static void
hear(struct fuzz_client *client)
{
    struct jsonrpc_msg *msg;
    struct err *e = NULL;
    while (cut_message(&client->peer.sent, &msg, &e)) {
        if (msg->type == JSONRPC_REPLY || msg->type == JSONRPC_ERROR) {
            check_answer(client, msg);
        } else {
            CHECK(msg->type == JSONRPC_NOTIFY && is_notification(msg->method));
        }
        if (client->heard) {
            client->heard(client->aux, msg);
        }
        jsonrpc_msg_free(msg);
    }
    CHECK(!e && !client->peer.sent.size);
}

/* --- What it says --- */

void
fuzz_client_join(struct fuzz_client *client, struct fuzz_server *home, const char *role)
{
    *client = (struct fuzz_client) {.home = home, .role = role, .in = BUF_INIT(BUF_NO_LIMIT), .unanswered = json_array()};
    peer_join(home->server, &client->peer);
    session_set_role(client->peer.session, role);
    session_set_identity(client->peer.session, role);
}

void
fuzz_client_leave(struct fuzz_client *client)
{
    hear(client);
    peer_leave(&client->peer);
    buf_fini(&client->in);
    json_decref(client->unanswered);
}

void
fuzz_client_rejoin(struct fuzz_client *client)
{
    struct fuzz_client old = *client;
    fuzz_client_leave(client);
    fuzz_client_join(client, old.home, old.role);
    client->heard = old.heard;
    client->aux = old.aux;
}

void
fuzz_client_say(struct fuzz_client *client, struct str bytes)
{
    buf_put_str(&client->in, bytes);
    fuzz_client_run(client);
}

void
fuzz_client_run(struct fuzz_client *client)
{
    struct jsonrpc_msg *msg;
    struct err *e = NULL;
    while (!client->peer.is_held && !client->peer.closed && cut_message(&client->in, &msg, &e)) {
        if (msg->type == JSONRPC_REQUEST) {
            json_array_append(client->unanswered, msg->id);
        }
        session_receive(client->peer.session, msg, client->home->now_ms);
    }
    hear(client);
    if (e || client->peer.closed) {
        err_free(e);
        fuzz_client_rejoin(client);
    }
}

static void
cancel_all(struct fuzz_client *client)
{
    for (size_t i = json_array_size(client->unanswered); !client->peer.is_held && i-- > 0;) {
        json_t *params = json_pack("[O]", json_array_get(client->unanswered, i));
        session_receive(client->peer.session, jsonrpc_notify("cancel", params), client->home->now_ms);
    }
}

void
fuzz_clients_settle(struct fuzz_client *clients, size_t n)
{
    enum { TURNS_MAX = 1000 };
    size_t n_turns = 0, n_waiting;
    do {
        fuzz_server_turn(clients->home, 1);
        server_settle(clients->home->server);
        n_waiting = 0;
        for (size_t i = 0; i < n; i++) {
            fuzz_client_run(&clients[i]);
            cancel_all(&clients[i]);
            fuzz_client_run(&clients[i]);
            n_waiting += json_array_size(clients[i].unanswered);
        }
        CHECK(n_turns++ < TURNS_MAX);
    } while (n_waiting);
}
