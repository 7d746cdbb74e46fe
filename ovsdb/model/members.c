/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the members of a JSON object, each at most once, and noticing those that nobody asked for. */
#include <config.h>

#include "ovsdb/model/type_private.h"

static const char SYNTAX[] = "syntax error";

struct err *
members_init(struct members *m, const json_t *object, const char *what)
{
    *m = (struct members) {.object = object, .what = what};
    return json_is_object(object) ? NULL : err_tagged(SYNTAX, "Parsing %s failed: object expected", what);
}

const json_t *
members_get(struct members *m, const char *name)
{
    const json_t *json = json_object_get(m->object, name);
    m->n_used += json != NULL;
    return json;
}

static struct err *
type_mismatch(const struct members *m, const char *name)
{
    return err_tagged(SYNTAX, "Parsing %s failed: Type mismatch for member '%s'.", m->what, name);
}

struct err *
members_get_string(struct members *m, const char *name, const char **ret)
{
    const json_t *json = members_get(m, name);
    if (json && !json_is_string(json)) {
        return type_mismatch(m, name);
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
        return type_mismatch(m, name);
    } else if (json) {
        *ret = json_is_true(json);
    }
    return NULL;
}

struct err *
members_get_integer(struct members *m, const char *name, int64_t min, int64_t max, int64_t *ret)
{
    const json_t *json = members_get(m, name);
    if (!json) {
        return NULL;
    } else if (!json_is_integer(json)) {
        return type_mismatch(m, name);
    }
    int64_t i = json_integer_value(json);
    if (i < min || i > max) {
        return err_tagged(SYNTAX, "Parsing %s failed: %s out of valid range %lld to %lld", m->what, name,
                          (long long) min, (long long) max);
    }
    *ret = i;
    return NULL;
}

struct err *
members_done(const struct members *m)
{
    if (json_object_size(m->object) == m->n_used) {
        return NULL;
    }
    return err_tagged(SYNTAX, "Parsing %s failed: it has a member that is not allowed here", m->what);
}
