/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file of the database server: what is taken is whole, and taken again the same way. */
#include <config.h>

#include "lib/net/stream.h"
#include "ovsdb/server/config_file.h"
#include "ovsdb/server/parse.h"
#include "tests/fuzz/fuzz.h"

static void
check_database(const struct config_database *database)
{
    CHECK(*database->name && (database->model == SERVICE_STANDALONE) == !database->source);
    CHECK(database->model == SERVICE_ACTIVE_BACKUP || (!database->is_backup && !database->excluded.n));
    CHECK(database->model != SERVICE_RELAY || is_id(database->name));
    CHECK(database->probe_ms >= -1 && database->max_backoff_ms >= -1);
    for (size_t i = 0; i < database->excluded.n; i++) {
        CHECK(is_id(database->excluded.d[i]));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_n((const char *) data, size);
    struct config_file *config, *again;
    struct err *e = config_file_parse(text, &config);
    if (e) {
        CHECK(*err_detail(e));
        err_free(e);
        return 0;
    }
    for (size_t i = 0; i < config->databases.n; i++) {
        check_database(&config->databases.d[i]);
    }
    for (size_t i = 0; i < config->remotes.n; i++) {
        const char *target = config->remotes.d[i].target;
        CHECK(stream_target_is_active(target) || stream_target_is_passive(target) || remote_is_source(target));
        CHECK(config->remotes.d[i].options.dscp >= -1 && config->remotes.d[i].options.dscp <= REMOTE_DSCP_MAX);
    }
    e = config_file_parse(text, &again);
    CHECK(!e && again->remotes.n == config->remotes.n && again->databases.n == config->databases.n);
    config_file_free(again);
    config_file_free(config);
    return 0;
}
