/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_PROPERTY_FOREIGN_ROWS_H
#define WEFT_TESTS_PROPERTY_FOREIGN_ROWS_H

/* What: Southbound rows that our northd does not write yet and ovn-northd does: gateway ports and the chassis they may be on,
 * meters and the flows that use them.  They come, change and go at random.
 *
 * Owns: nothing: the rows are found in the content given. */

#include <jansson.h>

#include "lib/base/rng.h"

/* <table-updates> of one change to 'southbound', the <table-updates> of all rows there are; the caller's. */
json_t *foreign_change(const json_t *southbound, struct rng *rng);

#endif
