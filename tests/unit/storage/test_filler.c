/* SPDX-License-Identifier: Apache-2.0 */
/* The filler at the end of a log file: the oracle is a file that only ever grows, which is what is left without it. */
#include <config.h>

#include "ovsdb/storage/log_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/counter.h"
#include "ovsdb/storage/storage.h"
#include "tests/unit/storage/scratch.h"

enum { SECTOR = 512 };

static uint64_t
file_size(const char *path)
{
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    return (uint64_t) s.st_size;
}

/* Writes one record as a turn of its own. */
static void
write_turn(struct log_file *file, const char *text, bool is_durable)
{
    size_t n_lost;
    expect_ok(log_file_put(file, str_from(text)));
    expect_ok(log_file_write(file, is_durable, &n_lost));
    if (is_durable) {
        expect_ok(log_file_sync(file));
    }
}

static char *
make_record(size_t n)
{
    return xasprintf("{\"a\":\"%0*d\"}", (int) n, 7);
}

static bool
is_nothing(struct str text)
{
    size_t at = 0;
    while (at < text.n && text.s[at] == ' ') {
        at++;
    }
    return str_is(str_n(text.s + at, text.n - at), "{}");
}

/* What a tool finds in 'path': 'want', and perhaps a filler. */
static void
expect_bytes_in(const char *path, const struct buf *want)
{
    struct buf found = BUF_INIT(BUF_NO_LIMIT);
    struct log_file *file;
    struct str text;
    uint64_t end = 0;
    bool was_nothing = false;
    expect_ok(log_file_open(path, LOG_FILE_READ_ONLY, &file));
    for (;;) {
        expect_ok(log_file_read(file, &text));
        if (!text.s) {
            break;
        }
        assert_false(was_nothing);
        was_nothing = is_nothing(text);
        end = was_nothing ? end : log_file_good_end(file);
    }
    log_file_close(file);
    read_file(path, &found);
    assert_int_equal(end, want->size);
    assert_memory_equal(found.data, want->data, want->size);
    buf_fini(&found);
}

static struct log_file *
reopen(const char *path)
{
    struct log_file *file;
    struct str text = str_from("");
    expect_ok(log_file_open(path, LOG_FILE_READ_WRITE, &file));
    while (text.s) {
        expect_ok(log_file_read(file, &text));
    }
    return file;
}

/* Turns of every length meet what is left of a filler at every length; after each the file is whole. */
TEST(a_file_with_a_filler_equals_one_without)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct buf want = BUF_INIT(BUF_NO_LIMIT);
    struct log_file *file;
    expect_ok(log_file_open(path, LOG_FILE_CREATE, &file));
    unsigned int seed = 1;
    for (size_t i = 0; i < 1500; i++) {
        char *text = make_record(i % 7 ? i % 331 : 9000 + i);
        bool is_single = rand_r(&seed) % 4 == 0;
        log_file_put_record(&want, str_from(text));
        if (is_single) {
            expect_ok(log_file_append(file, str_from(text)));
        } else {
            write_turn(file, text, rand_r(&seed) % (i < 700 ? 2 : 20) == 0);
        }
        assert_int_equal(log_file_good_end(file), want.size);
        assert_int_equal(log_file_size(file), file_size(path));
        if (i % 20 == 19 || i < 40) {
            expect_bytes_in(path, &want);
        }
        free(text);
    }
    log_file_close(file);
    assert_int_equal(file_size(path), want.size);
    expect_bytes_in(path, &want);
    buf_fini(&want);
    free(path);
    scratch_free(folder);
}

/* The end of a filler is approached byte by byte, so that each size of what is left comes up, also those that no filler has. */
TEST(every_rest_of_a_filler_is_whole)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    for (size_t left = 0; left < 240; left++) {
        for (int is_durable = 0; is_durable < 2; is_durable++) {
            struct buf want = BUF_INIT(BUF_NO_LIMIT);
            struct log_file *file;
            expect_ok(log_file_open(path, LOG_FILE_CREATE, &file));
            write_turn(file, "{\"first\":1}", true);
            log_file_put_record(&want, str_from("{\"first\":1}"));
            size_t room = (size_t) (log_file_size(file) - log_file_good_end(file));
            char *text = make_record(room - left - strlen("OVSDB JSON 65000 \n\n{'a':''}") - 40);
            log_file_put_record(&want, str_from(text));
            write_turn(file, text, is_durable);
            assert_true(log_file_good_end(file) == want.size);
            expect_bytes_in(path, &want);
            log_file_put_record(&want, str_from("{\"last\":1}"));
            write_turn(file, "{\"last\":1}", false);
            expect_bytes_in(path, &want);
            log_file_close(file);
            assert_int_equal(file_size(path), want.size);
            assert_int_equal(unlink(path), 0);
            buf_fini(&want);
            free(text);
        }
    }
    free(path);
    scratch_free(folder);
}

TEST(few_durable_turns_change_the_size)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct log_file *file;
    expect_ok(log_file_open(path, LOG_FILE_CREATE, &file));
    const struct counter *fillers = counter_find("storage_filler");
    uint64_t n_before = fillers->n;
    int n_changes = 0;
    char *text = make_record(2500);
    write_turn(file, text, false);                           /* nothing that is not synced makes one */
    assert_int_equal(log_file_good_end(file), file_size(path));
    for (int i = 0; i < 1000; i++) {
        uint64_t size = file_size(path);
        write_turn(file, text, true);
        n_changes += file_size(path) != size;
    }
    assert_in_range(n_changes, 1, 1000 / 20);
    assert_int_equal(fillers->n - n_before, n_changes);
    log_file_close(file);
    free(text);
    free(path);
    scratch_free(folder);
}

/* A compacted file has none, whatever the old one had. */
TEST(a_replacement_begins_without_a_filler)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct buf want = BUF_INIT(BUF_NO_LIMIT);
    struct log_file *file, *replacement;
    expect_ok(log_file_open(path, LOG_FILE_CREATE, &file));
    write_turn(file, "{\"old\":1}", true);
    expect_ok(log_file_replace_begin(file, &replacement));
    write_turn(file, "{\"meanwhile\":1}", true);
    expect_ok(log_file_append(replacement, str_from("{\"compact\":1}")));
    expect_ok(log_file_replace_commit(file, replacement));
    log_file_put_record(&want, str_from("{\"compact\":1}"));
    log_file_put_record(&want, str_from("{\"meanwhile\":1}"));
    assert_int_equal(file_size(path), want.size);
    for (int i = 0; i < 4; i++) {
        log_file_put_record(&want, str_from("{\"new\":1}"));
        write_turn(file, "{\"new\":1}", i % 2);
        assert_int_equal(log_file_size(file), file_size(path));
        expect_bytes_in(path, &want);
    }
    log_file_close(file);
    assert_int_equal(file_size(path), want.size);
    buf_fini(&want);
    free(path);
    scratch_free(folder);
}

/* As after kill -9: by us it is used, and kept by another program that appends behind it. */
TEST(a_filler_that_is_left_is_used)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder), *copy = xasprintf("%s/copy.db", folder);
    struct buf bytes = BUF_INIT(BUF_NO_LIMIT), want = BUF_INIT(BUF_NO_LIMIT);
    struct log_file *file;
    struct str text;
    expect_ok(log_file_open(path, LOG_FILE_CREATE, &file));
    write_turn(file, "{\"first\":1}", true);
    read_file(path, &bytes);
    log_file_close(file);
    write_file(copy, str_n(bytes.data, bytes.size), "w");
    file = reopen(copy);
    log_file_put_record(&want, str_from("{\"first\":1}"));
    assert_int_equal(log_file_good_end(file), want.size);
    write_turn(file, "{\"second\":1}", true);
    log_file_put_record(&want, str_from("{\"second\":1}"));
    assert_int_equal(file_size(copy), bytes.size);
    expect_bytes_in(copy, &want);
    log_file_close(file);
    log_file_put_record(&bytes, str_from("{\"theirs\":1}"));
    write_file(copy, str_n(bytes.data, bytes.size), "w");
    expect_ok(log_file_open(copy, LOG_FILE_READ_WRITE, &file));
    expect_ok(log_file_read(file, &text));
    assert_true(str_is(text, "{\"first\":1}"));
    expect_ok(log_file_read(file, &text));
    assert_true(is_nothing(text));
    expect_ok(log_file_read(file, &text));
    assert_true(str_is(text, "{\"theirs\":1}"));
    expect_ok(log_file_read(file, &text));
    assert_null(text.s);
    log_file_close(file);
    assert_int_equal(file_size(copy), bytes.size);
    buf_fini(&bytes);
    buf_fini(&want);
    free(copy);
    free(path);
    scratch_free(folder);
}

/* The limit stands for a full disk: none of the filler, or a part of it, fits. */
TEST(without_room_for_a_filler_records_are_written)
{
    char *folder = scratch_new();
    char *path = xasprintf("%s/x.db", folder);
    struct buf want = BUF_INIT(BUF_NO_LIMIT);
    struct rlimit old, limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct log_file *file;
    expect_ok(log_file_open(path, LOG_FILE_CREATE, &file));
    for (int i = 0; i < 50; i++) {
        struct buf record = BUF_INIT(1000);
        char *text = make_record((size_t) i);
        size_t n_lost = 0;
        log_file_put_record(&record, str_from(text));
        limit = old;
        limit.rlim_cur = want.size + record.size + (size_t) i * 1000 - (i % 10 == 9);
        bool fits = limit.rlim_cur >= want.size + record.size;
        expect_ok(log_file_put(file, str_from(text)));
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        struct err *e = log_file_write(file, true, &n_lost);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(n_lost, !fits);
        if (fits) {
            expect_ok(e);
            buf_put(&want, record.data, record.size);
        } else {
            expect_error(e, "I/O error");
        }
        assert_int_equal(file_size(path), want.size);        /* never a part of a filler */
        expect_bytes_in(path, &want);
        buf_fini(&record);
        free(text);
    }
    log_file_close(file);
    buf_fini(&want);
    free(path);
    scratch_free(folder);
}

/* --- Torn turns --- */

static struct err *
collect(void *buf_, struct str text)
{
    struct buf *buf = buf_;
    buf_put_str(buf, text);
    buf_putc(buf, ' ');
    return NULL;
}

/* Opens what a crash left in 'path' and expects 'acknowledged', and of the torn turn "{"t":0} {"t":1} ..." any first ones. */
static void
expect_opens(const char *path, const char *acknowledged, const char *turn)
{
    struct storage *storage;
    struct buf found = BUF_INIT(BUF_NO_LIMIT), again = BUF_INIT(BUF_NO_LIMIT);
    expect_ok(storage_open(path, STORAGE_READ_WRITE, &storage));
    expect_ok(storage_read_all(storage, collect, &found));
    size_t n = strlen(acknowledged);
    assert_true(found.size >= n && !memcmp(found.data, acknowledged, n));
    assert_true(!strncmp(turn, buf_text(&found) + n, found.size - n));
    expect_ok(storage_put(storage, str_from("{\"new\":1}")));
    expect_ok(storage_write(storage, true));
    expect_ok(storage_sync(storage));
    storage_close(storage);
    buf_puts(&found, "{\"new\":1} ");
    expect_ok(storage_open(path, STORAGE_READ_ONLY, &storage));
    storage_set_strict(storage);
    expect_ok(storage_read_all(storage, collect, &again));
    assert_string_equal(buf_text(&again), buf_text(&found));
    storage_close(storage);
    buf_fini(&again);
    buf_fini(&found);
}

/* Puts 'n' records of 'size' bytes each in one durable turn; their texts to 'texts'. */
static void
put_turn(struct storage *storage, int n, int size, struct buf *texts)
{
    for (int i = 0; i < n; i++) {
        char *text = xasprintf("{\"t\":%d,\"x\":\"%0*d\"}", i, size, 0);
        expect_ok(storage_put(storage, str_from(text)));
        buf_printf(texts, "%s ", text);
        free(text);
    }
    expect_ok(storage_write(storage, true));
}

/* The state of a file before and after a turn: any of the sectors that differ may have reached the disk. */
static void
try_torn_turn(const char *folder, int n_records, int record_size)
{
    char *path = xasprintf("%s/x.db", folder), *torn = xasprintf("%s/torn.db", folder);
    struct buf before = BUF_INIT(BUF_NO_LIMIT), after = BUF_INIT(BUF_NO_LIMIT), turn = BUF_INIT(BUF_NO_LIMIT);
    struct schema *schema;
    struct storage *storage;
    expect_ok(schema_from_text(str_from("{\"name\":\"D\",\"tables\":{\"T\":{\"columns\":{\"i\":{\"type\":\"integer\"}}}}}"), &schema));
    expect_ok(storage_create(path, schema));
    expect_ok(storage_open(path, STORAGE_READ_WRITE, &storage));
    expect_ok(storage_read_all(storage, collect, &turn));
    expect_ok(storage_put(storage, str_from("{\"old\":1}")));
    expect_ok(storage_write(storage, true));
    read_file(path, &before);
    put_turn(storage, n_records, record_size, &turn);
    read_file(path, &after);
    assert_int_equal(before.size, after.size);
    size_t sectors[8], n_sectors = 0;
    for (size_t at = 0; at < after.size; at += SECTOR) {
        if (memcmp(before.data + at, after.data + at, MIN(SECTOR, after.size - at)) != 0) {
            assert_true(n_sectors < ARRAY_SIZE(sectors));
            sectors[n_sectors++] = at;
        }
    }
    assert_true(n_sectors > 2);
    for (unsigned int subset = 0; subset < 1u << n_sectors; subset++) {
        struct buf mix = BUF_INIT(BUF_NO_LIMIT);
        buf_put(&mix, before.data, before.size);
        for (size_t i = 0; i < n_sectors; i++) {
            if (subset & 1u << i) {
                memcpy(mix.data + sectors[i], after.data + sectors[i], MIN(SECTOR, after.size - sectors[i]));
            }
        }
        write_file(torn, str_n(mix.data, mix.size), "w");    /* what an earlier one set aside stays */
        expect_opens(torn, "{\"old\":1} ", buf_text(&turn));
        buf_fini(&mix);
    }
    storage_close(storage);
    schema_unref(schema);
    assert_int_equal(unlink(path), 0);
    buf_fini(&before);
    buf_fini(&after);
    buf_fini(&turn);
    free(torn);
    free(path);
}

TEST(a_turn_of_which_any_sectors_arrived_opens)
{
    char *folder = scratch_new();
    try_torn_turn(folder, 1, 1500);
    try_torn_turn(folder, 3, 700);
    try_torn_turn(folder, 12, 60);
    scratch_free(folder);
}

TEST_MAIN(T(a_file_with_a_filler_equals_one_without), T(every_rest_of_a_filler_is_whole), T(few_durable_turns_change_the_size),
          T(a_replacement_begins_without_a_filler), T(a_filler_that_is_left_is_used), T(without_room_for_a_filler_records_are_written),
          T(a_turn_of_which_any_sectors_arrived_opens))
