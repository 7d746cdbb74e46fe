/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th system call of a server fails, for each n: what was acknowledged is in the file, and nothing else is.
 * The calls are wrapped by the linker (Makefile.inc). */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/vec.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/server/server.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture_child.h"
#include "tests/unit/server/fixture_peer.h"

/* --- Faults --- */

static unsigned int n_calls;
static unsigned int fail_at;                                 /* the first call that fails, from 1; 0: none */
static unsigned int n_failures;                              /* how many fail from there on */
static unsigned int eighths;                                 /* of what is written then that the disk takes */

static bool
fails(int error)
{
    n_calls++;
    bool hit = fail_at && n_calls >= fail_at && n_calls < fail_at + n_failures;
    errno = hit ? error : errno;
    return hit;
}

ssize_t __real_pwritev(int fd, const struct iovec *parts, int n, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int n, off_t offset);
ssize_t
__wrap_pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
    if (!fails(ENOSPC)) {
        return __real_pwritev(fd, parts, n, offset);
    }
    /* A disk that fills up takes a part. */
    struct iovec part = {parts[0].iov_base, parts[0].iov_len * eighths / 8};
    return part.iov_len ? __real_pwritev(fd, &part, 1, offset) : -1;
}

#define WRAP(NAME, ERROR, PARAMETERS, ...)                                                          \
    int __real_##NAME PARAMETERS;                                                                   \
    int __wrap_##NAME PARAMETERS;                                                                   \
    int __wrap_##NAME PARAMETERS { return fails(ERROR) ? -1 : __real_##NAME(__VA_ARGS__); }
WRAP(fdatasync, EIO, (int fd), fd)
WRAP(fsync, EIO, (int fd), fd)
WRAP(ftruncate, EIO, (int fd, off_t n), fd, n)
WRAP(rename, EIO, (const char *from, const char *to), from, to)

/* --- The workload --- */

enum { N_ROUNDS = 12, N_CLIENTS = 3 };
static const char select_all[] = "{'id':99,'method':'transact','params':['T',{'op':'select','table':'N','where':[],"
                                 "'columns':['name','n']}]}";

static bool has_children;                                    /* that write files; played, so that their calls fail as well */

static struct server *
start(const char *path)
{
    struct server_env env = fixture_env();
    if (has_children) {
        fixture_play_children(&env);
    }
    struct server *server = server_new(&env);
    struct storage *storage;
    assert_null(storage_open(path, STORAGE_READ_WRITE, &storage));
    assert_null(server_add_database(server, storage));
    return server;
}

/* The rows "name=n " in order of name, as a client sees them. */
static char *
contents(struct server *server)
{
    struct peer client;
    peer_join(server, &client);
    peer_say(&client, select_all);
    server_run(server, fixture_now_ms);
    json_t *reply = json_loads(buf_text(&client.sent), 0, NULL);
    const json_t *rows = json_object_get(json_array_get(json_object_get(reply, "result"), 0), "rows");
    assert_true(json_is_array(rows));
    VEC(char *) lines = {0};
    size_t i;
    const json_t *row;
    json_array_foreach (rows, i, row) {
        vec_push(&lines, xasprintf("%s=%lld ", json_string_value(json_object_get(row, "name")),
                                   (long long) json_integer_value(json_object_get(row, "n"))));
    }
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    while (lines.n) {                                        /* selection sort: there are a dozen */
        size_t least = 0;
        for (size_t j = 1; j < lines.n; j++) {
            least = strcmp(lines.d[j], lines.d[least]) < 0 ? j : least;
        }
        buf_puts(&text, lines.d[least]);
        free(lines.d[least]);
        vec_remove_fast(&lines, least);
    }
    vec_fini(&lines);
    json_decref(reply);
    peer_leave(&client);
    return buf_take_text(&text);
}

/* Whether the one reply in 'client' is a success; forgets it. */
static bool
succeeded(struct peer *client)
{
    json_t *reply = json_loads(buf_text(&client->sent), 0, NULL);
    assert_non_null(reply);
    bool ok = !strstr(buf_text(&client->sent), "\"error\":\"");
    if (!ok) {
        assert_non_null(strstr(buf_text(&client->sent), "I/O error"));
    }
    json_decref(reply);
    buf_clear(&client->sent);
    return ok;
}

/* What the acknowledged transactions have made: a plain list of rows. */
struct model {
    int n[N_ROUNDS * N_CLIENTS];                             /* by name; -1: not there */
    const char *version;                                     /* of the schema */
};

/* Until no child writes any more. */
static void
settle(struct server *server)
{
    for (peer_settle(server); fixture_child; peer_settle(server)) {
        fixture_child_ends();
    }
}

/* Converts to the same schema with another version. */
static void
convert(struct server *server, struct peer *client, struct model *model)
{
    struct schema *schema = fixture_schema();
    json_t *json = schema_to_json(schema);
    json_object_set_new(json, "version", json_string("2.0.0"));
    json_t *request = json_pack("{s:s, s:i, s:[s, o]}", "method", "convert", "id", 1, "params", "T", json);
    char *text = json_text(request);
    peer_say(client, text);
    settle(server);
    model->version = succeeded(client) ? "2.0.0" : model->version;
    free(text);
    json_decref(request);
    schema_unref(schema);
}

static char *
model_text(const struct model *model)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (int i = 0; i < N_ROUNDS * N_CLIENTS; i++) {
        if (model->n[i] >= 0) {
            buf_printf(&text, "r%02d=%d ", i, model->n[i]);
        }
    }
    return buf_take_text(&text);
}

/* Three clients, one transaction each a turn: insert a row and count up all that 'n' says; some ask to be durable.  In
 * the middle and near the end the database is compacted, before that converted. */
static void
ignore_failure(void *aux, struct err *e)
{
    err_free(e);
}

static void
run_workload(struct server *server, struct model *model)
{
    struct peer clients[N_CLIENTS];
    for (int c = 0; c < N_CLIENTS; c++) {
        peer_join(server, &clients[c]);
        peer_say(&clients[c], "{'id':0,'method':'set_db_change_aware','params':[true]}");
        buf_clear(&clients[c].sent);
    }
    for (int round = 0; round < N_ROUNDS; round++) {
        fixture_now_ms += 2000;                                      /* time enough to be mended */
        for (int c = 0; c < N_CLIENTS; c++) {
            int i = round * N_CLIENTS + c;
            char *text = xasprintf("{'id':%d,'method':'transact','params':['T',"
                                   "{'op':'insert','table':'N','row':{'name':'r%02d','n':%d}},"
                                   "{'op':'update','table':'N','where':[['name','==','r%02d']],'row':{'n':%d}}%s]}",
                                   i, i, i, i / 2, 100 + i, round % 3 == c ? ",{'op':'commit','durable':true}" : "");
            peer_say(&clients[c], text);
            free(text);
        }
        for (server_run(server, fixture_now_ms); !clients[0].sent.size; server_run(server, fixture_now_ms)) {
            fixture_now_ms++;                                        /* it waits for more to be durable */
        }
        for (int c = 0; c < N_CLIENTS; c++) {
            int i = round * N_CLIENTS + c;
            if (succeeded(&clients[c])) {
                model->n[i] = i;
                if (model->n[i / 2] >= 0) {
                    model->n[i / 2] = 100 + i;
                }
            }
        }
        if (round == N_ROUNDS / 2 || round == N_ROUNDS - 2) {
            server_compact(server, "T", ignore_failure, NULL);
            settle(server);
        }
        if (round == N_ROUNDS / 3) {
            convert(server, &clients[0], model);
        }
    }
    for (int c = 0; c < N_CLIENTS; c++) {
        peer_leave(&clients[c]);
    }
}

static void
expect_contents(struct server *server, const struct model *model, unsigned int n)
{
    char *expected = model_text(model);
    char *found = contents(server);
    if (strcmp(found, expected)) {
        print_error("call %u failed:\nacknowledged %s\nfound        %s\n", n, expected, found);
    }
    assert_string_equal(found, expected);
    assert_string_equal(server_schema(server, "T")->version, model->version);
    free(found);
    free(expected);
}

/* The file as it would be found if the server were killed now: nobody has closed it. */
static void
expect_contents_of_copy(const char *folder, const char *path, const struct model *model, unsigned int n)
{
    char *copy = xasprintf("%s/copy.db", folder);
    char *command = xasprintf("cp %s %s", path, copy);
    assert_int_equal(system(command), 0);
    struct server *server = start(copy);
    expect_contents(server, model, n);
    server_free(server);
    unlink(copy);
    free(command);
    free(copy);
}

/* Returns whether the fault was met. */
static bool
run_with_fault(const char *folder, unsigned int n, unsigned int times)
{
    char *path = xasprintf("%s/t.db", folder);
    struct schema *schema = fixture_schema();
    fail_at = 0;
    assert_null(storage_create(path, schema));
    schema_unref(schema);
    struct server *server = start(path);
    struct model model;
    memset(model.n, -1, sizeof model.n);
    model.version = "1.0.0";
    n_calls = 0;
    fail_at = n;
    n_failures = times;
    run_workload(server, &model);
    bool met = n_calls >= n;
    fail_at = 0;
    if (times > 1) {                                         /* undoing may have failed, too: then it is mended later */
        fixture_now_ms += 2000;
        server_run(server, fixture_now_ms);
    }
    expect_contents(server, &model, n);                      /* memory */
    expect_contents_of_copy(folder, path, &model, n);
    server_free(server);
    server = start(path);
    expect_contents(server, &model, n);                      /* the file */
    server_free(server);
    unlink(path);
    free(path);
    return met;
}

static void
run_all(unsigned int times, unsigned int part)
{
    char folder[] = "/tmp/weft-test-faults-XXXXXX";
    assert_non_null(mkdtemp(folder));
    unsigned int n = 1;
    eighths = part;
    while (run_with_fault(folder, n, times)) {
        n++;
    }
    print_message("%u calls failed\n", n - 1);
    assert_true(n > 2 * N_ROUNDS);                           /* each turn writes once, and the faults were real */
    char *command = xasprintf("rm -r %s", folder);
    assert_int_equal(system(command), 0);
    free(command);
}

/* The three records of a turn are written with one call: of which none, one, or two are whole when it fails. */
TEST(one_call_fails)
{
    for (unsigned int part = 0; part < 8; part += 3) {
        run_all(1, part);
    }
}

TEST(ten_calls_in_a_row_fail)
{
    run_all(10, 3);
}

TEST(one_call_fails_here_or_in_a_child)
{
    has_children = true;
    run_all(1, 3);
    has_children = false;
}

TEST(a_turn_costs_one_write_and_one_sync)
{
    char folder[] = "/tmp/weft-test-faults-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = xasprintf("%s/t.db", folder);
    struct schema *schema = fixture_schema();
    fail_at = 0;
    assert_null(storage_create(path, schema));
    schema_unref(schema);
    struct server *server = start(path);
    struct peer client;
    peer_join(server, &client);
    for (int durable = 0; durable < 2; durable++) {
        n_calls = 0;
        for (int i = 0; i < 10; i++) {
            char *text = xasprintf("{'id':%d,'method':'transact','params':['T',{'op':'insert','table':'N','row':{'name':'%d/%d'}},"
                                   "{'op':'commit','durable':%s}]}", i, durable, i, durable ? "true" : "false");
            peer_say(&client, text);
            free(text);
        }
        assert_int_equal(n_calls, 0);
        server_run(server, fixture_now_ms);
        assert_true(client.sent.size > 0);
        assert_int_equal(n_calls, 1 + durable);
        buf_clear(&client.sent);
    }
    peer_leave(&client);
    server_free(server);
    unlink(path);
    rmdir(folder);
    free(path);
}

TEST_MAIN(T(a_turn_costs_one_write_and_one_sync), T(one_call_fails), T(ten_calls_in_a_row_fail), T(one_call_fails_here_or_in_a_child))
