/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_SCHEMA_PRIVATE_H
#define WEFT_OVSDB_MODEL_SCHEMA_PRIVATE_H

/* What: what the files of this folder share about types, atoms and their texts. */

#include "ovsdb/model/schema.h"

/* Moves 'atom', just parsed, to '*ret', unless it breaks the constraints of 'base'; then frees it. */
static inline struct err *
atom_accept(union atom *ret, union atom *atom, const struct base_type *base)
{
    struct err *e = atom_check_constraints(atom, base);
    if (e) {
        atom_fini(atom, base->type);
    } else {
        *ret = *atom;
    }
    return e;
}

#endif
