#include "rmv/base/ticker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "rmv/base/mem.h"
#include "rmv/base/thread.h"

#define NS_PER_MS 1000000L
#define NS_PER_SECOND 1000000000L

struct rmv_ticker {
    void (*tick)(void *context);
    void *context;
    unsigned every_ms;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopping;
    bool is_stopping; /* the mutex's */
};

static struct timespec later(struct timespec from, unsigned ms)
{
    from.tv_sec += ms / 1000;
    from.tv_nsec += ms % 1000 * NS_PER_MS;
    from.tv_sec += from.tv_nsec / NS_PER_SECOND;
    from.tv_nsec %= NS_PER_SECOND;
    return from;
}

static void *tick_until_stopped(void *argument)
{
    struct rmv_ticker *ticker = argument;
    struct timespec next;

    clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&ticker->mutex);
    while (!ticker->is_stopping) {
        int waited = 0;
        next = later(next, ticker->every_ms);
        while (!ticker->is_stopping && waited != ETIMEDOUT)
            waited = pthread_cond_timedwait(&ticker->stopping, &ticker->mutex, &next);
        if (!ticker->is_stopping)
            ticker->tick(ticker->context);
    }
    pthread_mutex_unlock(&ticker->mutex);
    return NULL;
}

static void ticker_free(struct rmv_ticker *ticker)
{
    pthread_cond_destroy(&ticker->stopping);
    pthread_mutex_destroy(&ticker->mutex);
    free(ticker);
}

bool rmv_ticker_start(unsigned every_ms, void (*tick)(void *context), void *context,
                      struct rmv_ticker **ticker)
{
    struct rmv_ticker *started = rmv_calloc(1, sizeof(*started));
    *started = (struct rmv_ticker){.tick = tick, .context = context, .every_ms = every_ms};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&started->stopping, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&started->mutex, NULL);
    const bool ok = rmv_thread_start(&started->thread, tick_until_stopped, started);
    if (!ok)
        ticker_free(started);
    *ticker = ok ? started : NULL;
    return ok;
}

void rmv_ticker_stop(struct rmv_ticker **ticker)
{
    struct rmv_ticker *stopped = *ticker;
    if (!stopped)
        return;
    pthread_mutex_lock(&stopped->mutex);
    stopped->is_stopping = true;
    pthread_cond_signal(&stopped->stopping);
    pthread_mutex_unlock(&stopped->mutex);
    pthread_join(stopped->thread, NULL);
    ticker_free(stopped);
    *ticker = NULL;
}
