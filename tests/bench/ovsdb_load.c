/* SPDX-License-Identifier: Apache-2.0 */
/* The client side of ovsdb_bench.py: many clients of one database server in one process that costs little itself.
 *
 *     ovsdb_load transact SOCKET N_CLIENTS N_TOTAL TEMPLATE MODULO
 *         Each client sends the request TEMPLATE, waits for the reply and sends the next, until N_TOTAL are answered.
 *         '#' in TEMPLATE stands for the number of the request, '@' for that number modulo MODULO (0: the number).
 *     ovsdb_load script SOCKET FILE
 *         One client sends each line of FILE and waits for its reply.
 *     ovsdb_load watch SOCKET FILE
 *         One client per line of FILE, all at once; prints when each has its reply, then goes on receiving until its
 *         own input ends, and prints what it received.
 *     ovsdb_load ping SOCKET
 *         Sends an "echo" every millisecond until its input ends; prints the longest round trip.
 *
 * Each prints one JSON object a line.  Replies that contain "error":{ end it with status 1. */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/net/jsonrpc.h"

struct client {
    int fd;
    struct jsonrpc_framer framer;
    int64_t sent_us;
    uint64_t n_messages, n_bytes;
};

enum { READ_SIZE = 1 << 20, HEAD_SIZE = 4096 };
static char input[READ_SIZE];

static void
fail(const char *what)
{
    fprintf(stderr, "ovsdb_load: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int64_t
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void
client_connect(struct client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    *client = (struct client) {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *) &address, sizeof address) < 0) {
        fail(path);
    }
}

static void
client_send(struct client *client, const char *p, size_t n)
{
    client->sent_us = now_us();
    while (n) {
        ssize_t sent = send(client->fd, p, n, MSG_NOSIGNAL);
        if (sent < 0) {
            fail("send");
        }
        p += sent;
        n -= (size_t) sent;
    }
}

/* Fails on a reply that reports an error.  The servers write errors as objects; only the first bytes are looked at. */
static void
check_reply(const char *p, size_t n)
{
    static const char bad[] = "\"error\":\"";
    if (memmem(p, MIN(n, (size_t) HEAD_SIZE), bad, sizeof bad - 1)) {
        fprintf(stderr, "ovsdb_load: error in reply: %.*s\n", (int) MIN(n, (size_t) 500), p);
        exit(EXIT_FAILURE);
    }
}

/* Reads what has arrived.  Returns how many messages ended in it. */
static unsigned
client_receive(struct client *client)
{
    ssize_t got = recv(client->fd, input, sizeof input, 0);
    if (got <= 0) {
        fail("receive");
    }
    client->n_bytes += (uint64_t) got;
    check_reply(input, (size_t) got);
    unsigned n = 0;
    for (size_t at = 0; at < (size_t) got;) {
        struct err *e;
        size_t scanned = client->framer.scanned;
        size_t length = jsonrpc_framer_feed(&client->framer, input + at, (size_t) got - at, &e);
        if (e) {
            fprintf(stderr, "ovsdb_load: %s\n", err_detail(e));
            exit(EXIT_FAILURE);
        } else if (!length) {
            break;
        }
        at += length - scanned;
        n++;
    }
    client->n_messages += n;
    return n;
}

static int
poll_clients(struct client *clients, size_t n)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < n; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event) < 0) {
            fail("epoll");
        }
    }
    return epoll;
}

static int
compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return x < y ? -1 : x > y;
}

static void
print_latencies(int64_t *us, size_t n, int64_t elapsed_us)
{
    qsort(us, n, sizeof *us, compare);
    printf("{\"n\": %zu, \"seconds\": %.6f, \"p50_us\": %lld, \"p99_us\": %lld, \"max_us\": %lld}\n", n,
           (double) elapsed_us / 1e6, (long long) us[n / 2], (long long) us[n - 1 - n / 100], (long long) us[n - 1]);
}

static void
send_numbered(struct client *client, const char *template, unsigned long number, unsigned long modulo)
{
    static char text[1 << 16];
    size_t n = 0;
    for (const char *p = template; *p && n < sizeof text - 32; p++) {
        if (*p == '@' || *p == '#') {
            n += (size_t) snprintf(text + n, sizeof text - n, "%lu", *p == '@' && modulo ? number % modulo : number);
        } else {
            text[n++] = *p;
        }
    }
    client_send(client, text, n);
}

static void
run_transact(const char *path, size_t n_clients, size_t n_total, const char *template, unsigned long modulo)
{
    struct client *clients = xcalloc(n_clients, sizeof *clients);
    int64_t *us = xcalloc(n_total, sizeof *us);
    for (size_t i = 0; i < n_clients; i++) {
        client_connect(&clients[i], path);
    }
    int epoll = poll_clients(clients, n_clients);
    int64_t start = now_us();
    size_t n_sent = 0, n_done = 0;
    for (; n_sent < n_clients; n_sent++) {
        send_numbered(&clients[n_sent], template, n_sent, modulo);
    }
    while (n_done < n_total) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            struct client *client = events[i].data.ptr;
            if (client_receive(client) && n_done < n_total) {
                us[n_done++] = now_us() - client->sent_us;
                if (n_sent < n_total) {
                    send_numbered(client, template, n_sent++, modulo);
                }
            }
        }
    }
    print_latencies(us, n_total, now_us() - start);
}

static FILE *
open_lines(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file) {
        fail(name);
    }
    return file;
}

static void
run_script(const char *path, const char *file_name)
{
    struct client client;
    client_connect(&client, path);
    FILE *file = open_lines(file_name);
    char *line = NULL;
    size_t capacity = 0, n_done = 0;
    ssize_t n;
    int64_t start = now_us(), longest = 0;
    while ((n = getline(&line, &capacity, file)) > 0) {
        client_send(&client, line, (size_t) n);
        while (!client_receive(&client)) {
        }
        longest = MAX(longest, now_us() - client.sent_us);
        n_done++;
    }
    printf("{\"n\": %zu, \"seconds\": %.6f, \"max_us\": %lld}\n", n_done, (double) (now_us() - start) / 1e6,
           (long long) longest);
}

static bool
input_ended(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    return poll(&p, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void
print_received(const struct client *clients, size_t n_clients, int64_t elapsed_us)
{
    uint64_t n_messages = 0, n_bytes = 0;
    for (size_t i = 0; i < n_clients; i++) {
        n_messages += clients[i].n_messages;
        n_bytes += clients[i].n_bytes;
    }
    printf("{\"messages\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", (unsigned long long) n_messages,
           (unsigned long long) n_bytes, (double) elapsed_us / 1e6);
    fflush(stdout);
}

static void
receive_all(struct client *clients, size_t n_clients, int epoll, int64_t start)
{
    bool is_ready = false;
    size_t n_ready = 0;
    while (!is_ready || !input_ended()) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, 10);
        for (int i = 0; i < n; i++) {
            struct client *client = events[i].data.ptr;
            bool had_none = !client->n_messages;
            n_ready += client_receive(client) && had_none;
        }
        if (!is_ready && n_ready == n_clients) {
            is_ready = true;
            print_received(clients, n_clients, now_us() - start);
        }
    }
    print_received(clients, n_clients, now_us() - start);
}

static void
run_watch(const char *path, const char *file_name)
{
    FILE *file = open_lines(file_name);
    enum { MAX_CLIENTS = 10000 };
    struct client *clients = xcalloc(MAX_CLIENTS, sizeof *clients);
    char **lines = xcalloc(MAX_CLIENTS, sizeof *lines);
    size_t n_clients = 0, capacity = 0;
    while (n_clients < MAX_CLIENTS && getline(&lines[n_clients], &capacity, file) > 0) {
        client_connect(&clients[n_clients++], path);
        capacity = 0;
    }
    int epoll = poll_clients(clients, n_clients);
    int64_t start = now_us();
    for (size_t i = 0; i < n_clients; i++) {
        client_send(&clients[i], lines[i], strlen(lines[i]));
    }
    receive_all(clients, n_clients, epoll, start);
}

static void
run_ping(const char *path)
{
    static const char echo[] = "{\"id\":1,\"method\":\"echo\",\"params\":[]}";
    static const char aware[] = "{\"id\":0,\"method\":\"set_db_change_aware\",\"params\":[true]}";
    enum { MAX_PINGS = 1000000, PAUSE_NS = 1000000 };
    int64_t *us = xcalloc(MAX_PINGS, sizeof *us);
    size_t n = 0;
    struct client client;
    client_connect(&client, path);
    client_send(&client, aware, sizeof aware - 1);           /* or a conversion ends the connection */
    while (!client_receive(&client)) {
    }
    int64_t start = now_us();
    do {
        client_send(&client, echo, sizeof echo - 1);
        while (!client_receive(&client)) {
        }
        us[n++] = now_us() - client.sent_us;
        if (n == 1) {
            printf("{}\n");
            fflush(stdout);
        }
        nanosleep(&(struct timespec) {.tv_nsec = PAUSE_NS}, NULL);
    } while (n < MAX_PINGS && !input_ended());
    print_latencies(us, n, now_us() - start);
}

int
main(int argc, char *argv[])
{
    const char *mode = argc > 2 ? argv[1] : "";
    if (!strcmp(mode, "transact") && argc == 7) {
        run_transact(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10), argv[5],
                     strtoul(argv[6], NULL, 10));
    } else if (!strcmp(mode, "script") && argc == 4) {
        run_script(argv[2], argv[3]);
    } else if (!strcmp(mode, "watch") && argc == 4) {
        run_watch(argv[2], argv[3]);
    } else if (!strcmp(mode, "ping") && argc == 3) {
        run_ping(argv[2]);
    } else {
        fprintf(stderr, "usage: see the comment at the top of tests/bench/ovsdb_load.c\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
