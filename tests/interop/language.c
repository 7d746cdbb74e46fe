/* SPDX-License-Identifier: Apache-2.0 */
/* Reads logical flows and says what lib/logical cannot do with them: each match and each list of actions must parse, print to a
 * text that parses to the same, and compile to OpenFlow.  test_language.py gives it what ovn-northd writes.
 *
 * Input, a line each, separated by tabs:   option 4|6 NAME CODE TYPE      flow ingress|egress TABLE MATCH ACTIONS
 * Output: a line for each failure, then "N flows, M failures". */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/logical/encode.h"
#include "lib/logical/match_plan.h"
#include "lib/openflow/of_actions.h"

struct option {
    bool is_v6;
    char *name, *type;
    uint16_t code;
};
static VEC(struct option) options;
static unsigned int n_flows, n_failures;

/* Takes 'err', and says where it happened. */
static bool
failed(const char *what, const char *text, struct err *err)
{
    if (err) {
        printf("%s: %s: %s\n", what, err_detail(err), text);
        err_free(err);
        n_failures++;
    }
    return err;
}

/* --- What a chassis would know --- */

static bool
lookup_port(void *aux UNUSED, struct str name, uint32_t *ret_key)
{
    *ret_key = (uint32_t) name.n;
    return true;
}

static bool
lookup_tunnel(void *aux UNUSED, struct str lport UNUSED, uint32_t *ret_ofport)
{
    *ret_ofport = 1;
    return true;
}

static bool is_resident(void *aux UNUSED, struct str lport UNUSED) { return true; }
static uint32_t group(void *aux UNUSED, const struct of_group *g UNUSED) { return 1; }
static uint32_t meter(void *aux UNUSED, struct str name UNUSED) { return 1; }
static uint32_t rate_meter(void *aux UNUSED, uint32_t rate UNUSED, uint32_t burst UNUSED) { return 1; }

static void
address_set(void *aux UNUSED, struct str name, void (*member)(void *, struct str), void *member_aux)
{
    bool is_mac = str_is(name, "svc_monitor_mac"), is_v6 = name.n && name.s[name.n - 1] == '6';
    member(member_aux, str_from(is_mac ? "02:00:00:00:00:01" : is_v6 ? "fd00::1" : "10.0.0.1"));
}

static void
port_group(void *aux UNUSED, struct str name, void (*member)(void *, struct str), void *member_aux)
{
    member(member_aux, name);
}

static bool
find_option(bool is_v6, struct str name, struct dhcp_option *ret)
{
    for (size_t i = 0; i < options.n; i++) {
        if (options.d[i].is_v6 == is_v6 && str_is(name, options.d[i].name)) {
            *ret = (struct dhcp_option) {options.d[i].code, options.d[i].type};
            return true;
        }
    }
    return false;
}
static bool dhcp4_option(void *aux UNUSED, struct str name, struct dhcp_option *ret) { return find_option(false, name, ret); }
static bool dhcp6_option(void *aux UNUSED, struct str name, struct dhcp_option *ret) { return find_option(true, name, ret); }

/* --- Checks --- */

static void ignore(void *aux UNUSED, struct bound_match *bound UNUSED) { }

static void
check_match(struct arena *arena, const char *text, const struct expr *demands)
{
    static const struct match_binder binder = {.lookup_port = lookup_port, .is_chassis_resident = is_resident,
                                               .address_set = address_set, .port_group = port_group};
    const struct expr *x, *again;
    struct match_plan *plan;
    struct buf printed = BUF_INIT(BUF_NO_LIMIT);

    if (failed("match", text, expr_parse(arena, str_from(text), &x))) {
        return;
    }
    expr_print(x, &printed);
    if (!failed("printed match", buf_text(&printed), expr_parse(arena, str_from(buf_text(&printed)), &again)) && !expr_eq(x, again)) {
        failed("printed match differs", text, err_new("%s", buf_text(&printed)));
    }
    if (!failed("plan", text, match_plan_new(expr_and(arena, x, demands), &plan))) {
        match_plan_bind(plan, &binder, 1, ignore, NULL);
        match_plan_free(plan);
    }
    buf_fini(&printed);
}

static void
check_encoding(const struct act *act, const struct act_parse_params *where, const char *text)
{
    static const struct logical_tables tables = LOGICAL_TABLES_DEFAULT;
    for (int is_router = 0; is_router < 2; is_router++) {
        struct encode_params params = {
            .tables = &tables, .is_egress = where->is_egress, .table = (uint8_t) where->table, .dp_key = 1,
            .is_router = is_router, .lookup_port = lookup_port, .lookup_tunnel = lookup_tunnel, .group = group, .meter = meter,
            .rate_meter = rate_meter, .dhcp4_option = dhcp4_option, .dhcp6_option = dhcp6_option};
        struct buf encoded = BUF_INIT(OF_ACTIONS_MAX);
        if (!failed("encoding", text, actions_encode(act, &params, &encoded))) {
            failed("OpenFlow", text, of_actions_check(encoded.data, encoded.size));
        }
        buf_fini(&encoded);
    }
}

static void
check_flow(bool is_egress, unsigned int table, const char *match, const char *actions)
{
    struct arena *arena = arena_new();
    const struct act_parse_params params = {.is_egress = is_egress, .table = table, .n_tables = is_egress ? 24 : 33};
    const struct act *act, *again;
    const struct expr *demands;
    struct buf printed = BUF_INIT(BUF_NO_LIMIT), second = BUF_INIT(BUF_NO_LIMIT);

    n_flows++;
    if (!failed("actions", actions, actions_parse(arena, str_from(actions), &params, &act, &demands))) {
        actions_print(act, &printed);
        if (!failed("printed actions", buf_text(&printed), actions_parse(arena, str_from(buf_text(&printed)), &params, &again, NULL))) {
            actions_print(again, &second);
            if (strcmp(buf_text(&printed), buf_text(&second))) {
                failed("printed actions differ", buf_text(&printed), err_new("%s", buf_text(&second)));
            }
        }
        check_encoding(act, &params, actions);
        check_match(arena, match, demands);
    }
    buf_fini(&printed);
    buf_fini(&second);
    arena_free(arena);
}

static bool
read_line(char *line)
{
    struct str rest = str_from(line), fields[5];
    uint32_t number;
    size_t n = 0;

    while (rest.s && n < ARRAY_SIZE(fields)) {
        fields[n++] = str_cut(&rest, "\t");
    }
    for (size_t i = 0; i < n; i++) {
        line[fields[i].s - line + fields[i].n] = '\0';
    }
    if (n != ARRAY_SIZE(fields) || rest.s) {
        return false;
    } else if (str_is(fields[0], "option") && str_to_uint32(fields[3].s, 10, &number) && number <= UINT16_MAX) {
        struct option option = {str_is(fields[1], "6"), xstrdup(fields[2].s), xstrdup(fields[4].s), (uint16_t) number};
        vec_push(&options, option);
        return true;
    } else if (str_is(fields[0], "flow") && str_to_uint32(fields[2].s, 10, &number) && number < 33) {
        check_flow(str_is(fields[1], "egress"), number, fields[3].s, fields[4].s);
        return true;
    }
    return false;
}

int
main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int status = 0;

    while (!status && (length = getline(&line, &size, stdin)) > 0) {
        line[length - 1] = '\0';
        if (!read_line(line)) {
            fprintf(stderr, "not understood: %s\n", line);
            status = 2;
        }
    }
    printf("%u flows, %u failures\n", n_flows, n_failures);
    for (size_t i = 0; i < options.n; i++) {
        free(options.d[i].name);
        free(options.d[i].type);
    }
    vec_fini(&options);
    free(line);
    return status ? status : n_failures ? 1 : 0;
}
