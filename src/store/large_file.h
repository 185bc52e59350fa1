/* A large file on its way into a batch. It passes through windows in memory, one after the other,
 * and each window through four stages:
 *
 *   read   it is filled and cut into chunks
 *   hash   the file's hash takes it in, and its chunks are offered to be stored
 *   store  its chunks are stored, by any number of threads
 *   name   its chunks get into the chunk list, and the window is free again
 *
 * Every stage but storing is done by one thread at a time, in the order of the windows. Which
 * thread does what is up to the workers, and what is marked so here is theirs to lock. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/store/object_id.h"
#include "store/chunker.h"
#include "store/frame.h"

struct rmv_list_writer;
struct rmv_store_source;
struct rmv_workers;

#define RMV_WINDOW_SIZE ((size_t)4 << 20)
#define RMV_WINDOW_SLICE ((size_t)256 << 10) /* read, then cut while a fast cache has it */
#define RMV_WINDOW_CHUNKS_MAX (RMV_WINDOW_SIZE / RMV_CHUNK_SIZE_MIN + 1)
#define RMV_WINDOWS_MAX 8     /* of one file */
#define RMV_CHUNKS_LEFT_MAX 4 /* in a row, for others to hash */

struct rmv_chunk {
    const char *bytes; /* in the window */
    size_t size;
    uint64_t offset; /* in the file */
    struct rmv_object_id id;
    bool is_hashed; /* there is the id; otherwise whoever stores the chunk finds it */
};

/* A part of a file in memory. Its bytes stay where they are until it is named. */
struct rmv_window {
    struct rmv_buf bytes;
    struct rmv_chunk chunks[RMV_WINDOW_CHUNKS_MAX];
    size_t chunks_count;
    /* Of the chunks so many may be stored, are in somebody's hands, and are stored. With the lock.
     */
    size_t offered_count, taken_count, stored_count;
};

struct rmv_large_file {
    struct rmv_workers *workers;
    const struct rmv_store_source *source;
    struct rmv_list_writer *writer;
    struct rmv_window *windows; /* window n is windows[n % windows_count] */
    size_t windows_count;
    struct rmv_buf *rest; /* what was read behind the last cut */
    uint64_t cut_size;    /* bytes before it */
    size_t looked_at;     /* of what comes after it */
    /* Below: with the lock. */
    struct rmv_large_file *next;                 /* of those at work */
    uint64_t read_count, hash_count, name_count; /* windows that are through with the stage */
    bool is_reading, is_hashing, is_naming;      /* somebody is at it */
    bool is_end;                                 /* all has been read */
    bool has_new;                                /* a chunk was not stored already */
    struct rmv_error *failure;                   /* the first; nothing more is begun then */
    size_t running_count;                        /* tasks */
    bool is_waited_for;                          /* its caller has nothing to do */
    pthread_cond_t is_wanted;                    /* he has, or the file is done */
};

enum rmv_stage { RMV_STAGE_READ, RMV_STAGE_HASH, RMV_STAGE_STORE, RMV_STAGE_NAME };

/* A window to be taken through a stage, or chunks of it to be stored. */
struct rmv_task {
    struct rmv_large_file *file;
    struct rmv_window *window;
    enum rmv_stage stage;
    struct rmv_chunk *chunks; /* one, or up to RMV_CHUNKS_LEFT_MAX that are not hashed */
    size_t chunks_count;
};

/* All of these are called with the workers' lock. */

/* Is there something to be done that nobody is doing? */
bool rmv_large_file_has_task(struct rmv_large_file *file);

/* Takes the most urgent of it; false if there is none. */
bool rmv_large_file_take(struct rmv_large_file *file, struct rmv_task *task);

/* Does what was taken, with the encoder of the calling thread. The lock is given up meanwhile. */
void rmv_large_file_do(const struct rmv_task *task, struct rmv_frame_encoder *encoder);

/* Is all done, or has something failed and nobody is at work any more? */
bool rmv_large_file_is_done(const struct rmv_large_file *file);

/* ---- Without the lock ------------------------------------------------------------------------ */

/* Adds to `bytes` until it has `size` or the source ends. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_source_read(const struct rmv_store_source *source,
                                              struct rmv_buf *bytes, size_t size, bool *is_end);
