/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_SERVER_TLS_ROWS_H
#define WEFT_OVSDB_SERVER_TLS_ROWS_H

/* What: TLS options whose values are in a database, "--private-key=db:DB,TABLE,COLUMN" (ovsdb-server(1), "Public Key
 * Infrastructure Options"): the first string in the column that is not empty.
 *
 * When the file of --ca-cert comes from a row that says so in a boolean column "bootstrap_ca_cert" (ovn-nb(5), table SSL),
 * it is used as by --bootstrap-ca-cert. */

#include "lib/base/err.h"

struct loop;
struct server;
struct tls_options;

/* In a relay that has not seen its source all may come yet.  Errors: bad syntax, no such database, table or column, a column
 * that is not of strings. */
struct err *tls_rows_check(struct server *server, const struct tls_options *options) MUST_USE;
/* Gives what 'options' stand for now to tls_configure().  What cannot be found now is unset. */
void tls_rows_apply(struct loop *loop, struct server *server, const struct tls_options *options);

#endif
