/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/storage.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/storage/scratch.h"

static struct schema *
make_schema(const char *name)
{
    struct schema *schema;
    char *text = xasprintf("{\"name\":\"%s\",\"tables\":{\"T\":{\"columns\":{\"i\":{\"type\":\"integer\"}}}}}", name);
    expect_ok(schema_from_text(str_from(text), &schema));
    free(text);
    return schema;
}

static struct err *
collect(void *buf_, struct str text)
{
    struct buf *buf = buf_;
    buf_put_str(buf, text);
    buf_putc(buf, ' ');
    return text.n == 3 ? err_tagged("constraint violation", "odd") : NULL;
}

static struct storage *
open_and_expect(const char *path, enum storage_mode mode, const char *want)
{
    struct storage *storage;
    struct buf got = BUF_INIT(1000);
    expect_ok(storage_open(path, mode, &storage));
    expect_ok(storage_read_all(storage, collect, &got));
    assert_string_equal(buf_text(&got), want);
    buf_fini(&got);
    return storage;
}

static void
append(struct storage *storage, const char *text, uint64_t want_number)
{
    expect_ok(storage_append(storage, str_from(text)));
    assert_int_equal(storage_n_appended(storage), want_number);
}

TEST(transactions_come_back)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct schema *schema = make_schema("D");
    expect_ok(storage_create(path, schema));
    expect_error(storage_create(path, schema), "File exists");
    struct storage *storage = open_and_expect(path, STORAGE_READ_WRITE, "");
    assert_true(schema_eq(storage_schema(storage), schema));
    append(storage, "{}", 1);
    append(storage, "{\"a\":1}", 2);
    assert_int_equal(storage_n_synced(storage), 0);
    expect_ok(storage_sync(storage));
    assert_int_equal(storage_n_synced(storage), 2);
    expect_ok(storage_sync(storage));
    struct storage *reader = open_and_expect(path, STORAGE_READ_ONLY, "{} {\"a\":1} ");
    storage_close(reader);
    storage_close(storage);
    write_file(path, str_from("OVSDB JSON 5"), "a");
    storage_close(open_and_expect(path, STORAGE_READ_ONLY, "{} {\"a\":1} "));
    storage = open_and_expect(path, STORAGE_READ_WRITE, "{} {\"a\":1} ");
    append(storage, "{\"b\":1}", 1);
    storage_close(storage);
    storage_close(open_and_expect(path, STORAGE_READ_ONLY, "{} {\"a\":1} {\"b\":1} "));
    schema_unref(schema);
    free(path);
    scratch_free(folder);
}

TEST(a_bad_schema_or_record_is_an_error)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct storage *storage;
    struct buf got = BUF_INIT(100);
    write_file(path, str_from("OVSDB JSON 3 5f36b2ea290645ee34d943220a14b54ee5ea5be5\n{}\n"), "w");
    expect_error(storage_open(path, STORAGE_READ_WRITE, &storage), "x.db: failed to parse schema");
    write_file(path, str_from("OVSDB JSON "), "w");
    expect_error(storage_open(path, STORAGE_READ_ONLY, &storage), "parse error at offset 0");
    assert_int_equal(unlink(path), 0);
    struct schema *schema = make_schema("D");
    const struct str bad = str_from("{ }");
    expect_ok(storage_create_with(path, schema, &bad, 1));
    expect_ok(storage_open(path, STORAGE_READ_WRITE, &storage));
    expect_error(storage_read_all(storage, collect, &got), "x.db: record 1 at offset");
    storage_close(storage);
    buf_fini(&got);
    schema_unref(schema);
    free(path);
    scratch_free(folder);
}

/* Writes a database of two records, of which the first is corrupt; stores its text in '*ret_text' and where
 * they begin in '*ret_offset'.  Returns the name of the copy that is to be made of them, which the caller frees. */
static char *
write_corrupt(const char *path, struct buf *ret_text, size_t *ret_offset)
{
    struct schema *schema = make_schema("D");
    expect_ok(storage_create(path, schema));
    struct storage *storage = open_and_expect(path, STORAGE_READ_WRITE, "");
    append(storage, "{\"a\":1}", 1);
    append(storage, "{\"b\":1}", 2);
    storage_close(storage);
    schema_unref(schema);
    read_file(path, ret_text);
    char *at = strstr(ret_text->data, "{\"a\":1}");
    at[1] = 'x';
    write_file(path, str_n(ret_text->data, ret_text->size), "w");
    *ret_offset = (size_t) (at - ret_text->data) - 54;
    return xasprintf("%s.cut-%zu", path, *ret_offset);
}

TEST(records_behind_a_corrupt_one_are_kept_aside)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct buf bytes = BUF_INIT(10000), kept = BUF_INIT(10000);
    size_t offset;
    char *copy = write_corrupt(path, &bytes, &offset);
    storage_close(open_and_expect(path, STORAGE_READ_WRITE, ""));
    read_file(copy, &kept);
    assert_string_equal(buf_text(&kept), bytes.data + offset);
    storage_close(open_and_expect(path, STORAGE_READ_WRITE, ""));
    write_file(path, str_n(bytes.data, bytes.size), "w");    /* once more: nothing kept is overwritten */
    storage_close(open_and_expect(path, STORAGE_READ_WRITE, ""));
    buf_clear(&kept);
    char *second = xasprintf("%s-2", copy);
    read_file(second, &kept);
    assert_string_equal(buf_text(&kept), bytes.data + offset);
    buf_fini(&bytes);
    buf_fini(&kept);
    free(second);
    free(copy);
    free(path);
    scratch_free(folder);
}

TEST(what_cannot_be_kept_is_not_cut)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct buf bytes = BUF_INIT(10000), found = BUF_INIT(10000);
    struct storage *storage;
    size_t offset;
    char *copy = write_corrupt(path, &bytes, &offset);
    struct rlimit old, limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 100;                                    /* stands for a full disk */
    expect_ok(storage_open(path, STORAGE_READ_WRITE, &storage));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct err *e = storage_read_all(storage, collect, &found);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    expect_error(e, "more records follow, which cannot be kept");
    storage_close(storage);
    read_file(path, &found);
    assert_string_equal(buf_text(&found), bytes.data);
    assert_int_equal(access(copy, F_OK), -1);
    storage_close(open_and_expect(path, STORAGE_READ_WRITE, ""));
    buf_fini(&bytes);
    buf_fini(&found);
    free(copy);
    free(path);
    scratch_free(folder);
}

TEST(a_child_may_write_the_snapshot)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct schema *schema = make_schema("D"), *new_schema = make_schema("E");
    struct storage_snapshot *snapshot;
    expect_ok(storage_create(path, schema));
    struct storage *storage = open_and_expect(path, STORAGE_READ_WRITE, "");
    append(storage, "{\"a\":1}", 1);
    expect_ok(storage_snapshot_begin(storage, new_schema, &snapshot));
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        struct err *e = storage_snapshot_put(snapshot, str_from("{\"all\":1}"));
        _exit(e ? 1 : 0);
    }
    append(storage, "{\"b\":1}", 2);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_ok(storage_snapshot_commit(snapshot, 1000));
    assert_string_equal(storage_schema(storage)->name, "E");
    assert_int_equal(storage_n_synced(storage), 2);
    append(storage, "{\"c\":1}", 3);
    storage_close(storage);
    storage_close(open_and_expect(path, STORAGE_READ_ONLY, "{\"all\":1} {\"b\":1} {\"c\":1} "));
    schema_unref(schema);
    schema_unref(new_schema);
    free(path);
    scratch_free(folder);
}

TEST(snapshots_wait_for_growth_and_time)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct schema *schema = make_schema("D");
    const int64_t minute = 60 * 1000, start = 1000000;
    struct storage_snapshot *snapshot;
    struct buf large = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&large, "{\"x\":\"");
    memset(buf_reserve(&large, 200000), 'x', 200000);
    buf_puts(&large, "\"}");
    expect_ok(storage_create(path, schema));
    struct storage *storage = open_and_expect(path, STORAGE_READ_WRITE, "");
    assert_false(storage_wants_snapshot(storage, start));
    for (int i = 0; i < 99; i++) {
        append(storage, buf_text(&large), (uint64_t) i + 1);
    }
    assert_false(storage_wants_snapshot(storage, start + 11 * minute));
    append(storage, buf_text(&large), 100);
    assert_false(storage_wants_snapshot(storage, start + 9 * minute));
    assert_true(storage_wants_snapshot(storage, start + 11 * minute));
    storage_note_snapshot_failed(storage, start + 11 * minute);
    assert_false(storage_wants_snapshot(storage, start + 12 * minute));
    expect_ok(storage_snapshot_begin(storage, schema, &snapshot));
    expect_ok(storage_snapshot_commit(snapshot, start + 20 * minute));
    for (int i = 0; i < 100; i++) {
        append(storage, "{\"a\":1}", (uint64_t) i + 101);
    }
    assert_false(storage_wants_snapshot(storage, start + 40 * minute));
    assert_true(storage_wants_snapshot(storage, start + 2000 * minute));
    storage_close(storage);
    buf_fini(&large);
    schema_unref(schema);
    free(path);
    scratch_free(folder);
}

TEST_MAIN(T(transactions_come_back), T(a_bad_schema_or_record_is_an_error),
          T(records_behind_a_corrupt_one_are_kept_aside), T(what_cannot_be_kept_is_not_cut), T(a_child_may_write_the_snapshot),
          T(snapshots_wait_for_growth_and_time))
