/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NORTHD_OPTIONS_H
#define WEFT_NORTHD_OPTIONS_H

/* What: the keys of NB_Global's column "options" that northd obeys (ovn-nb(5)), and truth as all options write it.
 *
 * Why: many derivations ask; each key is a small derivation of its own, so that a change of one key wakes those who
 * read that key.  X(identifier, "key"). */

#include "northd/northd.h"

#define NB_OPTIONS(X) X(OPT_IGNORE_LSP_DOWN, "ignore_lsp_down")

enum nb_option {
#define X(ID, KEY) ID,
    NB_OPTIONS(X)
#undef X
        N_NB_OPTIONS
};
bool is_true(const char *value);                             /* "true", in any case; NULL is not */
bool is_false(const char *value);                            /* likewise */
const char *nb_option(struct derive *d, enum nb_option option);          /* the value, or NULL */
bool nb_option_is_false(struct derive *d, enum nb_option option);        /* set, and to "false" */

#endif
