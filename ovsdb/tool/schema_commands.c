/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that need no more of a database than its schema. */
#include <config.h>

#include <stdlib.h>

#include "ovsdb/storage/log_file.h"
#include "ovsdb/storage/storage.h"
#include "ovsdb/tool/command.h"

struct err *
run_create(struct tool *tool, char *const arguments[])
{
    struct schema *schema;
    struct err *e = schema_from_file(schema_argument(tool, arguments[0] ? arguments[1] : NULL), &schema);
    if (!e) {
        e = storage_create(db_argument(tool, arguments[0]), schema);
        schema_unref(schema);
    }
    return e;
}

/* The schema in the database 'path'. */
static struct err *
read_db_schema(const char *path, struct schema **ret)
{
    struct storage *storage;
    struct err *e = storage_open(path, STORAGE_READ_ONLY, &storage);
    if (!e) {
        *ret = schema_ref(storage_schema(storage));
        storage_close(storage);
    }
    return e;
}

enum schema_part { NAME, VERSION, CKSUM };

/* Prints a part of 'schema', which is taken if 'e' is NULL. */
static struct err *
print_part(const struct tool *tool, struct err *e, struct schema *schema, enum schema_part part)
{
    if (!e) {
        const char *parts[] = {[NAME] = schema->name, [VERSION] = schema->version, [CKSUM] = schema->cksum};
        fprintf(tool->out, "%s\n", parts[part]);
        schema_unref(schema);
    }
    return e;
}

static struct err *
print_db_part(const struct tool *tool, const char *argument, enum schema_part part)
{
    struct schema *schema = NULL;
    struct err *e = read_db_schema(db_argument(tool, argument), &schema);
    return print_part(tool, e, schema, part);
}

static struct err *
print_schema_part(const struct tool *tool, const char *argument, enum schema_part part)
{
    struct schema *schema = NULL;
    struct err *e = schema_from_file(schema_argument(tool, argument), &schema);
    return print_part(tool, e, schema, part);
}

struct err *
run_db_name(struct tool *tool, char *const arguments[])
{
    return print_db_part(tool, arguments[0], NAME);
}

struct err *
run_db_version(struct tool *tool, char *const arguments[])
{
    return print_db_part(tool, arguments[0], VERSION);
}

struct err *
run_db_cksum(struct tool *tool, char *const arguments[])
{
    return print_db_part(tool, arguments[0], CKSUM);
}

struct err *
run_schema_name(struct tool *tool, char *const arguments[])
{
    return print_schema_part(tool, arguments[0], NAME);
}

struct err *
run_schema_version(struct tool *tool, char *const arguments[])
{
    return print_schema_part(tool, arguments[0], VERSION);
}

struct err *
run_schema_cksum(struct tool *tool, char *const arguments[])
{
    return print_schema_part(tool, arguments[0], CKSUM);
}

struct err *
run_needs_conversion(struct tool *tool, char *const arguments[])
{
    struct schema *have, *want;
    struct err *e = read_db_schema(db_argument(tool, arguments[0]), &have);
    if (e) {
        return e;
    }
    e = schema_from_file(schema_argument(tool, arguments[0] ? arguments[1] : NULL), &want);
    if (!e) {
        fputs(schema_eq(have, want) ? "no\n" : "yes\n", tool->out);
        schema_unref(want);
    }
    schema_unref(have);
    return e;
}

/* Versions. */

struct version {
    uint64_t x, y, z;
};

static struct err *
parse_version(const char *s, struct version *ret)
{
    uint64_t *const parts[] = {&ret->x, &ret->y, &ret->z};
    struct str rest = str_from(s);
    for (int i = 0; i < 3; i++) {
        char *part = rest.s ? str_dup(str_cut(&rest, ".")) : NULL;
        bool ok = part && *part >= '0' && *part <= '9' && str_to_uint64(part, 10, parts[i]);
        free(part);
        if (!ok) {
            return err_new("%s: not an OVSDB version number in format x.y.z", s);
        }
    }
    return rest.s ? err_new("%s: not an OVSDB version number in format x.y.z", s) : NULL;
}

static int
compare_versions(const struct version *a, const struct version *b)
{
    return a->x != b->x ? (a->x > b->x) - (a->x < b->x)
           : a->y != b->y ? (a->y > b->y) - (a->y < b->y)
                          : (a->z > b->z) - (a->z < b->z);
}

struct err *
run_compare_versions(struct tool *tool, char *const arguments[])
{
    static const struct {
        const char *name;
        bool less, equal, greater;
    } operators[] = {
        {"<", true, false, false}, {"<=", true, true, false}, {"==", false, true, false},
        {">=", false, true, true}, {">", false, false, true}, {"!=", true, false, true},
    };
    struct version a, b;
    struct err *e = parse_version(arguments[0], &a);
    e = e ? e : parse_version(arguments[2], &b);
    if (e) {
        return e;
    }
    int cmp = compare_versions(&a, &b);
    for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
        if (!strcmp(operators[i].name, arguments[1])) {
            bool holds = cmp < 0 ? operators[i].less : cmp > 0 ? operators[i].greater : operators[i].equal;
            tool->status = holds ? 0 : 2;
            return NULL;
        }
    }
    return err_new("%s: not a relational operator", arguments[1]);
}

/* Formats of files. */

static struct err *
test_format(struct tool *tool, const char *path, bool want_clustered)
{
    bool is_clustered;
    struct err *e = log_file_identify(path, &is_clustered);
    if (!e) {
        tool->status = is_clustered == want_clustered ? 0 : 2;
    }
    return e;
}

struct err *
run_db_is_standalone(struct tool *tool, char *const arguments[])
{
    return test_format(tool, arguments[0], false);
}

struct err *
run_db_is_clustered(struct tool *tool, char *const arguments[])
{
    return test_format(tool, arguments[0], true);
}

struct err *
run_not_clustered(struct tool *tool, char *const arguments[])
{
    bool is_clustered;
    struct err *e = log_file_identify(arguments[0], &is_clustered);
    return e              ? e
           : is_clustered ? run_no_clusters(tool, arguments)
                          : err_new("%s: not a clustered database", arguments[0]);
}

struct err *
run_check_cluster(struct tool *tool, char *const arguments[])
{
    bool is_clustered;
    for (size_t i = 0; arguments[i]; i++) {
        struct err *e = log_file_identify(arguments[i], &is_clustered);
        if (e) {
            return e;
        } else if (!is_clustered) {
            return err_tagged("ovsdb error", "%s: cannot identify file type", arguments[i]);
        }
    }
    return arguments[0] ? run_no_clusters(tool, arguments) : NULL;
}

struct err *
run_no_clusters(struct tool *tool UNUSED, char *const arguments[] UNUSED)
{
    return err_new("clustered databases are not supported");
}
