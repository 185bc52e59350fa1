#include "pipeline/schedule.h"

#include "rmv/base/mem.h"

static void swap(size_t *a, size_t *b)
{
    const size_t kept = *a;
    *a = *b;
    *b = kept;
}

static void push(struct rmv_schedule *schedule, size_t rank)
{
    size_t *heap = schedule->ready;
    size_t i = schedule->ready_count++;
    heap[i] = rank;
    for (; i > 0 && heap[(i - 1) / 2] > heap[i]; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static size_t pop(struct rmv_schedule *schedule)
{
    size_t *heap = schedule->ready;
    const size_t lowest = heap[0];
    const size_t count = --schedule->ready_count;
    heap[0] = heap[count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < count && heap[child] < heap[least])
                least = child;
        if (least == i)
            return lowest;
        swap(&heap[i], &heap[least]);
        i = least;
    }
}

void rmv_schedule_init(struct rmv_schedule *schedule, const struct rmv_graph *graph,
                       const bool *chosen)
{
    *schedule = (struct rmv_schedule){
        .graph = graph,
        .chosen = chosen,
        .rank = rmv_calloc(graph->count + 1, sizeof(size_t)),
        .open = rmv_calloc(graph->count + 1, sizeof(size_t)),
        .ready = rmv_calloc(graph->count + 1, sizeof(size_t)),
    };
    for (size_t i = 0; i < graph->count; i++) {
        const size_t stage = graph->order[i];
        const struct rmv_graph_node *node = &graph->nodes[stage];
        schedule->rank[stage] = i;
        schedule->count += chosen[stage];
        for (size_t k = 0; k < node->needs_count; k++)
            schedule->open[stage] += chosen[node->needs[k]];
        if (chosen[stage] && schedule->open[stage] == 0)
            push(schedule, i);
    }
}

void rmv_schedule_free(struct rmv_schedule *schedule)
{
    rmv_free(&schedule->rank);
    rmv_free(&schedule->open);
    rmv_free(&schedule->ready);
}

bool rmv_schedule_next(struct rmv_schedule *schedule, size_t *stage)
{
    if (schedule->ready_count == 0)
        return false;
    *stage = schedule->graph->order[pop(schedule)];
    return true;
}

void rmv_schedule_return(struct rmv_schedule *schedule, size_t stage)
{
    push(schedule, schedule->rank[stage]);
}

void rmv_schedule_done(struct rmv_schedule *schedule, size_t stage)
{
    const struct rmv_graph_node *node = &schedule->graph->nodes[stage];
    for (size_t i = 0; i < node->feeds_count; i++) {
        const size_t behind = node->feeds[i];
        if (schedule->chosen[behind] && --schedule->open[behind] == 0)
            push(schedule, schedule->rank[behind]);
    }
}
