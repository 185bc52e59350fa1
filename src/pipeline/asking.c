#include "pipeline/asking.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pipeline/outside.h"
#include "pipeline/url.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"
#include "rmv/base/thread.h"
#include "rmv/base/time.h"

#define SLOW_NS ((int64_t)1000 * 1000 * 1000)

struct rmv_asking {
    size_t at;
    pthread_t thread;
    int ended_fd; /* readable once the thread is done */
    int64_t started_ns;
    bool is_told; /* that it is slow */
    atomic_bool stop;
    atomic_size_t current; /* the URL that is being asked */
    struct rmv_strings urls;
    struct rmv_url_answer **answers; /* per URL, NULL if it was not asked */
};

static void asking_free(struct rmv_asking *asking)
{
    for (size_t i = 0; asking->answers && i < asking->urls.count; i++)
        rmv_url_answer_free(&asking->answers[i]);
    free(asking->answers);
    rmv_strings_free(&asking->urls);
    rmv_fd_close(&asking->ended_fd);
    free(asking);
}

static void *ask(void *context)
{
    static const uint64_t one = 1;
    struct rmv_asking *asking = context;
    for (size_t i = 0; i < asking->urls.count && !atomic_load(&asking->stop); i++) {
        atomic_store(&asking->current, i);
        asking->answers[i] = rmv_url_ask(asking->urls.items[i], &asking->stop);
    }
    (void)!write(asking->ended_fd, &one, sizeof(one));
    return NULL;
}

bool rmv_askings_start(struct rmv_askings *askings, const struct rmv_params_files *files,
                       const struct rmv_stage *stage, size_t at)
{
    struct rmv_asking *asking = rmv_calloc(1, sizeof(*asking));
    asking->at = at;
    asking->ended_fd = -1;
    asking->started_ns = rmv_time_monotonic_ns();
    atomic_init(&asking->stop, false);
    atomic_init(&asking->current, 0);
    for (size_t i = 0; i < stage->outside_count; i++) {
        const char *url = rmv_outside_url_of(&stage->outside[i]);
        if (url && !rmv_map_find(&files->urls, url))
            rmv_strings_add(&asking->urls, url);
    }
    asking->answers = rmv_calloc(asking->urls.count + 1, sizeof(struct rmv_url_answer *));
    if (asking->urls.count > 0)
        asking->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (asking->ended_fd < 0 || !rmv_thread_start(&asking->thread, ask, asking)) {
        asking_free(asking);
        return false;
    }
    askings->items =
        rmv_grow(askings->items, askings->count, &askings->capacity, sizeof(struct rmv_asking *));
    askings->items[askings->count++] = asking;
    return true;
}

void rmv_askings_watch(const struct rmv_askings *askings, struct pollfd *watched)
{
    for (size_t i = 0; i < askings->count; i++)
        watched[i] = (struct pollfd){.fd = askings->items[i]->ended_fd, .events = POLLIN};
}

void rmv_askings_stop(struct rmv_askings *askings)
{
    for (size_t i = 0; i < askings->count; i++)
        atomic_store(&askings->items[i]->stop, true);
}

void rmv_askings_free(struct rmv_askings *askings)
{
    rmv_askings_stop(askings);
    for (size_t i = 0; i < askings->count; i++) {
        pthread_join(askings->items[i]->thread, NULL);
        asking_free(askings->items[i]);
    }
    free(askings->items);
    *askings = (struct rmv_askings){0};
}

bool rmv_askings_find_slow(struct rmv_askings *askings, size_t *at, const char **url)
{
    const int64_t now_ns = rmv_time_monotonic_ns();
    for (size_t i = 0; i < askings->count; i++) {
        struct rmv_asking *asking = askings->items[i];
        if (asking->is_told || now_ns - asking->started_ns < SLOW_NS)
            continue;
        asking->is_told = true;
        *at = asking->at;
        *url = asking->urls.items[atomic_load(&asking->current)];
        return true;
    }
    return false;
}

static bool has_ended(const struct rmv_asking *asking)
{
    uint64_t number;
    return read(asking->ended_fd, &number, sizeof(number)) == sizeof(number);
}

bool rmv_askings_next(struct rmv_askings *askings, struct rmv_params_files *files, size_t *at)
{
    size_t i = 0;
    while (i < askings->count && !has_ended(askings->items[i]))
        i++;
    if (i == askings->count)
        return false;
    struct rmv_asking *asking = askings->items[i];
    askings->items[i] = askings->items[--askings->count];
    pthread_join(asking->thread, NULL);
    for (size_t k = 0; k < asking->urls.count; k++)
        rmv_url_answer_keep(&files->urls, asking->urls.items[k], &asking->answers[k]);
    *at = asking->at;
    asking_free(asking);
    return true;
}
