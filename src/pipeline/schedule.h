/* The order in which stages start: each behind all it needs, otherwise as declared, several at once
 * where nothing forbids it. */
#pragma once

#include "rmv/pipeline/graph.h"

struct rmv_schedule {
    const struct rmv_graph *graph;
    const bool *chosen; /* per stage: to be visited */
    size_t count;       /* of the chosen ones */
    size_t *rank;       /* per stage: its place in graph->order */
    size_t *open;       /* per stage: how many of the chosen ones it needs are not done */
    size_t *ready;      /* a heap of ranks, the lowest first */
    size_t ready_count;
};

/* `graph` and `chosen` stay the caller's and live as long as the schedule. */
void rmv_schedule_init(struct rmv_schedule *schedule, const struct rmv_graph *graph,
                       const bool *chosen);
void rmv_schedule_free(struct rmv_schedule *schedule);

/* Takes the next stage that can start; false if there is none just now. */
bool rmv_schedule_next(struct rmv_schedule *schedule, size_t *stage);

/* Gives a stage back that rmv_schedule_next() gave. */
void rmv_schedule_return(struct rmv_schedule *schedule, size_t stage);

/* The stage has been dealt with: those behind it may start. */
void rmv_schedule_done(struct rmv_schedule *schedule, size_t stage);
