/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_REMOTE_LIST_H
#define WEFT_NET_REMOTE_LIST_H

/* What: the servers of a client, "TARGET,TARGET...", each one of which will do. */

#include "lib/base/vec.h"

VEC_DEFINE(remote_list, char *);                             /* owned */

/* Cuts 'text' at its commas.  'shuffle': in random order, so that clients spread over the servers. */
struct remote_list remote_list_parse(const char *text, bool shuffle);
void remote_list_fini(struct remote_list *remotes);

#endif
