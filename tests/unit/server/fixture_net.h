/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_SERVER_FIXTURE_NET_H
#define WEFT_TESTS_UNIT_SERVER_FIXTURE_NET_H

/* What: several servers in one process, named by letters, with clients and with the connections that relays and backups
 * make to them (upstream.h): a remote is the name of a server.
 *
 * Use: net_start(); net_server(&a, "a", true); ... net_run() passes messages until nothing moves. */

#include "ovsdb/server/upstream.h"
#include "tests/unit/server/fixture_peer.h"

/* Runs the net, then does what peer_expect() and peer_expect_part() do. */
void net_expect(struct peer *peer, const char *expected);
void net_expect_part(struct peer *peer, const char *expected);

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
