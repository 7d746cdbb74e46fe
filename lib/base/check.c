/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/check.h"

#include <stdlib.h>

#include "lib/base/log.h"

LOG_MODULE(check);

void
check_failed(const char *condition, const char *file, int line, const char *function)
{
    /* Logging itself may be what is broken. */
    static __thread bool again;
    if (!again) {
        again = true;
        log_emer("%s:%d: check '%s' failed in %s()", file, line, condition, function);
    }
    abort();
}
