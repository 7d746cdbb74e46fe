/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_SYMBOLS_H
#define WEFT_OVSDB_CTL_SYMBOLS_H

/* What: the @names of a command line: "--id=@x create ..." and "set ... column=@x", in either order.
 * Invariants: a name stands for one uuid from the first time it is seen. */

#include "lib/base/err.h"
#include "ovsdb/model/schema.h"

struct ctl_symbols;
struct ctl_symbols *symbols_new(void) MUST_USE;
void symbols_free(struct ctl_symbols *symbols);

/* For datum_from_string() and its like: naming a symbol is referring to it. */
struct named_uuids symbols_resolver(struct ctl_symbols *symbols);

/* "--id=@name create": stores the uuid that the row is to have.  Errors: no "@"; defined already. */
struct err *symbols_define(struct ctl_symbols *symbols, const char *name, bool is_root, struct uuid *ret) MUST_USE;
/* "--id=@name get": from now on 'name' stands for 'uuid'.  Errors: as above; referred to already. */
struct err *symbols_bind(struct ctl_symbols *symbols, const char *name, const struct uuid *uuid) MUST_USE;
/* Error: a name that was referred to and not defined.  Warns of rows that nothing refers to. */
struct err *symbols_check(const struct ctl_symbols *symbols) MUST_USE;

#endif
