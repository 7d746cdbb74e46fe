/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_NET_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_NET_H

/* What: several servers in one process, named by letters, with clients and with the connections that relays and backups
 * make to them (upstream.h): a remote is the name of a server.
 *
 * Use: net_start(); net_server(&a, "a", true); ... net_run() passes messages until nothing moves. */

#include "lib/base/str.h"
#include "ovsdb/server/server.h"
#include "ovsdb/server/upstream.h"

/* A client whose messages go in as text with ' for ", and whose input is kept as text. */
struct client {
    struct session *session;
    struct server *server;
    bool is_held;                                            /* the server wants to hear nothing now */
    struct buf sent;                                         /* to it, not looked at yet */
    char *closed;                                            /* the reason, once closed */
};
void client_join(struct client *client, struct server *server);
void client_leave(struct client *client);
void client_say(struct client *client, const char *text);
/* Runs the net, and fails unless 'expected' is part of (exactly) what was sent since the last look. */
void client_expect_part(struct client *client, const char *expected);
void client_expect(struct client *client, const char *expected);
bool client_was_sent(const struct client *client, const char *part);

struct node {
    const char *name;
    struct server *server;
    struct upstream_env env;                                 /* for relays and backups in it */
    char *path;                                              /* of its database file, or NULL */
};
void net_start(void);
void net_stop(void);
/* With 'has_file' it has the database "T" of fixture_db.h. */
void node_start(struct node *node, const char *name, bool has_file);
/* A database under another schema (text with ' for "), in a file of its own. */
void node_add_database(struct node *node, const char *schema);
/* The same file again, as after a restart. */
void node_restart(struct node *node);
void node_stop(struct node *node);                           /* connections to it are lost */
void net_run(void);
void net_cut(const struct node *node, bool is_cut);          /* whether nobody can connect to it */
size_t net_n_bytes(void);                                    /* that servers sent over upstreams so far */

#endif
