/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/log_syslog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

/* RFC 5424, table 1: the position is the number. */
static const char *const facilities[] = {
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "clock", "ftp", "ntp",
    "audit", "alert", "clock2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
};

enum { FACILITY_UNSET = -1, FACILITY_DAEMON = 3, FACILITY_LOCAL0 = 16 };
/* RFC 5424 numbers the facilities 0 to 23, and "authpriv" (10), which has no name here, lies between. */
enum { FACILITY_AUTHPRIV = 10 };
static enum { METHOD_LIBC, METHOD_NULL, METHOD_SOCKET } method = METHOD_LIBC;
static int method_fd = -1;                                   /* for METHOD_SOCKET */
static int target_fd = -1;                                   /* or -1 */
static int facility = FACILITY_UNSET;

static struct err *open_udp(const char *host_port, int *ret_fd);
static struct err *open_unix(const char *path, int *ret_fd);

struct err *
log_syslog_set_method(const char *spec)
{
    int fd = -1;
    struct err *err = NULL;
    if (!strncmp(spec, "unix:", 5)) {
        err = open_unix(spec + 5, &fd);
    } else if (!strncmp(spec, "udp:", 4)) {
        err = open_udp(spec + 4, &fd);
    } else if (strcmp(spec, "libc") && strcmp(spec, "null")) {
        err = err_new("unsupported syslog method: %s", spec);
    }
    if (err) {
        return err;
    }
    if (method_fd >= 0) {
        close(method_fd);
    }
    method_fd = fd;
    method = fd >= 0 ? METHOD_SOCKET : !strcmp(spec, "null") ? METHOD_NULL : METHOD_LIBC;
    return NULL;
}

struct err *
log_syslog_set_target(const char *host_port)
{
    int fd;
    struct err *err = open_udp(host_port, &fd);
    if (err) {
        return err;
    }
    if (target_fd >= 0) {
        close(target_fd);
    }
    target_fd = fd;
    return NULL;
}

bool
log_syslog_set_facility(const char *name)
{
    for (int i = 0; i < (int) ARRAY_SIZE(facilities); i++) {
        if (!strcasecmp(name, facilities[i])) {
            facility = i < FACILITY_AUTHPRIV ? i : i + 1;
            return true;
        }
    }
    return false;
}

int
log_syslog_priority(int severity, bool to_target)
{
    int otherwise = to_target ? FACILITY_LOCAL0 : FACILITY_DAEMON;
    return (facility == FACILITY_UNSET ? otherwise : facility) << 3 | severity;
}

bool
log_syslog_wants_header(void)
{
    return method == METHOD_SOCKET;
}

bool
log_syslog_has_target(void)
{
    return target_fd >= 0;
}

void
log_syslog_send(int severity, const char *line)
{
    if (method == METHOD_LIBC) {
        syslog(log_syslog_priority(severity, false), "%s", line);
    } else if (method == METHOD_SOCKET) {
        (void) !send(method_fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

void
log_syslog_send_to_target(const char *line)
{
    if (target_fd >= 0) {
        (void) !send(target_fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

/* Connects a datagram socket; stores it in '*ret_fd'. */
static struct err *
open_datagram(const struct sockaddr *address, socklen_t size, const char *name, int *ret_fd)
{
    int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_errno(errno, "%s: cannot make a socket for syslog", name);
    }
    if (connect(fd, address, size)) {
        struct err *err = err_errno(errno, "%s: cannot connect to syslog", name);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return NULL;
}

static struct err *
open_unix(const char *path, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof address.sun_path) {
        return err_new("%s: not usable as the name of a socket", path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    return open_datagram((const struct sockaddr *) &address, sizeof address, path, ret_fd);
}

static struct err *
open_udp(const char *host_port, int *ret_fd)
{
    const char *colon = strrchr(host_port, ':');
    uint32_t port;
    if (!colon || !str_to_uint32(colon + 1, 10, &port) || !port || port > 65535) {
        return err_new("%s: syslog target is not in the form \"IP:PORT\"", host_port);
    }
    size_t n = (size_t) (colon - host_port);
    bool bracketed = n >= 2 && host_port[0] == '[' && host_port[n - 1] == ']';
    char *host = xmemdup0(host_port + bracketed, n - 2 * (size_t) bracketed);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)};
    struct err *err;
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        err = open_datagram((const struct sockaddr *) &v4, sizeof v4, host_port, ret_fd);
    } else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        err = open_datagram((const struct sockaddr *) &v6, sizeof v6, host_port, ret_fd);
    } else {
        err = err_new("%s: \"%s\" is not a numerical IP address", host_port, host);
    }
    free(host);
    return err;
}
