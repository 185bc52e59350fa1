/* The object store: bytes go in, and are found again by the SHA-256 of their content.
 *
 * Objects never change. They lie in packs, each of which is a legal zstd file; docs/FORMATS.md has
 * the layout. The store does not know what an object means: the kind comes from who refers to it.
 * All functions are safe to call from several threads at once on the same store, unless said
 * otherwise. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/base/progress.h"
#include "rmv/store/object_id.h"

struct rmv_store;

/* The version of zstd that this process runs with, "1.5.4". Static text. */
const char *rmv_store_zstd_version(void);

struct rmv_vfs;

struct rmv_store_options {
    bool no_fsync;             /* core.fsync = off: an object may be lost in a power cut */
    int compression_level;     /* zstd level; 0 for the default, 1 */
    unsigned threads;          /* compressing and hashing at once; 0 for the number of processors */
    struct rmv_log *log;       /* warnings; may be NULL */
    unsigned shared_bits;      /* permissions that files get whatever the umask is, as 0060; or 0 */
    const struct rmv_vfs *vfs; /* file functions (rmv/base/vfs.h); NULL for the system's */
};

/* Opens the store in the folder `root` (…/.rmstore/objects), creating what is missing below it.
 * On success the caller owns `*store`. Errors: NOT_FOUND (no such folder), UNSUPPORTED (a newer
 * format), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_open(const char *root, const struct rmv_store_options *options,
                                       struct rmv_store **store);
void rmv_store_close(struct rmv_store **store);

/* Is the object here, according to the index? */
bool rmv_store_has(struct rmv_store *store, const struct rmv_object_id *id);

/* Are all of them here? Much faster than one by one. */
bool rmv_store_has_all(struct rmv_store *store, const struct rmv_object_id *const *ids,
                       size_t count);

/* These will be asked for next: has the processor fetch meanwhile what the index says of them. */
void rmv_store_prefetch(struct rmv_store *store, const struct rmv_object_id *const *ids,
                        size_t count);

/* Is it here, in a copy that the last rmv_store_fsck() did not find damaged? Only then may another
 * copy of the content be given up. */
bool rmv_store_is_saved(struct rmv_store *store, const struct rmv_object_id *id);

/* The same without a look for what other processes have stored since the index was refreshed, as
 * opening a batch does: enough to decide whether to put the object into that. */
bool rmv_store_was_saved(struct rmv_store *store, const struct rmv_object_id *id);

/* Sets `*size` to the object's size in bytes. Errors: NOT_FOUND. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_size(struct rmv_store *store, const struct rmv_object_id *id,
                                       uint64_t *size);

/* Finds the one object whose hex id starts with `prefix` (at least RMV_OBJECT_ID_PREFIX_MIN
 * digits). Errors: NOT_FOUND, CONFLICT (several do), USAGE (too short, or not hex). */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_find(struct rmv_store *store, const char *prefix,
                                       struct rmv_object_id *id);

/* Appends the bytes of object `id` to `out`. They have been hashed again: what comes out is what
 * went in. Errors: NOT_FOUND, LIMIT (longer than max_bytes), CORRUPT (naming object and pack), IO.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_get(struct rmv_store *store, const struct rmv_object_id *id,
                                      size_t max_bytes, struct rmv_buf *out);

/* Writes the bytes of object `id` to `fd` from its current position, in bounded memory, and hashes
 * them on the way: on any error the caller throws the file away. Large objects are decompressed by
 * as many threads as the store has. `path` is for messages.
 * Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_write_to(struct rmv_store *store, const struct rmv_object_id *id,
                                           int fd, const char *path);

/* Are the bytes of the file `fd` those that object `id` begins with, or all of them? Reads no more
 * of the object than that takes, in bounded memory. Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_begins_with(struct rmv_store *store,
                                              const struct rmv_object_id *id, int fd, bool *begins);

/* ---- Writing --------------------------------------------------------------------------------
 * Objects are put into a batch. They are acknowledged, that is, survive a power cut, when
 * rmv_store_batch_commit() has returned; before that, reading them back is not promised. A batch
 * holds the store's shared lock from open to close, so that gc cannot take away what a put found
 * already stored: close it after the pointer or lock file that names the objects is published. */

struct rmv_store_batch;

RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_open(struct rmv_store *store,
                                             struct rmv_store_batch **batch);

/* Closes a batch; what was put since the last commit is dropped or kept as unacknowledged. */
void rmv_store_batch_close(struct rmv_store_batch **batch);

/* Stores `size` bytes and sets `*id`. Bytes already stored are not written twice, unless a check
 * has found them damaged. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_put(struct rmv_store_batch *batch, const void *bytes,
                                            size_t size, struct rmv_object_id *id);

/* The same for up to RMV_STORE_GROUP_MAX objects of up to RMV_STORE_SMALL_MAX bytes, whose ids it
 * sets: two are hashed at once, and locks are taken once for all, which takes less time than one
 * after the other. */
#define RMV_STORE_SMALL_MAX ((size_t)64 << 10)
#define RMV_STORE_GROUP_MAX 64
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_put_small(struct rmv_store_batch *batch,
                                                  struct rmv_object_bytes *objects, size_t count);

/* The same for text of many lines that will be stored again with a few of them changed: above 64
 * KiB it is cut at line ends into pieces of about 8 KiB, so that a changed line costs one piece.
 * The id is that of the whole text. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_put_lines(struct rmv_store_batch *batch, const char *text,
                                                  size_t size, struct rmv_object_id *id);

/* The same for text that is longer than should be in memory at once, given bit by bit. What was
 * added is the text when it ends, which sets `*id`; closing frees, at any time. Errors: IO. */
struct rmv_store_lines;
void rmv_store_lines_open(struct rmv_store_batch *batch, struct rmv_store_lines **lines);
RMV_MUST_CHECK
const struct rmv_error *rmv_store_lines_add(struct rmv_store_lines *lines, const char *text,
                                            size_t size);
RMV_MUST_CHECK
const struct rmv_error *rmv_store_lines_end(struct rmv_store_lines *lines,
                                            struct rmv_object_id *id);
void rmv_store_lines_close(struct rmv_store_lines **lines);

/* A file to store. */
struct rmv_store_source {
    int fd;                           /* read from its current position to its end */
    const char *path;                 /* for messages */
    const struct rmv_object_id *base; /* an older version, likely to be similar; may be NULL */
    bool is_shared;                   /* others lead to it: it is no file to make an object of */
    struct rmv_progress *progress;    /* told of the bytes read; may be NULL */
};

/* What a put of a whole file found. */
struct rmv_store_file {
    struct rmv_object_id id;
    uint64_t size;   /* bytes read */
    bool was_stored; /* nothing new was written */
};

/* Stores a file in bounded memory and one pass over it. Errors: IO, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_put_file(struct rmv_store_batch *batch,
                                                 const struct rmv_store_source *source,
                                                 struct rmv_store_file *file);

/* Makes everything put so far durable and visible. The batch can be used on. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_commit(struct rmv_store_batch *batch);

/* ---- Loose objects ---------------------------------------------------------------------------
 * An object may also lie in the store as a plain read-only file, so that files of a workspace can
 * be links to it or share its blocks: without exec bits, with them, or both. It counts as stored
 * like any other, and is hashed whenever it is read, since links can be written through. */

/* The real path of the folder that loose objects lie in, whether there are any or not; the caller
 * frees it. */
char *rmv_store_loose_area(struct rmv_store *store);

/* The absolute path of the object's file if there is one, otherwise NULL; the caller frees it. */
char *rmv_store_loose_path(struct rmv_store *store, const struct rmv_object_id *id,
                           bool is_executable);

/* Is `target` (of a symbolic link, say) a path that ends like one of a loose object, in this store
 * or another? */
bool rmv_store_parse_loose(const char *target, struct rmv_object_id *id, bool *is_executable);

/* Hashes the file. Errors: NOT_FOUND, CORRUPT (naming it), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_check_loose(struct rmv_store *store,
                                              const struct rmv_object_id *id, bool is_executable);

/* Makes the empty file `fd` share the blocks of a loose object, and hashes what came out. Where the
 * filesystem refuses, or the object is not loose or damaged, `*is_cloned` is false and the file is
 * empty. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_clone_to(struct rmv_store *store, const struct rmv_object_id *id,
                                           int fd, const char *path, bool *is_cloned);

#define RMV_STORE_CLONE_MIN ((uint64_t)1 << 20) /* smaller files are better off in packs */

/* Stores a file as a loose object that shares its blocks; `*is_cloned` is false, and nothing has
 * been done, where the filesystem cannot do that, or compressing would save more. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_clone_file(struct rmv_store_batch *batch,
                                                   const struct rmv_store_source *source,
                                                   struct rmv_store_file *file, bool *is_cloned);

/* Stores a file as a loose object and nowhere else. If nothing but its path leads to the file, and
 * the store is on the same filesystem, that very file becomes the object, read-only once the batch
 * is committed; otherwise a copy. Errors: CONFLICT (it was written to meanwhile), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_link_file(struct rmv_store_batch *batch,
                                                  const struct rmv_store_source *source,
                                                  bool is_executable, struct rmv_store_file *file);

/* Makes a loose object of one that is stored in another way, in place of a loose one that may be
 * there. It is there when the batch is committed. Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_batch_put_loose(struct rmv_store_batch *batch,
                                                  const struct rmv_object_id *id,
                                                  bool is_executable);

/* ---- Collecting garbage ---------------------------------------------------------------------
 * The caller says which objects are in use; packs of others go. First it looks without a lock, then
 * it takes the lock, which keeps writers out, and looks again: what was published meanwhile is in
 * use as well. Chunk lists keep their chunks. Packs younger than the grace period stay as they are.
 * A kill at any moment leaves a sound store with everything that is in use. */

#define RMV_STORE_GRACE_NS ((int64_t)14 * 24 * 3600 * 1000000000) /* the usual grace period */

struct rmv_store_gc;

struct rmv_store_gc_options {
    int64_t grace_ns; /* packs modified less long ago stay */
    bool dry_run;     /* only find out: takes no lock and changes nothing */
    bool repack;      /* write packs anew that hold anything not in use, however little */
};

/* What the id was met as: its bytes can be a file here and a folder there. */
enum rmv_store_gc_kind { RMV_STORE_GC_BYTES, RMV_STORE_GC_FOLDER };

struct rmv_store_gc_report {
    uint64_t packs_removed, packs_rewritten, packs_kept;
    uint64_t packs_merged; /* small ones that were put together */
    uint64_t packs_young;  /* of the kept ones: spared for their age alone, or also for that */
    uint64_t loose_removed, loose_kept;
    uint64_t objects_freed, objects_kept; /* loose ones too */
    uint64_t bytes_freed, bytes_kept;     /* of packs and loose objects */
};

/* On success the caller closes `*gc`. Errors: IO, UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_gc_open(struct rmv_store *store,
                                          const struct rmv_store_gc_options *options,
                                          struct rmv_store_gc **gc);
void rmv_store_gc_close(struct rmv_store_gc **gc);

/* The object is in use. True if it was not yet known to be, as this kind. */
bool rmv_store_gc_keep(struct rmv_store_gc *gc, const struct rmv_object_id *id,
                       enum rmv_store_gc_kind kind);

/* Keeps writers out until gc is closed, and finishes what an interrupted gc has left. Does nothing
 * for a dry run. Errors: LOCKED (somebody writes, after a minute), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_gc_lock(struct rmv_store_gc *gc);

/* Removes and rewrites packs, or for a dry run says what would be. Errors: CORRUPT (something in
 * use is damaged: nothing has been removed), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_gc_run(struct rmv_store_gc *gc,
                                         struct rmv_store_gc_report *report);

/* ---- Checking ------------------------------------------------------------------------------- */

struct rmv_store_problem {
    char *pack;              /* file name of the pack, index or loose object at fault, or NULL */
    struct rmv_object_id id; /* the object hit, or zero */
    char *message;
};

struct rmv_store_fsck_options {
    struct rmv_progress *progress; /* may be NULL */
    double percent; /* so many of the frames, chosen at random; 0 or 100 and more: all of them */
    uint64_t seed;  /* what the choice depends on, with the packs' names */
};

struct rmv_store_fsck {
    uint64_t packs, objects, bytes; /* what was read; bytes before compression */
    uint64_t loose;                 /* of the objects */
    uint64_t frames, frames_read;   /* there are; of them were read */
    struct rmv_store_problem *problems;
    size_t problems_count, problems_capacity;
};

/* Reads every pack and index and checks every checksum and every object's hash, with all the
 * store's threads; of a sample, only the frames chosen. Damage is listed, not returned; an error
 * means the check itself could not be done. An object that is intact in another pack is no problem.
 * What is damaged is also written down in the store, so that putting it again mends it. Nobody else
 * may use `store` meanwhile; other processes may, but for gc, which waits. `options` may be NULL:
 * everything. The caller frees `*report`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_fsck(struct rmv_store *store,
                                       const struct rmv_store_fsck_options *options,
                                       struct rmv_store_fsck *report);
void rmv_store_fsck_free(struct rmv_store_fsck *report);

struct rmv_store_repair {
    uint64_t objects_moved;   /* sound ones, out of damaged packs into new ones */
    uint64_t packs_removed;   /* of which everything is sound elsewhere now */
    uint64_t packs_set_aside; /* nobody can tell what is in them: now in ROOT/torn/ */
    uint64_t packs_kept;      /* with something in them that is nowhere else, and damaged */
    uint64_t loose_mended;    /* files of loose objects, made anew of sound copies */
    uint64_t leftovers;       /* files of processes that died */
};

/* Gets rid of what rmv_store_fsck() has just found damaged, as far as nothing is lost by it:
 * whatever is sound in a damaged pack is written anew and durably; then, under the lock that keeps
 * writers out, the pack goes, if each of its objects is sound elsewhere. A pack that does not even
 * tell what is in it moves to the folder torn/. Unfinished work of others is finished first. A kill
 * at any moment loses nothing. Errors: LOCKED (somebody writes, after a minute), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_repair(struct rmv_store *store, struct rmv_store_repair *report);

/* ---- What is lost for good -------------------------------------------------------------------
 * A check that never ends well again is of no use, so the user may accept the loss of objects. They
 * stay lost until they are put again; then it is as if nothing had been said. */

/* Replaces the list of objects whose loss is accepted. gc no longer keeps what damaged copies of
 * them take. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_accept_loss(struct rmv_store *store,
                                              const struct rmv_object_id *ids, size_t count);

/* The list; the caller closes `*lost`. */
struct rmv_store_lost;
void rmv_store_lost_open(struct rmv_store *store, struct rmv_store_lost **lost);
bool rmv_store_lost_has(const struct rmv_store_lost *lost, const struct rmv_object_id *id);
void rmv_store_lost_close(struct rmv_store_lost **lost);
