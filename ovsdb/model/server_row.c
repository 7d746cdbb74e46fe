/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/server_row.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

void
server_row_fini(struct server_row *row)
{
    free(row->uuid);
    free(row->schema_text);
    *row = (struct server_row) {0};
}

json_t *
server_row_columns(void)
{
    return json_pack("[s, s, s, s, s]", "name", "model", "connected", "leader", "schema");
}

static void
put(struct server_row *row, const char *uuid, const json_t *new)
{
    const char *model = json_string_value(json_object_get(new, "model"));
    const char *schema_text = json_string_value(json_object_get(new, "schema"));
    bool is_clustered = model && !strcmp(model, "clustered");
    struct server_row old = *row;
    *row = (struct server_row) {
        .uuid = xstrdup(uuid),
        .schema_text = schema_text ? xstrdup(schema_text) : NULL,
        .is_stored = !model || !strcmp(model, "standalone") || json_is_true(json_object_get(new, "connected")),
        .is_leader = !is_clustered || json_is_true(json_object_get(new, "leader")),
    };
    server_row_fini(&old);
}

bool
server_row_apply(struct server_row *row, const char *database, const json_t *updates)
{
    bool is_gone = false, is_new = false;
    const char *uuid;
    json_t *update;
    json_object_foreach (json_object_get(updates, "Database"), uuid, update) {
        const json_t *new = json_object_get(update, "new");
        const char *name = json_string_value(json_object_get(new, "name"));
        if (name && !strcmp(name, database)) {
            put(row, uuid, new);
            is_new = true;
        } else if (!new && row->uuid && !strcmp(uuid, row->uuid)) {
            is_gone = true;
        }
    }
    if (is_gone && !is_new) {
        server_row_fini(row);
    }
    return is_gone || is_new;
}

void
server_row_set(struct server_row *row, const json_t *rows)
{
    const json_t *found = json_array_get(rows, 0);
    if (json_is_object(found)) {
        put(row, "", found);                                 /* no update will name it */
    } else {
        server_row_fini(row);
    }
}

const char *
server_row_objection(const struct server_row *row, bool leader_only)
{
    if (!row->uuid) {
        return "it has no such database";
    } else if (!row->schema_text) {
        return "it does not know the schema yet";
    } else if (!row->is_stored) {
        return "it is not connected to its storage";
    } else if (leader_only && !row->is_leader) {
        return "it is not the leader of its cluster";
    }
    return NULL;
}
