/* A thread that calls a function at even intervals: for what is drawn while other threads work. */
#pragma once

#include <stdbool.h>

struct rmv_ticker;

/* Calls `tick` every `every_ms`, the first time after that long, until rmv_ticker_stop(); a call
 * that takes long makes the next ones late, and no two go on at once. The thread gets no signals.
 * False, and `*ticker` is NULL, if there can be no thread. */
bool rmv_ticker_start(unsigned every_ms, void (*tick)(void *context), void *context,
                      struct rmv_ticker **ticker);

/* Returns when no call goes on any more, and none is to come. Accepts NULL. */
void rmv_ticker_stop(struct rmv_ticker **ticker);
