/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/dirs.h"
#include "lib/base/log_pattern.h"
#include "lib/base/log_syslog.h"
#include "lib/base/mem.h"

LOG_MODULE(vlog);

static const struct {
    const char *name;
    int severity;                                            /* RFC 5424, table 2 */
} levels[LOG_N_LEVELS] = {
    [LOG_OFF] = {"OFF", 0},     [LOG_EMER] = {"EMER", 1}, [LOG_ERR] = {"ERR", 3},
    [LOG_WARN] = {"WARN", 4},   [LOG_INFO] = {"INFO", 5}, [LOG_DBG] = {"DBG", 7},
};

static struct {
    const char *name;
    const char *pattern;                                     /* as it was at the start */
    char *new_pattern;                                       /* once set, owned */
} destinations[LOG_N_DESTINATIONS] = {
    [LOG_TO_SYSLOG] = {.name = "SYSLOG", .pattern = "ovs|%05N|%c%T|%p|%m"},
    [LOG_TO_CONSOLE] = {.name = "CONSOLE", .pattern = "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m"},
    [LOG_TO_FILE] = {.name = "FILE", .pattern = "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m"},
};

static const char rfc5424_header[] = "<%B>1 %D{%Y-%m-%dT%H:%M:%S.###Z} %E %A %P - - ";

/* A storage thread may log while the main one does.  Recursive, for a check that fails in here. */
static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static struct log_module *all_modules;
static uint32_t sequence;
static int64_t start_ms;
static char *program;                                        /* or NULL before log_set_program() */
static char *subprogram;                                     /* or NULL for the main process */
static char *file_path;                                      /* or NULL */
static int file_fd = -1;                                     /* or -1 */

static struct err *set_levels(char *spec);
static struct err *set_pattern(const char *spec);
static void set_level(struct log_module *module, enum log_destination destination, enum log_level level);
static void write_record(const struct log_module *module, enum log_level level, const char *text);
static void write_all(int fd, const char *p, size_t n);

void
log_module_register(struct log_module *module)
{
    module->next = all_modules;
    all_modules = module;
    if (!start_ms) {
        start_ms = clock_monotonic_ms();
    }
}

void
log_write(const struct log_module *module, enum log_level level, const char *format, ...)
{
    int saved_errno = errno;
    va_list args;
    va_start(args, format);
    char *text;
    int length = vasprintf(&text, format, args);
    va_end(args);
    CHECK(length >= 0);
    pthread_mutex_lock(&mutex);
    write_record(module, level, text);
    pthread_mutex_unlock(&mutex);
    free(text);
    errno = saved_errno;
}

/* Spends one message of 'limit'; true if there was none to spend.  What was dropped is told, in a message
 * of its own, before the next that passes. */
bool
log_limit_drop(const struct log_module *module, enum log_level level, struct log_limit *limit)
{
    enum { MINUTE_MS = 60000 };
    if (!module->rate_limited || !limit->per_minute) {
        return false;
    }
    pthread_mutex_lock(&mutex);
    int64_t now_ms = clock_monotonic_ms();
    int64_t gained = limit->last_ms ? MIN(now_ms - limit->last_ms, (int64_t) MINUTE_MS) : MINUTE_MS;
    limit->tokens_ms = MIN(limit->tokens_ms + (uint32_t) gained, (uint32_t) MINUTE_MS);
    limit->last_ms = now_ms;
    uint32_t price = MINUTE_MS / limit->per_minute;
    bool drop = limit->tokens_ms < price;
    uint32_t n_dropped = limit->n_dropped;
    int64_t first_dropped_ms = limit->first_dropped_ms;
    if (drop) {
        limit->first_dropped_ms = n_dropped ? first_dropped_ms : now_ms;
        limit->n_dropped++;
    } else {
        limit->tokens_ms -= price;
        limit->n_dropped = 0;
    }
    pthread_mutex_unlock(&mutex);
    if (!drop && n_dropped) {
        log_write(module, level, "Dropped %u log messages in last %lld seconds due to excessive rate", n_dropped,
                  (long long) (now_ms - first_dropped_ms) / 1000);
    }
    return drop;
}

struct err *
log_set(const char *spec)
{
    if (!spec || !*spec) {
        spec = "any:any:dbg";
    }
    if (!strncasecmp(spec, "PATTERN", 7) && (!spec[7] || spec[7] == ':')) {
        return set_pattern(spec + 7 + (spec[7] == ':'));
    }
    if (!strncasecmp(spec, "FACILITY", 8) && (!spec[8] || spec[8] == ':')) {
        return log_syslog_set_facility(spec + 8 + (spec[8] == ':')) ? NULL : err_new("invalid facility");
    }
    char *copy = xstrdup(spec);
    struct err *err = set_levels(copy);
    free(copy);
    return err;
}

void
log_set_program(const char *name)
{
    free(program);
    program = xstrdup(name);
}

void
log_set_subprogram(const char *name)
{
    free(subprogram);
    subprogram = *name ? xstrdup(name) : NULL;
}

/* Whether 'word' names 'module': case does not matter, and '-' is as good as '_'. */
static bool
is_module_name(const struct log_module *module, const char *word)
{
    const char *name = module->name;
    for (; *name && *word; name++, word++) {
        char c = *word == '-' ? '_' : *word;
        if (strncasecmp(name, &c, 1)) {
            return false;
        }
    }
    return !*name && !*word;
}

bool
log_set_rate_limits(const char *name, bool enabled)
{
    bool found = !name;
    for (struct log_module *module = all_modules; module; module = module->next) {
        if (!name || is_module_name(module, name)) {
            module->rate_limited = enabled;
            found = true;
        }
    }
    return found;
}

static int
compare_modules(const void *a, const void *b)
{
    const struct log_module *const *ma = a, *const *mb = b;
    return strcmp((*ma)->name, (*mb)->name);
}

char *
log_levels_text(void)
{
    const struct log_module **sorted = NULL;
    size_t n = 0, capacity = 0;
    for (const struct log_module *module = all_modules; module; module = module->next) {
        if (n == capacity) {
            sorted = xgrow(sorted, &capacity, sizeof *sorted);
        }
        sorted[n++] = module;
    }
    qsort(sorted, n, sizeof *sorted, compare_modules);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&out, "                 console    syslog    file\n"
                   "                 -------    ------    ------\n");
    for (size_t i = 0; i < n; i++) {
        /* Two files may share a module's name; they are always set together. */
        if (i && !strcmp(sorted[i]->name, sorted[i - 1]->name)) {
            continue;
        }
        buf_printf(&out, "%-16s  %4s       %4s       %4s%s\n", sorted[i]->name,
                   levels[sorted[i]->levels[LOG_TO_CONSOLE]].name, levels[sorted[i]->levels[LOG_TO_SYSLOG]].name,
                   levels[sorted[i]->levels[LOG_TO_FILE]].name,
                   sorted[i]->rate_limited ? "" : "    (rate limiting disabled)");
    }
    free(sorted);
    return buf_take_text(&out);
}

static const char *
pattern_of(enum log_destination destination)
{
    const char *pattern = destinations[destination].new_pattern;
    return pattern ? pattern : destinations[destination].pattern;
}

char *
log_patterns_text(void)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    buf_puts(&out, "         prefix                            format\n"
                   "         ------                            ------\n");
    for (int i = 0; i < LOG_N_DESTINATIONS; i++) {
        const char *header = i == LOG_TO_SYSLOG ? log_syslog_shown_header() : "none";
        buf_printf(&out, "%-7s  %-32s  %s\n", destinations[i].name, header, pattern_of(i));
    }
    return buf_take_text(&out);
}

/* Opens 'path' and takes it into use. */
static struct err *
open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0660);
    if (fd < 0) {
        return err_errno(errno, "failed to open %s for logging", path);
    }
    pthread_mutex_lock(&mutex);
    int old = file_fd;
    file_fd = fd;
    pthread_mutex_unlock(&mutex);
    if (old >= 0) {
        close(old);
    }
    log_info("opened log file %s", path);
    return NULL;
}

/* Daemons leave their folder, and the file is to be opened again later. */
struct err *
log_set_file(const char *path)
{
    char *copy = dirs_absolute(path);
    struct err *err = open_file(copy);
    if (err) {
        free(copy);
        return err;
    }
    free(file_path);
    file_path = copy;
    return NULL;
}

void
log_give_file(uid_t uid, gid_t gid)
{
    struct stat s;
    if (file_fd >= 0 && !fstat(file_fd, &s) && S_ISREG(s.st_mode) && fchown(file_fd, uid, gid)) {
        log_warn("%s: cannot change its owner: %s", file_path, strerror(errno));
    }
}

const char *
log_file(void)
{
    return file_path;
}

struct err *
log_reopen(void)
{
    return file_path ? open_file(file_path) : NULL;
}

void
log_close_file(void)
{
    if (file_fd >= 0) {
        log_info("closing log file");
        pthread_mutex_lock(&mutex);
        close(file_fd);
        file_fd = -1;
        pthread_mutex_unlock(&mutex);
    }
}

struct err *
log_set_syslog_method(const char *method)
{
    return log_syslog_set_method(method);
}

struct err *
log_set_default_syslog_method(void)
{
    return log_syslog_set_default_method(getenv("OVS_SYSLOG_METHOD"));
}

struct err *
log_set_syslog_target(const char *host_port)
{
    return log_syslog_set_target(host_port);
}

static int
find_destination(const char *word)
{
    for (int i = 0; i < LOG_N_DESTINATIONS; i++) {
        if (!strcasecmp(word, destinations[i].name)) {
            return i;
        }
    }
    return -1;
}

static int
find_level(const char *word)
{
    for (int i = 0; i < LOG_N_LEVELS; i++) {
        if (!strcasecmp(word, levels[i].name)) {
            return i;
        }
    }
    return -1;
}

/* The first module called 'word', or NULL. */
static const struct log_module *
find_module(const char *word)
{
    const struct log_module *module = all_modules;
    while (module && !is_module_name(module, word)) {
        module = module->next;
    }
    return module;
}

/* Parses and applies MODULE, DESTINATION and LEVEL words; writes into 'spec'. */
static struct err *
set_levels(char *spec)
{
    const struct log_module *module = NULL;
    int destination = -1, level = -1;
    char *rest = spec;
    for (char *word; (word = strsep(&rest, " ,:")) != NULL;) {
        if (!*word || !strcasecmp(word, "any")) {
            continue;
        }
        if (find_destination(word) >= 0) {
            if (destination >= 0) {
                return err_new("cannot specify multiple destinations");
            }
            destination = find_destination(word);
        } else if (find_level(word) >= 0) {
            if (level >= 0) {
                return err_new("cannot specify multiple levels");
            }
            level = find_level(word);
        } else if (!find_module(word)) {
            return err_new("no destination, level, or module \"%s\"", word);
        } else if (module) {
            return err_new("cannot specify multiple modules");
        } else {
            module = find_module(word);
        }
    }
    for (struct log_module *m = all_modules; m; m = m->next) {
        for (int d = 0; d < LOG_N_DESTINATIONS; d++) {
            if ((!module || !strcmp(m->name, module->name)) && (destination < 0 || destination == d)) {
                set_level(m, (enum log_destination) d, level < 0 ? LOG_DBG : (enum log_level) level);
            }
        }
    }
    return NULL;
}

static void
set_level(struct log_module *module, enum log_destination destination, enum log_level level)
{
    module->levels[destination] = level;
    module->highest = LOG_OFF;
    for (int i = 0; i < LOG_N_DESTINATIONS; i++) {
        module->highest = MAX(module->highest, module->levels[i]);
    }
}

/* 'spec' is "DESTINATION:TEXT". */
static struct err *
set_pattern(const char *spec)
{
    if (!*spec) {
        return err_new("missing destination");
    }
    size_t n = strcspn(spec, ":");
    char *word = xmemdup0(spec, n);
    const char *pattern = spec + n + (spec[n] == ':');
    int destination = find_destination(word);
    bool any = !strcasecmp(word, "any");
    struct err *err = destination >= 0 || any ? NULL : err_new("unknown destination \"%s\"", word);
    for (int i = 0; !err && i < LOG_N_DESTINATIONS; i++) {
        if (any || i == destination) {
            pthread_mutex_lock(&mutex);
            free(destinations[i].new_pattern);
            destinations[i].new_pattern = xstrdup(pattern);
            pthread_mutex_unlock(&mutex);
        }
    }
    free(word);
    return err;
}

/* Formats 'record' with 'header' and 'pattern' into 'line', replacing what it held. */
static const char *
format_line(struct buf *line, const char *header, const char *pattern, const struct log_record *record)
{
    buf_clear(line);
    log_pattern_put(line, header, record);
    log_pattern_put(line, pattern, record);
    return buf_text(line);
}

static void
write_to_syslog(enum log_level level, struct log_record *record)
{
    if (!log_syslog_has_method()) {
        err_free(log_set_default_syslog_method());
    }
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    const char *pattern = pattern_of(LOG_TO_SYSLOG);
    int severity = levels[level].severity;
    record->priority = log_syslog_priority(severity, false);
    log_syslog_send(severity, format_line(&line, log_syslog_header(), pattern, record));
    if (log_syslog_has_target()) {
        record->priority = log_syslog_priority(severity, true);
        log_syslog_send_to_target(format_line(&line, rfc5424_header, pattern, record));
    }
    buf_fini(&line);
}

static void
write_line(int fd, enum log_destination destination, const struct log_record *record)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    format_line(&line, "", pattern_of(destination), record);
    buf_putc(&line, '\n');
    write_all(fd, line.data, line.size);
    buf_fini(&line);
}

/* Writes one message to every destination that 'module' sends 'level' to.  The caller holds 'mutex'. */
static void
write_record(const struct log_module *module, enum log_level level, const char *text)
{
    struct utsname host;
    uname(&host);
    struct log_record record = {
        .program = program ? program : program_invocation_short_name,
        .subprogram = subprogram ? subprogram : "",
        .host = host.nodename,
        .module = module->name,
        .level = levels[level].name,
        .text = text,
        .wall_ms = clock_wall_ms(),
        .age_ms = clock_monotonic_ms() - start_ms,
        .sequence = ++sequence,
        .priority = log_syslog_priority(levels[level].severity, false),
        .pid = (int) getpid(),
    };
    if (module->levels[LOG_TO_CONSOLE] >= level) {
        write_line(STDERR_FILENO, LOG_TO_CONSOLE, &record);
    }
    if (module->levels[LOG_TO_SYSLOG] >= level) {
        write_to_syslog(level, &record);
    }
    if (module->levels[LOG_TO_FILE] >= level && file_fd >= 0) {
        write_line(file_fd, LOG_TO_FILE, &record);
    }
}

static void
write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t written = write(fd, p, n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        p += written;
        n -= (size_t) written;
    }
}
