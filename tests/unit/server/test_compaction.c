/* SPDX-License-Identifier: Apache-2.0 */
/* Compaction by a child process, which is played here. */
#include <config.h>

#include "ovsdb/server/compaction.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ovsdb/storage/storage.h"
#include "tests/unit/server/fixture_child.h"
#include "tests/unit/server/fixture_peer.h"

#define INSERT(ID, NAME) TRANSACT(ID, "{'op':'insert','table':'N','row':{'name':'" NAME "'}}")
#define NAMES(ID) TRANSACT(ID, "{'op':'select','table':'N','where':[],'columns':['name']}")

static struct server *
start(void)
{
    struct server_env env = fixture_env();
    fixture_play_children(&env);
    return fixture_start_with(&env);
}

static char *failure;

static void
on_compacted(void *aux, struct err *e)
{
    free(failure);
    failure = e ? err_take_text(e) : xstrdup("");
}

static struct storage *
reopen(struct server *server)
{
    assert_null(server_remove_database(server, "T"));
    char *path = xasprintf("%s/t.db", fixture_folder);
    struct storage *storage;
    assert_null(storage_open(path, STORAGE_READ_WRITE, &storage));
    free(path);
    return storage;
}

static bool
temporary_file_exists(void)
{
    char *path = xasprintf("%s/t.db.tmp", fixture_folder);
    bool exists = !access(path, F_OK);
    free(path);
    return exists;
}

TEST(what_is_stored_while_the_child_writes_is_kept)
{
    struct server *server = start();
    struct peer a;
    peer_join(server, &a);
    peer_say(&a, INSERT("1", "before"));
    server_compact(server, NULL, on_compacted, NULL);
    server_run(server, fixture_now_ms);
    assert_non_null(fixture_child);
    peer_say(&a, TRANSACT("2", "{'op':'delete','table':'N','where':[]}"));
    peer_say(&a, INSERT("3", "meanwhile"));
    server_run(server, fixture_now_ms);
    fixture_child_ends();
    assert_null(failure);
    peer_say(&a, INSERT("4", "in the turn of its end"));
    server_run(server, fixture_now_ms);
    assert_string_equal(failure, "");
    peer_say(&a, INSERT("5", "after"));
    server_run(server, fixture_now_ms);
    struct storage *storage = reopen(server);
    assert_null(server_add_database(server, storage));
    assert_false(temporary_file_exists());
    peer_leave(&a);
    peer_join(server, &a);
    peer_say(&a, NAMES("6"));
    server_run(server, fixture_now_ms);
    assert_null(strstr(buf_text(&a.sent), "before"));
    assert_non_null(strstr(buf_text(&a.sent), "meanwhile"));
    assert_non_null(strstr(buf_text(&a.sent), "in the turn"));
    assert_non_null(strstr(buf_text(&a.sent), "after"));
    peer_leave(&a);
    fixture_stop(server);
    free(failure);
    failure = NULL;
}

TEST(a_child_that_fails_changes_nothing_and_is_reported)
{
    struct server *server = start();
    struct peer a;
    peer_join(server, &a);
    peer_say(&a, INSERT("1", "x"));
    fixture_child_fails = "the child fell ill";
    server_compact(server, "T", on_compacted, NULL);
    server_run(server, fixture_now_ms);
    fixture_child_ends();
    server_run(server, fixture_now_ms);
    assert_string_equal(failure, "the child fell ill");
    assert_false(temporary_file_exists());
    fixture_child_fails = NULL;
    server_compact(server, "T", on_compacted, NULL);
    server_run(server, fixture_now_ms);
    fixture_child_ends();
    server_run(server, fixture_now_ms);
    assert_string_equal(failure, "");
    server_compact(server, "U", on_compacted, NULL);
    assert_string_equal(failure, "no database by that name");
    peer_leave(&a);
    fixture_stop(server);
    free(failure);
    failure = NULL;
}

TEST(a_database_that_goes_ends_its_compaction)
{
    struct server *server = start();
    server_compact(server, "T", on_compacted, NULL);
    server_run(server, fixture_now_ms);
    assert_non_null(fixture_child);
    storage_close(reopen(server));
    assert_null(fixture_child);
    assert_string_equal(failure, "compaction was canceled");
    assert_false(temporary_file_exists());
    fixture_stop(server);
    free(failure);
    failure = NULL;
}

TEST_MAIN(T(what_is_stored_while_the_child_writes_is_kept), T(a_child_that_fails_changes_nothing_and_is_reported),
          T(a_database_that_goes_ends_its_compaction))
