#include "store/workers.h"

#include <assert.h>
#include <stdlib.h>

#include "rmv/base/mem.h"
#include "rmv/base/thread.h"
#include "store/batch.h"

/* What reading ahead may cost, whatever the number of callers: 64 MiB. */
#define SPARE_WINDOWS_MAX 16

void rmv_workers_init(struct rmv_workers *workers, struct rmv_store_batch *batch, size_t busy_max)
{
    *workers = (struct rmv_workers){.batch = batch, .busy_max = busy_max};
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->has_work, NULL);
}

void rmv_workers_free(struct rmv_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    assert(!workers->files);
    workers->is_closing = true;
    pthread_cond_broadcast(&workers->has_work);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->threads_count; i++)
        pthread_join(workers->threads[i], NULL);
    free(workers->threads);
    pthread_cond_destroy(&workers->has_work);
    pthread_mutex_destroy(&workers->lock);
}

/* ---- Who is woken ---------------------------------------------------------------------------- */

size_t rmv_workers_idle(const struct rmv_workers *workers)
{
    if (workers->busy_count >= workers->busy_max)
        return 0;
    const size_t allowed = workers->busy_max - workers->busy_count;
    const size_t idle = workers->idle_count + workers->waiting_count;
    return idle < allowed ? idle : allowed;
}

static struct rmv_large_file *find_waiting(const struct rmv_workers *workers)
{
    struct rmv_large_file *file = workers->files;
    while (file && !file->is_waited_for)
        file = file->next;
    return file;
}

/* Whoever is woken in vain waits again; whoever is busy looks for more to do before he waits. */
void rmv_workers_announce(struct rmv_workers *workers)
{
    struct rmv_large_file *waiting;
    if (workers->idle_count > 0 && rmv_workers_idle(workers) > 0)
        pthread_cond_signal(&workers->has_work);
    else if ((waiting = find_waiting(workers)))
        pthread_cond_signal(&waiting->is_wanted);
}

static bool has_task(const struct rmv_workers *workers)
{
    for (struct rmv_large_file *file = workers->files; file; file = file->next)
        if (rmv_large_file_has_task(file))
            return true;
    return false;
}

/* Takes a task, of this file if possible, and has the next one taken by somebody else. */
static bool take_task(struct rmv_workers *workers, struct rmv_large_file *first,
                      struct rmv_task *task)
{
    bool is_taken = first && rmv_large_file_take(first, task);
    for (struct rmv_large_file *file = workers->files; file && !is_taken; file = file->next)
        is_taken = rmv_large_file_take(file, task);
    if (is_taken && has_task(workers))
        rmv_workers_announce(workers);
    return is_taken;
}

/* ---- Threads --------------------------------------------------------------------------------- */

static void *work_until_closed(void *argument)
{
    struct rmv_workers *workers = argument;
    struct rmv_frame_encoder encoder = {.level = workers->batch->store->compression_level};
    struct rmv_task task;
    pthread_mutex_lock(&workers->lock);
    while (!workers->is_closing) {
        if (workers->busy_count < workers->busy_max && take_task(workers, NULL, &task)) {
            workers->busy_count++;
            rmv_large_file_do(&task, &encoder);
            workers->busy_count--;
        } else {
            /* Too many callers are busy: one who waits for his file has to go on himself. */
            if (has_task(workers))
                rmv_workers_announce(workers);
            workers->idle_count++;
            pthread_cond_wait(&workers->has_work, &workers->lock);
            workers->idle_count--;
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
    while (workers->threads_count + 1 < workers->busy_max &&
           rmv_thread_start(&workers->threads[workers->threads_count], work_until_closed, workers))
        workers->threads_count++;
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
    if (has_task(workers))
        rmv_workers_announce(workers);
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

static void wait_for_task(struct rmv_workers *workers, struct rmv_large_file *file)
{
    workers->busy_count--;
    workers->waiting_count++;
    file->is_waited_for = true;
    pthread_cond_wait(&file->is_wanted, &workers->lock);
    file->is_waited_for = false;
    workers->waiting_count--;
    workers->busy_count++;
}

static void remove_file(struct rmv_workers *workers, const struct rmv_large_file *file)
{
    struct rmv_large_file **link = &workers->files;
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
}

const struct rmv_error *rmv_workers_run(struct rmv_workers *workers, struct rmv_large_file *file,
                                        struct rmv_frame_encoder *encoder)
{
    struct rmv_task task;
    pthread_cond_init(&file->is_wanted, NULL);
    pthread_mutex_lock(&workers->lock);
    if (!workers->was_started)
        start_threads(workers);
    file->next = workers->files;
    workers->files = file;
    while (!rmv_large_file_is_done(file)) {
        if (take_task(workers, file, &task))
            rmv_large_file_do(&task, encoder);
        else
            wait_for_task(workers, file);
    }
    remove_file(workers, file);
    pthread_mutex_unlock(&workers->lock);
    pthread_cond_destroy(&file->is_wanted);
    return rmv_error_raise(&file->failure);
}
