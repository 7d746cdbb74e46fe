/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/configure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/dirs.h"
#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/net/jsonrpc.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/server/config_file.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/remotes.h"
#include "ovsdb/server/replication.h"
#include "ovsdb/server/server.h"
#include "ovsdb/server/upstream.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_configure);

/* A database of the file, parallel to config_file.databases. */
struct placed {
    char *name;                                              /* owned: of the database */
    struct replication *replication;                         /* owned; NULL unless it is a backup */
    struct hosted *prepared;                                 /* owned: opened and not hosted yet, or NULL */
    size_t before;                                           /* its index before, or NOT_THERE */
};
enum { NOT_THERE = -1 };
VEC_DEFINE(placement, struct placed);

struct configuration {
    char *path;                                              /* owned, absolute */
    struct server *server;
    struct remotes *remotes;
    const struct tls_options *tls;                           /* NULL once 'remotes' has them */
    const struct upstream_env *env;
    struct config_file *file;                                /* owned: what is in force; NULL: nothing yet */
    struct placement placement;
};

static char *
in_database_folder(const char *path)
{
    return *path == '/' ? xstrdup(path) : xasprintf("%s/%s", dirs_ovs_db(), path);
}

struct configuration *
configuration_new(const char *path, struct server *server, struct remotes *remotes,
                  const struct tls_options *tls, const struct upstream_env *env)
{
    struct configuration *c = xmalloc(sizeof *c);
    *c = (struct configuration) {
        .path = in_database_folder(path), .server = server, .remotes = remotes, .tls = tls, .env = env};
    return c;
}

static void
placement_fini(struct placement *placement)
{
    for (size_t i = 0; i < placement->n; i++) {
        replication_free(placement->d[i].replication);
        server_discard_prepared(placement->d[i].prepared);
        free(placement->d[i].name);
    }
    vec_fini(placement);
}

void
configuration_free(struct configuration *c)
{
    if (c) {
        placement_fini(&c->placement);
        config_file_free(c->file);
        free(c->path);
        free(c);
    }
}

const char *
configuration_path(const struct configuration *c)
{
    return c->path;
}

/* Reading. */

static struct err *
read_file(const char *path, struct config_file **ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  /* a FIFO is read as empty, rather than waited for */
    if (fd < 0) {
        return err_errno(errno, "cannot open");
    }
    struct buf text = BUF_INIT(CONFIG_FILE_MAX_BYTES);
    int failure = buf_read(&text, fd);
    close(fd);
    struct err *e = failure            ? err_errno(failure, "cannot read")
                    : !buf_is_ok(&text) ? err_new("larger than %d bytes", CONFIG_FILE_MAX_BYTES)
                                        : config_file_parse(str_from(buf_text(&text)), ret);
    buf_fini(&text);
    return e;
}

/* What can fail. */

static bool
is_same_file(const char *a, const char *b)
{
    char *path_a = in_database_folder(a), *path_b = in_database_folder(b);
    bool same = !strcmp(path_a, path_b);
    free(path_a);
    free(path_b);
    return same;
}

/* The same database as 'database' in what is in force. */
static size_t
find_before(const struct configuration *c, const struct config_database *database)
{
    for (size_t i = 0; c->file && i < c->file->databases.n; i++) {
        const struct config_database *old = &c->file->databases.d[i];
        bool is_relay = database->model == SERVICE_RELAY, was_relay = old->model == SERVICE_RELAY;
        if (is_relay == was_relay
            && (is_relay ? !strcmp(old->name, database->name) && !strcmp(old->source, database->source)
                         : is_same_file(old->name, database->name))) {
            return i;
        }
    }
    return (size_t) NOT_THERE;
}

static void
ignore(void *aux)
{
    (void) aux;
}

static void
ignore_message(void *aux, struct jsonrpc_msg *msg)
{
    jsonrpc_msg_free(msg);
}

/* Whether a connection to 'source' can be tried. */
static struct err *
check_source(const struct configuration *c, const char *source)
{
    static const struct jsonrpc_session_callbacks cbs = {
        .connected = ignore, .disconnected = ignore, .received = ignore_message};
    struct upstream *upstream;
    struct err *e = c->env->open(c->env->aux, source, &cbs, NULL, &upstream);
    if (!e) {
        c->env->close(upstream);
    }
    return e;
}

static struct err *
open_file(const char *name, struct hosted **ret)
{
    char *path = in_database_folder(name);
    struct storage *storage;
    struct err *e = storage_open(path, STORAGE_READ_WRITE, &storage);
    free(path);
    return e ? e : server_prepare_database(storage, ret);
}

/* Opens 'database' unless it is there. */
static struct err *
prepare(const struct configuration *c, const struct config_database *database, struct placed *ret)
{
    struct placed placed = {.before = find_before(c, database)};
    struct err *e = database->source ? check_source(c, database->source) : NULL;
    if (!e && placed.before == (size_t) NOT_THERE && database->model != SERVICE_RELAY) {
        e = open_file(database->name, &placed.prepared);
    }
    if (e) {
        return err_wrap(e, "\"databases\": \"%s\"", database->name);
    }
    placed.name = xstrdup(placed.prepared ? server_prepared_schema(placed.prepared)->name
                          : placed.before != (size_t) NOT_THERE ? c->placement.d[placed.before].name : database->name);
    *ret = placed;
    return NULL;
}

static struct err *
check_names(const struct placement *placement)
{
    struct err *e = NULL;
    struct strmap names;
    strmap_init(&names);
    for (size_t i = 0; i < placement->n && !e; i++) {
        const char *name = placement->d[i].name;
        if (*name == '_' || strmap_find(&names, name)) {
            e = err_new("\"databases\": %s: %s", name, *name == '_' ? "the name is reserved" : "duplicate database name");
        }
        strmap_set(&names, name, NULL);
    }
    strmap_fini(&names);
    return e;
}

/* The schema that the database 'name' will have, NULL if there will be none.  '*ret_awaited': it is not known yet. */
static const struct schema *
coming_schema(const struct configuration *c, const struct config_file *file, const struct placement *placement,
              const char *name, bool *ret_awaited)
{
    *ret_awaited = false;
    for (size_t i = 0; i < placement->n; i++) {
        const struct placed *placed = &placement->d[i];
        if (!strcmp(placed->name, name)) {
            bool is_new = placed->before == (size_t) NOT_THERE;
            *ret_awaited = file->databases.d[i].model == SERVICE_RELAY && (is_new || server_awaits_schema(c->server, name));
            return placed->prepared ? server_prepared_schema(placed->prepared) : is_new ? NULL : server_schema(c->server, name);
        }
    }
    return *name == '_' ? server_schema(c->server, name) : NULL;
}

static struct err *
check_remotes(const struct configuration *c, const struct config_file *file, const struct placement *placement)
{
    for (size_t i = 0; i < file->remotes.n; i++) {
        const char *target = file->remotes.d[i].target;
        if (!remote_is_source(target)) {
            continue;
        }
        bool is_awaited;
        char *name = remote_source_database(target);
        const struct schema *schema = coming_schema(c, file, placement, name, &is_awaited);
        struct err *e = is_awaited ? NULL : remote_source_check(schema, target);
        free(name);
        if (e) {
            return err_wrap(e, "\"remotes\"");
        }
    }
    return NULL;
}

static struct err *
prepare_all(const struct configuration *c, const struct config_file *file, struct placement *placement)
{
    for (size_t i = 0; i < file->databases.n; i++) {
        struct placed placed;
        struct err *e = prepare(c, &file->databases.d[i], &placed);
        if (e) {
            return e;
        }
        vec_push(placement, placed);
    }
    struct err *e = check_names(placement);
    return e ? e : check_remotes(c, file, placement);
}

/* Making the differences.  Nothing here can fail, but for the TLS options at the start. */

static void
remove_databases(struct configuration *c, const struct placement *coming)
{
    for (size_t i = 0; i < c->placement.n; i++) {
        struct placed *placed = &c->placement.d[i];
        bool stays = false;
        for (size_t j = 0; j < coming->n && !stays; j++) {
            stays = coming->d[j].before == i;
        }
        if (!stays) {
            replication_free(placed->replication);
            placed->replication = NULL;
            struct err *e = server_remove_database(c->server, placed->name);
            CHECK(!e);
            log_info("%s: removed", placed->name);
        }
    }
}

static void
add_database(struct configuration *c, const struct config_database *database, struct placed *placed)
{
    if (placed->prepared) {
        server_host_prepared(c->server, placed->prepared);
        placed->prepared = NULL;
    } else {
        char *spec = xasprintf("relay:%s:%s", database->name, database->source);
        struct err *e = relay_add(c->server, spec, c->env);
        CHECK(!e);
        free(spec);
    }
    log_info("%s: added", placed->name);
}

/* "DB:TABLE,DB:TABLE..." */
static char *
excluded_text(const struct config_database *database, const char *name)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < database->excluded.n; i++) {
        buf_printf(&text, "%s%s:%s", i ? "," : "", name, database->excluded.d[i]);
    }
    return buf_take_text(&text);
}

/* Sets what differs, because either setter starts the copying anew. */
static void
follow_source(const struct config_database *database, struct placed *placed)
{
    struct replication *r = placed->replication;
    char *excluded = excluded_text(database, placed->name), *excluded_before = replication_excluded(r);
    struct err *e = strcmp(excluded, excluded_before) ? replication_set_excluded(r, excluded) : NULL;
    CHECK(!e);
    free(excluded);
    free(excluded_before);
    replication_set_probe_interval(r, database->probe_ms);
    replication_set_max_backoff(r, database->max_backoff_ms);
    const char *source = replication_active_server(r);
    if (!source || strcmp(source, database->source)) {
        replication_set_active_server(r, database->source);
        e = replication_start(r);
        CHECK(!e);
    }
}

/* Gives a database the role that it shall have.  Returns whether it had another one. */
static bool
set_role(struct configuration *c, const struct config_database *database, struct placed *placed)
{
    bool was_backup = placed->replication, is_backup = database->model == SERVICE_ACTIVE_BACKUP && database->is_backup;
    if (database->model == SERVICE_RELAY) {
        relay_set_intervals(c->server, placed->name, database->probe_ms, database->max_backoff_ms);
    } else if (is_backup) {
        placed->replication = was_backup ? placed->replication : replication_new_for(c->server, c->env, placed->name);
        follow_source(database, placed);
    } else {
        replication_free(placed->replication);
        placed->replication = NULL;
    }
    return was_backup != is_backup && placed->before != (size_t) NOT_THERE;
}

static void
set_remotes(struct configuration *c, const struct config_file *file)
{
    VEC(const char *) targets = {0};
    VEC(struct remote_options) options = {0};
    for (size_t i = 0; i < file->remotes.n; i++) {
        vec_push(&targets, file->remotes.d[i].target);
        vec_push(&options, file->remotes.d[i].options);
    }
    remotes_set(c->remotes, targets.d, options.d, targets.n);
    vec_fini(&targets);
    vec_fini(&options);
}

static struct err *
apply(struct configuration *c, const struct config_file *file, struct placement *placement)
{
    bool changed_role = false;
    remove_databases(c, placement);
    for (size_t i = 0; i < placement->n; i++) {
        struct placed *placed = &placement->d[i];
        if (placed->before == (size_t) NOT_THERE) {
            add_database(c, &file->databases.d[i], placed);
        } else {
            placed->replication = c->placement.d[placed->before].replication;
            c->placement.d[placed->before].replication = NULL;
        }
        changed_role |= set_role(c, &file->databases.d[i], placed);
    }
    struct err *e = c->tls ? remotes_set_tls(c->remotes, c->tls) : NULL;
    c->tls = NULL;
    set_remotes(c, file);
    if (changed_role) {
        remotes_reconnect(c->remotes);                       /* as "connect-active-ovsdb-server" does */
    }
    return e;
}

struct err *
configuration_reload(struct configuration *c)
{
    struct config_file *file;
    struct err *e = read_file(c->path, &file);
    if (e) {
        return err_wrap(e, "%s", c->path);
    }
    struct placement placement = {0};
    e = prepare_all(c, file, &placement);
    if (e) {
        placement_fini(&placement);
        config_file_free(file);
        return err_wrap(e, "%s", c->path);
    }
    e = apply(c, file, &placement);
    placement_fini(&c->placement);
    config_file_free(c->file);
    c->placement = placement;
    c->file = file;
    log_info("%s: %zu databases and %zu remotes are in force", c->path, file->databases.n, file->remotes.n);
    return e;
}

/* Texts. */

char *
configuration_sync_status(const struct configuration *c)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < c->placement.n; i++) {
        const struct placed *placed = &c->placement.d[i];
        char *status = placed->replication ? replication_status(placed->replication) : NULL;
        if (status) {
            buf_puts(&text, status);
        } else if (c->file->databases.d[i].model == SERVICE_ACTIVE_BACKUP) {
            buf_printf(&text, "state: active\ndatabase: %s\n", placed->name);
        }
        free(status);
    }
    if (!text.size) {
        buf_puts(&text, "state: active\n");
    }
    return buf_take_text(&text);
}

char *
configuration_active_servers(const struct configuration *c)
{
    struct strmap sources;
    strmap_init(&sources);
    for (size_t i = 0; i < c->placement.n; i++) {
        if (c->file->databases.d[i].model == SERVICE_ACTIVE_BACKUP) {
            strmap_set(&sources, c->file->databases.d[i].source, NULL);
        }
    }
    size_t n;
    struct strmap_node **nodes = strmap_sorted(&sources, &n);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&text, "%s%s", i ? "\n" : "", nodes[i]->key);
    }
    free(nodes);
    strmap_fini(&sources);
    return buf_take_text(&text);
}

char *
configuration_excluded(const struct configuration *c)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < c->placement.n; i++) {
        char *excluded = excluded_text(&c->file->databases.d[i], c->placement.d[i].name);
        buf_printf(&text, "%s%s", text.size && *excluded ? "," : "", excluded);
        free(excluded);
    }
    return buf_take_text(&text);
}
