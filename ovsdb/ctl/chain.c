/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/ctl/options.h"

static const struct ctl_command_def *
find_def(const struct ctl_program *program, const char *name)
{
    for (size_t i = 0; program->commands[i]; i++) {
        for (const struct ctl_command_def *def = program->commands[i]; def->name; def++) {
            if (!strcmp(def->name, name)) {
                return def;
            }
        }
    }
    return NULL;
}

struct err *
ctl_add_option(struct strmap *options, const char *name, const char *argument)
{
    if (strmap_find(options, name)) {
        return err_new("'%s' option specified multiple times", name);
    }
    strmap_set(options, name, argument ? xstrdup(argument) : NULL);
    return NULL;
}

/* Takes the options in front of the command's name: "--name" or "--name=argument". */
static struct err *
take_options(struct ctl_command *command)
{
    while (command->argc && command->argv[0][0] == '-') {
        const char *word = command->argv[0];
        const char *equals = strchr(word, '=');
        char *name = equals ? xmemdup0(word, (size_t) (equals - word)) : xstrdup(word);
        struct err *err = ctl_add_option(command->options, name, equals ? equals + 1 : NULL);
        free(name);
        if (err) {
            return err;
        }
        command->argc--;
        command->argv++;
    }
    return NULL;
}

/* Finds 'name' in 'options', "--a,--b=,--c?".  The character behind it, or NUL; or -1 if it is not there. */
static int
option_kind(const char *options, const char *name)
{
    struct str rest = str_from(options);
    while (rest.s) {
        struct str one = str_cut(&rest, ",");
        char last = one.n ? one.s[one.n - 1] : '\0';
        int kind = last == '=' || last == '?' ? last : '\0';
        one.n -= kind != '\0';
        if (str_is(one, name)) {
            return kind;
        }
    }
    return -1;
}

static struct err *
check_options(const struct ctl_command *command)
{
    size_t n;
    struct strmap_node **nodes = strmap_sorted(command->options, &n);
    struct err *err = NULL;

    for (size_t i = 0; i < n && !err; i++) {
        const char *name = nodes[i]->key;
        int kind = option_kind(command->def->options, name);
        if (kind < 0) {
            err = err_new("'%s' command has no '%s' option", command->def->name, name);
        } else if (kind == '=' && !nodes[i]->data) {
            err = err_new("missing argument to '%s' option on '%s' command", name, command->def->name);
        } else if (!kind && nodes[i]->data) {
            err = err_new("'%s' option on '%s' does not accept an argument", name, command->def->name);
        }
    }
    free(nodes);
    return err;
}

static struct err *
check_n_args(const struct ctl_command *command)
{
    const struct ctl_command_def *def = command->def;
    int n = command->argc - 1;

    if (n < def->min_args) {
        return err_new("'%s' command requires at least %d arguments", def->name, def->min_args);
    }
    if (n <= def->max_args) {
        return NULL;
    }
    for (int i = def->max_args + 1; i < command->argc; i++) {
        if (command->argv[i][0] == '-') {
            return err_new("'%s' command takes at most %d arguments (note that options must precede command names and "
                           "follow a \"--\" argument)", def->name, def->max_args);
        }
    }
    return err_new("'%s' command takes at most %d arguments", def->name, def->max_args);
}

static struct err *
parse_command(const struct ctl_program *program, struct ctl_command *command)
{
    struct err *err = take_options(command);
    if (err) {
        return err;
    }
    if (!command->argc) {
        return err_new("missing command name (use --help for help)");
    }
    command->def = find_def(program, command->argv[0]);
    if (!command->def) {
        return err_new("unknown command '%s'; use --help for help", command->argv[0]);
    }
    err = check_options(command);
    return err ? err : check_n_args(command);
}

struct err *
ctl_commands_parse(const struct ctl_program *program, int n_args, char *args[], struct strmap *local,
                   struct ctl_commands *ret)
{
    struct err *err = NULL;

    for (int start = 0, i = 0; i <= n_args && !err; i++) {
        if (i < n_args && strcmp(args[i], "--")) {
            continue;
        }
        if (i > start || (i == n_args && !ret->n)) {
            vec_push(ret, (struct ctl_command) {.argc = i - start, .argv = args + start});
            vec_last(ret).options = xmalloc(sizeof(struct strmap));
            strmap_init(vec_last(ret).options);
            if (ret->n == 1) {
                hmap_swap(&vec_last(ret).options->map, &local->map);
            }
            err = parse_command(program, &vec_last(ret));
        }
        start = i + 1;
    }
    return err;
}

void
ctl_commands_fini(struct ctl_commands *commands)
{
    for (size_t i = 0; i < commands->n; i++) {
        strmap_fini_data(commands->d[i].options);
        free(commands->d[i].options);
    }
    vec_fini(commands);
}
