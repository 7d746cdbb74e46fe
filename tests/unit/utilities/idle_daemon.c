/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The smallest daemon: it has nothing to do, and does it under the control of weft-appctl. */

#include "lib/net/program.h"

int
main(int argc, char *argv[])
{
    const struct program_spec spec = {.purpose = "a daemon that idles"};
    struct program *program = program_new(argc, argv, &spec);
    program_ready(program);
    program_run(program);
    return program_free(program);
}
