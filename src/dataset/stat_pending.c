#include "dataset/stat_pending.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

#define RUN_ENTRIES_MIN 8 /* on average; with shorter runs, sorting all is as good */

void rmv_stat_pending_free(struct rmv_stat_pending *pending)
{
    free(pending->slots);
    rmv_stat_room_free(&pending->entries_room);
    rmv_stat_room_free(&pending->names);
    *pending = (struct rmv_stat_pending){.folder = pending->folder};
}

static const char *path_of(const struct rmv_stat_pending *pending, size_t index)
{
    return pending->names.data + pending->entries[index].path_offset;
}

/* The slot that `path` is in, or the free one where it belongs. */
static size_t slot_of(const struct rmv_stat_pending *pending, const char *path, size_t size)
{
    size_t slot = rmv_stat_entry_hash(2, path, size) & (pending->slots_count - 1);
    while (pending->slots[slot] != 0) {
        const size_t index = pending->slots[slot] - 1;
        if (pending->entries[index].path_size == size &&
            memcmp(path_of(pending, index), path, size) == 0)
            break;
        slot = (slot + 1) & (pending->slots_count - 1);
    }
    return slot;
}

/* Takes the entries that were appended since the last time into the table. */
static void index_entries(struct rmv_stat_pending *pending)
{
    if (2 * pending->count > pending->slots_count) {
        size_t slots_count = pending->slots_count ? pending->slots_count : 64;
        while (2 * pending->count > slots_count)
            slots_count *= 2;
        free(pending->slots);
        pending->slots = rmv_calloc(slots_count, sizeof(*pending->slots));
        pending->slots_count = slots_count;
        pending->indexed_count = 0;
    }
    for (size_t i = pending->indexed_count; i < pending->count; i++) {
        const size_t slot = slot_of(pending, path_of(pending, i), pending->entries[i].path_size);
        pending->slots[slot] = (uint32_t)(i + 1);
    }
    pending->indexed_count = pending->count;
}

void rmv_stat_pending_add(struct rmv_stat_pending *pending, const char *path,
                          const struct rmv_stat_entry *entry)
{
    assert(pending->count < UINT32_MAX - 1);
    struct rmv_stat_entry placed = *entry;
    placed.path_offset = pending->names.size;
    pending->entries_room.size = pending->count * sizeof(placed);
    rmv_stat_room_append(&pending->entries_room, pending->folder, &placed, sizeof(placed));
    rmv_stat_room_append(&pending->names, pending->folder, path, entry->path_size + 1);
    pending->entries = (void *)pending->entries_room.data;
    pending->count++;
}

const struct rmv_stat_entry *rmv_stat_pending_find(struct rmv_stat_pending *pending,
                                                   const char *path)
{
    if (pending->count == 0)
        return NULL;
    index_entries(pending);
    const size_t slot = slot_of(pending, path, strlen(path));
    return pending->slots[slot] ? &pending->entries[pending->slots[slot] - 1] : NULL;
}

static int compare_paths(const void *a, const void *b, void *context)
{
    const char *names = context;
    const struct rmv_stat_entry *left = a;
    const struct rmv_stat_entry *right = b;
    return strcmp(names + left->path_offset, names + right->path_offset);
}

/* Of entries with one path, the one that was added last has its name furthest behind. */
static bool is_replaced(const struct rmv_stat_pending *pending, size_t index)
{
    return index + 1 < pending->count &&
           compare_paths(&pending->entries[index], &pending->entries[index + 1],
                         pending->names.data) == 0;
}

static int compare_entries(const void *a, const void *b, void *context)
{
    const struct rmv_stat_entry *left = a;
    const struct rmv_stat_entry *right = b;
    const int order = compare_paths(a, b, context);
    if (order != 0)
        return order;
    return (left->path_offset > right->path_offset) - (left->path_offset < right->path_offset);
}

/* Entries come in runs, each of them in order: those that one thread found in one folder. */
struct run {
    size_t start, count;
};

static int compare_runs(const void *a, const void *b, void *context)
{
    const struct rmv_stat_pending *pending = context;
    return compare_paths(&pending->entries[((const struct run *)a)->start],
                         &pending->entries[((const struct run *)b)->start], pending->names.data);
}

static struct run *find_runs(const struct rmv_stat_pending *pending, size_t *count)
{
    struct run *runs = NULL;
    size_t capacity = 0;
    *count = 0;
    for (size_t i = 0; i < pending->count; i++) {
        if (i == 0 || compare_paths(&pending->entries[i - 1], &pending->entries[i],
                                    pending->names.data) >= 0) {
            runs = rmv_grow(runs, *count, &capacity, sizeof(*runs));
            runs[(*count)++] = (struct run){.start = i};
        }
        runs[*count - 1].count++;
    }
    return runs;
}

/* Puts whole runs in order; false if they overlap, so that this is not enough. */
static bool sort_runs(struct rmv_stat_pending *pending)
{
    size_t count = 0;
    struct run *runs = find_runs(pending, &count);
    if (count > pending->count / RUN_ENTRIES_MIN) {
        free(runs);
        return false;
    }
    qsort_r(runs, count, sizeof(*runs), compare_runs, pending);
    bool is_sorted = true;
    for (size_t i = 1; is_sorted && i < count; i++)
        is_sorted = compare_paths(&pending->entries[runs[i - 1].start + runs[i - 1].count - 1],
                                  &pending->entries[runs[i].start], pending->names.data) < 0;
    if (is_sorted) {
        struct rmv_stat_room sorted = {0};
        for (size_t i = 0; i < count; i++)
            rmv_stat_room_append(&sorted, pending->folder, pending->entries + runs[i].start,
                                 runs[i].count * sizeof(*pending->entries));
        rmv_stat_room_free(&pending->entries_room);
        pending->entries_room = sorted;
        pending->entries = (void *)sorted.data;
    }
    free(runs);
    return is_sorted;
}

void rmv_stat_pending_sort(struct rmv_stat_pending *pending)
{
    size_t n = 0;
    assert(pending->count == 0 || (pending->entries && pending->names.data));
    free(pending->slots);
    pending->slots = NULL;
    pending->slots_count = 0;
    pending->indexed_count = 0;
    if (pending->count > 0 && !sort_runs(pending))
        qsort_r(pending->entries, pending->count, sizeof(*pending->entries), compare_entries,
                pending->names.data);
    assert(pending->count == 0 || pending->entries);
    for (size_t i = 0; i < pending->count; i++)
        if (!is_replaced(pending, i))
            pending->entries[n++] = pending->entries[i];
    pending->count = n;
}
