/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/server/remotes.h"

#include <stdlib.h>

#include "lib/base/hmap.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "ovsdb/server/link.h"
#include "ovsdb/server/remote_rows.h"
#include "ovsdb/server/server.h"
#include "ovsdb/server/tls_rows.h"

LOG_MODULE(ovsdb_remotes);

/* One connection method in use. */
struct remote {
    struct remotes *remotes;
    char *target;                                            /* owned */
    struct remote_options options;                           /* owned: remote_options_fini() */
    bool is_wanted;                                          /* marked while reconciling */
    struct listener *listener;                               /* passive and bound, or NULL */
    struct stream *connecting;                               /* active and not connected yet, or NULL */
    struct loop_timer *retry;
    int64_t backoff_ms;
    char *last_error;                                        /* owned, or NULL */
    int64_t disconnected_ms;                                 /* when the last connection ended; 0: never */
    VEC(struct link *) links;                                /* owned */
};

struct remotes {
    struct loop *loop;
    struct server *server;
    struct remotes_limits limits;
    size_t n_links;                                          /* of all remotes */
    struct strmap configured;                                /* target → struct remote_options, owned */
    struct strmap active;                                    /* target → struct remote */
    const struct tls_options *tls;                           /* borrowed; NULL: not set */
    uint64_t seen_seqno;
    bool changed;                                            /* the configuration has */
    struct loop_timer *status_timer;
};

static void remote_start(void *remote_);
static void on_status_timer(void *remotes_);

struct remotes *
remotes_new(struct loop *loop, struct server *server, const struct remotes_limits *limits)
{
    struct remotes *remotes = xcalloc(1, sizeof *remotes);
    remotes->loop = loop;
    remotes->server = server;
    remotes->limits = *limits;
    strmap_init(&remotes->configured);
    strmap_init(&remotes->active);
    remotes->status_timer = loop_timer_new(loop, on_status_timer, remotes);
    return remotes;
}

static void
options_free(struct remote_options *options)
{
    if (options) {
        remote_options_fini(options);
        free(options);
    }
}

static void
drop_links(struct remote *remote)
{
    while (remote->links.n) {
        link_free(vec_pop(&remote->links));
        remote->remotes->n_links--;
    }
}

static void
remote_free(struct remote *remote)
{
    loop_timer_free(remote->retry);
    drop_links(remote);
    vec_fini(&remote->links);
    stream_free(remote->connecting);
    listener_free(remote->listener);
    free(remote->last_error);
    remote_options_fini(&remote->options);
    free(remote->target);
    free(remote);
}

void
remotes_free(struct remotes *remotes)
{
    if (!remotes) {
        return;
    }
    STRMAP_FOR_EACH (node, &remotes->active) {
        remote_free(node->data);
    }
    strmap_fini(&remotes->active);
    STRMAP_FOR_EACH (node, &remotes->configured) {
        options_free(node->data);
    }
    strmap_fini(&remotes->configured);
    loop_timer_free(remotes->status_timer);
    free(remotes);
}

/* Network peers may vanish without a word; local ones cannot. */
static int64_t
probe_interval(const struct remote *remote)
{
    bool is_local = str_starts(str_from(remote->target), "unix:") || str_starts(str_from(remote->target), "punix:");
    return remote->options.probe_interval_ms >= 0 ? remote->options.probe_interval_ms
         : is_local ? 0 : PROBE_INTERVAL_DEFAULT_MS;
}

static void
apply_options(const struct remote *remote, struct link *link)
{
    link_set_probe_interval(link, probe_interval(remote));
    link_set_read_only(link, remote->options.is_read_only);
    link_set_role(link, remote->options.role);
}

/* Those of 'options', for connections that are there too. */
static void
change_options(struct remote *remote, const struct remote_options *options)
{
    remote_options_fini(&remote->options);
    remote->options = remote_options_clone(options);
    for (size_t i = 0; i < remote->links.n; i++) {
        apply_options(remote, remote->links.d[i]);
        link_set_dscp(remote->links.d[i], MAX(remote->options.dscp, 0));
    }
}

static void
set_error(struct remote *remote, const char *text)
{
    free(remote->last_error);
    remote->last_error = text ? xstrdup(text) : NULL;
}

static void
retry_later(struct remote *remote)
{
    int64_t max_ms = remote->options.max_backoff_ms > 0 ? remote->options.max_backoff_ms : BACKOFF_DEFAULT_MS;
    remote->backoff_ms = remote->backoff_ms ? MIN(remote->backoff_ms * 2, max_ms) : MIN(1000, max_ms);
    loop_timer_set(remote->retry, remote->backoff_ms);
}

static void
on_link_ended(void *remote_, struct link *link, const char *reason)
{
    struct remote *remote = remote_;
    for (size_t i = 0; i < remote->links.n; i++) {
        if (remote->links.d[i] == link) {
            vec_remove_fast(&remote->links, i);
            remote->remotes->n_links--;
            break;
        }
    }
    remote->disconnected_ms = loop_now_ms(remote->remotes->loop);
    set_error(remote, reason);
    if (!stream_target_is_passive(remote->target)) {
        retry_later(remote);
    }
}

static void
add_link(struct remote *remote, struct stream *stream)
{
    struct remotes *remotes = remote->remotes;
    struct link *link = link_new(remotes->loop, remotes->server, stream, on_link_ended, remote);
    link_set_max_message(link, remotes->limits.max_message);
    apply_options(remote, link);
    if (remote->options.dscp >= 0) {
        link_set_dscp(link, remote->options.dscp);
    }
    vec_push(&remote->links, link);
    remotes->n_links++;
}

static void
on_accepted(void *remote_, struct stream *stream)
{
    struct remote *remote = remote_;
    if (remote->remotes->n_links < remote->remotes->limits.max_sessions) {
        add_link(remote, stream);
    } else {
        log_warn_rl("%s: refused: there are %zu sessions, as many as --max-sessions allows", stream_name(stream),
                    remote->remotes->n_links);
        stream_free(stream);
    }
}

static void
on_connected(void *remote_)
{
    struct remote *remote = remote_;
    struct stream *stream = remote->connecting;
    remote->connecting = NULL;
    remote->backoff_ms = 0;
    add_link(remote, stream);
}

static void
on_connecting_closed(void *remote_, struct err *reason)
{
    struct remote *remote = remote_;
    char *text = reason ? err_take_text(reason) : xstrdup("connection closed");
    log_info_rl("%s: connection attempt failed (%s)", remote->target, text);
    set_error(remote, text);
    free(text);
    stream_free(remote->connecting);
    remote->connecting = NULL;
    retry_later(remote);
}

static const struct stream_callbacks connecting_cbs = {.connected = on_connected, .closed = on_connecting_closed};

static void
remote_start(void *remote_)
{
    struct remote *remote = remote_;
    struct loop *loop = remote->remotes->loop;
    struct err *e;
    if (stream_target_is_passive(remote->target)) {
        e = listener_new(loop, remote->target, on_accepted, remote, &remote->listener);
    } else {
        e = stream_connect(loop, remote->target, &connecting_cbs, remote, &remote->connecting);
    }
    set_error(remote, NULL);
    if (e) {
        char *text = err_take_text(e);
        log_err_rl("%s: %s", remote->target, text);
        set_error(remote, text);
        free(text);
        retry_later(remote);
    }
}

/* Makes or updates the remote for 'target'. */
static void
want(void *remotes_, const char *target, const struct remote_options *options)
{
    struct remotes *remotes = remotes_;
    if (!stream_target_is_active(target) && !stream_target_is_passive(target)) {
        log_warn_rl("%s: not a connection method", target);
        return;
    }
    struct remote *remote = strmap_get(&remotes->active, target);
    if (!remote) {
        remote = xcalloc(1, sizeof *remote);
        remote->remotes = remotes;
        remote->target = xstrdup(target);
        remote->options = remote_options_clone(options);
        remote->retry = loop_timer_new(remotes->loop, remote_start, remote);
        strmap_set(&remotes->active, target, remote);
        remote_start(remote);
    } else if (!remote_options_eq(&remote->options, options)) {
        change_options(remote, options);
    }
    remote->is_wanted = true;
}

/* What want_row() needs. */
struct rows {
    struct remotes *remotes;
    const struct remote_options *defaults;
};

static void
want_row(void *rows_, const char *target, const struct remote_options *options)
{
    const struct rows *rows = rows_;
    const struct remote_options *defaults = rows->defaults;
    const struct remote_options both = {
        .probe_interval_ms = options->probe_interval_ms >= 0 ? options->probe_interval_ms : defaults->probe_interval_ms,
        .max_backoff_ms = options->max_backoff_ms >= 0 ? options->max_backoff_ms : defaults->max_backoff_ms,
        .is_read_only = options->is_read_only || defaults->is_read_only,
        .role = *options->role ? options->role : defaults->role,
        .dscp = defaults->dscp,
    };
    want(rows->remotes, target, &both);
}

/* Whether 'spec', a "db:" remote, names something: databases come and go. */
static bool
find_source(const struct remotes *remotes, const char *spec, struct remote_source *ret)
{
    struct err *e = remote_source_parse(remotes->server, spec, ret);
    err_free(e);
    return !e;
}

static void
want_rows(struct remotes *remotes, const char *spec, const struct remote_options *defaults)
{
    struct remote_source source;
    if (find_source(remotes, spec, &source)) {
        struct rows rows = {.remotes = remotes, .defaults = defaults};
        remote_source_for_each(&source, want_row, &rows);
    }
}

void
remotes_run(struct remotes *remotes)
{
    if (!remotes->changed && remotes->seen_seqno == server_seqno(remotes->server)) {
        return;
    }
    remotes->changed = false;
    remotes->seen_seqno = server_seqno(remotes->server);
    if (remotes->tls) {
        tls_rows_apply(remotes->loop, remotes->server, remotes->tls);
    }
    STRMAP_FOR_EACH (node, &remotes->active) {
        ((struct remote *) node->data)->is_wanted = false;
    }
    bool has_sources = false;
    STRMAP_FOR_EACH (node, &remotes->configured) {
        if (remote_is_source(node->key)) {
            want_rows(remotes, node->key, node->data);
            has_sources = true;
        } else {
            want(remotes, node->key, node->data);
        }
    }
    STRMAP_FOR_EACH_SAFE (node, &remotes->active) {
        struct remote *remote = node->data;
        if (!remote->is_wanted) {
            strmap_remove(&remotes->active, remote->target);
            remote_free(remote);
        }
    }
    if (has_sources && !loop_timer_is_set(remotes->status_timer)) {
        loop_timer_set(remotes->status_timer, 0);
    }
}

void
remotes_reload(struct remotes *remotes)
{
    remotes->changed = true;
    remotes_run(remotes);
}

struct err *
remotes_set_tls(struct remotes *remotes, const struct tls_options *options)
{
    struct err *e = tls_rows_check(remotes->server, options);
    if (!e) {
        remotes->tls = options;
        remotes_reload(remotes);
    }
    return e;
}

static void
configure(struct remotes *remotes, const char *target, const struct remote_options *options)
{
    struct remote_options *copy = xmalloc(sizeof *copy);
    *copy = remote_options_clone(options);
    options_free(strmap_set(&remotes->configured, target, copy));
}

struct err *
remotes_add(struct remotes *remotes, const char *target)
{
    if (remote_is_source(target)) {
        struct remote_source source;
        struct err *e = remote_source_parse(remotes->server, target, &source);
        if (e && !remote_source_is_awaited(remotes->server, target)) {
            return e;
        }
        err_free(e);
    } else if (!stream_target_is_active(target) && !stream_target_is_passive(target)) {
        return err_new("%s: not a connection method", target);
    }
    if (!strmap_find(&remotes->configured, target)) {
        configure(remotes, target, &(struct remote_options) REMOTE_OPTIONS_INIT);
    }
    remotes_reload(remotes);
    return NULL;
}

struct err *
remotes_remove(struct remotes *remotes, const char *target)
{
    struct remote_options *options = strmap_remove(&remotes->configured, target);
    if (!options) {
        return err_new("no such remote");
    }
    options_free(options);
    remotes_reload(remotes);
    return NULL;
}

void
remotes_set(struct remotes *remotes, const char *const *targets, const struct remote_options *options, size_t n)
{
    STRMAP_FOR_EACH (node, &remotes->configured) {
        options_free(node->data);
    }
    strmap_fini(&remotes->configured);
    strmap_init(&remotes->configured);
    for (size_t i = 0; i < n; i++) {
        configure(remotes, targets[i], &options[i]);
    }
    remotes_reload(remotes);
}

const char **
remotes_targets(const struct remotes *remotes, size_t *ret_n)
{
    struct strmap_node **nodes = strmap_sorted(&remotes->configured, ret_n);
    const char **targets = xcalloc(*ret_n + 1, sizeof *targets);
    for (size_t i = 0; i < *ret_n; i++) {
        targets[i] = nodes[i]->key;
    }
    free(nodes);
    return targets;
}

char *
remotes_list(const struct remotes *remotes)
{
    size_t n;
    const char **targets = remotes_targets(remotes, &n);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&text, "%s\n", targets[i]);
    }
    free(targets);
    return buf_take_text(&text);
}

void
remotes_reconnect(struct remotes *remotes)
{
    STRMAP_FOR_EACH (node, &remotes->active) {
        struct remote *remote = node->data;
        bool had_links = remote->links.n > 0;
        drop_links(remote);
        if (had_links && !stream_target_is_passive(remote->target)) {
            loop_timer_set(remote->retry, 0);
        }
    }
}

/* Status columns. */

static bool
get_status(void *remotes_, const char *target, struct remote_status *ret)
{
    struct remotes *remotes = remotes_;
    const struct remote *remote = strmap_get(&remotes->active, target);
    if (!remote) {
        return false;
    }
    *ret = (struct remote_status) {
        .is_connected = remote->links.n > 0, .sec_since_connect = -1, .sec_since_disconnect = -1};
    if (stream_target_is_passive(target)) {
        ret->n_connections = remote->links.n > 1 ? remote->links.n : 0;
        ret->bound_port = remote->listener ? listener_port(remote->listener) : 0;
        return true;
    }
    int64_t now_ms = loop_now_ms(remotes->loop);
    ret->state = remote->links.n ? "ACTIVE" : remote->connecting ? "CONNECTING" : "BACKOFF";
    ret->last_error = remote->last_error;
    if (remote->links.n) {
        ret->sec_since_connect = (now_ms - link_connected_ms(remote->links.d[0])) / 1000;
        ret->session = link_session(remote->links.d[0]);
    }
    if (remote->disconnected_ms) {
        ret->sec_since_disconnect = (now_ms - remote->disconnected_ms) / 1000;
    }
    return true;
}

static void
on_status_timer(void *remotes_)
{
    struct remotes *remotes = remotes_;
    bool has_sources = false;
    STRMAP_FOR_EACH (node, &remotes->configured) {
        struct remote_source source;
        if (remote_is_source(node->key) && find_source(remotes, node->key, &source)) {
            has_sources = true;
            remote_source_update_status(&source, get_status, remotes);
        }
    }
    if (has_sources) {
        loop_timer_set(remotes->status_timer, STATUS_INTERVAL_MS);
    }
}
