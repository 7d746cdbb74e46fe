/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/symbols.h"

#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

LOG_MODULE(dbctl);

struct symbol {
    struct uuid uuid;
    bool is_defined;
    bool is_referred;
    bool needs_reference;                                    /* created in a table that is garbage-collected */
};

struct ctl_symbols {
    struct strmap map;                                       /* name → struct symbol *, owned */
};

struct ctl_symbols *
symbols_new(void)
{
    struct ctl_symbols *symbols = xmalloc(sizeof *symbols);
    strmap_init(&symbols->map);
    return symbols;
}

void
symbols_free(struct ctl_symbols *symbols)
{
    if (symbols) {
        strmap_fini_data(&symbols->map);
        free(symbols);
    }
}

static struct symbol *
get_symbol(struct ctl_symbols *symbols, const char *name)
{
    struct symbol *symbol = strmap_get(&symbols->map, name);
    if (!symbol) {
        symbol = xcalloc(1, sizeof *symbol);
        symbol->uuid = uuid_random();
        strmap_set(&symbols->map, name, symbol);
    }
    return symbol;
}

static const struct uuid *
resolve(void *symbols, const char *name)
{
    struct symbol *symbol = get_symbol(symbols, name);
    symbol->is_referred = true;
    return &symbol->uuid;
}

struct named_uuids
symbols_resolver(struct ctl_symbols *symbols)
{
    return (struct named_uuids) {resolve, symbols};
}

static struct err *
check_name(struct ctl_symbols *symbols, const char *name, struct symbol **ret)
{
    if (*name != '@') {
        return err_new("row id \"%s\" does not begin with \"@\"", name);
    }
    *ret = get_symbol(symbols, name);
    if ((*ret)->is_defined) {
        return err_new("row id \"%s\" may only be specified on one --id option", name);
    }
    return NULL;
}

struct err *
symbols_define(struct ctl_symbols *symbols, const char *name, bool is_root, struct uuid *ret)
{
    struct symbol *symbol = NULL;
    struct err *err = check_name(symbols, name, &symbol);
    if (!err) {
        symbol->is_defined = true;
        symbol->needs_reference = !is_root;
        *ret = symbol->uuid;
    }
    return err;
}

struct err *
symbols_bind(struct ctl_symbols *symbols, const char *name, const struct uuid *uuid)
{
    struct symbol *symbol = NULL;
    struct err *err = check_name(symbols, name, &symbol);
    if (!err && symbol->is_referred) {
        err = err_new("row id \"%s\" specified on \"get\" command was used before it was defined", name);
    }
    if (!err) {
        symbol->is_defined = true;
        symbol->uuid = *uuid;
    }
    return err;
}

struct err *
symbols_check(const struct ctl_symbols *symbols)
{
    STRMAP_FOR_EACH (node, &symbols->map) {
        const struct symbol *symbol = node->data;
        if (!symbol->is_defined) {
            return err_new("row id \"%s\" is referenced but never created (e.g. with \"-- --id=%s create ...\")",
                           node->key, node->key);
        }
        if (symbol->needs_reference && !symbol->is_referred) {
            log_warn("row id \"%s\" was created but no reference to it was inserted, so it will not actually appear in "
                     "the database", node->key);
        }
    }
    return NULL;
}
