/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/openflow/of_flow.h"

#include "lib/openflow/of_actions.h"

enum { OFPIT_APPLY_ACTIONS = 4 };
enum { OFP_NO_BUFFER = 0xffffffff };
/* OpenFlow 1.5, section 7.2.4 */
enum { OXS_CLASS = 0x8002, OXS_DURATION = 0, OXS_PACKETS = 4, OXS_BYTES = 5 };

void
of_flow_mod_init(struct of_flow_mod *fm)
{
    *fm = (struct of_flow_mod) {.out_port = OF_PORT_ANY, .out_group = OF_PORT_ANY};
}

static void
put_apply_actions(struct buf *out, const void *actions, size_t n)
{
    if (n) {
        uint8_t header[8] = {0};
        put_be16(header, OFPIT_APPLY_ACTIONS);
        put_be16(header + 2, (uint16_t) (sizeof header + n));
        buf_put(out, header, sizeof header);
        buf_put(out, actions, n);
    }
}

bool
of_put_flow_mod(struct buf *out, uint32_t xid, const struct of_flow_mod *fm)
{
    size_t start = of_msg_begin(out, OFPT_FLOW_MOD, xid);
    uint8_t body[40] = {0};
    put_be64(body, fm->cookie);
    put_be64(body + 8, fm->cookie_mask);
    body[16] = fm->table_id;
    body[17] = (uint8_t) fm->command;
    put_be16(body + 18, fm->idle_timeout);
    put_be16(body + 20, fm->hard_timeout);
    put_be16(body + 22, fm->priority);
    put_be32(body + 24, OFP_NO_BUFFER);
    put_be32(body + 28, fm->out_port);
    put_be32(body + 32, fm->out_group);
    put_be16(body + 36, fm->flags);
    put_be16(body + 38, fm->importance);
    buf_put(out, body, sizeof body);
    of_match_put(&fm->match, out);
    put_apply_actions(out, fm->actions, fm->n_actions);
    return of_msg_end(out, start);
}

/* Reads a list of instructions.  '*ret_actions' are those of apply_actions; '*ret_has_others' says that
 * there is something else. */
static struct err *
instructions(struct str p, struct str *ret_actions, bool *ret_has_others)
{
    *ret_actions = str_n(NULL, 0);
    *ret_has_others = false;
    while (p.n) {
        size_t length = p.n >= 8 ? get_be16(p.s + 2) : 0;
        if (length < 8 || length % 8 || length > p.n) {
            return err_new("instruction of %zu bytes", length);
        }
        if (get_be16(p.s) == OFPIT_APPLY_ACTIONS && !ret_actions->s) {
            *ret_actions = str_n(p.s + 8, length - 8);
        } else {
            *ret_has_others = true;
        }
        p = str_n(p.s + length, p.n - length);
    }
    return NULL;
}

struct err *
of_flow_mod_decode(const struct of_msg *msg, struct of_flow_mod *ret)
{
    if (msg->kind != OF_FLOW_MOD) {
        return err_new("%s is not a flow_mod", of_kind_name(msg->kind));
    }
    const uint8_t *p = (const uint8_t *) msg->body.s;
    struct str rest = str_n(msg->body.s + 40, msg->body.n - 40), actions;
    struct of_flow_mod fm = {
        .cookie = get_be64(p), .cookie_mask = get_be64(p + 8), .table_id = p[16],
        .command = (enum of_flow_command) p[17], .idle_timeout = get_be16(p + 18),
        .hard_timeout = get_be16(p + 20),
        .priority = get_be16(p + 22), .out_port = get_be32(p + 28), .out_group = get_be32(p + 32),
        .flags = get_be16(p + 36), .importance = get_be16(p + 38),
    };
    bool has_others;
    if (p[17] > OFPFC_DELETE_STRICT) {
        return err_new("flow_mod with command %u", p[17]);
    }
    struct err *e = of_match_pull(&rest, &fm.match);
    if (e) {
        return e;
    }
    e = instructions(rest, &actions, &has_others);
    if (!e && has_others) {
        e = err_new("flow_mod with instructions other than apply_actions");
    }
    if (e) {
        of_match_fini(&fm.match);
        return e;
    }
    fm.actions = actions.s;
    fm.n_actions = actions.n;
    *ret = fm;
    return NULL;
}

void
of_put_flow_desc_request(struct buf *out, uint32_t xid, const struct of_flow_filter *filter)
{
    static const struct of_match all;
    size_t start = of_multipart_begin(out, false, OFPMP_FLOW_DESC, false, xid);
    uint8_t body[32] = {filter->table_id};
    put_be32(body + 4, filter->out_port);
    put_be32(body + 8, filter->out_group);
    put_be64(body + 16, filter->cookie);
    put_be64(body + 24, filter->cookie_mask);
    buf_put(out, body, sizeof body);
    of_match_put(filter->match ? filter->match : &all, out);
    (void) of_msg_end(out, start);
}

/* Reads an ofp_stats at the front of '*p' and moves '*p' behind it.  Statistics that we do not know are
 * skipped. */
static struct err *
pull_stats(struct str *p, struct of_flow_desc *desc)
{
    size_t length = p->n >= 4 ? get_be16(p->s + 2) : 0;
    if (length < 4 || ROUND_UP(length, 8) > p->n) {
        return err_new("flow statistics of %zu bytes", length);
    }
    struct str oxs = str_n(p->s + 4, length - 4);
    while (oxs.n >= 4) {
        size_t n = (uint8_t) oxs.s[3];
        unsigned int field = (uint8_t) oxs.s[2] >> 1;
        if (n > oxs.n - 4) {
            return err_new("a flow statistic is cut short");
        }
        if (get_be16(oxs.s) == OXS_CLASS && n == 8) {
            desc->has_stats = true;
            if (field == OXS_DURATION) {
                desc->duration_sec = get_be32(oxs.s + 4);
                desc->duration_nsec = get_be32(oxs.s + 8);
            } else if (field == OXS_PACKETS) {
                desc->n_packets = get_be64(oxs.s + 4);
            } else if (field == OXS_BYTES) {
                desc->n_bytes = get_be64(oxs.s + 4);
            }
        }
        oxs = str_n(oxs.s + 4 + n, oxs.n - 4 - n);
    }
    *p = str_n(p->s + ROUND_UP(length, 8), p->n - ROUND_UP(length, 8));
    return NULL;
}

/* Reads what follows the fixed part of a description. */
static struct err *
flow_desc_rest(struct str p, struct of_flow_desc *desc)
{
    struct str actions = {NULL, 0};
    struct err *e = of_match_pull(&p, &desc->match);
    if (e) {
        return e;
    }
    e = pull_stats(&p, desc);
    e = e ? e : instructions(p, &actions, &desc->has_other_instructions);
    if (e) {
        of_match_fini(&desc->match);
        return e;
    }
    desc->actions = actions.s;
    desc->n_actions = actions.n;
    return NULL;
}

struct err *
of_flow_desc_pull(struct str *body, struct of_flow_desc *ret)
{
    const uint8_t *p = (const uint8_t *) body->s;
    size_t length = body->n >= 24 ? get_be16(p) : 0;
    if (length < 24 || length > body->n) {
        *body = str_n(NULL, 0);
        return err_new("flow description of %zu bytes", length);
    }
    *body = str_n(body->s + length, body->n - length);
    struct of_flow_desc desc = {
        .table_id = p[4], .priority = get_be16(p + 6), .idle_timeout = get_be16(p + 8),
        .hard_timeout = get_be16(p + 10),
        .flags = get_be16(p + 12), .importance = get_be16(p + 14), .cookie = get_be64(p + 16),
    };
    struct err *e = flow_desc_rest(str_n((const char *) p + 24, length - 24), &desc);
    if (!e) {
        *ret = desc;
    }
    return e;
}

static void
print_cookie_and_flags(uint64_t cookie, uint16_t idle_timeout, uint16_t hard_timeout, uint16_t importance,
                       uint16_t flags,
                       struct buf *out)
{
    if (cookie) {
        buf_printf(out, "cookie=0x%llx,", (unsigned long long) cookie);
    }
    if (idle_timeout) {
        buf_printf(out, "idle_timeout=%u,", idle_timeout);
    }
    if (hard_timeout) {
        buf_printf(out, "hard_timeout=%u,", hard_timeout);
    }
    if (importance) {
        buf_printf(out, "importance=%u,", importance);
    }
    buf_puts(out, flags & OFPFF_SEND_FLOW_REM ? "send_flow_rem," : "");
}

void
of_flow_desc_print(const struct of_flow_desc *desc, struct buf *out)
{
    print_cookie_and_flags(desc->cookie, desc->idle_timeout, desc->hard_timeout, desc->importance,
                           desc->flags, out);
    buf_printf(out, "table=%u,priority=%u", desc->table_id, desc->priority);
    buf_puts(out, of_match_is_empty(&desc->match) ? "" : ",");
    of_match_print(&desc->match, out);
    buf_puts(out, " actions=");
    of_actions_print(desc->actions, desc->n_actions, out);
    buf_puts(out, desc->has_other_instructions ? " (and other instructions)" : "");
}

void
of_flow_mod_print(const struct of_flow_mod *fm, struct buf *out)
{
    static const char *const commands[] = {"add", "modify", "modify_strict", "delete", "delete_strict"};
    const struct of_flow_desc desc = {
        .table_id = fm->table_id, .priority = fm->priority, .idle_timeout = fm->idle_timeout,
        .hard_timeout = fm->hard_timeout, .importance = fm->importance, .flags = fm->flags,
        .cookie = fm->cookie,
        .match = fm->match, .actions = fm->actions, .n_actions = fm->n_actions,
    };
    buf_printf(out, "%s ", commands[fm->command]);
    if (fm->cookie_mask) {
        buf_printf(out, "cookie_mask=0x%llx,", (unsigned long long) fm->cookie_mask);
    }
    of_flow_desc_print(&desc, out);
}

struct err *
of_flow_removed_decode(const struct of_msg *msg, struct of_flow_removed *ret)
{
    if (msg->kind != OF_FLOW_REMOVED) {
        return err_new("%s is not a flow_removed", of_kind_name(msg->kind));
    }
    const uint8_t *p = (const uint8_t *) msg->body.s;
    struct of_flow_removed removed = {
        .table_id = p[0], .reason = p[1], .priority = get_be16(p + 2), .idle_timeout = get_be16(p + 4),
        .hard_timeout = get_be16(p + 6), .cookie = get_be64(p + 8),
    };
    struct str rest = str_n(msg->body.s + 16, msg->body.n - 16);
    struct err *e = of_match_pull(&rest, &removed.match);
    if (!e) {
        *ret = removed;
    }
    return e;
}
