/* A pool of threads for work that splits into independent pieces. */
#pragma once

#include <stddef.h>

#include "rmv/base/error.h"

struct rmv_pool;

/* `threads` workers; 0 for as many as there are processors that this process may use. The caller
 * closes the pool. Workers leave signals to the other threads. Where the system gives no thread at
 * all, rmv_pool_run() does the work itself. */
void rmv_pool_open(size_t threads, struct rmv_pool **pool);
void rmv_pool_close(struct rmv_pool **pool);
size_t rmv_pool_threads(const struct rmv_pool *pool);

/* The number of processors that this process may use, at least 1. */
size_t rmv_pool_processors(void);

/* Calls work(context, i) for every i below `count`, from several threads, in increasing order of
 * start. After the first failure no further piece is started; the failure of the lowest index is
 * returned when all running ones have ended. Runs from several threads take turns; `work` must not
 * run the same pool. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pool_run(struct rmv_pool *pool, size_t count,
                                     const struct rmv_error *(*work)(void *context, size_t i),
                                     void *context);
