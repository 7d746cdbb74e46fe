/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/log_pattern.h"
#include "tests/unit/test.h"

LOG_MODULE(test_mod);

static void
assert_text(char *text, const char *expected)
{
    assert_string_equal(text, expected);
    free(text);
}

static void
assert_error(struct err *err, const char *expected)
{
    assert_non_null(err);
    assert_text(err_take_text(err), expected);
}

static void
assert_format(const char *pattern, const char *expected)
{
    const struct log_record record = {
        .program = "weft-northd", .subprogram = "", .host = "h1", .module = "mod", .level = "DBG", .text = "hello",
        .wall_ms = 1700000000123, .age_ms = 42, .sequence = 7, .priority = 191, .pid = 99,
    };
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    log_pattern_put(&out, pattern, &record);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

TEST(patterns_expand)
{
    assert_format("%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m", "2023-11-14T22:13:20.123Z|00007|mod|DBG|hello");
    assert_format("%D", "2023-11-14 22:13:20.123");
    assert_format("%D{%S.#####}", "20.12300");
    assert_format("%B %E %A %t [%-8p|%8p] %r %P%n%%", "191 h1 weft-northd main [DBG     |     DBG] 42 99\n%");
    assert_format("%q%c{x}%", "qmod%");
}

TEST(bad_specs_change_nothing)
{
    assert_error(log_set("nosuch"), "no destination, level, or module \"nosuch\"");
    assert_error(log_set("file:syslog:dbg"), "cannot specify multiple destinations");
    assert_error(log_set("dbg,info"), "cannot specify multiple levels");
    assert_error(log_set("test-mod vlog"), "cannot specify multiple modules");
    assert_error(log_set("FACILITY:x"), "invalid facility");
    assert_error(log_set("PATTERN"), "missing destination");
    assert_error(log_set("PATTERN:x:y"), "unknown destination \"x\"");
    assert_int_equal(log_this_module.highest, LOG_INFO);
}

TEST(levels_are_set_by_module_and_destination)
{
    assert_null(log_set("TEST-MOD:File:dbg"));
    assert_int_equal(log_this_module.levels[LOG_TO_FILE], LOG_DBG);
    assert_int_equal(log_this_module.levels[LOG_TO_CONSOLE], LOG_INFO);
    assert_true(log_is_enabled(LOG_DBG));
    assert_null(log_set("off"));
    assert_false(log_is_enabled(LOG_EMER));
    assert_null(log_set("test_mod"));
    char *table = log_levels_text();
    assert_non_null(strstr(table, "\ntest_mod           DBG        DBG        DBG\n"));
    assert_non_null(strstr(table, "\nvlog               OFF        OFF        OFF\n"));
    free(table);
    assert_null(log_set("info"));
}

TEST(patterns_are_listed)
{
    assert_null(log_set("PATTERN:console:%m:%p"));
    char *table = log_patterns_text();
    assert_non_null(strstr(table, "\nCONSOLE  none                              %m:%p\n"));
    free(table);
}

static char *
read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (int c; (c = getc(file)) != EOF;) {
        buf_putc(&out, (char) c);
    }
    fclose(file);
    return buf_take_text(&out);
}

TEST(files_rotate)
{
    char path[] = "/tmp/test_log.XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    assert_null(log_set("console:off"));
    assert_null(log_set("PATTERN:file:%c|%p|%m"));
    assert_null(log_set_file(path));
    log_warn("one %d", 1);
    log_dbg("not seen");
    char *old = xasprintf("%s.1", path);
    assert_int_equal(rename(path, old), 0);
    assert_null(log_reopen());
    log_info("two");
    log_close_file();
    log_info("lost");
    char *expected = xasprintf("vlog|INFO|opened log file %s\ntest_mod|WARN|one 1\n", path);
    assert_text(read_file(old), expected);
    free(expected);
    expected = xasprintf("vlog|INFO|opened log file %s\ntest_mod|INFO|two\nvlog|INFO|closing log file\n", path);
    assert_text(read_file(path), expected);
    free(expected);
    unlink(old);
    free(old);
    unlink(path);
    assert_error(log_set_file("/nonexistent/x"), "failed to open /nonexistent/x for logging: No such file or directory");
    assert_string_equal(log_file(), path);
    assert_null(log_set("info"));
}

TEST(limits_drop_and_tell)
{
    struct log_limit limit = LOG_LIMIT_INIT(3);
    assert_null(log_set("console:off"));
    int n = 0;
    for (int i = 0; i < 10; i++) {
        n += !log_limit_drop(&log_this_module, LOG_INFO, &limit);
    }
    assert_int_equal(n, 3);
    assert_int_equal(limit.n_dropped, 7);
    assert_false(log_set_rate_limits("nosuch", false));
    assert_true(log_set_rate_limits("test_mod", false));
    assert_false(log_limit_drop(&log_this_module, LOG_INFO, &limit));
    assert_true(log_set_rate_limits(NULL, true));
    assert_true(log_limit_drop(&log_this_module, LOG_INFO, &limit));
    assert_null(log_set("info"));
}

TEST(syslog_methods)
{
    assert_null(log_set_syslog_method("null"));
    assert_null(log_set_syslog_method("udp:127.0.0.1:9"));
    assert_null(log_set_syslog_method("libc"));
    assert_error(log_set_syslog_method("pigeon"), "unsupported syslog method 'pigeon'");
    assert_error(log_set_syslog_method("udp:host:9"), "host:9: \"host\" is not a numerical IP address");
    assert_error(log_set_syslog_target("1.2.3.4"), "1.2.3.4: syslog target is not in the form \"IP:PORT\"");
    assert_null(log_set_syslog_target("[::1]:9"));
}

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof address), 0);
    return fd;
}

static void
expect_datagram(int fd, const char *expected)
{
    char text[200];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, expected);
    assert_int_equal(recv(fd, text, sizeof text, 0), -1);
}

TEST(a_syslog_socket_may_come_later_and_anew)
{
    char *path = xasprintf("/tmp/test_log.%d.sock", (int) getpid());
    char *method = xasprintf("unix:%s", path);
    assert_null(log_set("console:off"));
    assert_null(log_set("PATTERN:syslog:%p|%m"));
    assert_null(log_set_syslog_method(method));
    log_warn("lost");
    for (int i = 0; i < 2; i++) {
        int fd = listen_at(path);
        log_warn("heard %d", i);
        expect_datagram(fd, i ? "<28>WARN|heard 1" : "<28>WARN|heard 0");
        close(fd);
        unlink(path);
    }
    assert_null(log_set_syslog_method("null"));
    assert_null(log_set("info"));
    free(method);
    free(path);
}

/* The first test: nothing was set yet. */
TEST(the_environment_names_a_syslog_method)
{
    setenv("OVS_SYSLOG_METHOD", "pigeon", 1);
    assert_error(log_set_default_syslog_method(), "unsupported syslog method 'pigeon'");
    setenv("OVS_SYSLOG_METHOD", "null", 1);
    assert_null(log_set_default_syslog_method());
    setenv("OVS_SYSLOG_METHOD", "pigeon", 1);
    assert_null(log_set_default_syslog_method());            /* one was set, which stays */
    unsetenv("OVS_SYSLOG_METHOD");
}

TEST_MAIN(T(the_environment_names_a_syslog_method), T(patterns_expand), T(bad_specs_change_nothing),
          T(levels_are_set_by_module_and_destination),
          T(patterns_are_listed), T(files_rotate), T(limits_drop_and_tell), T(syslog_methods),
          T(a_syslog_socket_may_come_later_and_anew))
