/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_CTL_DB_VALUES_H
#define WEFT_OVSDB_CTL_DB_VALUES_H

/* What: the arguments of the generic database commands: "column", "column:key", "column=value", "column:key=value",
 * and conditions "column[:key] OPERATOR value" (ovn-nbctl(8), "Database Commands").
 *
 * Why: pure parsing and comparing, tested without a database.
 * Errors: the texts of ovn-nbctl. */

#include "lib/base/str.h"
#include "ovsdb/model/schema.h"

enum db_operator {
    DB_EQ, DB_NE, DB_LT, DB_GT, DB_LE, DB_GE,                /* = != < > <= >= */
    DB_SET_EQ, DB_SET_NE, DB_SET_LT, DB_SET_GT, DB_SET_LE, DB_SET_GE,     /* {=} {!=} {<} {>} {<=} {>=} */
    DB_IN, DB_NOT_IN                                         /* {in} {not-in} */
};

/* An argument taken apart, as text. */
struct db_argument {
    const struct column *column;
    char *key;                                               /* owned, or NULL */
    enum db_operator operator;
    const char *value;                                       /* within the argument; NULL if none was asked for */
};
enum db_argument_kind { DB_ARG_COLUMN /* no value */, DB_ARG_ASSIGNMENT /* "=" only */, DB_ARG_CONDITION };
struct err *db_argument_parse(const struct table *table, const char *text, enum db_argument_kind kind,
                              struct db_argument *ret) MUST_USE;
void db_argument_fini(struct db_argument *argument);

/* A condition with its values typed.  With a key, 'value' holds values, not pairs. */
struct db_condition {
    const struct column *column;
    bool has_key;
    union atom key;
    enum db_operator operator;
    struct datum value;
    struct column_type value_type;                           /* of 'value' */
};
struct err *db_condition_parse(const struct table *table, const char *text, const struct named_uuids *names,
                               struct db_condition *ret) MUST_USE;
void db_condition_fini(struct db_condition *condition);
/* Does a row whose column holds 'value' meet the condition? */
bool db_condition_holds(const struct db_condition *condition, const struct datum *value);

#endif
