/* Threads that get no signals: those are for the thread that the program started with. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread that runs `run(context)`, to be joined. False if there can be none. */
bool rmv_thread_start(pthread_t *thread, void *(*run)(void *context), void *context);
