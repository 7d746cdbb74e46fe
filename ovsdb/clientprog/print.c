/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "ovsdb/clientprog/command.h"
#include "ovsdb/ctl/json_put.h"

void
print_table(struct client *client, struct tabular *table)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    if (client->has_timestamps && client->wants_time) {
        tabular_set_time(table, clock_wall_ms());
    }
    tabular_print(table, &client->style, !client->printed, &text);
    client->printed = true;
    fwrite(buf_text(&text), 1, text.size, stdout);
    fflush(stdout);
    buf_fini(&text);
    tabular_free(table);
}

void
print_json(const struct client *client, const json_t *json)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    json_put(&text, json, client->style.is_pretty);
    printf("%s\n", buf_text(&text));
    fflush(stdout);
    buf_fini(&text);
}
