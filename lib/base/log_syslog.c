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

#include "lib/base/dirs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

/* RFC 5424, table 1: the position is the number. */
static const char *const facilities[] = {
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "clock", "ftp", "ntp",
    "audit", "alert", "clock2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
};

/* Of a datagram socket. */
struct log_address {
    union {
        struct sockaddr family;
        struct sockaddr_un un;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
    socklen_t size;                                          /* 0: none */
};

enum { FACILITY_UNSET = -1, FACILITY_DAEMON = 3, FACILITY_LOCAL0 = 16 };
/* RFC 5424 numbers the facilities 0 to 23, and "authpriv" (10), which has no name here, lies between. */
enum { FACILITY_AUTHPRIV = 10 };
static enum { METHOD_UNSET, METHOD_LIBC, METHOD_NULL, METHOD_SOCKET } method = METHOD_UNSET;   /* not set: libc */
static struct log_address method_address;                    /* for METHOD_SOCKET */
static int method_fd = -1;                                   /* connected to it, or -1 */
static int target_fd = -1;                                   /* or -1 */
static int facility = FACILITY_UNSET;

static struct err *parse_udp(const char *host_port, struct log_address *ret);
static struct err *parse_unix(const char *path, struct log_address *ret);
static int connect_datagram(const struct log_address *address);

struct err *
log_syslog_set_method(const char *spec)
{
    struct log_address address = {.size = 0};
    struct err *err = NULL;
    if (!strncmp(spec, "unix:", 5)) {
        err = parse_unix(spec + 5, &address);
    } else if (!strncmp(spec, "udp:", 4)) {
        err = parse_udp(spec + 4, &address);
    } else if (strcmp(spec, "libc") && strcmp(spec, "null")) {
        err = err_new("unsupported syslog method '%s'", spec);
    }
    if (err) {
        return err;
    }
    if (method_fd >= 0) {
        close(method_fd);
        method_fd = -1;
    }
    method_address = address;
    method = address.size ? METHOD_SOCKET : !strcmp(spec, "null") ? METHOD_NULL : METHOD_LIBC;
    return NULL;
}

struct err *
log_syslog_set_default_method(const char *spec)
{
    return method == METHOD_UNSET ? log_syslog_set_method(spec && *spec ? spec : "libc") : NULL;
}

struct err *
log_syslog_set_target(const char *host_port)
{
    struct log_address address;
    struct err *err = parse_udp(host_port, &address);
    if (err) {
        return err;
    }
    int fd = connect_datagram(&address);
    if (fd < 0) {
        return err_errno(errno, "%s: cannot connect to syslog", host_port);
    }
    if (target_fd >= 0) {
        close(target_fd);
    }
    target_fd = fd;
    return NULL;
}

bool
log_syslog_has_method(void)
{
    return method != METHOD_UNSET;
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

const char *
log_syslog_header(void)
{
    return method == METHOD_SOCKET ? "<%B>" : "";
}

const char *
log_syslog_shown_header(void)
{
    return method == METHOD_SOCKET ? "<%B>" : method == METHOD_NULL ? "" : "<%B> %D{%h %e %T} %E %A: ";
}

bool
log_syslog_has_target(void)
{
    return target_fd >= 0;
}

static bool
send_by_method(const char *line)
{
    if (method_fd < 0) {
        method_fd = connect_datagram(&method_address);
    }
    return method_fd >= 0 && (send(method_fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN);
}

void
log_syslog_send(int severity, const char *line)
{
    if (method == METHOD_UNSET || method == METHOD_LIBC) {
        syslog(log_syslog_priority(severity, false), "%s", line);
    } else if (method == METHOD_SOCKET && !send_by_method(line) && method_fd >= 0) {
        close(method_fd);                                    /* its other end may have been made anew */
        method_fd = -1;
        (void) send_by_method(line);
    }
}

void
log_syslog_send_to_target(const char *line)
{
    if (target_fd >= 0) {
        (void) !send(target_fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

/* A socket that is connected to 'address', or -1 with errno. */
static int
connect_datagram(const struct log_address *address)
{
    int fd = socket(address->family.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, &address->family, address->size)) {
        int error = errno;
        close(fd);
        errno = error;
        fd = -1;
    }
    return fd;
}

static struct err *
parse_unix(const char *path, struct log_address *ret)
{
    char *absolute = dirs_absolute(path);                    /* daemons leave their folder */
    struct err *err = NULL;
    if (!*path || strlen(absolute) >= sizeof ret->un.sun_path) {
        err = err_new("%s: not usable as the name of a socket", path);
    } else {
        *ret = (struct log_address) {.un = {.sun_family = AF_UNIX}, .size = sizeof ret->un};
        memcpy(ret->un.sun_path, absolute, strlen(absolute) + 1);
    }
    free(absolute);
    return err;
}

static struct err *
parse_udp(const char *host_port, struct log_address *ret)
{
    const char *colon = strrchr(host_port, ':');
    uint32_t port;
    if (!colon || !str_to_uint32(colon + 1, 10, &port) || !port || port > 65535) {
        return err_new("%s: syslog target is not in the form \"IP:PORT\"", host_port);
    }
    size_t n = (size_t) (colon - host_port);
    bool bracketed = n >= 2 && host_port[0] == '[' && host_port[n - 1] == ']';
    char *host = xmemdup0(host_port + bracketed, n - 2 * (size_t) bracketed);
    struct log_address v4 = {.in = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)}, .size = sizeof v4.in};
    struct log_address v6 = {.in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)}, .size = sizeof v6.in6};
    struct err *err = NULL;
    if (inet_pton(AF_INET, host, &v4.in.sin_addr) == 1) {
        *ret = v4;
    } else if (inet_pton(AF_INET6, host, &v6.in6.sin6_addr) == 1) {
        *ret = v6;
    } else {
        err = err_new("%s: \"%s\" is not a numerical IP address", host_port, host);
    }
    free(host);
    return err;
}
