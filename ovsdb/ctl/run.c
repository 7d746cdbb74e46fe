/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "ovsdb/ctl/connection.h"
#include "ovsdb/ctl/options.h"
#include "ovsdb/ctl/symbols.h"

LOG_MODULE(dbctl);

/* One invocation. */
struct run {
    const struct ctl_program *program;
    const struct ctl_options *options;
    const struct ctl_commands *commands;
    struct buf *reply;                                       /* where output goes; NULL: standard output */
    struct conn *conn;
    struct ctl_context *contexts;                            /* one for each command, of the latest attempt */
    struct workset *ws;                                      /* of the latest attempt */
    struct ctl_symbols *symbols;
    char *comment;
    uint64_t n_updates;                                      /* received when the latest attempt began */
    bool is_monitoring;                                      /* for wait-until */
    int64_t nb_cfg;                                          /* to wait for, if has_nb_cfg */
    bool has_nb_cfg;
    int64_t start_ms;                                        /* wall clock before the commit */
};

bool
ctl_has_option(const struct ctl_context *ctx, const char *name)
{
    return strmap_find(ctx->options, name) != NULL;
}

const char *
ctl_option(const struct ctl_context *ctx, const char *name)
{
    const struct strmap_node *node = strmap_find(ctx->options, name);
    return !node ? NULL : node->data ? node->data : "";
}

/* --- One attempt --- */

static void
attempt_fini(struct run *run)
{
    for (size_t i = 0; run->contexts && i < run->commands->n; i++) {
        struct ctl_context *ctx = &run->contexts[i];
        buf_fini(&ctx->output);
        tabular_free(ctx->table);
        json_decref(ctx->unsatisfied);
    }
    free(run->contexts);
    run->contexts = NULL;
    workset_free(run->ws);
    run->ws = NULL;
    symbols_free(run->symbols);
    run->symbols = NULL;
}

static void
attempt_init(struct run *run)
{
    attempt_fini(run);
    run->ws = workset_new(conn_schema(run->conn), conn_transact, run->conn);
    run->symbols = symbols_new();
    run->contexts = xcalloc(run->commands->n, sizeof *run->contexts);
    run->n_updates = conn_n_updates(run->conn);
    for (size_t i = 0; i < run->commands->n; i++) {
        struct ctl_command *command = &run->commands->d[i];
        run->contexts[i] = (struct ctl_context) {
            .argc = command->argc, .argv = command->argv, .options = command->options, .program = run->program,
            .ws = run->ws, .symbols = run->symbols, .output = BUF_INIT(BUF_NO_LIMIT),
            .is_last = i + 1 == run->commands->n};
    }
}

/* Makes the one row of the global table, if it is not there.  Only then it matters that it is still so when we commit. */
static struct err *
ensure_global(struct run *run)
{
    const struct table *table = schema_table(conn_schema(run->conn), run->program->global_table);
    struct ws_rows rows = {0};
    if (!table) {
        return NULL;
    }
    struct err *err = workset_select(run->ws, table, NULL, 0, 0, false, &rows);
    if (!err && !rows.n) {
        err = workset_select(run->ws, table, NULL, 0, 0, true, &rows);
        workset_insert(run->ws, table);
    }
    vec_fini(&rows);
    return err;
}

/* Runs the commands in order.  '*ret_unsatisfied' is set to the context of one that must run again later. */
static struct err *
run_commands(struct run *run, struct ctl_context **ret_unsatisfied)
{
    struct err *err = ensure_global(run);
    *ret_unsatisfied = NULL;
    for (size_t i = 0; i < run->commands->n && !err; i++) {
        struct ctl_context *ctx = &run->contexts[i];
        err = run->commands->d[i].def->run(ctx);
        if (!err && ctx->unsatisfied) {
            *ret_unsatisfied = ctx;
            return NULL;
        }
    }
    return err ? err : symbols_check(run->symbols);
}

static bool
must_sync(const struct run *run)
{
    for (size_t i = 0; i < run->commands->n; i++) {
        if (run->contexts[i].must_sync) {
            return true;
        }
    }
    return false;
}

/* Asks for a new nb_cfg in the same transaction, and for its value. */
static void
add_sync(struct run *run)
{
    workset_add_operation(run->ws, json_pack("{s:s,s:s,s:[],s:[[s,s,i]]}", "op", "mutate", "table",
                                             run->program->global_table, "where", "mutations", "nb_cfg", "+=", 1));
    workset_add_operation(run->ws, json_pack("{s:s,s:s,s:[],s:[s]}", "op", "select", "table", run->program->global_table,
                                             "where", "columns", "nb_cfg"));
    run->has_nb_cfg = true;
}

static struct err *
commit(struct run *run, bool *ret_conflict)
{
    json_t *results = NULL;

    *ret_conflict = false;
    run->has_nb_cfg = false;
    if (run->options->wait != CTL_WAIT_NONE && (workset_is_changed(run->ws) || must_sync(run))) {
        add_sync(run);
    }
    if (run->options->is_dry_run || !workset_is_changed(run->ws)) {
        run->has_nb_cfg = false;
        return NULL;
    }
    log_info("%s", run->comment);                            /* for the system log */
    run->start_ms = conn_wall_ms();
    struct err *err = workset_commit(run->ws, run->comment, ret_conflict, &results);
    if (!err && run->has_nb_cfg && !*ret_conflict) {
        const json_t *rows = json_object_get(json_array_get(results, 1), "rows");
        run->nb_cfg = json_integer_value(json_object_get(json_array_get(rows, 0), "nb_cfg"));
    }
    json_decref(results);
    return err;
}

static struct err *
finish_commands(struct run *run)
{
    struct err *err = NULL;
    for (size_t i = 0; i < run->commands->n && !err; i++) {
        const struct ctl_command_def *def = run->commands->d[i].def;
        err = def->finish ? def->finish(&run->contexts[i]) : NULL;
    }
    return err;
}

/* Waits until something has changed that may satisfy 'ctx'.  The first time, the monitor starts and we return at
 * once, because what we wait for may have come since we looked. */
static struct err *
wait_for_change(struct run *run, struct ctl_context *ctx)
{
    if (run->is_monitoring) {
        return conn_wait_update(run->conn, run->n_updates);
    }
    run->is_monitoring = true;
    return conn_monitor(run->conn, json_incref(ctx->unsatisfied));
}

/* Attempts until one goes through. */
static struct err *
run_until_done(struct run *run)
{
    for (;;) {
        struct ctl_context *unsatisfied;
        bool conflict = false;

        attempt_init(run);
        struct err *err = run_commands(run, &unsatisfied);
        if (!err && unsatisfied) {
            err = wait_for_change(run, unsatisfied);
            if (!err) {
                continue;
            }
        }
        if (!err) {
            err = commit(run, &conflict);
        }
        if (err || !conflict) {
            return err;
        }
        log_dbg("the database changed meanwhile, trying again");
    }
}

/* --- Output --- */

/* Prints 'text' as one line: new-lines as "\n", backslashes doubled. */
static void
put_one_line(struct buf *out, const char *text)
{
    size_t n = strlen(text);
    n -= n && text[n - 1] == '\n';
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n') {
            buf_puts(out, "\\n");
        } else if (text[i] == '\\') {
            buf_puts(out, "\\\\");
        } else {
            buf_putc(out, text[i]);
        }
    }
    buf_putc(out, '\n');
}

static void
put_output(const struct run *run, struct buf *out)
{
    bool is_first_table = true;
    for (size_t i = 0; i < run->commands->n; i++) {
        const struct ctl_context *ctx = &run->contexts[i];
        if (ctx->table) {
            tabular_print(ctx->table, &run->options->style, is_first_table, out);
            is_first_table = false;
        } else if (run->options->is_oneline) {
            put_one_line(out, buf_text(&ctx->output));
        } else {
            buf_puts(out, buf_text(&ctx->output));
        }
    }
}

/* --- --wait --- */

static struct err *
read_cfg(struct run *run, const char *const names[], size_t n, int64_t *ret)
{
    json_t *columns = json_array(), *results = NULL;
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(columns, json_string(names[i]));
    }
    struct err *err = conn_transact(run->conn,
                                    json_pack("[{s:s,s:s,s:[],s:o}]", "op", "select", "table", run->program->global_table,
                                              "where", "columns", columns), &results);
    const json_t *row = json_array_get(json_object_get(json_array_get(results, 0), "rows"), 0);
    for (size_t i = 0; i < n && !err; i++) {
        ret[i] = json_integer_value(json_object_get(row, names[i]));
    }
    json_decref(results);
    return err;
}

static struct err *
put_wait_times(struct run *run, struct buf *out)
{
    static const char *const names[] = {"nb_cfg_timestamp", "sb_cfg_timestamp", "hv_cfg_timestamp"};
    static const char *const texts[] = {"\tovn-northd delay before processing:\t%" PRId64 "ms\n",
                                        "\tovn-northd completion:\t\t\t%" PRId64 "ms\n",
                                        "\tovn-controller(s) completion:\t\t%" PRId64 "ms\n"};
    int64_t times[ARRAY_SIZE(names)];
    struct err *err = read_cfg(run, names, ARRAY_SIZE(names), times);
    buf_printf(out, "Time spent on processing nb_cfg %" PRId64 ":\n", run->nb_cfg);
    for (size_t i = 0; i < ARRAY_SIZE(names) - (run->options->wait == CTL_WAIT_SB) && !err; i++) {
        buf_printf(out, texts[i], times[i] - run->start_ms);
    }
    return err;
}

/* Waits until sb_cfg or hv_cfg has reached the nb_cfg of our transaction. */
static struct err *
wait_for_cfg(struct run *run, struct buf *out)
{
    const char *column = run->options->wait == CTL_WAIT_SB ? "sb_cfg" : "hv_cfg";
    int64_t cfg;
    struct err *err = conn_monitor(run->conn, json_pack("{s:{s:[s]}}", run->program->global_table, "columns", column));

    while (!err) {
        uint64_t seen = conn_n_updates(run->conn);
        err = read_cfg(run, &column, 1, &cfg);
        if (err || cfg >= run->nb_cfg) {
            break;
        }
        err = conn_wait_update(run->conn, seen);
    }
    return err || !run->options->has_print_wait_time ? err : put_wait_times(run, out);
}

/* --- The program --- */

/* The command line as one text, words with spaces or quotes in them quoted. */
static char *
command_line_text(const struct ctl_program *program, int argc, char *argv[])
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_printf(&text, "%s:", program->name);
    for (int i = 0; i < argc; i++) {
        buf_putc(&text, ' ');
        if (!*argv[i] || strpbrk(argv[i], " \t\r\n\v\"\\'")) {
            buf_put_json_string(&text, str_from(argv[i]));
        } else {
            buf_puts(&text, argv[i]);
        }
    }
    return buf_take_text(&text);
}

/* Moves 'out' to where output goes. */
static void
print(struct buf *out, struct buf *reply)
{
    if (reply) {
        buf_puts(reply, buf_text(out));
    } else {
        fwrite(buf_text(out), 1, out->size, stdout);
        fflush(stdout);
    }
    buf_clear(out);
}

static struct err *
execute(struct run *run)
{
    struct conn_options options = {.remotes = run->options->db, .database = run->program->database, .tls = &run->options->tls,
                                   .is_leader_only = run->options->is_leader_only, .is_shuffled = run->options->is_shuffled,
                                   .timeout_ms = run->reply ? INT64_C(1000) * run->options->timeout_s : 0};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);

    struct err *err = conn_open(&options, &run->conn);
    if (!err) {
        err = run_until_done(run);
    }
    if (!err) {
        err = finish_commands(run);
    }
    if (!err) {
        put_output(run, &out);
        print(&out, run->reply);
    }
    if (!err && run->has_nb_cfg) {
        err = wait_for_cfg(run, &out);
        print(&out, run->reply);
    }
    buf_fini(&out);
    attempt_fini(run);
    conn_close(run->conn);
    return err;
}

bool
ctl_put_information(const struct ctl_program *program, const struct ctl_options *options, const char *name, struct buf *out)
{
    if (options->has_help) {
        ctl_put_help(out, program, name, options->db);
    } else if (options->has_version) {
        buf_printf(out, "%s %s\nWeft Library %s\nDB Schema %s\n", name, PACKAGE_VERSION, PACKAGE_VERSION,
                   program->schema_version);
    } else if (options->has_commands_list) {
        ctl_put_commands(out, program);
    } else if (options->has_options_list) {
        ctl_put_options(out, program);
    }
    return options->has_help || options->has_version || options->has_commands_list || options->has_options_list;
}

/* JSON has no way to say anything else than UTF-8. */
static struct err *
check_encoding(int argc, char *argv[])
{
    struct err *err = NULL;
    for (int i = 0; i < argc && !err; i++) {
        json_t *json = json_string(argv[i]);
        err = json ? NULL : err_new("%s: argument is not valid UTF-8", argv[i]);
        json_decref(json);
    }
    return err;
}

struct err *
ctl_run(const struct ctl_program *program, int argc, char *argv[], struct ctl_options *options, struct buf *reply)
{
    struct ctl_commands commands = {0};
    struct err *err = check_encoding(options->argc, options->argv);
    if (!err) {
        err = ctl_commands_parse(program, options->n_args, options->args, &options->local, &commands);
    }
    if (!err) {
        struct run run = {.program = program, .options = options, .commands = &commands, .reply = reply,
                          .comment = command_line_text(program, argc, argv)};
        err = execute(&run);
        free(run.comment);
    }
    ctl_commands_fini(&commands);
    return err;
}

/* Does the command line go to a daemon?  Not if it says which database it is for. */
static bool
wants_daemon(const struct ctl_program *program, struct ctl_options *options)
{
    const char *socket = getenv(program->env_daemon);
    if (!options->daemon_socket && socket && *socket && !options->daemon.detach) {
        options->daemon_socket = xstrdup(socket);
    }
    if (options->daemon_socket && options->has_db && !options->daemon.detach) {
        log_warn("not using %s daemon because of db option", program->name);
        return false;
    }
    return options->daemon_socket && !options->daemon.detach;
}

static struct err *
run_command_line(const struct ctl_program *program, int argc, char *argv[], struct ctl_options *options)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct err *err = ctl_options_parse(program, argc, argv, options);
    bool is_done = !err && ctl_put_information(program, options, argv[0], &out);

    print(&out, NULL);
    buf_fini(&out);
    if (err || is_done) {
        return err;
    }
    if (options->timeout_s && !options->daemon.detach) {
        alarm(options->timeout_s);                           /* ends us with SIGALRM */
    }
    if (wants_daemon(program, options)) {
        return ctl_daemon_call(program, options);
    }
    if (options->daemon.detach) {
        return ctl_daemon_serve(program, argv[0], options);
    }
    return ctl_run(program, argc, argv, options, NULL);
}

int
ctl_main(int argc, char *argv[], const struct ctl_program *program)
{
    struct ctl_options options = {0};
    struct err *err;

    daemon_open_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    argv[0] = basename(argv[0]);
    log_set_program(argv[0]);
    err = log_set("console:warn");
    err_free(err);
    err = run_command_line(program, argc, argv, &options);
    int status = err ? EXIT_FAILURE : EXIT_SUCCESS;
    if (err) {
        char *text = err_take_text(err);
        fprintf(stderr, "%s: %s\n", argv[0], text);
        free(text);
    }
    ctl_options_fini(&options);
    return status;
}
