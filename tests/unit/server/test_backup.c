/* SPDX-License-Identifier: Apache-2.0 */
/* What a backup has received is on its disk, at the cost of one sync a turn.  The call is wrapped by the linker
 * (Makefile.inc). */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ovsdb/server/replication.h"
#include "tests/unit/server/fixture_net.h"

static unsigned int n_syncs, n_failures;                     /* so far; still to come */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int
__wrap_fdatasync(int fd)
{
    n_syncs++;
    if (n_failures) {
        n_failures--;
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(fd);
}

struct pair {
    struct node a, b;
    struct replication *replication;                         /* of b */
    struct peer writer, reader;                            /* at a; at b */
};

/* 'b' is the backup of 'a', as a whole or for the database "T" alone. */
static void
pair_start(struct pair *p, bool as_a_whole)
{
    net_start();
    node_start(&p->a, "a", true);
    node_start(&p->b, "b", true);
    p->replication = as_a_whole ? replication_new(p->b.server, &p->b.env)
                                : replication_new_for(p->b.server, &p->b.env, "T");
    replication_set_active_server(p->replication, "a");
    assert_null(replication_start(p->replication));
    net_run();
    peer_join(p->a.server, &p->writer);
    peer_join(p->b.server, &p->reader);
    n_syncs = 0;
}

static void
pair_stop(struct pair *p)
{
    peer_leave(&p->writer);
    peer_leave(&p->reader);
    replication_free(p->replication);
    node_stop(&p->b);
    node_stop(&p->a);
    net_stop();
}

static void
insert(struct pair *p, const char *name)
{
    char *text = xasprintf(TRANSACT("1", "{'op':'insert','table':'N','row':{'name':'%s'}}"), name);
    peer_say(&p->writer, text);
    free(text);
}

static const char select_names[] = TRANSACT("7", "{'op':'select','table':'N','where':[],'columns':['name']}");

TEST(one_sync_for_all_that_came_together)
{
    struct pair p;
    pair_start(&p, true);
    for (int i = 0; i < 5; i++) {
        char name[] = {'n', (char) ('0' + i), '\0'};
        insert(&p, name);
    }
    net_run();
    assert_int_equal(n_syncs, 1);                            /* the active server was not asked for one */
    peer_say(&p.reader, select_names);
    net_expect_part(&p.reader, "{'name':'n4'}");
    insert(&p, "later");
    net_run();
    assert_int_equal(n_syncs, 2);
    net_run();
    assert_int_equal(n_syncs, 2);
    pair_stop(&p);
}

TEST(a_full_copy_is_synced_too)
{
    struct pair p;
    pair_start(&p, true);
    insert(&p, "x");
    net_cut(&p.a, true);
    net_run();
    assert_int_equal(n_syncs, 0);
    net_cut(&p.a, false);
    net_run();
    assert_int_equal(n_syncs, 1);
    pair_stop(&p);
}

/* Nobody sees what is undone, and it comes back by another copy, once the storage takes it. */
static void
check_failed_sync(bool as_a_whole)
{
    struct pair p;
    pair_start(&p, as_a_whole);
    peer_say(&p.reader, "{'id':2,'method':'monitor','params':['T','m',{'N':{'columns':['name']}}]}");
    net_expect_part(&p.reader, "'id':2");
    n_failures = 1;
    insert(&p, "x");
    net_run();
    assert_false(peer_was_sent(&p.reader, "'name':'x'"));
    assert_int_equal(n_failures, 0);
    char *status = replication_status(p.replication);
    assert_string_equal(status, "state: backup\nerror: a: T: what was received could not be made durable\n");
    free(status);
    net_run();                                               /* the next attempt to connect */
    net_expect_part(&p.reader, "{'new':{'name':'x'}}");
    insert(&p, "y");
    net_expect_part(&p.reader, "{'new':{'name':'y'}}");
    pair_stop(&p);
}

TEST(what_cannot_be_made_durable_is_copied_again)
{
    check_failed_sync(true);
}

TEST(so_it_is_with_one_database_alone)
{
    check_failed_sync(false);
}

/* A backup no more, it takes transactions, and whether they can be stored does not concern the copy. */
TEST(once_promoted_it_does_not_copy_again)
{
    for (int as_a_whole = 0; as_a_whole < 2; as_a_whole++) {
        struct pair p;
        pair_start(&p, as_a_whole);
        replication_stop(p.replication);
        n_failures = 1;
        peer_say(&p.reader, TRANSACT("3", "{'op':'insert','table':'N','row':{'name':'x'}},{'op':'commit','durable':true}"));
        net_expect_part(&p.reader, "'error':'I/O error'");
        char *status = replication_status(p.replication);
        assert_string_equal(status, "state: active\n");
        free(status);
        pair_stop(&p);
    }
}

TEST_MAIN(T(one_sync_for_all_that_came_together), T(a_full_copy_is_synced_too),
          T(what_cannot_be_made_durable_is_copied_again), T(so_it_is_with_one_database_alone),
          T(once_promoted_it_does_not_copy_again))
