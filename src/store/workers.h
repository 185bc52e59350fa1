/* The threads that take large files into a batch: those who put one, and helpers that belong to the
 * batch and are shared by all files put into it. Together no more of them are busy than the store
 * has threads. Callers do whatever is to be done themselves, so nothing depends on there being a
 * helper. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"
#include "store/large_file.h"

struct rmv_store_batch;

struct rmv_workers {
    struct rmv_store_batch *batch;
    size_t busy_max;
    pthread_t *threads;   /* started when the first large file comes */
    pthread_mutex_t lock; /* of everything below, and of the files */
    pthread_cond_t has_work;
    size_t threads_count;
    size_t idle_count;    /* threads that wait */
    size_t waiting_count; /* callers that do */
    size_t busy_count;    /* callers that do not wait, and threads with a task */
    size_t spare_windows_count;
    struct rmv_large_file *files; /* being put */
    bool was_started, is_closing;
};

void rmv_workers_init(struct rmv_workers *workers, struct rmv_store_batch *batch, size_t busy_max);
/* Ends the threads. No caller is in between enter and leave. */
void rmv_workers_free(struct rmv_workers *workers);

/* A caller begins and ends to store a file, of whatever size. */
void rmv_workers_enter(struct rmv_workers *workers);
void rmv_workers_leave(struct rmv_workers *workers);

/* May one more window be used than one for each caller? It counts for good. */
bool rmv_workers_take_spare_window(struct rmv_workers *workers);

/* Returns when the file is done. The caller works meanwhile, with his encoder. Errors: the first
 * failure. */
RMV_MUST_CHECK
const struct rmv_error *rmv_workers_run(struct rmv_workers *workers, struct rmv_large_file *file,
                                        struct rmv_frame_encoder *encoder);

/* ---- For the stages, with the lock ----------------------------------------------------------- */

/* How many have nothing to do? */
size_t rmv_workers_idle(const struct rmv_workers *workers);

/* There is something to do: wakes one of those who wait. */
void rmv_workers_announce(struct rmv_workers *workers);
