/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/logical/encoder.h"

/* Actions that the controller does: their userdata (opcode.h). */

static size_t
controller_begin(struct encoder *e, enum opcode opcode, bool pause, uint32_t meter)
{
    struct of_controller spec = {.max_len = OF_MAX_LEN, .reason = OF_REASON_ACTION, .pause = pause, .meter_id = meter};
    struct opcode_header header = {.opcode = htobe32(opcode)};
    size_t start = of_act_controller_begin(e->out, &spec);
    buf_put(e->out, &header, sizeof header);
    return start;
}

void
encode_opcode(struct encoder *e, enum opcode opcode, bool pause)
{
    size_t start = controller_begin(e, opcode, pause, e->params->controller_meter);
    of_act_controller_end(e->out, start);
}

static void
block(struct encoder *e, const struct act *act, enum opcode opcode)
{
    size_t start = controller_begin(e, opcode, false, e->params->controller_meter);
    encode_act(e, act->inner);
    of_act_controller_end(e->out, start);
}

static void
put_result(struct encoder *e, const struct act *act)
{
    struct of_subfield sf = encode_field(act->result);
    const struct of_field *field = of_field(sf.field);
    struct opcode_result result = {.oxm_header = htobe32((uint32_t) (field->header >> 32) | field->n_bytes),
                                   .bit = htobe32(sf.ofs)};
    buf_put(e->out, &result, sizeof result);
}

static size_t
option_begin(struct encoder *e, uint16_t code)
{
    struct opcode_option option = {.code = htobe16(code)};
    buf_put(e->out, &option, sizeof option);
    return e->out->size;
}

static void
option_end(struct encoder *e, size_t start)
{
    size_t n = e->out->size - start;
    if (buf_is_ok(e->out) && n <= UINT16_MAX) {
        put_be16(e->out->data + start - 2, (uint16_t) n);
    } else {
        encode_fail(e, "Option is too long.");
    }
}

static void
put_int(struct encoder *e, struct u128 x, size_t size)
{
    uint8_t bytes[16];
    u128_to_be(x, bytes, size);
    buf_put(e->out, bytes, size);
}

/* Values of DHCP options.  Each takes the values of one argument and returns false if they have another type. */

/* Integers of 'form' (or any number if LC_DECIMAL), each in 'size' bytes. */
static bool
put_integers(struct encoder *e, const struct act_arg *arg, enum lconst_form form, size_t size)
{
    for (size_t i = 0; i < arg->n_values; i++) {
        const struct lconst *c = &arg->values[i];
        bool right = form == LC_DECIMAL ? c->form <= LC_HEX : c->form == form;
        if (c->kind != LC_INT || !right || c->masked || u128_width(c->value) > 8 * size) {
            return false;
        }
        put_int(e, c->value, size);
    }
    return arg->n_values == 1 || form != LC_DECIMAL;
}

static bool
put_text(struct encoder *e, const struct act_arg *arg)
{
    if (arg->n_values != 1 || arg->values[0].kind != LC_STRING) {
        return false;
    }
    buf_put_str(e->out, arg->values[0].name);
    return true;
}

/* One domain name in the form of RFC 1035, section 3.1. */
static bool
put_domain(struct encoder *e, struct str name)
{
    size_t length = 0;
    while (name.n) {
        struct str label = str_cut(&name, ".");
        if (!label.n || label.n > 63 || (length += label.n + 1) > 254) {
            return false;
        }
        buf_putc(e->out, (char) label.n);
        buf_put_str(e->out, label);
    }
    buf_putc(e->out, 0);
    return length > 0;
}

/* "a.org,b.org" as in RFC 3397, uncompressed. */
static bool
put_domains(struct encoder *e, const struct act_arg *arg)
{
    if (arg->n_values != 1 || arg->values[0].kind != LC_STRING) {
        return false;
    }
    struct str names = arg->values[0].name;
    do {
        if (!put_domain(e, str_trim(str_cut(&names, ",")))) {
            return false;
        }
    } while (names.s && names.n);
    return true;
}

/* Pairs of destination and router (RFC 3442). */
static bool
put_static_routes(struct encoder *e, const struct act_arg *arg)
{
    for (size_t i = 0; i + 1 < arg->n_values; i += 2) {
        const struct lconst *dst = &arg->values[i], *router = &arg->values[i + 1];
        struct u128 ones = u128_ones(32);
        struct u128 host = dst->masked ? u128_and(u128_not(dst->mask), ones) : U128(0);
        if (dst->kind != LC_INT || dst->form != LC_IP4 || router->kind != LC_INT || router->form != LC_IP4 || router->masked
            || !u128_is_zero(u128_and(host, u128_inc(host)))) {
            return false;
        }
        unsigned int plen = 32 - u128_width(host);
        uint8_t bytes[4];
        buf_putc(e->out, (char) plen);
        u128_to_be(dst->value, bytes, 4);
        buf_put(e->out, bytes, DIV_ROUND_UP(plen, 8));
        put_int(e, router->value, 4);
    }
    return arg->n_values && arg->n_values % 2 == 0;
}

/* LONG: one line per type */
static bool
put_typed(struct encoder *e, const struct act_arg *arg, struct str type)
{
    if (arg->kind != ARG_VALUES) {
        return false;
    } else if (str_is(type, "bool")) {
        return arg->values[0].kind == LC_INT && u128_cmp(arg->values[0].value, U128(1)) <= 0 && put_integers(e, arg, LC_DECIMAL, 1);
    } else if (str_is(type, "uint8")) {
        return put_integers(e, arg, LC_DECIMAL, 1);
    } else if (str_is(type, "uint16")) {
        return put_integers(e, arg, LC_DECIMAL, 2);
    } else if (str_is(type, "uint32")) {
        return put_integers(e, arg, LC_DECIMAL, 4);
    } else if (str_is(type, "ipv4")) {
        return put_integers(e, arg, LC_IP4, 4);
    } else if (str_is(type, "ipv6")) {
        return put_integers(e, arg, LC_IP6, 16);
    } else if (str_is(type, "mac")) {
        return put_integers(e, arg, LC_MAC, 6);
    } else if (str_is(type, "static_routes")) {
        return put_static_routes(e, arg);
    } else if (str_is(type, "str")) {
        return put_text(e, arg);
    } else if (str_is(type, "host_id")) {
        return arg->values[0].kind == LC_STRING ? put_text(e, arg) : put_integers(e, arg, LC_IP4, 4);
    } else if (str_is(type, "domains") || str_is(type, "domain")) {
        return put_domains(e, arg);
    }
    return false;
}

static void
put_dhcp_option(struct encoder *e, const struct act *act, const struct act_arg *arg)
{
    bool v6 = act->kind == ACT_PUT_DHCPV6_OPTS;
    struct dhcp_option option = {.code = 0, .type = "ipv4"};
    bool offer = !v6 && str_is(arg->key, "offerip");
    if (!offer && !(v6 ? e->params->dhcp6_option : e->params->dhcp4_option)(e->params->aux, arg->key, &option)) {
        encode_fail(e, "Unknown %s option "STR_FMT".", v6 ? "DHCPv6" : "DHCPv4", STR_ARG(arg->key));
        return;
    }
    size_t start = option_begin(e, option.code);
    if (!put_typed(e, arg, str_from(option.type))) {
        encode_fail(e, "%s option "STR_FMT" requires a value of type %s.", v6 ? "DHCPv6" : "DHCPv4", STR_ARG(arg->key), option.type);
    }
    option_end(e, start);
}

static void
dhcp(struct encoder *e, const struct act *act)
{
    bool v6 = act->kind == ACT_PUT_DHCPV6_OPTS;
    if (!v6 && !encode_arg(act, "offerip")) {
        encode_fail(e, "put_dhcp_opts requires offerip to be specified.");
        return;
    }
    size_t start = controller_begin(e, v6 ? OPCODE_PUT_DHCPV6_OPTS : OPCODE_PUT_DHCP_OPTS, true, e->params->controller_meter);
    put_result(e, act);
    for (size_t i = 0; i < act->n && !e->err; i++) {
        put_dhcp_option(e, act, &act->args[i]);
    }
    of_act_controller_end(e->out, start);
}

/* dhcp_relay_req_chk(RELAY, SERVER), dhcp_relay_resp_chk(RELAY, SERVER): two IPv4 addresses, options 1 and 2. */
static void
dhcp_relay(struct encoder *e, const struct act *act, enum opcode opcode)
{
    size_t start = controller_begin(e, opcode, true, e->params->controller_meter);
    put_result(e, act);
    for (size_t i = 0; i < act->n; i++) {
        size_t option = option_begin(e, (uint16_t) (i + 1));
        if (!put_typed(e, &act->args[i], str_from("ipv4"))) {
            encode_fail(e, "%s takes IPv4 addresses.", act_info(act->kind)->name.s);
        }
        option_end(e, option);
    }
    of_act_controller_end(e->out, start);
}

/* Router advertisements. */

static bool
put_addr_mode(struct encoder *e, const struct act_arg *arg)
{
    static const char *const modes[] = {"slaac", "dhcpv6_stateful", "dhcpv6_stateless"};
    struct str mode = encode_arg_text(arg);
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (str_is(mode, modes[i])) {
            buf_putc(e->out, (char) i);
            return true;
        }
    }
    return false;
}

/* The length of the prefix, then its 16 bytes. */
static bool
put_prefix(struct encoder *e, const struct act_arg *arg)
{
    const struct lconst *c = arg->values;
    if (arg->kind != ARG_VALUES || arg->n_values != 1 || c->kind != LC_INT || c->form != LC_IP6) {
        return false;
    }
    struct u128 mask = c->masked ? c->mask : u128_ones(128), host = u128_not(mask);
    if (!u128_is_zero(u128_and(host, u128_inc(host)))) {
        return false;
    }
    buf_putc(e->out, (char) (128 - u128_width(host)));
    put_int(e, u128_and(c->value, mask), 16);
    return true;
}

static void
put_ra_option(struct encoder *e, const struct act_arg *arg)
{
    static const struct { const char *name; enum opcode_ra_option code; const char *type; } options[] = {
        {"addr_mode", OPCODE_RA_ADDR_MODE, "addr_mode"}, {"slla", OPCODE_RA_SLLA, "mac"}, {"mtu", OPCODE_RA_MTU, "uint32"},
        {"prefix", OPCODE_RA_PREFIX, "prefix"}, {"rdnss", OPCODE_RA_RDNSS, "ipv6"}, {"dnssl", OPCODE_RA_DNSSL, "str"},
        {"route_info", OPCODE_RA_ROUTE_INFO, "str"}, {"router_preference", OPCODE_RA_PREFERENCE, "str"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (!str_is(arg->key, options[i].name)) {
            continue;
        }
        size_t start = option_begin(e, options[i].code);
        bool ok = options[i].code == OPCODE_RA_ADDR_MODE ? put_addr_mode(e, arg)
                : options[i].code == OPCODE_RA_PREFIX ? put_prefix(e, arg) : put_typed(e, arg, str_from(options[i].type));
        if (!ok) {
            encode_fail(e, "Invalid value for \"%s\" option.", options[i].name);
        }
        option_end(e, start);
        return;
    }
    encode_fail(e, "Unknown router advertisement option "STR_FMT".", STR_ARG(arg->key));
}

static void
router_advertisement(struct encoder *e, const struct act *act)
{
    if (!encode_arg(act, "addr_mode") || !encode_arg(act, "slla")) {
        encode_fail(e, "put_nd_ra_opts requires addr_mode and slla.");
        return;
    }
    size_t start = controller_begin(e, OPCODE_PUT_ND_RA_OPTS, true, e->params->controller_meter);
    put_result(e, act);
    for (size_t i = 0; i < act->n && !e->err; i++) {
        put_ra_option(e, &act->args[i]);
    }
    of_act_controller_end(e->out, start);
}

/* Logging and events. */

/* The meter that the action names, and no other: that of the flow is for packets that are to be answered. */
static uint32_t
meter_of(struct encoder *e, const struct act *act)
{
    struct str name = encode_arg_text(encode_arg(act, "meter"));
    return name.n ? e->params->meter(e->params->aux, name) : 0;
}

/* The index of the word or string 'arg' in 'words', or 'missing' if there is no 'arg'. */
static unsigned int
word_index(struct encoder *e, const struct act_arg *arg, const char *const *words, size_t n, unsigned int missing)
{
    if (!arg) {
        return missing;
    }
    struct str word = encode_arg_text(arg);
    for (size_t i = 0; i < n; i++) {
        if (str_is(word, words[i])) {
            return (unsigned int) i;
        }
    }
    encode_fail(e, "Unknown "STR_FMT" \""STR_FMT"\".", STR_ARG(arg->key), STR_ARG(word));
    return missing;
}

static void
log_packet(struct encoder *e, const struct act *act)
{
    static const char *const verdicts[] = {"allow", "drop", "reject", "deny"};
    static const char *const severities[] = {"alert", "warning", "notice", "info", "debug"};
    struct str name = encode_arg_text(encode_arg(act, "name"));
    unsigned int verdict = word_index(e, encode_arg(act, "verdict"), verdicts, 4, LOG_VERDICT_ALLOW);
    struct opcode_log log = {
        .verdict = (uint8_t) (verdict == 3 ? LOG_VERDICT_DROP : verdict),
        .severity = (uint8_t) word_index(e, encode_arg(act, "severity"), severities, 5, LOG_SEVERITY_INFO),
        .is_egress = e->params->is_egress, .name_length = htobe32((uint32_t) name.n),
    };
    size_t start = controller_begin(e, OPCODE_LOG, false, meter_of(e, act));
    buf_put(e->out, &log, sizeof log);
    buf_put_str(e->out, name);
    of_act_controller_end(e->out, start);
}

static void
trigger_event(struct encoder *e, const struct act *act)
{
    static const struct { const char *name; enum opcode_event_option code; } options[] = {
        {"vip", OPCODE_EVENT_VIP}, {"protocol", OPCODE_EVENT_PROTOCOL}, {"load_balancer", OPCODE_EVENT_LOAD_BALANCER},
    };
    struct opcode_event event = {.event = htobe32(OPCODE_EVENT_EMPTY_LB_BACKENDS)};
    if (!str_is(encode_arg_text(encode_arg(act, "event")), "empty_lb_backends")) {
        encode_fail(e, "trigger_event: unknown event.");
        return;
    }
    size_t start = controller_begin(e, OPCODE_EVENT, false, meter_of(e, act));
    buf_put(e->out, &event, sizeof event);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        const struct act_arg *arg = encode_arg(act, options[i].name);
        if (!arg) {
            encode_fail(e, "trigger_event: %s is missing.", options[i].name);
            break;
        }
        size_t option = option_begin(e, options[i].code);
        buf_put_str(e->out, encode_arg_text(arg));
        option_end(e, option);
    }
    of_act_controller_end(e->out, start);
}

static void
dns_lookup(struct encoder *e, const struct act *act)
{
    size_t start = controller_begin(e, OPCODE_DNS_LOOKUP, true, e->params->controller_meter);
    put_result(e, act);
    of_act_controller_end(e->out, start);
}

/* LONG: one line per action */
void
encode_controller(struct encoder *e, const struct act *act)
{
    switch (act->kind) {
    case ACT_ARP: block(e, act, OPCODE_ARP); break;
    case ACT_ND_NS: block(e, act, OPCODE_ND_NS); break;
    case ACT_ND_NA: block(e, act, OPCODE_ND_NA); break;
    case ACT_ND_NA_ROUTER: block(e, act, OPCODE_ND_NA_ROUTER); break;
    case ACT_ICMP4: block(e, act, OPCODE_ICMP4); break;
    case ACT_ICMP4_ERROR: block(e, act, OPCODE_ICMP4_ERROR); break;
    case ACT_ICMP6: block(e, act, OPCODE_ICMP6); break;
    case ACT_ICMP6_ERROR: block(e, act, OPCODE_ICMP6_ERROR); break;
    case ACT_TCP_RESET: block(e, act, OPCODE_TCP_RESET); break;
    case ACT_SCTP_ABORT: block(e, act, OPCODE_SCTP_ABORT); break;
    case ACT_REJECT: block(e, act, OPCODE_REJECT); break;
    case ACT_PUT_DHCP_OPTS: case ACT_PUT_DHCPV6_OPTS: dhcp(e, act); break;
    case ACT_DHCP_RELAY_REQ_CHK: dhcp_relay(e, act, OPCODE_DHCP_RELAY_REQ_CHK); break;
    case ACT_DHCP_RELAY_RESP_CHK: dhcp_relay(e, act, OPCODE_DHCP_RELAY_RESP_CHK); break;
    case ACT_PUT_ND_RA_OPTS: router_advertisement(e, act); break;
    case ACT_DNS_LOOKUP: dns_lookup(e, act); break;
    case ACT_LOG: log_packet(e, act); break;
    case ACT_TRIGGER_EVENT: trigger_event(e, act); break;
    case ACT_IGMP: encode_opcode(e, OPCODE_IGMP, false); break;
    case ACT_HANDLE_DHCPV6_REPLY: encode_opcode(e, OPCODE_HANDLE_DHCPV6_REPLY, false); break;
    case ACT_HANDLE_BFD_MSG: encode_opcode(e, OPCODE_HANDLE_BFD_MSG, false); break;
    default: CHECK(false);
    }
}
