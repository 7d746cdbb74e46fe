/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_FUZZ_FUZZ_H
#define WEFT_TESTS_FUZZ_FUZZ_H

/* What: the one function that a fuzz target defines.  It returns 0, uses CHECK() for its property, and
 * leaves nothing behind: replay.c checks that every counted object is gone. */

#include "lib/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
