/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/dirs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/net/stream.h"

static const struct {
    const char *prefix;
    enum target_kind kind;
    bool passive;
} kinds[] = {
    {"unix:", TARGET_UNIX, false}, {"tcp:", TARGET_TCP, false},   {"ssl:", TARGET_SSL, false},
    {"punix:", TARGET_UNIX, true}, {"ptcp:", TARGET_TCP, true},   {"pssl:", TARGET_SSL, true},
};

static struct err *parse_host_port(struct str rest, struct target *target);

/* The index in 'kinds' of the kind of 'text', or -1. */
static int
find_kind(const char *text)
{
    for (int i = 0; i < (int) ARRAY_SIZE(kinds); i++) {
        if (!strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix))) {
            return i;
        }
    }
    return -1;
}

bool
stream_target_is_active(const char *target)
{
    int kind = find_kind(target);
    return kind >= 0 && !kinds[kind].passive;
}

bool
stream_target_is_passive(const char *target)
{
    int kind = find_kind(target);
    return kind >= 0 && kinds[kind].passive;
}

struct err *
target_parse(const char *text, struct target *ret)
{
    int kind = find_kind(text);
    if (kind < 0) {
        return err_new("%s: unknown kind of connection", text);
    }
    struct target target = {.kind = kinds[kind].kind, .passive = kinds[kind].passive};
    const char *rest = text + strlen(kinds[kind].prefix);
    struct err *err = NULL;
    if (target.kind != TARGET_UNIX) {
        err = parse_host_port(str_from(rest), &target);
    } else if (!*rest) {
        err = err_new("no path");
    } else {
        target.path = *rest == '/' ? xstrdup(rest) : xasprintf("%s/%s", dirs_run(), rest);
    }
    if (err) {
        target_fini(&target);
        return err_wrap(err, "%s", text);
    }
    *ret = target;
    return NULL;
}

struct err *
target_parse_active(const char *text, struct target *ret)
{
    struct err *err = target_parse(text, ret);
    if (!err && ret->passive) {
        target_fini(ret);
        err = err_new("%s: this is a target to listen on", text);
    }
    return err;
}

void
target_fini(struct target *target)
{
    free(target->path);
    free(target->host);
}

/* Cuts a host, perhaps in brackets, from the front of '*rest', with the colon behind it. */
static struct err *
cut_host(struct str *rest, struct str *ret_host)
{
    if (str_starts(*rest, "[")) {
        const char *end = memchr(rest->s, ']', rest->n);
        if (!end) {
            return err_new("'[' without ']'");
        }
        *ret_host = str_n(rest->s + 1, (size_t) (end - rest->s - 1));
        *rest = str_n(end + 1, rest->n - (size_t) (end + 1 - rest->s));
        if (rest->n && *rest->s != ':') {
            return err_new("unexpected text after ']'");
        }
        *rest = rest->n ? str_n(rest->s + 1, rest->n - 1) : (struct str) {NULL, 0};
        return NULL;
    }
    *ret_host = str_cut(rest, ":");
    return NULL;
}

/* Active: HOST[:PORT].  Passive: [PORT][:HOST]. */
static struct err *
parse_host_port(struct str rest, struct target *target)
{
    struct str host = {NULL, 0}, port = {NULL, 0};
    if (target->passive) {
        port = str_cut(&rest, ":");
    }
    if (rest.s) {
        struct err *err = cut_host(&rest, &host);
        if (err) {
            return err;
        }
    }
    if (!target->passive) {
        port = rest;
    } else if (rest.s) {
        return err_new("unexpected text after the host; write an IPv6 address in brackets");
    }
    if (!host.n && !target->passive) {
        return err_new("no host");
    }
    target->port = STREAM_DEFAULT_PORT;
    if (port.n) {
        char *text = str_dup(port);
        uint32_t number;
        bool ok = str_to_uint32(text, 10, &number) && number <= UINT16_MAX && (number || target->passive);
        free(text);
        if (!ok) {
            return err_new("bad port number \"" STR_FMT "\"", STR_ARG(port));
        }
        target->port = (uint16_t) number;
    }
    target->host = host.n ? str_dup(host) : NULL;
    return NULL;
}

struct err *
address_from_path(const char *path, struct sockaddr_un *ret, int *ret_folder_fd)
{
    *ret = (struct sockaddr_un) {.sun_family = AF_UNIX};
    *ret_folder_fd = -1;
    size_t length = strlen(path);
    if (length < sizeof ret->sun_path) {
        memcpy(ret->sun_path, path, length + 1);
        return NULL;
    }
    const char *slash = strrchr(path, '/');
    char *folder = slash ? xmemdup0(path, (size_t) (slash - path)) : xstrdup(".");
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    free(folder);
    if (fd < 0) {
        return err_errno(error, "%s", path);
    }
    char *shorter = xasprintf("/proc/self/fd/%d/%s", fd, slash ? slash + 1 : path);
    bool fits = strlen(shorter) < sizeof ret->sun_path;
    if (fits) {
        memcpy(ret->sun_path, shorter, strlen(shorter) + 1);
        *ret_folder_fd = fd;
    } else {
        close(fd);
    }
    free(shorter);
    return fits ? NULL : err_errno(ENAMETOOLONG, "%s", path);
}

bool
address_from_host(const char *host, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_size)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *info;
    if (getaddrinfo(host ? host : "0.0.0.0", service, &hints, &info)) {
        return false;
    }
    memcpy(ret, info->ai_addr, info->ai_addrlen);
    *ret_size = info->ai_addrlen;
    freeaddrinfo(info);
    return true;
}

char *
address_text(const char *kind, const struct sockaddr *address)
{
    char host[INET6_ADDRSTRLEN + 32];
    bool v6 = address->sa_family == AF_INET6;
    socklen_t size = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(address, size, host, sizeof host, NULL, 0, NI_NUMERICHOST)) {
        return xasprintf("%s:?", kind);
    }
    return xasprintf(v6 ? "%s:[%s]:%u" : "%s:%s:%u", kind, host, address_port(address));
}

uint16_t
address_port(const struct sockaddr *address)
{
    switch (address->sa_family) {
    case AF_INET: return ntohs(((const struct sockaddr_in *) (const void *) address)->sin_port);
    case AF_INET6: return ntohs(((const struct sockaddr_in6 *) (const void *) address)->sin6_port);
    default: return 0;
    }
}
