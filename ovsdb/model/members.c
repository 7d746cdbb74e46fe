/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the members of a JSON object, each at most once, and noticing those that nobody asked for. */
#include <config.h>

#include "lib/base/json.h"
#include "ovsdb/model/type_private.h"

static const char SYNTAX[] = "syntax error";

/* "Parsing table schema for table A failed: Type mismatch for member 'isRoot'." */
static struct err *
members_error(const struct members *m, const char *before, const char *name, const char *after)
{
    return err_add_syntax(err_tagged(SYNTAX, "Parsing %s%s failed: %s'%s'%s", m->what, m->whose, before, name, after),
                          json_text(m->object));
}

struct err *
members_init(struct members *m, const json_t *object, const char *what, const char *whose)
{
    *m = (struct members) {.object = object, .what = what, .whose = whose};
    return json_is_object(object) ? NULL : err_tagged(SYNTAX, "Parsing %s%s failed: Object expected.", what, whose);
}

const json_t *
members_get(struct members *m, const char *name)
{
    const json_t *json = json_object_get(m->object, name);
    if (json) {
        CHECK(m->n_used < MAX_MEMBERS);
        m->used[m->n_used++] = name;
    }
    return json;
}

struct err *
members_mismatch(const struct members *m, const char *name)
{
    return members_error(m, "Type mismatch for member ", name, ".");
}

struct err *
members_missing(const struct members *m, const char *name)
{
    return members_error(m, "Required ", name, " member is missing.");
}

struct err *
members_get_object(struct members *m, const char *name, const json_t **ret)
{
    const json_t *json = members_get(m, name);
    if (!json) {
        return members_missing(m, name);
    } else if (!json_is_object(json)) {
        return members_mismatch(m, name);
    }
    *ret = json;
    return NULL;
}

struct err *
members_get_string(struct members *m, const char *name, const char **ret)
{
    const json_t *json = members_get(m, name);
    if (json && !json_is_string(json)) {
        return members_mismatch(m, name);
    } else if (json) {
        *ret = json_string_value(json);
    }
    return NULL;
}

struct err *
members_get_bool(struct members *m, const char *name, bool *ret)
{
    const json_t *json = members_get(m, name);
    if (json && !json_is_boolean(json)) {
        return members_mismatch(m, name);
    } else if (json) {
        *ret = json_is_true(json);
    }
    return NULL;
}

struct err *
members_get_integer(struct members *m, const char *name, int64_t *ret)
{
    const json_t *json = members_get(m, name);
    if (json && !json_is_integer(json)) {
        return members_mismatch(m, name);
    } else if (json) {
        *ret = json_integer_value(json);
    }
    return NULL;
}

static bool
is_used(const struct members *m, const char *name)
{
    for (size_t i = 0; i < m->n_used; i++) {
        if (!strcmp(m->used[i], name)) {
            return true;
        }
    }
    return false;
}

struct err *
members_done(const struct members *m)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) m->object, name, value) {
        if (!is_used(m, name)) {
            return members_error(m, "Member ", name, " is present but not allowed here.");
        }
    }
    return NULL;
}
