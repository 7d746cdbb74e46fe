/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_NET_ADDRESS_H
#define WEFT_NET_ADDRESS_H

/* What: targets such as "tcp:[::1]:6640" taken apart, and socket addresses put into words.
 * Why: streams and listeners share the syntax of ovsdb(7).  Private to lib/net. */

#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/err.h"

enum target_kind { TARGET_UNIX, TARGET_TCP, TARGET_SSL };
struct target {
    enum target_kind kind;
    bool passive;
    char *path;                                              /* unix: absolute */
    char *host;                                              /* tcp, ssl: without brackets; NULL: any (passive only) */
    uint16_t port;                                           /* tcp, ssl: host order */
};
/* Parses 'text'.  On success target_fini() frees what '*ret' holds. */
struct err *target_parse(const char *text, struct target *ret) MUST_USE;
struct err *target_parse_active(const char *text, struct target *ret) MUST_USE;  /* a passive one is an error */
void target_fini(struct target *target);

/* The address of the socket file at 'path'.  A path too long for it is reached through its folder:
 * '*ret_folder_fd' (-1 if not needed) stays open until the address has been used, then the caller closes it. */
struct err *address_from_path(const char *path, struct sockaddr_un *ret, int *ret_folder_fd) MUST_USE;
/* The numeric 'host' (NULL: 0.0.0.0) and 'port' as an address; false if 'host' is not numeric. */
bool address_from_host(const char *host, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_size);
/* "tcp:10.0.0.1:6641", "ssl:[::1]:6641", with 'kind' in front; the caller frees it. */
char *address_text(const char *kind, const struct sockaddr *address) MUST_USE;
uint16_t address_port(const struct sockaddr *address);       /* host order; 0 if it has none */

#endif
