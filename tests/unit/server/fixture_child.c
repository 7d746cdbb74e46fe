/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/server/fixture_child.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "tests/unit/test.h"

struct child {
    void (*done)(void *arg, struct err *e);
    void *arg;
    struct err *result;
};
struct child *fixture_child;
const char *fixture_child_fails;

/* A pipe carries text. */
static struct err *
as_text(struct err *e)
{
    char *text = e ? err_take_text(e) : NULL;
    struct err *copy = text ? err_new("%s", text) : NULL;
    free(text);
    return copy;
}

static struct err *
play_fork(void *aux, int fd, struct err *(*job)(void *arg), void (*done)(void *arg, struct err *e), void *arg,
          struct child **ret)
{
    assert_null(fixture_child);
    assert_true(fd >= 0);
    fixture_child = xmalloc(sizeof *fixture_child);
    *fixture_child = (struct child) {
        done, arg, as_text(fixture_child_fails ? err_new("%s", fixture_child_fails) : job(arg))};
    *ret = fixture_child;
    return NULL;
}

static void
play_kill(void *aux, struct child *child)
{
    assert_ptr_equal(child, fixture_child);
    err_free(child->result);
    free(child);
    fixture_child = NULL;
}

void
fixture_play_children(struct server_env *env)
{
    env->fork = play_fork;
    env->kill = play_kill;
    fixture_child_fails = NULL;
}

void
fixture_child_ends(void)
{
    struct child *child = fixture_child;
    fixture_child = NULL;
    child->done(child->arg, child->result);
    free(child);
}
