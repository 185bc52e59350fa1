#include "store/workers.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "rmv/base/mem.h"
#include "store/batch.h"

/* What reading ahead may cost, whatever the number of callers: 64 MiB. */
#define SPARE_WINDOWS_MAX 16

void rmv_workers_init(struct rmv_workers *workers, struct rmv_store_batch *batch, size_t busy_max)
{
    *workers = (struct rmv_workers){.batch = batch, .busy_max = busy_max};
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->has_work, NULL);
    pthread_cond_init(&workers->is_done, NULL);
}

void rmv_workers_free(struct rmv_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    assert(!workers->first);
    workers->is_closing = true;
    pthread_cond_broadcast(&workers->has_work);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->threads_count; i++)
        pthread_join(workers->threads[i], NULL);
    free(workers->threads);
    pthread_cond_destroy(&workers->is_done);
    pthread_cond_destroy(&workers->has_work);
    pthread_mutex_destroy(&workers->lock);
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

/* Does the first job. Called with the lock, which is given up meanwhile. */
static void do_job(struct rmv_workers *workers, struct rmv_frame_encoder *encoder)
{
    const struct rmv_chunk_job *job = workers->first;
    struct rmv_window *window = job->window;
    workers->first = job->next;
    if (!workers->first)
        workers->last = NULL;
    pthread_mutex_unlock(&workers->lock);

    bool was_stored = false;
    struct rmv_error *failed = rmv_error_take(
        rmv_batch_put(workers->batch, &job->record, job->bytes, encoder, &was_stored));

    pthread_mutex_lock(&workers->lock);
    if (!was_stored)
        window->has_new = true;
    if (failed && !window->failure)
        window->failure = failed;
    else
        rmv_error_free(&failed);
    if (--window->unfinished_count == 0)
        pthread_cond_broadcast(&workers->is_done);
}

static void *work_until_closed(void *argument)
{
    struct rmv_workers *workers = argument;
    struct rmv_frame_encoder encoder = {.level = workers->batch->store->compression_level};
    pthread_mutex_lock(&workers->lock);
    while (!workers->is_closing) {
        if (workers->first && workers->busy_count < workers->busy_max) {
            workers->busy_count++;
            do_job(workers, &encoder);
            workers->busy_count--;
        } else {
            pthread_cond_wait(&workers->has_work, &workers->lock);
        }
    }
    pthread_mutex_unlock(&workers->lock);
    rmv_frame_encoder_free(&encoder);
    return NULL;
}

/* The caller is one of those that may be busy. Called with the lock. */
static void start_threads(struct rmv_workers *workers)
{
    workers->was_started = true;
    workers->threads = rmv_calloc(workers->busy_max, sizeof(*workers->threads));
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers->threads_count + 1 < workers->busy_max &&
           pthread_create(&workers->threads[workers->threads_count], NULL, work_until_closed,
                          workers) == 0)
        workers->threads_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- Callers --------------------------------------------------------------------------------- */

void rmv_workers_enter(struct rmv_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->busy_count++;
    pthread_mutex_unlock(&workers->lock);
}

void rmv_workers_leave(struct rmv_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->busy_count--;
    if (workers->first)
        pthread_cond_signal(&workers->has_work);
    pthread_mutex_unlock(&workers->lock);
}

bool rmv_workers_take_spare_window(struct rmv_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    const bool may = workers->busy_max > 1 && workers->spare_windows_count < SPARE_WINDOWS_MAX;
    if (may)
        workers->spare_windows_count++;
    pthread_mutex_unlock(&workers->lock);
    return may;
}

void rmv_workers_submit(struct rmv_workers *workers, struct rmv_window *window,
                        const struct rmv_pack_record *record, const char *bytes)
{
    assert(window->jobs_count < RMV_WINDOW_CHUNKS_MAX);
    struct rmv_chunk_job *job = &window->jobs[window->jobs_count++];
    *job = (struct rmv_chunk_job){.window = window, .record = *record, .bytes = bytes};

    pthread_mutex_lock(&workers->lock);
    if (!workers->was_started)
        start_threads(workers);
    if (workers->last)
        workers->last->next = job;
    else
        workers->first = job;
    workers->last = job;
    window->unfinished_count++;
    pthread_cond_signal(&workers->has_work);
    pthread_mutex_unlock(&workers->lock);
}

const struct rmv_error *rmv_workers_finish(struct rmv_workers *workers, struct rmv_window *window,
                                           struct rmv_frame_encoder *encoder, bool *has_new)
{
    pthread_mutex_lock(&workers->lock);
    while (window->unfinished_count > 0) {
        if (workers->first) {
            do_job(workers, encoder);
            continue;
        }
        workers->busy_count--;
        pthread_cond_wait(&workers->is_done, &workers->lock);
        workers->busy_count++;
    }
    *has_new = *has_new || window->has_new;
    struct rmv_error *failure = window->failure;
    window->failure = NULL;
    window->has_new = false;
    pthread_mutex_unlock(&workers->lock);
    window->jobs_count = 0;
    return rmv_error_raise(&failure);
}
