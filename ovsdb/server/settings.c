/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/dirs.h"
#include "lib/base/hmap.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "ovsdb/model/schema.h"
#include "ovsdb/server/relay.h"
#include "ovsdb/server/remote_rows.h"
#include "ovsdb/server/remotes.h"
#include "ovsdb/server/replication.h"
#include "ovsdb/server/server.h"
#include "ovsdb/storage/storage.h"

LOG_MODULE(ovsdb_settings);

struct settings {
    int fd;                                                  /* or -1: there is no such file */
    struct settings_of of;
    struct strmap databases;                                 /* name → what was said, owned: an absolute path or "relay:..." */
    int64_t probe_ms;                                        /* -1: by default */
};

struct settings *
settings_new(void)
{
    struct settings *s = xmalloc(sizeof *s);
    *s = (struct settings) {.fd = memfd_create("settings", MFD_CLOEXEC), .probe_ms = -1};
    strmap_init(&s->databases);
    return s;
}

void
settings_free(struct settings *s)
{
    strmap_fini_data(&s->databases);
    if (s->fd >= 0) {
        close(s->fd);
    }
    free(s);
}

void
settings_bind(struct settings *s, const struct settings_of *of)
{
    s->of = *of;
}

/* Databases. */

static void
note_database(struct settings *s, const char *name, char *said)
{
    free(strmap_set(&s->databases, name, said));
}

static struct err *
add_relay(struct settings *s, const char *spec)
{
    struct err *e = relay_add(s->of.server, spec, s->of.upstream_env);
    if (!e) {
        struct str rest = str_from(spec);
        str_cut(&rest, ":");
        char *name = str_dup(str_cut(&rest, ":"));
        note_database(s, name, xstrdup(spec));
        free(name);
    }
    return e;
}

static bool
is_open(const struct settings *s, const char *path)
{
    char *absolute = dirs_absolute(path);
    bool found = false;
    STRMAP_FOR_EACH (node, &s->databases) {
        found |= !strcmp(node->data, absolute);
    }
    free(absolute);
    return found;
}

static struct err *
add_file(struct settings *s, const char *path)
{
    if (is_open(s, path)) {
        return err_tagged("ovsdb error", "%s: already open", path);
    }
    struct storage *storage;
    struct err *e = storage_open(path, STORAGE_READ_WRITE, &storage);
    if (e) {
        return e;
    }
    char *name = xstrdup(storage_schema(storage)->name);
    e = server_add_database(s->of.server, storage);
    if (!e) {
        note_database(s, name, dirs_absolute(path));
    }
    free(name);
    return e;
}

struct err *
settings_add_database(struct settings *s, const char *database)
{
    return relay_is_spec(database) ? add_relay(s, database) : add_file(s, database);
}

struct err *
settings_remove_database(struct settings *s, const char *name)
{
    struct err *e = server_remove_database(s->of.server, name);
    if (!e) {
        free(strmap_remove(&s->databases, name));
    }
    return e;
}

void
settings_set_probe_interval(struct settings *s, int64_t ms)
{
    s->probe_ms = ms;
    replication_set_probe_interval(s->of.replication, ms);
}

/* Keeping. */

static json_t *
databases_json(const struct settings *s)
{
    json_t *array = json_array();
    STRMAP_FOR_EACH (node, &s->databases) {
        json_array_append_new(array, json_string(node->data));
    }
    return array;
}

static json_t *
remotes_json(const struct settings *s)
{
    json_t *array = json_array();
    size_t n;
    const char **targets = remotes_targets(s->of.remotes, &n);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(array, json_string(targets[i]));
    }
    free(targets);
    return array;
}

static char *
settings_text(const struct settings *s)
{
    const struct replication *r = s->of.replication;
    const char *active_server = replication_active_server(r);
    char *excluded = replication_excluded(r);
    json_t *json = json_pack("{s:o, s:o, s:s, s:b, s:s, s:I}", "databases", databases_json(s), "remotes", remotes_json(s),
                             "active-server", active_server ? active_server : "", "is-backup", replication_is_backup(r),
                             "excluded", excluded, "probe-ms", (json_int_t) s->probe_ms);
    char *text = json_text(json);
    json_decref(json);
    free(excluded);
    return text;
}

/* One write, so that a crash leaves the old text or the new; the NUL is its end. */
void
settings_save(struct settings *s)
{
    char *text = settings_text(s);
    ssize_t n = (ssize_t) strlen(text) + 1;
    if (s->fd < 0 || pwrite(s->fd, text, (size_t) n, 0) != n) {
        log_warn("cannot keep the settings for a restart: %s", strerror(errno));
    }
    free(text);
}

bool
settings_are_saved(const struct settings *s)
{
    struct stat status;
    return s->fd >= 0 && !fstat(s->fd, &status) && status.st_size > 0;
}

static json_t *
load(const struct settings *s)
{
    struct stat status;
    CHECK(!fstat(s->fd, &status));
    char *text = xcalloc(1, (size_t) status.st_size + 1);
    CHECK(pread(s->fd, text, (size_t) status.st_size, 0) == status.st_size);
    json_t *json;
    CHECK(!json_parse(str_from(text), 0, &json));            /* we wrote it */
    free(text);
    return json;
}

static struct err *
restore(struct settings *s, const json_t *json)
{
    size_t i;
    json_t *item;
    struct replication *r = s->of.replication;
    struct err *e = NULL;
    json_array_foreach (json_object_get(json, "databases"), i, item) {
        e = e ? e : settings_add_database(s, json_string_value(item));
    }
    e = e ? e : replication_set_excluded(r, json_string_value(json_object_get(json, "excluded")));
    if (e) {
        return e;
    }
    replication_set_active_server(r, json_string_value(json_object_get(json, "active-server")));
    settings_set_probe_interval(s, json_integer_value(json_object_get(json, "probe-ms")));
    return json_is_true(json_object_get(json, "is-backup")) ? replication_start(r) : NULL;
}

struct err *
settings_restore(struct settings *s)
{
    json_t *json = load(s);
    struct err *e = restore(s, json);
    json_decref(json);
    log_info("the settings are those of the process before");
    return e;
}

void
settings_restore_remotes(struct settings *s)
{
    json_t *json = load(s), *array = json_object_get(json, "remotes");
    size_t n = json_array_size(array);
    const char **targets = xcalloc(n + 1, sizeof *targets);
    struct remote_options *options = xcalloc(n + 1, sizeof *options);
    for (size_t i = 0; i < n; i++) {
        targets[i] = json_string_value(json_array_get(array, i));
        options[i] = (struct remote_options) REMOTE_OPTIONS_INIT;
    }
    remotes_set(s->of.remotes, targets, options, n);
    free(options);
    free(targets);
    json_decref(json);
}
