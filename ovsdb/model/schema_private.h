/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_MODEL_SCHEMA_PRIVATE_H
#define WEFT_OVSDB_MODEL_SCHEMA_PRIVATE_H

/* What: what the files of this folder share about types and their texts. */

#include "ovsdb/model/schema.h"

/* RFC 7047 <id>: [A-Za-z_][A-Za-z0-9_]* */
bool is_id(const char *s);
/* The shortest decimal text that reads back as 'real'. */
void put_real(struct buf *buf, double real);

#endif
