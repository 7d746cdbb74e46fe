/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/check.h"

#include <stdio.h>
#include <stdlib.h>

void
check_failed(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr, "%s:%d: check '%s' failed in %s()\n", file, line, condition, function);
    abort();
}
