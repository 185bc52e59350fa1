/* Asking servers about the URLs that stages depend on, each stage in a thread of its own: what runs
 * meanwhile is not kept waiting by a server that is silent. Called by one thread. */
#pragma once

#include <poll.h>

#include "rmv/pipeline/params.h"
#include "rmv/pipeline/pipeline.h"

struct rmv_asking;

/* Stages whose servers are being asked. All-zero is the empty list. */
struct rmv_askings {
    struct rmv_asking **items;
    size_t count, capacity;
};

/* Ends what goes on, without its answers. */
void rmv_askings_free(struct rmv_askings *askings);

/* Starts to ask what `files` does not know yet, for `stage`, which is remembered as `at`. False if
 * there is nothing to ask, or no thread to be had: rmv_params_of_stage() asks then. */
bool rmv_askings_start(struct rmv_askings *askings, const struct rmv_params_files *files,
                       const struct rmv_stage *stage, size_t at);

/* Sets watched[0 … count − 1], which become readable as answers are there. */
void rmv_askings_watch(const struct rmv_askings *askings, struct pollfd *watched);

/* The user wants to stop: what goes on ends within a tenth of a second, without answers. */
void rmv_askings_stop(struct rmv_askings *askings);

/* Finds one that has gone on for a second, each once; `*url` is what it asks for. */
bool rmv_askings_find_slow(struct rmv_askings *askings, size_t *at, const char **url);

/* Takes one that has ended out of the list: `files` knows the answers then, failures included,
 * unless it was stopped. False if there is none. */
bool rmv_askings_next(struct rmv_askings *askings, struct rmv_params_files *files, size_t *at);
