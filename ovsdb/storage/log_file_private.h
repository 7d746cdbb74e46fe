/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_STORAGE_LOG_FILE_PRIVATE_H
#define WEFT_OVSDB_STORAGE_LOG_FILE_PRIVATE_H

/* What: the inside of a log file, for the files that are it: log_file.c opens and tells what a file is, log_file_read.c reads,
 * log_file_write.c appends and repairs, log_file_filler.c knows fillers, log_file_replace.c puts another file in its place.
 *
 * A filler is a record of nothing, white space and "{}", that ends where the file ends (log_file.h).  What is appended
 * overwrites its beginning, header included, and brings the header of the shorter filler that is left; its other bytes are right as
 * they are.
 *
 * Invariants: with 'at_end' there is nothing in the read buffer, and what is behind 'good_end' may be overwritten.  Only
 * log_file_put() is called while 'queue' holds something. */

#include <openssl/evp.h>

#include "lib/base/vec.h"
#include "ovsdb/storage/log_file.h"

enum { LOG_FILE_MAGIC = 0x4c4f4746 };
enum { LOG_FILE_CHUNK = 1 << 20 };                           /* bytes read at a time */
enum { SHA1_SIZE = 20, SHA1_HEX = 40 };
enum { MAX_HEADER = 128 };                                   /* "OVSDB CLUSTER 9223372036854775807 <40 digits>\n" fits */
enum { NEW_FILE_MODE = 0660 };
enum { LOG_FILE_FILLER = 64 * 1024 };                        /* bytes of a new filler: none is larger */
#define LOG_FILE_IO_ERROR "I/O error"
#define LOG_FILE_SYNTAX_ERROR "syntax error"
#define LOG_FILE_STANDALONE "OVSDB JSON "

struct log_file {
    uint32_t magic;                                          /* LOG_FILE_MAGIC */
    enum log_file_mode mode;
    char *path;                                              /* as given */
    char *real_path;                                         /* without symbolic links: what rename() replaces */
    int fd;
    int lock_fd;                                             /* -1 if not locked */
    uint64_t good_end;                                       /* offset behind the last whole record */
    uint64_t size;                                           /* of the file */
    uint64_t filler;                                         /* bytes of the filler at 'good_end'; 0: there is none */
    struct log_file_blanks *blanks;                          /* hash states for fillers; NULL until one is needed */
    struct buf queue;                                        /* records to be written, as they will be in the file */
    VEC(uint64_t) queue_ends;                                /* offsets in 'queue' behind each */
    bool at_end;                                             /* all records read: may append */
    bool sync_failed;                                        /* refuse appends */
    bool is_directory_dirty;                                 /* the name is not durable yet */
    bool is_synced;                                          /* a replacement that another process has synced */
    uint64_t replace_from;                                   /* of a replacement: where 'file' ended at its begin */

    char *data;                                              /* read buffer: the file's bytes from 'good_end' on... */
    size_t data_start;                                       /* ...are data[data_start...data_end) */
    size_t data_end;
    size_t data_capacity;
    bool is_corrupt;                                         /* the next record is no whole record */
    struct err *corrupt;                                     /* then: how */
    EVP_MD *sha1;
    EVP_MD_CTX *sha1_context;
};

struct log_file_header {
    size_t n;                                                /* bytes of the header line, with its line feed */
    uint64_t length;                                         /* of the record, with its line feed */
    struct str sha1;
};

struct log_file *log_file_new(const char *path, enum log_file_mode mode);
/* Asks the kernel for 'file->size'. */
struct err *log_file_update_size(struct log_file *file) MUST_USE;
/* "OVSDB JSON <length> <sha1>\n", where "OVSDB JSON " is 'magic', at the start of 'text'. */
bool log_file_parse_header(struct str text, const char *magic, struct log_file_header *ret);
/* The hash of 'record', with a line feed behind it if 'add_newline'. */
void log_file_sha1(struct log_file *file, struct str record, bool add_newline, char hex[SHA1_HEX + 1]);
/* Ends the hash in 'context'. */
void log_file_finish_sha1(EVP_MD_CTX *context, char hex[SHA1_HEX + 1]);

/* Whether there can be a filler of 'n' bytes, header included. */
bool log_file_has_filler_of(uint64_t n);
/* Whether a record of 'n' bytes in the file, whose JSON with its line feed is 'body', is a filler. */
bool log_file_is_filler(struct str body, uint64_t n);
/* Appends the header of a filler of 'n' bytes, a size that log_file_has_filler_of(), to 'buf': hashes less than 1 KB. */
void log_file_put_filler_header(struct log_file *file, struct buf *buf, uint64_t n);
/* The same, and the rest of it. */
void log_file_put_filler(struct log_file *file, struct buf *buf, uint64_t n);
void log_file_blanks_free(struct log_file_blanks *blanks);
/* Makes the file end at 'good_end', without a filler. */
struct err *log_file_truncate_to_good_end(struct log_file *file) MUST_USE;

/* Copies the bytes [from, to) of 'file' to 'fd' at 'offset'.  Returns 0 or -errno. */
int log_file_copy_bytes(const struct log_file *file, uint64_t from, uint64_t to, int fd, uint64_t offset);
/* What is left to sync once the content is, or has failed with 'error'. */
struct err *log_file_sync_name(struct log_file *file, int error) MUST_USE;

#endif
