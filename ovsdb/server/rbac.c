/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/rbac.h"

#include <string.h>

#include "lib/base/log.h"
#include "ovsdb/server/database.h"

LOG_MODULE(ovsdb_rbac);

static const char TAG[] = "permission error";

static const char *
client_id(const struct rbac_client *client)
{
    return client->id ? client->id : "(null)";               /* as scripts know it from the peer */
}

static struct err *
refuse(const struct rbac_rules *rules)
{
    static const char *const whats[] = {
        [RBAC_INSERT] = "row insertion into", [RBAC_UPDATE] = "modification of",
        [RBAC_MUTATE] = "mutate operation on", [RBAC_DELETE] = "row deletion from",
    };
    struct err *e = err_tagged(TAG, "RBAC rules for client \"%s\" role \"%s\" prohibit %s table \"%s\".",
                               client_id(&rules->client), rules->client.role, whats[rules->operation],
                               rules->table->name);
    log_warn_rl("%s", err_detail(e));
    return e;
}

static const struct image *
find_role(const struct db_table *roles, const char *name)
{
    DB_TABLE_FOR_EACH (row, roles) {
        const struct datum *datum = image_find_datum(row->image, "name", ATOM_STRING, ATOM_VOID);
        if (datum && datum->n == 1 && !strcmp(datum_keys(datum)->string->text, name)) {
            return row->image;
        }
    }
    return NULL;
}

static const struct image *
find_permission(const struct database *db, const struct db_table *roles, const char *role, const struct table *table)
{
    const struct image *row = find_role(roles, role);
    const struct column *column = table_column(roles->schema, "permissions");
    const struct datum *datum = row ? image_find_datum(row, "permissions", ATOM_STRING, ATOM_UUID) : NULL;
    for (uint32_t i = 0; datum && i < datum->n; i++) {
        if (!strcmp(datum_keys(datum)[i].string->text, table->name) && column->type.value.ref_table) {
            const struct row *permission = db_table_row(&db->tables[column->type.value.ref_table->index],
                                                        &datum->values[i].uuid);
            return permission ? permission->image : NULL;
        }
    }
    return NULL;
}

struct err *
rbac_rules_find(struct rbac_rules *ret, const struct rbac_client *client, const struct database *db,
                const struct table *table, enum rbac_operation operation)
{
    const struct db_table *roles = client->role && *client->role ? database_table(db, "RBAC_Role") : NULL;
    *ret = (struct rbac_rules) {.apply = roles, .operation = operation, .client = *client, .table = table};
    if (!roles) {
        return NULL;
    }
    ret->permission = find_permission(db, roles, client->role, table);
    return client->id && ret->permission ? NULL : refuse(ret);
}

/* Whether the column 'name' of 'row', or its value of the key behind the ":", is the client's identity. */
static bool
is_identity(const struct image *row, const char *name, const char *id)
{
    struct str key = str_from(name);
    struct str column = str_cut(&key, ":");
    char *text = str_dup(column);
    const struct table *table = row->schema;
    const struct column *c = table_column(table, text);
    free(text);
    if (!c || c->index < COLUMN_FIRST || c->type.key.type != ATOM_STRING) {
        return false;
    }
    const struct datum *datum = &row->cells[c->index - COLUMN_FIRST]->datum;
    if (key.s) {
        const char *value = c->type.value.type == ATOM_STRING ? datum_get_string(datum, key.s) : NULL;
        return value && !strcmp(value, id);
    }
    return !column_type_is_map(&c->type) && c->type.n_max == 1 && datum->n == 1
        && !strcmp(datum_keys(datum)->string->text, id);
}

static bool
is_own(const struct rbac_rules *rules, const struct image *row)
{
    const struct datum *names = image_find_datum(rules->permission, "authorization", ATOM_STRING, ATOM_VOID);
    for (uint32_t i = 0; names && i < names->n; i++) {
        const char *name = datum_keys(names)[i].string->text;
        if (!*name || is_identity(row, name, rules->client.id)) {
            return true;
        }
    }
    return false;
}

struct err *
rbac_check_row(const struct rbac_rules *rules, const struct image *row)
{
    if (!rules->apply) {
        return NULL;
    }
    const struct datum *allowed = image_find_datum(rules->permission, "insert_delete", ATOM_BOOLEAN, ATOM_VOID);
    return allowed && allowed->n && datum_keys(allowed)->boolean && is_own(rules, row) ? NULL : refuse(rules);
}

static bool
has_string(const struct datum *set, const char *s)
{
    for (uint32_t i = 0; i < set->n; i++) {
        if (!strcmp(datum_keys(set)[i].string->text, s)) {
            return true;
        }
    }
    return false;
}

/* Whether each key whose pair differs between 'old' and 'new', maps from strings, is in 'updatable' as "COLUMN:KEY". */
static bool
may_change_keys(const struct datum *updatable, const struct column *column, const struct datum *old,
                const struct datum *new)
{
    struct datum diff;
    bool ok = true;
    datum_diff(&diff, old, new, column_datum_type(&column->type));
    for (uint32_t i = 0; ok && i < diff.n; i++) {
        char *name = xasprintf("%s:%s", column->name, datum_keys(&diff)[i].string->text);
        ok = has_string(updatable, name);
        free(name);
    }
    datum_fini(&diff, column_datum_type(&column->type));
    return ok;
}

/* Whether 'updatable' has some key of the column: else it is refused even if its value stays. */
static bool
names_key_of(const struct datum *updatable, const struct column *column)
{
    size_t n = strlen(column->name);
    for (uint32_t i = 0; i < updatable->n; i++) {
        const char *name = datum_keys(updatable)[i].string->text;
        if (!strncmp(name, column->name, n) && name[n] == ':') {
            return true;
        }
    }
    return false;
}

static bool
may_change(const struct datum *updatable, const struct image *old, const struct image *new, uint32_t i)
{
    const struct column *column = &old->schema->columns[i];
    if (has_string(updatable, column->name)) {
        return true;
    }
    bool has_keys = column_type_is_map(&column->type) && column->type.key.type == ATOM_STRING;
    return has_keys && names_key_of(updatable, column)
        && may_change_keys(updatable, column, &old->cells[i - COLUMN_FIRST]->datum,
                           &new->cells[i - COLUMN_FIRST]->datum);
}

struct err *
rbac_check_change(const struct rbac_rules *rules, const struct image *old, const struct image *new, uint64_t columns)
{
    if (!rules->apply) {
        return NULL;
    }
    const struct datum *updatable = image_find_datum(rules->permission, "update", ATOM_STRING, ATOM_VOID);
    bool ok = updatable && is_own(rules, old);
    for (; ok && columns; columns &= columns - 1) {
        ok = may_change(updatable, old, new, (uint32_t) __builtin_ctzll(columns));
    }
    return ok ? NULL : refuse(rules);
}

struct err *
rbac_check_convert(const struct rbac_client *client, const char *name)
{
    if (!client->role || !*client->role) {
        return NULL;
    }
    struct err *e = err_tagged(TAG, "RBAC rules for client \"%s\" role \"%s\" prohibit \"convert\" of database %s (only the "
                               "root role may convert databases)", client_id(client), client->role, name);
    log_warn_rl("%s", err_detail(e));
    return e;
}
