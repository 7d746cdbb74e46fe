/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/config_file.h"

#include <jansson.h>
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/net/stream.h"
#include "ovsdb/server/parse.h"

/* Objects. */

/* A member that an object may have, and where its value goes. */
struct member {
    const char *name;
    json_type type;                                          /* JSON_TRUE stands for both */
    int64_t max;                                             /* of an integer, which is never negative */
    bool *ret_bool;
    int64_t *ret_integer;
    const char **ret_string;                                 /* borrowed from the JSON */
    const json_t **ret_json;                                 /* likewise: of an object or an array */
};
#define MEMBER_BOOL(NAME, RET) {.name = (NAME), .type = JSON_TRUE, .ret_bool = (RET)}
#define MEMBER_INTEGER(NAME, MAX, RET) {.name = (NAME), .type = JSON_INTEGER, .max = (MAX), .ret_integer = (RET)}
#define MEMBER_STRING(NAME, RET) {.name = (NAME), .type = JSON_STRING, .ret_string = (RET)}
#define MEMBER_OBJECT(NAME, RET) {.name = (NAME), .type = JSON_OBJECT, .ret_json = (RET)}
#define MEMBER_ARRAY(NAME, RET) {.name = (NAME), .type = JSON_ARRAY, .ret_json = (RET)}

static struct err *
take_integer(const struct member *member, const json_t *value)
{
    int64_t n = json_integer_value(value);
    if (n < 0 || n > member->max) {
        return err_new("not a number between 0 and %lld", (long long) member->max);
    }
    *member->ret_integer = n;
    return NULL;
}

static struct err *
take_value(const struct member *member, const json_t *value)
{
    json_type type = json_is_boolean(value) ? JSON_TRUE : json_typeof(value);
    if (type != member->type) {
        return err_new("%s expected", member->type == JSON_TRUE ? "true or false" : member->type == JSON_INTEGER ? "an integer"
                                      : member->type == JSON_STRING ? "a string"
                                      : member->type == JSON_ARRAY ? "an array" : "an object");
    }
    switch (member->type) {
    case JSON_INTEGER: return take_integer(member, value);
    case JSON_STRING: *member->ret_string = json_string_value(value); return NULL;
    case JSON_TRUE: *member->ret_bool = json_is_true(value); return NULL;
    default: *member->ret_json = value; return NULL;
    }
}

/* Takes what 'object' (null counts as empty) says of the 'n' 'members'; others are an error. */
static struct err *
take_members(const json_t *object, const struct member *members, size_t n)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object) && !json_is_null(object)) {
        return err_new("an object expected");
    }
    json_object_foreach ((json_t *) object, key, value) {
        size_t i = 0;
        while (i < n && strcmp(members[i].name, key)) {
            i++;
        }
        struct err *e = i < n ? take_value(&members[i], value) : err_new("not known");
        if (e) {
            return err_wrap(e, "\"%s\"", key);
        }
    }
    return NULL;
}

static struct err *
check_size(const json_t *container)
{
    size_t n = json_is_array(container) ? json_array_size(container) : json_object_size(container);
    return n <= CONFIG_FILE_MAX_ITEMS ? NULL : err_new("more than %d", CONFIG_FILE_MAX_ITEMS);
}

/* Remotes. */

static struct err *
parse_remote(const char *target, const json_t *json, struct config_remote *ret)
{
    struct remote_options options = REMOTE_OPTIONS_INIT;
    int64_t dscp = -1;
    const struct member members[] = {
        MEMBER_INTEGER("inactivity-probe", INT32_MAX, &options.probe_interval_ms),
        MEMBER_INTEGER("max-backoff", INT32_MAX, &options.max_backoff_ms),
        MEMBER_BOOL("read-only", &options.is_read_only),
        MEMBER_STRING("role", &options.role),
        MEMBER_INTEGER("dscp", REMOTE_DSCP_MAX, &dscp),
    };
    if (!stream_target_is_active(target) && !stream_target_is_passive(target) && !remote_is_source(target)) {
        return err_new("not a connection method");
    }
    struct err *e = take_members(json, members, ARRAY_SIZE(members));
    if (e) {
        return e;
    }
    options.dscp = (int) dscp;
    *ret = (struct config_remote) {.target = xstrdup(target), .options = remote_options_clone(&options)};
    return NULL;
}

static struct err *
parse_remotes(const json_t *json, struct config_file *config)
{
    const char *target;
    json_t *value;
    struct err *e = check_size(json);
    if (e) {
        return e;
    }
    json_object_foreach ((json_t *) json, target, value) {
        struct config_remote remote;
        e = parse_remote(target, value, &remote);
        if (e) {
            return err_wrap(e, "\"%s\"", target);
        }
        vec_push(&config->remotes, remote);
    }
    return NULL;
}

/* Databases. */

/* "tcp:A,tcp:B" */
static struct err *
check_source(const char *source)
{
    size_t n = 0;
    for (struct str rest = str_from(source); rest.s;) {
        char *target = str_dup(str_trim(str_cut(&rest, ",")));
        bool is_active = stream_target_is_active(target);
        free(target);
        if (!is_active) {
            return err_new("not a connection method to connect to");
        }
        n++;
    }
    return n ? NULL : err_new("no remote to connect to");
}

/* An object with one member, which is named after the remote and has its options. */
static struct err *
parse_source(const json_t *json, struct config_database *database)
{
    const struct member members[] = {
        MEMBER_INTEGER("inactivity-probe", INT32_MAX, &database->probe_ms),
        MEMBER_INTEGER("max-backoff", INT32_MAX, &database->max_backoff_ms),
    };
    const char *target;
    json_t *value;
    if (json_object_size(json) != 1) {
        return err_new("exactly one member expected");
    }
    json_object_foreach ((json_t *) json, target, value) {
        struct err *e = check_source(target);
        e = e ? e : take_members(value, members, ARRAY_SIZE(members));
        if (e) {
            return err_wrap(e, "\"%s\"", target);
        }
        database->source = xstrdup(target);
    }
    return NULL;
}

static struct err *
parse_excluded(const json_t *json, struct config_database *database)
{
    size_t i;
    json_t *value;
    struct err *e = check_size(json);
    json_array_foreach (json, i, value) {
        if (!e && (!json_is_string(value) || !is_id(json_string_value(value)))) {
            e = err_new("not a name of a table at index %zu", i);
        }
        if (e) {
            break;
        }
        vec_push(&database->excluded, xstrdup(json_string_value(value)));
    }
    return e;
}

static struct err *
parse_model(const char *text, enum service_model *ret)
{
    static const char *const names[] = {
        [SERVICE_STANDALONE] = "standalone", [SERVICE_ACTIVE_BACKUP] = "active-backup", [SERVICE_RELAY] = "relay"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(text, names[i])) {
            *ret = (enum service_model) i;
            return NULL;
        }
    }
    return strcmp(text, "clustered") ? err_new("\"%s\" is not a service model", text)
                                     : err_new("clustered databases are not supported yet");
}

/* What goes together, after each member was right for itself. */
static struct err *
check_database(const struct config_database *database, bool has_backup, bool has_excluded)
{
    if (database->model == SERVICE_STANDALONE && database->source) {
        return err_new("\"source\" is for the service models relay and active-backup");
    }
    if (database->model != SERVICE_STANDALONE && !database->source) {
        return err_new("the service model needs a \"source\"");
    }
    if (database->model != SERVICE_ACTIVE_BACKUP && (has_backup || has_excluded)) {
        return err_new("\"%s\" is for the service model active-backup", has_backup ? "backup" : "exclude-tables");
    }
    if (database->model == SERVICE_RELAY && !is_id(database->name)) {
        return err_new("not the name of a database");
    }
    return *database->name ? NULL : err_new("not the name of a file");
}

static struct err *
parse_database(const json_t *json, struct config_database *database)
{
    const char *model = "standalone";
    const json_t *source = NULL, *excluded = NULL;
    const struct member members[] = {
        MEMBER_STRING("service-model", &model),
        MEMBER_BOOL("backup", &database->is_backup),
        MEMBER_OBJECT("source", &source),
        MEMBER_ARRAY("exclude-tables", &excluded),
    };
    struct err *e = take_members(json, members, ARRAY_SIZE(members));
    if (e) {
        return e;
    }
    e = parse_model(model, &database->model);
    if (e) {
        return err_wrap(e, "\"service-model\"");
    }
    e = source ? parse_source(source, database) : NULL;
    if (e) {
        return err_wrap(e, "\"source\"");
    }
    e = excluded ? parse_excluded(excluded, database) : NULL;
    if (e) {
        return err_wrap(e, "\"exclude-tables\"");
    }
    return check_database(database, json_object_get(json, "backup"), excluded);
}

static struct err *
parse_databases(const json_t *json, struct config_file *config)
{
    const char *name;
    json_t *value;
    struct err *e = check_size(json);
    if (e) {
        return e;
    }
    json_object_foreach ((json_t *) json, name, value) {
        vec_push(&config->databases, (struct config_database) {
            .name = xstrdup(name), .probe_ms = -1, .max_backoff_ms = -1});
        e = parse_database(value, &vec_last(&config->databases));
        if (e) {
            return err_wrap(e, "\"%s\"", name);
        }
    }
    return NULL;
}

/* The file. */

static struct err *
parse_config(const json_t *json, struct config_file *config)
{
    const json_t *remotes = NULL, *databases = NULL;
    const struct member members[] = {MEMBER_OBJECT("remotes", &remotes), MEMBER_OBJECT("databases", &databases)};
    struct err *e = json_is_object(json) ? take_members(json, members, ARRAY_SIZE(members)) : err_new("an object expected");
    if (e) {
        return e;
    }
    e = remotes ? parse_remotes(remotes, config) : NULL;
    if (e) {
        return err_wrap(e, "\"remotes\"");
    }
    e = databases ? parse_databases(databases, config) : NULL;
    return e ? err_wrap(e, "\"databases\"") : NULL;
}

struct err *
config_file_parse(struct str text, struct config_file **ret)
{
    if (text.n > CONFIG_FILE_MAX_BYTES) {
        return err_new("larger than %d bytes", CONFIG_FILE_MAX_BYTES);
    }
    json_t *json;
    struct err *e = json_parse(text, JSON_UNIQUE, &json);
    if (e) {
        return err_untag(e);
    }
    struct config_file *config = xcalloc(1, sizeof *config);
    e = parse_config(json, config);
    json_decref(json);
    if (e) {
        config_file_free(config);
        return e;
    }
    *ret = config;
    return NULL;
}

void
config_file_free(struct config_file *config)
{
    if (!config) {
        return;
    }
    for (size_t i = 0; i < config->remotes.n; i++) {
        free(config->remotes.d[i].target);
        remote_options_fini(&config->remotes.d[i].options);
    }
    for (size_t i = 0; i < config->databases.n; i++) {
        struct config_database *database = &config->databases.d[i];
        for (size_t j = 0; j < database->excluded.n; j++) {
            free(database->excluded.d[j]);
        }
        vec_fini(&database->excluded);
        free(database->name);
        free(database->source);
    }
    vec_fini(&config->remotes);
    vec_fini(&config->databases);
    free(config);
}
