/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OVSDB_STORAGE_LOG_FILE_H
#define WEFT_OVSDB_STORAGE_LOG_FILE_H

/* What: one database file in the log format of ovsdb(5): records, each a header line "OVSDB JSON LENGTH SHA1"
 * and LENGTH bytes of JSON that end in a line feed.
 *
 * Why: this is the only code that knows the framing, the lock file, and how to keep a file whole when
 * writing fails.  What the records mean is record.h; what the server talks to is storage.h.
 *
 * Owns: the file, its lock and a read buffer.
 *
 * A file that is open for writing may end in a *filler*, a record that says nothing: white space and "{}".  Records overwrite it
 * from its beginning, so that the file's size stays and a sync need not write the file system's journal (ADR 0090).  Only a
 * write that will be synced makes one.  To those who read only it is a record like others; closing cuts it off, and a
 * replacement of the file has none.
 *
 * Invariants: everything before log_file_good_end() is whole records, and a filler begins there.  A failed append leaves the
 * file ending there.  An append reaches the kernel at once, and the disk at the next log_file_sync().
 *
 * Locking: opening for writing locks ".NAME.~lock~" beside the file, as ovsdb-server does, so that neither
 * server nor tool of either kind writes a file that another has open.  Reading needs no lock.
 *
 * Cost: reading copies nothing but the bytes of one record; an append is one system call, and so are all records that
 * log_file_put() has collected. */

#include "lib/base/err.h"
#include "lib/base/str.h"

enum log_file_mode {
    LOG_FILE_READ_ONLY,                                      /* no lock */
    LOG_FILE_READ_WRITE,                                     /* locked */
    LOG_FILE_CREATE,                                         /* locked; the file must not exist, but a link to it may */
};

struct log_file;

/* Opens 'path' and stores the file, at its first record, in '*ret'.
 *
 * Errors: tag "I/O error" (cannot open, lock, read), "ovsdb error" (not a database file, or a clustered one). */
struct err *log_file_open(const char *path, enum log_file_mode mode, struct log_file **ret) MUST_USE;
void log_file_close(struct log_file *file);                  /* unlocks too; NULL is fine */
const char *log_file_path(const struct log_file *file);
/* Tells whether 'path' is a clustered (true) or a standalone database; an error if it is neither. */
struct err *log_file_identify(const char *path, bool *ret_is_clustered) MUST_USE;

/* Stores the next record's JSON, without its line feed, in '*ret': valid until the next call.  At the end of
 * the file 'ret->s' is NULL.
 *
 * Errors, naming the offset.  If log_file_is_corrupt() then the record is torn or corrupt ("syntax error"; "I/O
 * error" if its end is missing), and each later call fails the same way until log_file_truncate_tail().  Else
 * the file cannot be read ("I/O error"). */
struct err *log_file_read(struct log_file *file, struct str *ret) MUST_USE;
void log_file_rewind(struct log_file *file);                 /* the first record is the next; nothing was put yet */
uint64_t log_file_good_end(const struct log_file *file);     /* offset behind the last whole record seen but a filler */
uint64_t log_file_size(const struct log_file *file);         /* bytes in the file, good or not, with its filler */
bool log_file_is_corrupt(const struct log_file *file);
bool log_file_is_read_only(const struct log_file *file);
/* Whether there seem to be more records behind the corrupt one that log_file_read() reported. */
bool log_file_tail_has_records(const struct log_file *file);
/* Copies the file from the offset 'from' on to the new file 'path', and to the disk.  On error ("I/O error") there is no new file. */
struct err *log_file_save(const struct log_file *file, uint64_t from, const char *path) MUST_USE;
/* Cuts off everything behind log_file_good_end(), so that records can be appended. */
struct err *log_file_truncate_tail(struct log_file *file) MUST_USE;

/* Appends 'record', one JSON object without a line feed at its end.  All records must have been read, or the
 * tail truncated, before.  On error ("I/O error") the file is as it was. */
struct err *log_file_append(struct log_file *file, struct str record) MUST_USE;
/* Lets 'record' wait for log_file_write(): copied.  Until then nothing but this and log_file_put() may be done to the file.
 * Errors ("I/O error"): it refuses appends; more than 2 GB would wait. */
struct err *log_file_put(struct log_file *file, struct str record) MUST_USE;
size_t log_file_n_waiting(const struct log_file *file);      /* bytes */
/* Appends all records that wait, with one system call, and forgets them.  'will_sync' says that log_file_sync() comes next, so that
 * a filler is worth while; that there is no room for one is no error.  On error ("I/O error") those that fitted whole are in
 * the file; '*ret_n_lost', otherwise 0, is the number of the last ones, which are not. */
struct err *log_file_write(struct log_file *file, bool will_sync, size_t *ret_n_lost) MUST_USE;
/* What log_file_append() would write, appended to 'buf': for output that is no file of ours. */
void log_file_put_record(struct buf *buf, struct str record);
/* Makes all that was appended durable.  On error nobody knows what is on disk: the file refuses further
 * appends until it is replaced. */
struct err *log_file_sync(struct log_file *file) MUST_USE;
bool log_file_is_broken(const struct log_file *file);        /* it refuses */
/* Takes back what was appended behind the offset 'end', where a record ends.  On error ("I/O error") it may be there
 * when the file is read next. */
struct err *log_file_take_back(struct log_file *file, uint64_t end) MUST_USE;

/* Replacing the file by a compacted one, atomically.  log_file_replace_begin() starts "PATH.tmp"; its records
 * are appended to the file in '*ret'.  Meanwhile 'file' may go on growing: log_file_replace_commit() copies
 * those records behind the new ones, makes the new file durable and renames it over the old; 'file' is then
 * the new one.  Commit and abort take 'replacement'.  On error 'file' is as it was, unless it is the last step
 * that failed, making the new name durable: then it refuses appends as after log_file_sync(). */
struct err *log_file_replace_begin(struct log_file *file, struct log_file **ret) MUST_USE;
/* Another process has written to 'replacement' and made it durable. */
void log_file_replace_note_synced(struct log_file *replacement);
int log_file_fd(const struct log_file *file);
struct err *log_file_replace_commit(struct log_file *file, struct log_file *replacement) MUST_USE;
void log_file_replace_abort(struct log_file *replacement);

#endif
