/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/storage/log_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/storage/scratch.h"

static struct log_file *
must_open(const char *path, enum log_file_mode mode)
{
    struct log_file *file;
    expect_ok(log_file_open(path, mode, &file));
    return file;
}

static void
append(struct log_file *file, const char *text)
{
    expect_ok(log_file_append(file, str_from(text)));
}

static void
expect_records(struct log_file *file, const char *const records[], size_t n)
{
    struct str text;
    for (size_t i = 0; i < n; i++) {
        expect_ok(log_file_read(file, &text));
        assert_non_null(text.s);
        assert_true(str_is(text, records[i]));
    }
    expect_ok(log_file_read(file, &text));
    assert_null(text.s);
}

static const char *const RECORDS[] = {"{}", "{\"a\":1}", "{\"b\":\"\xc3\xa9\"}"};

/* A file with the three records; its path is the caller's to free. */
static char *
make_file(const char *folder)
{
    char *path = xasprintf("%s/x.db", folder);
    struct log_file *file = must_open(path, LOG_FILE_CREATE);
    for (int i = 0; i < 3; i++) {
        append(file, RECORDS[i]);
    }
    expect_ok(log_file_sync(file));
    log_file_close(file);
    return path;
}

TEST(what_is_appended_is_read)
{
    char *folder = scratch_new();
    char *path = make_file(folder);
    struct buf bytes = BUF_INIT(1000);
    read_file(path, &bytes);
    assert_string_equal(buf_text(&bytes), "OVSDB JSON 3 5f36b2ea290645ee34d943220a14b54ee5ea5be5\n{}\n"
                                          "OVSDB JSON 8 8a3d961f7fe8ef7b41d461059884a9461be85059\n{\"a\":1}\n"
                                          "OVSDB JSON 11 100273249538ec08f422d4f06194ec489e385548\n{\"b\":\"\xc3\xa9\"}\n");
    struct log_file *file = must_open(path, LOG_FILE_READ_ONLY);
    expect_records(file, RECORDS, 3);
    assert_int_equal(log_file_good_end(file), bytes.size);
    log_file_close(file);
    file = must_open(path, LOG_FILE_READ_WRITE);
    expect_records(file, RECORDS, 3);
    append(file, "{\"c\":2}");
    log_file_close(file);
    const char *const four[] = {RECORDS[0], RECORDS[1], RECORDS[2], "{\"c\":2}"};
    file = must_open(path, LOG_FILE_READ_ONLY);
    expect_records(file, four, 4);
    log_file_close(file);
    buf_fini(&bytes);
    free(path);
    scratch_free(folder);
}

TEST(large_records_and_many_records_are_read)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct log_file *file = must_open(path, LOG_FILE_CREATE);
    struct buf large = BUF_INIT(BUF_NO_LIMIT);
    for (int i = 0; i < 60; i++) {                           /* from 1 byte to 3 MB, around the size of the buffer */
        size_t n = i < 50 ? (size_t) i * 40000 + 1 : (size_t) (3 << 20) - (size_t) i;
        buf_clear(&large);
        memset(buf_reserve(&large, n), 'a' + i % 26, n);
        expect_ok(log_file_append(file, str_n(large.data, large.size)));
    }
    log_file_close(file);
    file = must_open(path, LOG_FILE_READ_ONLY);
    for (int i = 0; i < 60; i++) {
        struct str text;
        expect_ok(log_file_read(file, &text));
        assert_int_equal(text.n, i < 50 ? i * 40000 + 1 : (3 << 20) - i);
        assert_int_equal(text.s[0], 'a' + i % 26);
        assert_int_equal(text.s[text.n - 1], 'a' + i % 26);
    }
    log_file_close(file);
    buf_fini(&large);
    free(path);
    scratch_free(folder);
}

/* The oracle: whatever prefix of the file is left, exactly the records that lie whole in it are read, and after
 * cutting the tail the file takes appends. */
TEST(every_torn_tail_is_cut)
{
    char *folder = scratch_new();
    char *path = make_file(folder);
    struct buf bytes = BUF_INIT(1000);
    read_file(path, &bytes);
    const size_t ends[] = {0, 57, 119, bytes.size};
    for (size_t size = 20; size <= bytes.size; size++) {
        write_file(path, str_n(bytes.data, size), "w");
        size_t n_whole = 0;
        while (n_whole < 3 && ends[n_whole + 1] <= size) {
            n_whole++;
        }
        struct log_file *file = must_open(path, LOG_FILE_READ_WRITE);
        struct str text;
        for (size_t i = 0; i < n_whole; i++) {
            expect_ok(log_file_read(file, &text));
            assert_true(str_is(text, RECORDS[i]));
        }
        if (ends[n_whole] == size) {
            expect_ok(log_file_read(file, &text));
            assert_null(text.s);
        } else {
            expect_error(log_file_read(file, &text), "offset");
            assert_true(log_file_is_corrupt(file));
            expect_error(log_file_read(file, &text), "offset");
            assert_int_equal(log_file_good_end(file), ends[n_whole]);
            expect_ok(log_file_truncate_tail(file));
        }
        append(file, "{\"new\":[]}");
        log_file_close(file);
        const char *want[4] = {RECORDS[0], RECORDS[1], RECORDS[2]};
        want[n_whole] = "{\"new\":[]}";
        file = must_open(path, LOG_FILE_READ_ONLY);
        expect_records(file, want, n_whole + 1);
        log_file_close(file);
    }
    buf_fini(&bytes);
    free(path);
    scratch_free(folder);
}

TEST(every_flipped_byte_is_noticed)
{
    char *folder = scratch_new();
    char *path = make_file(folder);
    struct buf bytes = BUF_INIT(1000);
    read_file(path, &bytes);
    for (size_t i = 57; i < bytes.size; i++) {
        char was = bytes.data[i];
        bytes.data[i] = (char) (was == 'Z' ? 'Y' : 'Z');
        write_file(path, str_n(bytes.data, bytes.size), "w");
        bytes.data[i] = was;
        struct log_file *file = must_open(path, LOG_FILE_READ_ONLY);
        struct str text;
        struct err *e;
        int n = 0;
        while (!(e = log_file_read(file, &text)) && text.s) {
            n++;
        }
        expect_error(e, "offset");
        assert_true(log_file_is_corrupt(file));
        assert_int_equal(n, i < 119 ? 1 : 2);
        assert_true(log_file_tail_has_records(file) == (i < 119));              /* also without a line feed before it */
        log_file_close(file);
    }
    buf_fini(&bytes);
    free(path);
    scratch_free(folder);
}

TEST(a_full_disk_undoes_the_record)
{
    char *folder = scratch_new();
    char *path = make_file(folder);
    struct buf before = BUF_INIT(1000), after = BUF_INIT(1000);
    struct rlimit old, limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    read_file(path, &before);
    struct log_file *file = must_open(path, LOG_FILE_READ_WRITE);
    expect_records(file, RECORDS, 3);
    for (size_t room = 0; room < 70; room++) {               /* 1 + 61 bytes are needed */
        limit = old;
        limit.rlim_cur = before.size + room;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        struct err *e = log_file_append(file, str_from("{\"c\":\"33\"}"));
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        if (room >= 66) {
            expect_ok(e);
            break;
        }
        expect_error(e, "I/O error");
        read_file(path, &after);
        assert_int_equal(after.size, before.size);
        assert_int_equal(log_file_good_end(file), before.size);
    }
    log_file_close(file);
    const char *const four[] = {RECORDS[0], RECORDS[1], RECORDS[2], "{\"c\":\"33\"}"};
    file = must_open(path, LOG_FILE_READ_ONLY);
    expect_records(file, four, 4);
    log_file_close(file);
    buf_fini(&before);
    buf_fini(&after);
    free(path);
    scratch_free(folder);
}

TEST(a_file_has_one_writer)
{
    char *folder = scratch_new();
    char *path = make_file(folder);
    char *link_path = xasprintf("%s/link.db", folder);
    assert_int_equal(symlink("x.db", link_path), 0);
    struct log_file *file = must_open(path, LOG_FILE_READ_WRITE);
    struct log_file *other;
    expect_error(log_file_open(path, LOG_FILE_READ_WRITE, &other), "failed to lock lockfile");
    expect_error(log_file_open(link_path, LOG_FILE_READ_WRITE, &other), "failed to lock lockfile");
    log_file_close(must_open(path, LOG_FILE_READ_ONLY));
    log_file_close(file);
    log_file_close(must_open(link_path, LOG_FILE_READ_WRITE));
    free(link_path);
    free(path);
    scratch_free(folder);
}

TEST(what_is_no_database_is_refused)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct log_file *file;
    bool is_clustered;
    expect_error(log_file_open(path, LOG_FILE_READ_ONLY, &file), "open failed (No such file or directory)");
    write_file(path, str_from(""), "w");
    expect_error(log_file_open(path, LOG_FILE_READ_WRITE, &file), "cannot identify file type");
    expect_error(log_file_open(path, LOG_FILE_CREATE, &file), "create failed (File exists)");
    write_file(path, str_from("hello, world, hello\n"), "w");
    expect_error(log_file_open(path, LOG_FILE_READ_ONLY, &file), "unexpected file format");
    expect_error(log_file_identify(path, &is_clustered), "unexpected file format");
    write_file(path, str_from("OVSDB CLUSTER 3 5f36b2ea290645ee34d943220a14b54ee5ea5be5\n{}\n"), "w");
    expect_error(log_file_open(path, LOG_FILE_READ_ONLY, &file), "clustered databases are not supported");
    expect_ok(log_file_identify(path, &is_clustered));
    assert_true(is_clustered);
    expect_error(log_file_open("/", LOG_FILE_READ_ONLY, &file), "I/O error");
    free(path);
    scratch_free(folder);
}

TEST(replacing_keeps_what_is_appended_meanwhile)
{
    char *folder = scratch_new();
    char *path = make_file(folder);
    assert_int_equal(chmod(path, 0604), 0);
    struct log_file *file = must_open(path, LOG_FILE_READ_WRITE);
    struct log_file *new;
    expect_records(file, RECORDS, 3);
    expect_ok(log_file_replace_begin(file, &new));
    append(file, "{\"meanwhile\":1}");
    append(new, "{\"new\":1}");
    expect_ok(log_file_replace_commit(file, new));
    append(file, "{\"after\":1}");
    expect_ok(log_file_replace_begin(file, &new));
    append(new, "{\"thrown\":\"away\"}");
    log_file_replace_abort(new);
    struct log_file *other;
    expect_error(log_file_open(path, LOG_FILE_READ_WRITE, &other), "failed to lock lockfile");
    log_file_close(file);
    const char *const want[] = {"{\"new\":1}", "{\"meanwhile\":1}", "{\"after\":1}"};
    file = must_open(path, LOG_FILE_READ_ONLY);
    expect_records(file, want, 3);
    log_file_close(file);
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0604);
    char *tmp = xasprintf("%s.tmp", path);
    assert_int_not_equal(access(tmp, F_OK), 0);
    free(tmp);
    free(path);
    scratch_free(folder);
}

TEST_MAIN(T(what_is_appended_is_read), T(large_records_and_many_records_are_read), T(every_torn_tail_is_cut),
          T(every_flipped_byte_is_noticed), T(a_full_disk_undoes_the_record), T(a_file_has_one_writer),
          T(what_is_no_database_is_refused), T(replacing_keeps_what_is_appended_meanwhile))
