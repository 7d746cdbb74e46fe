/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/hash.h"
#include "lib/logical/symbol.h"

/* LONG: one line per column of the table */
static const struct symbol_info symbols[N_SYMBOLS] = {
#define X(ID, NAME, KIND, WIDTH, BASE, OFS, EXPANSION, WRITABLE)                                    \
    [F_##ID] = {.name = NAME, .name_length = sizeof NAME - 1, .kind = SYM_##KIND, .width = WIDTH,   \
                .base = F_##BASE, .ofs = OFS, .expansion = EXPANSION, .writable = WRITABLE},
    LOGICAL_SYMBOLS(X)
#undef X
};

const struct symbol_info *
symbol_info(enum symbol symbol)
{
    CHECK(symbol > F_NONE && symbol < N_SYMBOLS);
    return &symbols[symbol];
}

/* Symbols by name: open addressing, filled before main() and then constant. */
enum { N_SLOTS = 512 };
static uint8_t slots[N_SLOTS];
static_assert(N_SYMBOLS < N_SLOTS / 2, "the table of names stays sparse");

static void __attribute__((constructor))
fill_slots(void)
{
    for (unsigned int symbol = F_NONE + 1; symbol < N_SYMBOLS; symbol++) {
        uint32_t slot = hash_string(symbols[symbol].name);
        while (slots[slot % N_SLOTS]) {
            slot++;
        }
        slots[slot % N_SLOTS] = (uint8_t) symbol;
    }
}

enum symbol
symbol_find(struct str name)
{
    for (uint32_t slot = hash_str(name); slots[slot % N_SLOTS]; slot++) {
        const struct symbol_info *info = &symbols[slots[slot % N_SLOTS]];
        if (str_eq(name, str_n(info->name, info->name_length))) {
            return (enum symbol) slots[slot % N_SLOTS];
        }
    }
    return F_NONE;
}

unsigned int
field_ref_width(field_ref f)
{
    return field_ref_is_whole(f) ? symbol_info(field_ref_symbol(f))->width : (f >> 16) - (f >> 8 & 0xff);
}

bool
field_ref_is_string(field_ref f)
{
    return symbol_info(field_ref_symbol(f))->kind == SYM_STRING;
}

enum symbol
field_ref_base(field_ref f, unsigned int *ret_ofs)
{
    enum symbol symbol = field_ref_symbol(f);
    const struct symbol_info *info = symbol_info(symbol);
    *ret_ofs = field_ref_ofs(f) + info->ofs;
    return info->kind == SYM_SUBFIELD ? info->base : symbol;
}

static void
print_small(unsigned int x, struct buf *out)
{
    if (x >= 10) {
        print_small(x / 10, out);
    }
    buf_putc(out, (char) ('0' + x % 10));
}

void
field_ref_print(field_ref f, struct buf *out)
{
    const struct symbol_info *info = symbol_info(field_ref_symbol(f));
    buf_put(out, info->name, info->name_length);
    if (!field_ref_is_whole(f)) {
        buf_putc(out, '[');
        print_small(field_ref_ofs(f), out);
        if (field_ref_width(f) > 1) {
            buf_puts(out, "..");
            print_small(field_ref_ofs(f) + field_ref_width(f) - 1, out);
        }
        buf_putc(out, ']');
    }
}
