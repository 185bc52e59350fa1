/* Threads that store the chunks of large files beside the threads that read them. They belong to a
 * batch and are shared by all files put into it; together with the callers no more of them are busy
 * than the store has threads. Callers that must wait store chunks themselves, so that nothing
 * depends on there being a worker. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "store/chunker.h"
#include "store/frame.h"
#include "store/pack_format.h"

struct rmv_store_batch;

/* A large file is read into windows of this size, of which the last chunk's worth is moved to the
 * front of the next whenever a cut could lie behind its end. */
#define RMV_WINDOW_SIZE ((size_t)4 << 20)
#define RMV_WINDOW_CHUNKS_MAX (RMV_WINDOW_SIZE / RMV_CHUNK_SIZE_MIN + 1)

struct rmv_chunk_job {
    struct rmv_chunk_job *next;
    struct rmv_window *window;
    struct rmv_pack_record record;
    const char *bytes; /* in the window */
};

/* A part of a file in memory. Its bytes stay where they are until its jobs are done. */
struct rmv_window {
    struct rmv_buf bytes;
    struct rmv_chunk_job jobs[RMV_WINDOW_CHUNKS_MAX];
    size_t jobs_count;
    /* Below: under the workers' lock. */
    size_t unfinished_count;
    bool has_new; /* a chunk was not stored already */
    struct rmv_error *failure;
};

struct rmv_workers {
    struct rmv_store_batch *batch;
    size_t busy_max;
    pthread_t *threads;   /* started when the first chunk comes */
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t has_work, is_done;
    size_t threads_count;
    size_t busy_count; /* callers that do not wait, and workers with a job */
    size_t spare_windows_count;
    struct rmv_chunk_job *first, *last; /* in the order they came */
    bool was_started, is_closing;
};

void rmv_workers_init(struct rmv_workers *workers, struct rmv_store_batch *batch, size_t busy_max);
/* Ends the threads. No caller is in between enter and leave. */
void rmv_workers_free(struct rmv_workers *workers);

/* A caller begins and ends to store a file. */
void rmv_workers_enter(struct rmv_workers *workers);
void rmv_workers_leave(struct rmv_workers *workers);

/* May one more window be used than one for each caller? It counts for good. */
bool rmv_workers_take_spare_window(struct rmv_workers *workers);

/* Has `bytes`, which lie in the window, stored as `record` says by whoever has time. */
void rmv_workers_submit(struct rmv_workers *workers, struct rmv_window *window,
                        const struct rmv_pack_record *record, const char *bytes);

/* Returns when every job of the window is done, having worked meanwhile with the caller's encoder,
 * and leaves it without jobs. Sets `*has_new` if a chunk was not stored already. Errors: the first
 * of its jobs'. */
RMV_MUST_CHECK
const struct rmv_error *rmv_workers_finish(struct rmv_workers *workers, struct rmv_window *window,
                                           struct rmv_frame_encoder *encoder, bool *has_new);
