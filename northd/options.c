/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "northd/options.h"

#include <string.h>
#include <strings.h>

bool
is_true(const char *value)
{
    return value && !strcasecmp(value, "true");
}

bool
is_false(const char *value)
{
    return value && !strcasecmp(value, "false");
}

void
derive_nb_global(struct derive *d, uint64_t row)
{
    derive_member(d, C_NB_GLOBAL, 0, row);
}

void
derive_nb_option(struct derive *d, uint64_t option)
{
    static const char *const keys[] = {
#define X(ID, KEY) [ID] = KEY,
        NB_OPTIONS(X)
#undef X
    };
    size_t n;
    const uint64_t *rows = derive_members(d, C_NB_GLOBAL, 0, &n);
    if (n) {                                                 /* the schema allows one row */
        const struct row *row = replica_row_by_id(northd_of(d)->nb, NB_TABLE_NB_GLOBAL, (uint32_t) rows[0]);
        const char *value = nb_nb_global_options_get(d, nb_nb_global(row), keys[option]);
        if (value) {
            derive_return(d, value, strlen(value) + 1);
        }
    }
}

const char *
nb_option(struct derive *d, enum nb_option option)
{
    return derive_value(d, K_NB_OPTION, option, NULL);
}

bool
nb_option_is_false(struct derive *d, enum nb_option option)
{
    return is_false(nb_option(d, option));
}
