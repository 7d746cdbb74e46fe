/* SPDX-License-Identifier: Apache-2.0 */
/* Values in the notation of ovs-vsctl(8), "Database Values". */
#include <config.h>

#include "ovsdb/model/schema.h"

#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "ovsdb/model/datum_private.h"
#include "ovsdb/model/schema_private.h"

/* Most elements that one range of integers ("1-4000") may stand for. */
enum { MAX_RANGE = 65536 };

static bool
is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool
is_id(const char *s)
{
    if (!is_letter(*s)) {
        return false;
    }
    while (is_letter(*s) || is_digit(*s)) {
        s++;
    }
    return !*s;
}

char *
id_from_uuid(const struct uuid *uuid)
{
    char *id = xasprintf("row%s", uuid_text(uuid));
    for (char *p = id; *p; p++) {
        *p = *p == '-' ? '_' : *p;
    }
    return id;
}

/* Parsing atoms. */

static struct err *
string_from_quoted(const char *s, struct atom_string **ret)
{
    size_t length = strlen(s);
    if (length < 2 || s[length - 1] != '"') {
        return err_new("%s: missing quote at end of quoted string", s);
    }
    json_t *json;
    err_free(json_parse(str_n(s, length), JSON_ANY, &json));
    if (json_is_string(json)) {
        *ret = atom_string_new(str_n(json_string_value(json), json_string_length(json)));
        json_decref(json);
        return NULL;
    }
    json_decref(json);
    for (const char *p = s + 1; p < s + length - 1; p++) {   /* say what is wrong */
        if (*p == '"') {
            return err_new("%s: quoted string may not include unescaped \"", s);
        } else if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p)) {
            return err_new("%s: bad escape \\%c", s, *p);
        }
    }
    return err_new("%s: malformed quoted string", s);
}

static bool
boolean_from_string(const char *s, bool *ret)
{
    static const char *const names[2][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};
    for (int value = 0; value < 2; value++) {
        for (int i = 0; i < 4; i++) {
            if (!strcmp(s, names[value][i])) {
                *ret = value;
                return true;
            }
        }
    }
    return false;
}

static struct err *
uuid_from_string(const char *s, const struct named_uuids *names, struct uuid *ret)
{
    if (*s == '@' && names) {
        const struct uuid *uuid = names->resolve(names->aux, s);
        if (uuid) {
            *ret = *uuid;
            return NULL;
        }
    }
    return uuid_from_text(str_from(s), ret) ? NULL : err_new("\"%s\" is not a valid UUID", s);
}

/* Without constraint checks. */
static struct err *
parse_atom(union atom *ret, enum atom_type type, const char *s, const struct named_uuids *names)
{
    memset(ret, 0, sizeof *ret);
    if (!*s) {
        return err_new("An empty string is not valid as input; use \"\" to represent the empty string");
    }
    switch (type) {
    case ATOM_INTEGER:
        return str_to_int64(s, 10, &ret->integer) ? NULL : err_new("\"%s\" is not a valid integer or range", s);
    case ATOM_REAL: return str_to_double(s, &ret->real) ? NULL : err_new("\"%s\" is not a valid real number", s);
    case ATOM_BOOLEAN:
        return boolean_from_string(s, &ret->boolean)
                   ? NULL
                   : err_new("\"%s\" is not a valid boolean (use \"true\" or \"false\")", s);
    case ATOM_STRING:
        if (*s == '"') {
            return string_from_quoted(s, &ret->string);
        }
        ret->string = atom_string_new(str_from(s));
        return NULL;
    case ATOM_UUID: return uuid_from_string(s, names, &ret->uuid);
    case ATOM_VOID:
    case ATOM_N_TYPES: break;
    }
    CHECK(!"a type that has values");
    return NULL;
}

struct err *
atom_from_string(union atom *ret, const struct base_type *base, const char *s, const struct named_uuids *names)
{
    union atom atom;
    struct err *e = parse_atom(&atom, base->type, s, names);
    return e ? e : atom_accept(ret, &atom, base);
}

/* Parsing sets and maps. */

static const char DELIMITERS[] = ":=, []{}!<>";

struct parser {
    const struct column_type *type;
    const struct named_uuids *names;
    const char *s;                                           /* all of the input */
    const char *p;                                           /* what is left of it */
    VEC(union atom) keys;
    VEC(union atom) values;
};

static struct err *
unexpected(const struct parser *parser)
{
    char *type = column_type_describe(parser->type);
    struct err *e = err_new("%s: unexpected \"%c\" parsing %s", parser->s, *parser->p, type);
    free(type);
    return e;
}

struct err *
datum_token_cut(const char **p, char **ret)
{
    struct buf token = BUF_INIT(BUF_NO_LIMIT);
    const char *start = *p, *s = start;
    bool in_quotes = false;
    for (; *s && (in_quotes || !strchr(DELIMITERS, *s)); s++) {
        if (*s == '\\') {
            if (in_quotes) {
                buf_putc(&token, '\\');
            }
            if (!*++s) {
                buf_fini(&token);
                return err_new("%s: backslash at end of argument", start);
            }
        } else if (*s == '"') {
            in_quotes = !in_quotes;
        }
        buf_putc(&token, *s);
    }
    if (in_quotes) {
        buf_fini(&token);
        return err_new("%s: quoted string extends past end of argument", start);
    }
    *ret = token.data ? buf_take_text(&token) : xstrdup("");
    *p = s;
    return NULL;
}

static struct err *
parse_token_atom(struct parser *parser, const struct base_type *base, union atom *ret)
{
    char *token;
    struct err *e = datum_token_cut(&parser->p, &token);
    if (!e) {
        e = atom_from_string(ret, base, token, parser->names);
        free(token);
    }
    return e;
}

/* True if 'token' is a range of integers such as "3-7", whose bounds go to '*low' and '*high'. */
static bool
is_range(const char *token, int64_t *low, int64_t *high)
{
    const char *dash = *token ? strchr(token + 1, '-') : NULL;
    if (!dash) {
        return false;
    }
    char *first = xmemdup0(token, (size_t) (dash - token));
    bool ok = str_to_int64(first, 10, low) && str_to_int64(dash + 1, 10, high);
    free(first);
    return ok;
}

/* One element of a set of integers: a number or a range. */
static struct err *
parse_integers(struct parser *parser)
{
    char *token;
    struct err *e = datum_token_cut(&parser->p, &token);
    if (e) {
        return e;
    }
    union atom atom;
    int64_t low;
    int64_t high;
    if (!is_range(token, &low, &high)) {
        e = atom_from_string(&atom, &parser->type->key, token, NULL);
        if (!e) {
            vec_push(&parser->keys, atom);
        }
    } else if (high < low) {
        e = err_new("\"%s\" is not a valid range. Range end cannot be before start.", token);
    } else if ((uint64_t) high - (uint64_t) low >= MAX_RANGE) {
        e = err_new("\"%s\" is not a valid range. It has more than %d elements.", token, MAX_RANGE);
    } else {
        for (uint64_t i = 0; i <= (uint64_t) high - (uint64_t) low && !e; i++) {
            atom = (union atom) {.integer = low + (int64_t) i};
            e = atom_check_constraints(&atom, &parser->type->key);
            if (!e) {
                vec_push(&parser->keys, atom);
            }
        }
    }
    free(token);
    return e;
}

static struct err *
parse_pair(struct parser *parser)
{
    const char *start = parser->p;
    union atom key;
    union atom value;
    struct err *e = parse_token_atom(parser, &parser->type->key, &key);
    if (e) {
        return e;
    }
    parser->p += strspn(parser->p, " ");
    if (*parser->p != '=') {
        e = err_new("%s: syntax error at \"%.1s\" expecting \"=\"", start, parser->p);
    } else {
        parser->p++;
        parser->p += strspn(parser->p, " ");
        e = parse_token_atom(parser, &parser->type->value, &value);
    }
    if (e) {
        atom_fini(&key, parser->type->key.type);
        return e;
    }
    vec_push(&parser->keys, key);
    vec_push(&parser->values, value);
    return NULL;
}

static struct err *
parse_element(struct parser *parser)
{
    if (strchr(DELIMITERS, *parser->p)) {
        return unexpected(parser);
    }
    if (column_type_is_map(parser->type)) {
        return parse_pair(parser);
    } else if (parser->type->key.type == ATOM_INTEGER) {
        return parse_integers(parser);
    }
    union atom key;
    struct err *e = parse_token_atom(parser, &parser->type->key, &key);
    if (!e) {
        vec_push(&parser->keys, key);
    }
    return e;
}

/* Parses everything: an optional bracket, elements with commas or spaces between, the closing bracket. */
static struct err *
parse_elements(struct parser *parser)
{
    const char *brackets = column_type_is_map(parser->type) ? "{}" : "[]";
    parser->p += strspn(parser->p, " ");
    char end = '\0';
    if (*parser->p == brackets[0]) {
        end = brackets[1];
        parser->p++;
        parser->p += strspn(parser->p, " ");
    }
    while (*parser->p && *parser->p != end) {
        struct err *e = parse_element(parser);
        if (e) {
            return e;
        }
        parser->p += strspn(parser->p, " ");
        if (*parser->p == ',') {
            parser->p++;
            parser->p += strspn(parser->p, " ");
        }
    }
    if (end) {
        if (!*parser->p) {
            return err_new("%s: missing \"%c\" at end of data", parser->s, end);
        }
        parser->p++;
        parser->p += strspn(parser->p, " ");
        if (*parser->p) {
            return err_new("%s: trailing garbage after \"%c\"", parser->s, end);
        }
    }
    return NULL;
}

static struct err *
check_n_values(const struct parser *parser)
{
    if (parser->keys.n < parser->type->n_min) {
        return err_new("%s: %zu value(s) specified but the minimum number is %u", parser->s, parser->keys.n,
                       parser->type->n_min);
    } else if (parser->keys.n > parser->type->n_max) {
        return err_new("%s: %zu value(s) specified but the maximum number is %u", parser->s, parser->keys.n,
                       parser->type->n_max);
    }
    return NULL;
}

struct err *
datum_from_string(struct datum *ret, const struct column_type *type, const char *s, const struct named_uuids *names)
{
    struct parser parser = {.type = type, .names = names, .s = s, .p = s};
    bool is_map = column_type_is_map(type);
    if (!s[strspn(s, " ")]) {
        return err_new(is_map ? "use \"{}\" to specify the empty map" : "use \"[]\" to specify the empty set");
    }
    struct err *e = parse_elements(&parser);
    if (!e) {
        e = check_n_values(&parser);
    }
    if (e) {
        for (size_t i = 0; i < parser.keys.n; i++) {
            atom_fini(&parser.keys.d[i], type->key.type);
            if (is_map) {
                atom_fini(&parser.values.d[i], type->value.type);
            }
        }
    } else if (!datum_init_from_atoms(ret, column_datum_type(type), parser.keys.d,
                                      is_map ? parser.values.d : NULL, (uint32_t) parser.keys.n)) {
        e = err_new("%s: %s", s, is_map ? "map contains duplicate key" : "set contains duplicate value");
    }
    vec_fini(&parser.keys);
    vec_fini(&parser.values);
    return e;
}

/* Output. */

/* True if 's' reads back as the string it is when it stands without quotes. */
static bool
is_plain_word(struct str s)
{
    struct uuid uuid;
    if (!s.n || !is_letter(s.s[0]) || str_is(s, "true") || str_is(s, "false") || uuid_from_text(s, &uuid)) {
        return false;
    }
    for (size_t i = 1; i < s.n; i++) {
        if (!is_letter(s.s[i]) && !is_digit(s.s[i]) && s.s[i] != '-' && s.s[i] != '.') {
            return false;
        }
    }
    return true;
}

static void
atom_put_bare(struct buf *buf, const union atom *atom, enum atom_type type)
{
    char text[UUID_LENGTH + 1];
    if (type == ATOM_STRING) {
        buf_put(buf, atom->string->text, atom->string->length);
    } else if (type == ATOM_UUID) {
        buf_puts(buf, uuid_format(&atom->uuid, text));
    } else {
        atom_put_json(buf, atom, type);
    }
}

void
atom_put_string(struct buf *buf, const union atom *atom, enum atom_type type)
{
    if (type == ATOM_STRING) {
        struct str s = str_n(atom->string->text, atom->string->length);
        if (!is_plain_word(s)) {
            buf_put_json_string(buf, s);
            return;
        }
    }
    atom_put_bare(buf, atom, type);
}

void
datum_put_string(struct buf *buf, const struct datum *datum, const struct column_type *type)
{
    bool is_map = column_type_is_map(type);
    bool in_brackets = type->n_max > 1 || !datum->n;
    if (in_brackets) {
        buf_putc(buf, is_map ? '{' : '[');
    }
    for (uint32_t i = 0; i < datum->n; i++) {
        buf_puts(buf, i ? ", " : "");
        atom_put_string(buf, &datum_keys(datum)[i], type->key.type);
        if (is_map) {
            buf_putc(buf, '=');
            atom_put_string(buf, &datum->values[i], type->value.type);
        }
    }
    if (in_brackets) {
        buf_putc(buf, is_map ? '}' : ']');
    }
}

void
datum_put_bare(struct buf *buf, const struct datum *datum, const struct column_type *type)
{
    for (uint32_t i = 0; i < datum->n; i++) {
        buf_puts(buf, i ? " " : "");
        atom_put_bare(buf, &datum_keys(datum)[i], type->key.type);
        if (column_type_is_map(type)) {
            buf_putc(buf, '=');
            atom_put_bare(buf, &datum->values[i], type->value.type);
        }
    }
}
