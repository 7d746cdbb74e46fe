/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_EXPECT_H
#define WEFT_TESTS_UNIT_EXPECT_H

/* What: assertions on errors as values.  Both take the error. */

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "tests/unit/test.h"

static inline void
expect_ok(struct err *e)
{
    if (e) {
        fail_msg("%s", err_detail(e));
    }
}

static inline void
expect_error(struct err *e, const char *text)
{
    assert_non_null(e);
    char *got = err_take_text(e);
    if (!strstr(got, text)) {
        fail_msg("\"%s\" is not in \"%s\"", text, got);
    }
    free(got);
}

#endif
