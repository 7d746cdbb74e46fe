/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_FUZZ_FUZZ_CALLER_H
#define WEFT_TESTS_FUZZ_FUZZ_CALLER_H

/* What: a client of a control socket whose bytes go in raw.
 *
 * What it is sent is judged: messages, each the one answer to a request that still waits for one, a text that is empty or ends
 * in a newline.  The connection ends only if it said what is no JSON-RPC. */

#include <jansson.h>

#include "lib/base/str.h"
#include "lib/net/jsonrpc.h"

struct fuzz_caller {
    int fd;
    struct buf out;                                          /* not sent yet */
    struct buf said;                                         /* sent, and not a whole message yet */
    struct buf in;
    json_t *unanswered;                                      /* owned: requests */
    bool is_broken;                                          /* it said what ends the connection */
    bool is_closed;
    void (*answered)(void *aux, const json_t *request, const struct jsonrpc_msg *answer);    /* not for "echo" */
    void *aux;
};

void fuzz_caller_open(struct fuzz_caller *caller, const char *path);     /* keeps 'answered' and 'aux' */
void fuzz_caller_close(struct fuzz_caller *caller);
void fuzz_caller_say(struct fuzz_caller *caller, struct str bytes);
/* Sends and receives what can be without waiting. */
void fuzz_caller_run(struct fuzz_caller *caller);
bool fuzz_caller_is_waiting(const struct fuzz_caller *caller);

#endif
