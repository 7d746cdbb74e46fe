/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/options.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"
#include "tests/unit/test.h"

struct settings {
    bool quiet;
    const char *remote, *file;
    struct buf calls;
};

static struct err *
note(void *settings_, const char *value)
{
    struct settings *settings = settings_;
    buf_printf(&settings->calls, "[%s]", value ? value : "none");
    return value && !strcmp(value, "bad") ? err_new("bad value") : NULL;
}

static const struct option_def defs[] = {
    {"quiet", 'q', NULL, "say less", OPTION_FLAG_AT(struct settings, quiet)},
    {"remote", 'r', "REMOTE", "connect to\nREMOTE", OPTION_STRING_AT(struct settings, remote)},
    {"remove", '\0', NULL, NULL, OPTION_FLAG_AT(struct settings, quiet)},
    {"file", '\0', "[FILE]", "a file", OPTION_STRING_AT(struct settings, file)},
    {NULL, 'n', "NOTE", "a note", .call = note},
    {"a-very-long-option-name", 'x', "[NOTE]", "perhaps a note", .call = note},
};

/* Parses 'line', words separated by blanks; returns the other arguments, or the error. */
static char *
parse(struct settings *settings, bool in_order, const char *line)
{
    char *copy = xstrdup(line), *argv[16], *rest = copy;
    int argc = 0, first;
    *settings = (struct settings) {.calls = BUF_INIT(100)};
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    struct options *options = options_new();
    options_add(options, "Test options", defs, ARRAY_SIZE(defs), settings);
    struct err *err = options_parse(options, argc, argv, in_order, &first);
    struct buf out = BUF_INIT(1000);
    if (err) {
        buf_puts(&out, err_detail(err));
        err_free(err);
    } else {
        for (int i = first; i < argc; i++) {
            buf_printf(&out, "%s%s", i > first ? " " : "", argv[i]);
        }
    }
    /* Values point into argv, which goes now: keep what the tests compare. */
    settings->remote = settings->remote ? line + (settings->remote - copy) : NULL;
    settings->file = settings->file && *settings->file ? line + (settings->file - copy) : settings->file;
    options_free(options);
    free(copy);
    return buf_take_text(&out);
}

static void
check(const char *line, bool in_order, const char *expected, const char *calls)
{
    struct settings settings;
    char *text = parse(&settings, in_order, line);
    assert_string_equal(text, expected);
    assert_string_equal(buf_text(&settings.calls), calls);
    free(text);
    buf_fini(&settings.calls);
}

TEST(values_arrive)
{
    struct settings settings;
    char *text = parse(&settings, false, "prog a --remote=tcp:1 -q b --file=f");
    assert_string_equal(text, "a b");
    assert_true(settings.quiet);
    assert_memory_equal(settings.remote, "tcp:1 ", 6);
    assert_string_equal(settings.file, "f");
    free(text);
    buf_fini(&settings.calls);
    text = parse(&settings, false, "prog --file");
    assert_string_equal(settings.file, "");
    assert_null(settings.remote);
    free(text);
    buf_fini(&settings.calls);
}

TEST(order_and_abbreviations)
{
    check("prog -n1 -n 2 --a-very -xfoo x --a=7", false, "x", "[1][2][none][foo][7]");
    check("prog -n1 x -n2", true, "x -n2", "[1]");
    check("prog -n1 -- -n2", false, "-n2", "[1]");
    check("prog -", false, "-", "");
}

TEST(errors_read_as_getopts)
{
    check("prog --nope=3", false, "unrecognized option '--nope=3'", "");
    check("prog -z", false, "invalid option -- 'z'", "");
    check("prog -qz", false, "invalid option -- 'z'", "");
    check("prog --rem", false, "option '--rem' is ambiguous; possibilities: '--remote' '--remove'", "");
    check("prog --remote", false, "option '--remote' requires an argument", "");
    check("prog -r", false, "option requires an argument -- 'r'", "");
    check("prog --quiet=1", false, "option '--quiet' doesn't allow an argument", "");
    check("prog -n bad -n 3", false, "bad value", "[bad]");
}

TEST(help_is_aligned)
{
    struct options *options = options_new();
    struct settings settings;
    options_add(options, "Test options", defs, ARRAY_SIZE(defs), &settings);
    char *help = options_help(options);
    assert_string_equal(help, "\nTest options:\n"
                              "  -q, --quiet             say less\n"
                              "  -r, --remote=REMOTE     connect to\n"
                              "                          REMOTE\n"
                              "  --file[=FILE]           a file\n"
                              "  -n NOTE                 a note\n"
                              "  -x, --a-very-long-option-name[=NOTE]\n"
                              "                          perhaps a note\n");
    free(help);
    options_free(options);
}

TEST(shared_groups_fit_together)
{
    char *argv[] = {(char *) "prog", (char *) "-p", (char *) "k.pem", (char *) "--ca=ca.pem", (char *) "-vconsole:off",
                    (char *) "-vconsole:info", (char *) "-h", NULL};
    struct options *options = options_new();
    struct tls_options tls = {0};
    struct other_options other = {0};
    int first;
    options_add_logging(options, "prog");
    options_add_tls(options, &tls);
    options_add_other(options, &other);
    struct err *err = options_parse(options, 7, argv, false, &first);
    assert_null(err);
    assert_string_equal(tls.private_key, "k.pem");
    assert_string_equal(tls.ca_cert, "ca.pem");
    assert_true(other.help && !other.version);
    options_free(options);
}

TEST_MAIN(T(values_arrive), T(order_and_abbreviations), T(errors_read_as_getopts), T(help_is_aligned),
          T(shared_groups_fit_together))
