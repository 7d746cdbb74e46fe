/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/connection.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/net/jsonrpc.h"
#include "lib/net/loop.h"
#include "lib/net/remote_list.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"
#include "ovsdb/ctl/json_put.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/model/server_row.h"

LOG_MODULE(ctl_connection);

enum { NO_LEADER_PAUSE_MS = 250 };

struct conn {
    struct loop *loop;
    struct jsonrpc *rpc;                                     /* NULL until connected and after a loss */
    struct stream *stream;                                   /* while connecting */
    struct err *lost;                                        /* why 'rpc' or 'stream' went away */
    char *remotes, *database;
    struct schema *schema;
    json_int_t next_id;
    json_int_t awaited_id;                                   /* of the request under way */
    struct jsonrpc_msg *answer;                              /* to it */
    uint64_t n_updates;
    uint64_t seen;                                           /* argument of conn_wait_update() */
    int64_t deadline_ms;                                     /* monotonic; 0: none */
};

int64_t
conn_wall_ms(void)
{
    return clock_wall_ms();
}

struct schema *
conn_schema(const struct conn *conn)
{
    return conn->schema;
}

uint64_t
conn_n_updates(const struct conn *conn)
{
    return conn->n_updates;
}

static struct err *
connection_failed(const struct conn *conn, const char *reason)
{
    return err_new("%s: database connection failed (%s)", conn->remotes, reason);
}

/* The error for a connection that was lost. */
static struct err *
lost_error(const struct conn *conn)
{
    return connection_failed(conn, conn->lost ? err_detail(conn->lost) : "End of file");
}

/* --- Events --- */

static void
on_received(void *conn_, struct jsonrpc_msg *msg)
{
    struct conn *conn = conn_;
    bool is_answer = msg->type == JSONRPC_REPLY || msg->type == JSONRPC_ERROR;

    if (is_answer && json_integer_value(msg->id) == conn->awaited_id) {
        jsonrpc_msg_free(conn->answer);
        conn->answer = msg;
        return;
    }
    if (msg->type == JSONRPC_NOTIFY && !strcmp(msg->method, "update")) {
        conn->n_updates++;
    }
    jsonrpc_msg_free(msg);
}

static void
on_rpc_closed(void *conn_, struct err *reason)
{
    struct conn *conn = conn_;
    err_free(conn->lost);
    conn->lost = reason;
    jsonrpc_free(conn->rpc);
    conn->rpc = NULL;
}

static void
on_stream_closed(void *conn_, struct err *reason)
{
    struct conn *conn = conn_;
    err_free(conn->lost);
    conn->lost = reason;
    stream_free(conn->stream);
    conn->stream = NULL;
}

static const struct jsonrpc_callbacks rpc_callbacks = {.received = on_received, .closed = on_rpc_closed};
static const struct stream_callbacks stream_callbacks = {.closed = on_stream_closed};

static bool
is_connected_or_lost(void *conn_)
{
    const struct conn *conn = conn_;
    return !conn->stream || stream_is_connected(conn->stream);
}

static bool
is_answered_or_lost(void *conn_)
{
    const struct conn *conn = conn_;
    return conn->answer || !conn->rpc;
}

static bool
is_updated_or_lost(void *conn_)
{
    const struct conn *conn = conn_;
    return conn->n_updates != conn->seen || !conn->rpc;
}

static bool
is_never(void *aux UNUSED)
{
    return false;
}

/* --- Requests --- */

/* Waits until 'done', for 'timeout_ms' (-1: for ever) but not past the deadline; says whether it is. */
static bool
wait_until(struct conn *conn, bool (*done)(void *aux), int64_t timeout_ms)
{
    if (conn->deadline_ms) {
        int64_t left_ms = MAX(conn->deadline_ms - clock_monotonic_ms(), 0);
        timeout_ms = timeout_ms < 0 ? left_ms : MIN(timeout_ms, left_ms);
    }
    return loop_run_until(conn->loop, done, conn, timeout_ms);
}

static struct err *
timeout_error(const struct conn *conn)
{
    bool is_over = conn->deadline_ms && clock_monotonic_ms() >= conn->deadline_ms;
    return is_over ? err_new("timeout expired") : connection_failed(conn, "Connection timed out");
}

/* Sends a request ('params' taken) and waits for its answer for 'timeout_ms' (-1: for ever). */
static struct err *
call(struct conn *conn, const char *method, json_t *params, int64_t timeout_ms, json_t **ret_result)
{
    *ret_result = NULL;
    if (!conn->rpc) {
        json_decref(params);
        return lost_error(conn);
    }
    conn->awaited_id = ++conn->next_id;
    jsonrpc_send(conn->rpc, jsonrpc_request(method, params, json_integer(conn->awaited_id)));
    if (!wait_until(conn, is_answered_or_lost, timeout_ms)) {
        return timeout_error(conn);
    }
    struct jsonrpc_msg *answer = conn->answer;
    struct err *err = NULL;
    conn->answer = NULL;
    if (!answer) {
        return lost_error(conn);
    }
    if (answer->type == JSONRPC_ERROR) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        json_put(&text, answer->error, false);
        err = err_new("%s: %s", method, buf_text(&text));
        buf_fini(&text);
    } else {
        *ret_result = json_incref(answer->result);
    }
    jsonrpc_msg_free(answer);
    return err;
}

struct err *
conn_transact(void *conn_, json_t *operations, json_t **ret_results)
{
    struct conn *conn = conn_;
    struct err *err;

    json_array_insert_new(operations, 0, json_string(conn->database));
    err = call(conn, "transact", operations, -1, ret_results);
    if (!err && !json_is_array(*ret_results)) {
        json_decref(*ret_results);
        *ret_results = NULL;
        err = err_new("transact: the server's reply is not an array");
    }
    return err;
}

struct err *
conn_monitor(struct conn *conn, json_t *requests)
{
    json_t *result;
    struct err *err = call(conn, "monitor", json_pack("[s,i,o]", conn->database, (int) conn->next_id, requests), -1,
                           &result);
    json_decref(result);
    return err;
}

struct err *
conn_wait_update(struct conn *conn, uint64_t seen)
{
    conn->seen = seen;
    if (!wait_until(conn, is_updated_or_lost, -1)) {
        return timeout_error(conn);
    }
    return conn->n_updates != seen ? NULL : lost_error(conn);
}

/* --- Connecting --- */

static void
drop_connection(struct conn *conn)
{
    jsonrpc_free(conn->rpc);
    conn->rpc = NULL;
    stream_free(conn->stream);
    conn->stream = NULL;
}

static struct err *
connect_remote(struct conn *conn, const char *remote)
{
    struct err *err = stream_connect(conn->loop, remote, &stream_callbacks, conn, &conn->stream);
    if (err) {
        struct err *wrapped = connection_failed(conn, err_detail(err));
        err_free(err);
        return wrapped;
    }
    if (!wait_until(conn, is_connected_or_lost, CONN_TIMEOUT_MS)) {
        return timeout_error(conn);
    }
    if (!conn->stream) {
        return lost_error(conn);
    }
    conn->rpc = jsonrpc_new(conn->stream, &rpc_callbacks, conn);
    conn->stream = NULL;
    return NULL;
}

/* Asks what the server says of our database.  Nothing if it is old and has no _Server. */
static struct err *
ask_for_row(struct conn *conn, struct server_row *row)
{
    json_t *results;
    struct err *err = call(conn, "transact",
                           json_pack("[s,{s:s,s:s,s:[[s,s,s]],s:o}]", "_Server", "op", "select", "table", "Database",
                                     "where", "name", "==", conn->database, "columns", server_row_columns()),
                           CONN_TIMEOUT_MS, &results);
    if (err && conn->rpc) {
        err_free(err);
        err = NULL;
    }
    server_row_set(row, json_object_get(json_array_get(results, 0), "rows"));
    json_decref(results);
    return err;
}

static struct err *
ask_for_schema(struct conn *conn, const char *remote)
{
    json_t *result;
    struct err *err = call(conn, "get_schema", json_pack("[s]", conn->database), CONN_TIMEOUT_MS, &result);
    if (err && conn->rpc) {
        return err_wrap(err, "%s: no usable database %s", remote, conn->database);
    }
    if (!err) {
        err = schema_from_json(result, &conn->schema);
    }
    json_decref(result);
    return err;
}

/* Makes 'conn' usable through 'remote', or reports why not.  A server that is cut off from what it serves is of no use, such as a
 * relay that has lost its source, nor is, if so wished, one that does not lead its cluster.  One without such a row tells its
 * schema on request, or why not. */
static struct err *
try_remote(struct conn *conn, const char *remote, bool is_leader_only, bool *ret_is_follower)
{
    struct server_row row = {0};
    struct err *err = connect_remote(conn, remote);
    err = err ? err : ask_for_row(conn, &row);
    const char *objection = row.uuid ? server_row_objection(&row, is_leader_only) : NULL;
    *ret_is_follower = row.uuid && is_leader_only && !row.is_leader;
    if (!err && objection) {
        char *reason = xasprintf("%s: %s", remote, objection);
        err = connection_failed(conn, reason);
        free(reason);
    } else if (!err) {
        err = row.uuid ? schema_from_text(str_from(row.schema_text), &conn->schema) : ask_for_schema(conn, remote);
    }
    server_row_fini(&row);
    return err;
}

/* Tries the remotes in turn; again, while there are followers among them but no leader, until the time is up. */
static struct err *
connect_any(struct conn *conn, const struct remote_list *remotes, bool is_leader_only)
{
    struct err *err = NULL;
    int64_t start_ms = clock_monotonic_ms();
    bool has_follower;

    do {
        has_follower = false;
        for (size_t i = 0; i < remotes->n; i++) {
            bool is_follower;
            err_free(err);
            err = try_remote(conn, remotes->d[i], is_leader_only, &is_follower);
            if (!err) {
                return NULL;
            }
            log_dbg("%s: %s", remotes->d[i], err_detail(err));
            drop_connection(conn);
            has_follower |= is_follower;
        }
        if (has_follower) {
            loop_run_until(conn->loop, is_never, NULL, NO_LEADER_PAUSE_MS);
        }
    } while (has_follower && clock_monotonic_ms() - start_ms < CONN_TIMEOUT_MS);
    return err ? err : connection_failed(conn, "no remote given");
}

struct err *
conn_open(const struct conn_options *options, struct conn **ret)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    struct remote_list remotes = remote_list_parse(options->remotes, options->is_shuffled);

    conn->loop = loop_new();
    tls_configure(conn->loop, options->tls);
    conn->remotes = xstrdup(options->remotes);
    conn->database = xstrdup(options->database);
    conn->deadline_ms = options->timeout_ms ? clock_monotonic_ms() + options->timeout_ms : 0;
    struct err *err = connect_any(conn, &remotes, options->is_leader_only);
    remote_list_fini(&remotes);
    if (err) {
        conn_close(conn);
        return err;
    }
    *ret = conn;
    return NULL;
}

void
conn_close(struct conn *conn)
{
    if (!conn) {
        return;
    }
    drop_connection(conn);
    jsonrpc_msg_free(conn->answer);
    err_free(conn->lost);
    schema_unref(conn->schema);
    loop_free(conn->loop);
    free(conn->remotes);
    free(conn->database);
    free(conn);
}
