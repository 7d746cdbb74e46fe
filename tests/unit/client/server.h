/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_CLIENT_SERVER_H
#define WEFT_TESTS_UNIT_CLIENT_SERVER_H

/* What: a database server for one test: $OVSDB_SERVER, or the peer's ovsdb-server, or the one just built, with the database
 * of part.h, in a folder of its own.  Where there is none, tests skip. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/net/loop.h"
#include "tests/unit/client/part.h"
#include "tests/unit/test.h"

enum { DEADLINE_MS = 10000 };

struct server {
    const char *program;
    char *folder, *db, *socket, *remote;
    pid_t pid;                                               /* 0: not running */
};

static inline pid_t
server_spawn(const char *const argv[])
{
    pid_t pid = fork();
    if (!pid) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *) argv);
        _exit(127);
    }
    return pid;
}

static inline bool
server_run(const char *const argv[])
{
    int status;
    pid_t pid = server_spawn(argv);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static inline void
server_start(struct server *server)
{
    char *punix = xasprintf("--remote=punix:%s", server->socket);
    char *ctl = xasprintf("--unixctl=%s/ctl", server->folder);
    server->pid = server_spawn((const char *const[]) {server->program, "-voff", punix, ctl, server->db, NULL});
    free(punix);
    free(ctl);
    for (int tries = 0; access(server->socket, F_OK) && tries < DEADLINE_MS; tries++) {
        usleep(1000);
    }
}

static inline void
server_stop(struct server *server)
{
    if (server->pid) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
        unlink(server->socket);
    }
}

/* Makes it drop its connections. */
static inline void
server_reconnect(struct server *server)
{
    char *ctl = xasprintf("%s/ctl", server->folder);
    bool ok = server_run((const char *const[]) {"ovs-appctl", "-t", ctl, "ovsdb-server/reconnect", NULL})
              || server_run((const char *const[]) {"utilities/weft-appctl", "-t", ctl, "ovsdb-server/reconnect", NULL});
    assert_true(ok);
    free(ctl);
}

static inline void
server_fini(struct server *server)
{
    server_stop(server);
    server_run((const char *const[]) {"rm", "-rf", server->folder, NULL});
    free(server->folder);
    free(server->db);
    free(server->socket);
    free(server->remote);
}

/* False where there is no server to be had; then there is nothing to clean up. */
static inline bool
server_init(struct server *server)
{
    char template[] = "/tmp/weft-client-XXXXXX";
    assert_non_null(mkdtemp(template));
    *server = (struct server) {.folder = xstrdup(template)};
    server->db = xasprintf("%s/db", template);
    server->socket = xasprintf("%s/sock", template);
    server->remote = xasprintf("unix:%s", server->socket);
    char *schema = xasprintf("%s/schema", template);
    FILE *f = fopen(schema, "w");
    assert_non_null(f);
    fputs(PART_SCHEMA, f);
    fclose(f);
    const char *wanted = getenv("OVSDB_SERVER");
    bool has_peer = server_run((const char *const[]) {"ovsdb-tool", "create", server->db, schema, NULL});
    bool ok = has_peer || server_run((const char *const[]) {"ovsdb/tool/weft-ovsdb-tool", "create", server->db, schema, NULL});
    server->program = wanted ? wanted : has_peer ? "ovsdb-server" : "ovsdb/server/weft-ovsdb-server";
    free(schema);
    if (!ok) {
        server_fini(server);
        return false;
    }
    server_start(server);
    return true;
}

#endif
