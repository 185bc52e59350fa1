/* Enumerates the states that a power cut at any moment of a recording may leave, and has each of
 * them checked. Small sets of choices are enumerated completely; of larger ones: nothing, all, each
 * one left out, each one alone, every torn end, and as many random ones as wanted, from a fixed
 * seed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "recording_vfs.h"

struct power_cut_plan {
    const struct recording_vfs *recording;
    size_t first;        /* cuts before this length of the log are left out */
    size_t random_count; /* per cut */
    /* Says what is wrong with the state in `folder`, NULL if nothing is; the caller frees it. The
     * first `promised` things have to be there. */
    char *(*check)(void *context, const char *folder, size_t promised);
    void *context;
    bool ends_at_failure; /* the first one is enough, and is not printed */
};

struct power_cut_totals {
    size_t cuts;
    size_t states;   /* enumerated */
    size_t distinct; /* of those that differ in what there is to see; these are checked */
    size_t failures; /* the first of which are printed */
};

struct power_cut_totals power_cut_try(const struct power_cut_plan *plan);
