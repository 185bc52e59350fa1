#include "rmv/base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "rmv/base/mem.h"
#include "rmv/base/thread.h"

/* All fields below `mutex` are its. */
struct rmv_pool {
    pthread_t *threads;
    size_t threads_count;

    pthread_mutex_t turn; /* held by the thread whose run is going on */
    pthread_mutex_t mutex;
    pthread_cond_t has_work, is_done;
    const struct rmv_error *(*work)(void *context, size_t i);
    void *context;
    size_t next, count, running; /* pieces */
    struct rmv_error *error;     /* of the lowest index that failed */
    size_t error_index;
    bool is_closing;
};

static bool has_piece(const struct rmv_pool *pool)
{
    return pool->next < pool->count && !pool->error;
}

/* Does one piece. Called with the mutex, which is given up meanwhile. */
static void do_piece(struct rmv_pool *pool)
{
    const size_t i = pool->next++;
    pool->running++;
    pthread_mutex_unlock(&pool->mutex);
    struct rmv_error *failed = rmv_error_take(pool->work(pool->context, i));
    pthread_mutex_lock(&pool->mutex);
    pool->running--;
    if (failed && (!pool->error || i < pool->error_index)) {
        rmv_error_free(&pool->error);
        pool->error = failed;
        pool->error_index = i;
    } else {
        rmv_error_free(&failed);
    }
    if (pool->running == 0 && !has_piece(pool))
        pthread_cond_signal(&pool->is_done);
}

static void *work_until_closed(void *argument)
{
    struct rmv_pool *pool = argument;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->is_closing) {
        if (has_piece(pool))
            do_piece(pool);
        else
            pthread_cond_wait(&pool->has_work, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

size_t rmv_pool_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return 1; /* more than a set holds: better slow than wrong */
    return (size_t)CPU_COUNT(&set);
}

void rmv_pool_open(size_t threads, struct rmv_pool **pool)
{
    struct rmv_pool *opened = rmv_calloc(1, sizeof(*opened));
    if (threads == 0)
        threads = rmv_pool_processors();
    opened->threads = rmv_calloc(threads, sizeof(*opened->threads));
    pthread_mutex_init(&opened->turn, NULL);
    pthread_mutex_init(&opened->mutex, NULL);
    pthread_cond_init(&opened->has_work, NULL);
    pthread_cond_init(&opened->is_done, NULL);

    while (opened->threads_count < threads &&
           rmv_thread_start(&opened->threads[opened->threads_count], work_until_closed, opened))
        opened->threads_count++;
    *pool = opened;
}

void rmv_pool_close(struct rmv_pool **pool)
{
    struct rmv_pool *closing = *pool;
    if (!closing)
        return;
    pthread_mutex_lock(&closing->mutex);
    closing->is_closing = true;
    pthread_cond_broadcast(&closing->has_work);
    pthread_mutex_unlock(&closing->mutex);
    for (size_t i = 0; i < closing->threads_count; i++)
        pthread_join(closing->threads[i], NULL);

    pthread_cond_destroy(&closing->is_done);
    pthread_cond_destroy(&closing->has_work);
    pthread_mutex_destroy(&closing->mutex);
    pthread_mutex_destroy(&closing->turn);
    free(closing->threads);
    free(closing);
    *pool = NULL;
}

size_t rmv_pool_threads(const struct rmv_pool *pool)
{
    return pool->threads_count > 0 ? pool->threads_count : 1;
}

const struct rmv_error *rmv_pool_run(struct rmv_pool *pool, size_t count,
                                     const struct rmv_error *(*work)(void *context, size_t i),
                                     void *context)
{
    pthread_mutex_lock(&pool->turn);
    pthread_mutex_lock(&pool->mutex);
    pool->work = work;
    pool->context = context;
    pool->next = 0;
    pool->count = count;
    pthread_cond_broadcast(&pool->has_work);
    while (pool->running > 0 || has_piece(pool)) {
        if (pool->threads_count == 0)
            do_piece(pool);
        else
            pthread_cond_wait(&pool->is_done, &pool->mutex);
    }
    struct rmv_error *failed = pool->error;
    pool->error = NULL;
    pool->next = pool->count = 0;
    pthread_mutex_unlock(&pool->mutex);
    pthread_mutex_unlock(&pool->turn);
    return rmv_error_raise(&failed);
}
