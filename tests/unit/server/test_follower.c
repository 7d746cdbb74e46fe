/* SPDX-License-Identifier: Apache-2.0 */
/* What a source may reply that it should not. */
#include <config.h>

#include "ovsdb/server/follower.h"

#include <stdlib.h>

#include "lib/net/jsonrpc.h"
#include "ovsdb/server/database.h"
#include "ovsdb/server/delta.h"
#include "ovsdb/server/hosted.h"
#include "ovsdb/server/server_private.h"
#include "tests/unit/server/fixture_db.h"
#include "tests/unit/server/fixture_peer.h"

static struct err *
take_commit(void *aux, struct hosted *hosted, struct delta *delta)
{
    delta_unref(delta);
    return NULL;
}

/* The reply to the request 1, with ' for ". */
static void
receive(struct follower *follower, const char *text)
{
    struct err *e;
    char *quoted = fixture_quotes(text);
    assert_ptr_equal(followers_receive(&follower, 1, str_from(quoted), &e), follower);
    assert_null(e);
    free(quoted);
}

/* There are rows that the source does not have, and no state to go on from. */
TEST(who_did_not_ask_to_go_on_takes_a_copy)
{
    struct server *server = fixture_start();
    struct err *e = server_transact(server, "T", json_pack("[{s:s, s:s, s:{s:s}}]", "op", "insert", "table", "N", "row",
                                                           "name", "old"));
    assert_null(e);
    struct hosted *hosted = server_hosted(server, "T");
    struct follower *follower = follower_new(hosted, NULL, take_commit, NULL);
    jsonrpc_msg_free(follower_start(follower, hosted->db->schema, 1));
    receive(follower, "{'id':1,'result':[true,'00000000-0000-0000-0000-00000000000a',{'N':{"
                      "'00000000-0000-0000-0000-000000000001':{'insert':{'name':'new'}}}}],'error':null}");
    assert_true(follower_is_current(follower));
    assert_int_equal(database_n_rows(hosted->db), 1);
    follower_free(follower);
    fixture_stop(server);
}

TEST_MAIN(T(who_did_not_ask_to_go_on_takes_a_copy))
