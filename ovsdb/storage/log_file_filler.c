/* SPDX-License-Identifier: Apache-2.0 */
/* Fillers: the record of nothing that keeps room at the end of a file. */
#include <config.h>

#include "ovsdb/storage/log_file_private.h"

#include <stdlib.h>

#include "lib/base/counter.h"
#include "lib/base/mem.h"

COUNTER(storage_filler);

enum { STEP = 1024 };                                        /* blanks between two hash states that are kept */
enum { N_STATES = LOG_FILE_FILLER / STEP };
static const char BODY_END[] = "{}\n";
enum { BODY_END_SIZE = sizeof BODY_END - 1 };

struct log_file_blanks {
    char text[STEP];
    EVP_MD_CTX *states[N_STATES];                            /* each of STEP more blanks */
    EVP_MD_CTX *context;
};

static void
hash(EVP_MD_CTX *context, const char *s, size_t n)
{
    int ok = EVP_DigestUpdate(context, s, n);
    CHECK(ok);
}

static struct log_file_blanks *
get_blanks(struct log_file *file)
{
    if (!file->blanks) {
        struct log_file_blanks *blanks = file->blanks = xmalloc(sizeof *blanks);
        memset(blanks->text, ' ', STEP);
        blanks->context = EVP_MD_CTX_new();
        CHECK(blanks->context && EVP_DigestInit_ex2(blanks->context, file->sha1, NULL));
        for (int i = 0; i < N_STATES; i++) {
            blanks->states[i] = EVP_MD_CTX_new();
            CHECK(blanks->states[i] && EVP_MD_CTX_copy_ex(blanks->states[i], blanks->context));
            hash(blanks->context, blanks->text, STEP);
        }
    }
    return file->blanks;
}

void
log_file_blanks_free(struct log_file_blanks *blanks)
{
    if (blanks) {
        for (int i = 0; i < N_STATES; i++) {
            EVP_MD_CTX_free(blanks->states[i]);
        }
        EVP_MD_CTX_free(blanks->context);
        free(blanks);
    }
}

/* The length of the JSON in a filler of 'n' bytes, or 0 if there is none of that size: the header has more digits from 10, 100...
 * bytes of JSON on, so that one size in between is left out each time. */
static size_t
body_size(uint64_t n)
{
    size_t digits = 1;
    for (uint64_t limit = 10; n <= LOG_FILE_FILLER && digits <= 5; limit *= 10, digits++) {
        size_t header = strlen(LOG_FILE_STANDALONE) + digits + 1 + SHA1_HEX + 1;
        uint64_t body = n > header ? n - header : 0;
        if (body > BODY_END_SIZE && body < limit && body >= limit / 10) {
            return (size_t) body;
        }
    }
    return 0;
}

bool
log_file_has_filler_of(uint64_t n)
{
    return body_size(n) != 0;
}

bool
log_file_is_filler(struct str body, uint64_t n)
{
    if (body_size(n) != body.n || memcmp(body.s + body.n - BODY_END_SIZE, BODY_END, BODY_END_SIZE) != 0) {
        return false;
    }
    for (size_t i = 0; i < body.n - BODY_END_SIZE; i++) {
        if (body.s[i] != ' ') {
            return false;
        }
    }
    return true;
}

void
log_file_put_filler_header(struct log_file *file, struct buf *buf, uint64_t n)
{
    struct log_file_blanks *blanks = get_blanks(file);
    size_t body = body_size(n);
    CHECK(body);
    size_t n_blanks = body - BODY_END_SIZE;
    char hex[SHA1_HEX + 1];
    int ok = EVP_MD_CTX_copy_ex(blanks->context, blanks->states[n_blanks / STEP]);
    CHECK(ok);
    hash(blanks->context, blanks->text, n_blanks % STEP);
    hash(blanks->context, BODY_END, BODY_END_SIZE);
    log_file_finish_sha1(blanks->context, hex);
    buf_printf(buf, "%s%zu %s\n", LOG_FILE_STANDALONE, body, hex);
}

void
log_file_put_filler(struct log_file *file, struct buf *buf, uint64_t n)
{
    size_t n_blanks = body_size(n) - BODY_END_SIZE;
    log_file_put_filler_header(file, buf, n);
    memset(buf_reserve(buf, n_blanks), ' ', n_blanks);
    buf_puts(buf, BODY_END);
    counter_inc(&counter_storage_filler);
}
