/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <ctype.h>

#include "lib/logical/lexer.h"

static void read_token(struct lexer *lexer);

void
lexer_init(struct lexer *lexer, struct arena *arena, struct str input)
{
    *lexer = (struct lexer) {.arena = arena, .input = input};
    read_token(lexer);
}

void
lexer_next(struct lexer *lexer)
{
    if (lexer->err) {
        lexer->type = LEX_END;
        return;
    }
    read_token(lexer);
}

bool
lexer_match(struct lexer *lexer, enum lex_type type)
{
    if (lexer->type != type) {
        return false;
    }
    lexer_next(lexer);
    return true;
}

bool
lexer_match_id(struct lexer *lexer, const char *id)
{
    if (lexer->type != LEX_ID || !str_is(lexer->text, id)) {
        return false;
    }
    lexer_next(lexer);
    return true;
}

static const char *
type_text(enum lex_type type)
{
    switch (type) {
    case LEX_END: return "end of input";
    case LEX_ID: return "a name";
    case LEX_CONST: return "constant";
#define X(ID, TEXT) case LEX_##ID: return "`" TEXT "'";
    LEX_PUNCTUATION(X)
#undef X
    }
    return "?";
}

bool
lexer_force(struct lexer *lexer, enum lex_type type)
{
    if (lexer_match(lexer, type)) {
        return true;
    }
    lexer_syntax_error(lexer, "expecting %s", type_text(type));
    return false;
}

bool
lexer_is_integer(const struct lexer *lexer)
{
    return lexer->type == LEX_CONST && lexer->constant.kind == LC_INT;
}

bool
lexer_force_int(struct lexer *lexer, uint64_t max, uint64_t *ret)
{
    const struct lconst *c = &lexer->constant;
    if (!lexer_is_integer(lexer) || c->masked || c->form > LC_HEX) {
        lexer_syntax_error(lexer, "expecting integer");
        return false;
    } else if (u128_cmp(c->value, U128(max)) > 0) {
        lexer_error(lexer, "Integer too large: at most %llu", (unsigned long long) max);
        return false;
    }
    *ret = c->value.lo;
    lexer_next(lexer);
    return true;
}

void
lexer_end(struct lexer *lexer)
{
    if (lexer->type != LEX_END) {
        lexer_syntax_error(lexer, "expecting end of input");
    }
}

/* Errors. */

static void
keep_error(struct lexer *lexer, struct err *err)
{
    if (lexer->err) {
        err_free(err);
    } else {
        lexer->err = err;
    }
    lexer->type = LEX_END;
}

void
lexer_syntax_error(struct lexer *lexer, const char *format, ...)
{
    if (lexer->err) {
        return;
    }
    struct buf what = BUF_INIT(1024);
    va_list args;
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    struct str token = lexer->text;
    token.n = MIN(token.n, 64);
    keep_error(lexer, lexer->type == LEX_END
               ? err_new("Syntax error at end of input: %s.", buf_text(&what))
               : err_new("Syntax error at `"STR_FMT"' (column %zu): %s.", STR_ARG(token), lexer->start + 1, buf_text(&what)));
    buf_fini(&what);
}

void
lexer_error(struct lexer *lexer, const char *format, ...)
{
    if (lexer->err) {
        return;
    }
    struct buf what = BUF_INIT(1024);
    va_list args;
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    keep_error(lexer, err_new("%s (column %zu).", buf_text(&what), lexer->start + 1));
    buf_fini(&what);
}

struct err *
lexer_take_err(struct lexer *lexer)
{
    struct err *err = lexer->err;
    lexer->err = NULL;
    return err;
}

/* Fields. */

/* Reads "[FIRST]" or "[FIRST..LAST]" if it is there.  The current token is behind the name of 'symbol'. */
static field_ref
read_bits(struct lexer *lexer, enum symbol symbol)
{
    const struct symbol_info *info = symbol_info(symbol);
    uint64_t first, last;
    if (!lexer_match(lexer, LEX_LSQUARE)) {
        return symbol;
    } else if (info->kind != SYM_ORDINAL && info->kind != SYM_SUBFIELD) {
        lexer_error(lexer, "Cannot select bits of %s %s",
                    info->kind == SYM_PREDICATE ? "predicate" : info->kind == SYM_STRING ? "string field" : "nominal field",
                    info->name);
        return F_NONE;
    }
    if (!lexer_force_int(lexer, 127, &first)) {
        return F_NONE;
    }
    last = first;
    if (lexer_match(lexer, LEX_ELLIPSIS) && !lexer_force_int(lexer, 127, &last)) {
        return F_NONE;
    }
    if (!lexer_force(lexer, LEX_RSQUARE)) {
        return F_NONE;
    } else if (first > last) {
        lexer_error(lexer, "Invalid bit range %u to %u", (unsigned int) first, (unsigned int) last);
        return F_NONE;
    } else if (last >= info->width) {
        lexer_error(lexer, "Cannot select bits %u to %u of %u-bit field %s", (unsigned int) first, (unsigned int) last,
                    info->width, info->name);
        return F_NONE;
    }
    return F_BITS(symbol, first, last);
}

field_ref
lexer_field(struct lexer *lexer)
{
    enum symbol symbol = lexer->type == LEX_ID ? symbol_find(lexer->text) : F_NONE;
    if (symbol == F_NONE) {
        lexer_syntax_error(lexer, "expecting field name");
        return F_NONE;
    }
    lexer_next(lexer);
    return read_bits(lexer, symbol);
}

/* Reading tokens. */

static bool
is_name_char(char c)
{
    return isalnum((unsigned char) c) || c == '_' || c == '.';
}

/* The longest run of characters that 'accept' likes, from 'pos'. */
static struct str
span(struct str input, size_t pos, bool (*accept)(char c))
{
    size_t end = pos;
    while (end < input.n && accept(input.s[end])) {
        end++;
    }
    return str_n(input.s + pos, end - pos);
}

/* A name from 'pos' on: letters, digits, '_', '.', but never "..". */
static struct str
span_name(struct str input, size_t pos)
{
    struct str name = span(input, pos, is_name_char);
    for (size_t i = 0; i + 1 < name.n; i++) {
        if (name.s[i] == '.' && name.s[i + 1] == '.') {
            name.n = i;
        }
    }
    return name;
}

static void
finish_token(struct lexer *lexer, enum lex_type type, size_t end)
{
    lexer->type = type;
    lexer->text = str_n(lexer->input.s + lexer->start, end - lexer->start);
    lexer->pos = end;
}

static void
fail_token(struct lexer *lexer, size_t end, const char *why)
{
    finish_token(lexer, LEX_ID, end);
    lexer_error(lexer, "%s", why);
}

/* Steps over white space and comments.  False, with an error, at a comment that does not end. */
static bool
skip_blank(struct lexer *lexer)
{
    struct str in = lexer->input;
    size_t pos = lexer->pos;
    for (; pos < in.n; pos++) {
        if (isspace((unsigned char) in.s[pos])) {
            continue;
        } else if (in.s[pos] != '/' || pos + 1 >= in.n || (in.s[pos + 1] != '/' && in.s[pos + 1] != '*')) {
            break;
        } else if (in.s[pos + 1] == '/') {
            while (pos < in.n && in.s[pos] != '\n') {
                pos++;
            }
            continue;
        }
        const char *end = memmem(in.s + pos + 2, in.n - pos - 2, "*/", 2);
        if (!end) {
            lexer->start = pos;
            fail_token(lexer, in.n, "`/*' without matching `*/'");
            return false;
        }
        pos = (size_t) (end + 1 - in.s);
    }
    lexer->pos = MIN(pos, in.n);
    return true;
}

static void
put_utf8(struct buf *out, uint32_t code)
{
    if (code < 0x80) {
        buf_putc(out, (char) code);
        return;
    }
    int n = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;       /* continuation bytes */
    buf_putc(out, (char) ((0xf00 >> n & 0xff) | code >> 6 * n));
    while (n--) {
        buf_putc(out, (char) (0x80 | (code >> 6 * n & 0x3f)));
    }
}

/* The four hex digits at 's', or -1. */
static int32_t
hex4(struct str s)
{
    int32_t x = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i >= s.n || !isxdigit((unsigned char) s.s[i])) {
            return -1;
        }
        int c = tolower((unsigned char) s.s[i]);
        x = x * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return x;
}

/* Appends what the escape at the start of 's' (behind the backslash) means.  Returns its length, or 0. */
static size_t
put_escape(struct buf *out, struct str s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *p = s.n && s.s[0] ? strchr(from, s.s[0]) : NULL;
    if (p) {
        buf_putc(out, to[p - from]);
        return 1;
    } else if (!s.n || s.s[0] != 'u') {
        return 0;
    }
    int32_t code = hex4(str_n(s.s + 1, s.n - 1));
    if (code <= 0 || (code & 0xfc00) == 0xdc00) {
        return 0;
    } else if ((code & 0xfc00) != 0xd800) {
        put_utf8(out, (uint32_t) code);
        return 5;
    }
    int32_t low = s.n >= 11 && s.s[5] == '\\' && s.s[6] == 'u' ? hex4(str_n(s.s + 7, 4)) : -1;
    if ((low & 0xfc00) != 0xdc00 || low < 0) {
        return 0;
    }
    put_utf8(out, 0x10000u + (((uint32_t) code & 0x3ff) << 10 | ((uint32_t) low & 0x3ff)));
    return 11;
}

/* Reads the string whose opening quote is at 'start' (RFC 8259, section 7). */
static void
read_string(struct lexer *lexer)
{
    struct str in = lexer->input;
    struct buf text = BUF_INIT(in.n + 1);
    size_t pos = lexer->start + 1;
    for (; pos < in.n && in.s[pos] != '"'; pos++) {
        if ((unsigned char) in.s[pos] < ' ') {
            break;
        } else if (in.s[pos] != '\\') {
            buf_putc(&text, in.s[pos]);
            continue;
        }
        size_t n = put_escape(&text, str_n(in.s + pos + 1, in.n - pos - 1));
        if (!n) {
            break;
        }
        pos += n;
    }
    if (pos >= in.n || in.s[pos] != '"') {
        fail_token(lexer, MIN(pos + 1, in.n), pos >= in.n ? "Input ends inside quoted string" : "Invalid character or escape in string");
    } else {
        lexer->constant = lconst_string(str_n(arena_memdup0(lexer->arena, buf_text(&text), text.size), text.size));
        finish_token(lexer, LEX_CONST, pos + 1);
    }
    buf_fini(&text);
}

/* Reads "$name" or "@name". */
static void
read_reference(struct lexer *lexer, enum lconst_kind kind)
{
    struct str name = span_name(lexer->input, lexer->start + 1);
    size_t end = lexer->start + 1 + name.n;
    if (!name.n || isdigit((unsigned char) name.s[0])) {
        fail_token(lexer, end, kind == LC_PORT_GROUP ? "`@' must be followed by a port group name"
                                                     : "`$' must be followed by an address set name");
        return;
    }
    lexer->constant = (struct lconst) {.kind = kind, .name = str_n(arena_memdup0(lexer->arena, name.s, name.n), name.n)};
    finish_token(lexer, LEX_CONST, end);
}

static void
read_punctuation(struct lexer *lexer)
{
    static const struct { enum lex_type type; struct str text; } table[] = {
#define X(ID, TEXT) {LEX_##ID, {TEXT, sizeof TEXT - 1}},
        LEX_PUNCTUATION(X)
#undef X
    };
    struct str rest = str_n(lexer->input.s + lexer->start, lexer->input.n - lexer->start);
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (rest.n >= table[i].text.n && !memcmp(rest.s, table[i].text.s, table[i].text.n)) {
            finish_token(lexer, table[i].type, lexer->start + table[i].text.n);
            return;
        }
    }
    fail_token(lexer, lexer->start + 1, "Invalid character in input");
}

static void
read_token(struct lexer *lexer)
{
    if (!skip_blank(lexer)) {
        return;
    }
    struct str in = lexer->input;
    lexer->start = lexer->pos;
    if (lexer->pos >= in.n) {
        finish_token(lexer, LEX_END, in.n);
        return;
    }
    char c = in.s[lexer->start];
    size_t n;
    if (c == '"') {
        read_string(lexer);
    } else if (c == '$' || c == '@') {
        read_reference(lexer, c == '@' ? LC_PORT_GROUP : LC_ADDRESS_SET);
    } else if ((n = lconst_lex(str_n(in.s + lexer->start, in.n - lexer->start), &lexer->constant))) {
        if (n == SIZE_MAX) {
            fail_token(lexer, in.n, "Invalid integer constant");
        } else {
            finish_token(lexer, LEX_CONST, lexer->start + n);
        }
    } else if (isalpha((unsigned char) c) || c == '_') {
        finish_token(lexer, LEX_ID, lexer->start + span_name(in, lexer->start).n);
    } else {
        read_punctuation(lexer);
    }
}
