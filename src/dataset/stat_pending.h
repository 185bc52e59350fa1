/* What was learnt about files since the stat index was opened: entries in a hash table, until they
 * are merged into the file. Not thread-safe by itself. */
#pragma once

#include "dataset/stat_entry.h"
#include "rmv/base/buf.h"

struct rmv_stat_pending {
    struct rmv_stat_entry *entries; /* path_offset is into names */
    size_t count, capacity;
    struct rmv_buf names; /* each with its NUL */
    uint32_t *slots;      /* open addressing: index into entries plus one, 0 is free */
    size_t slots_count;   /* a power of two */
};

void rmv_stat_pending_free(struct rmv_stat_pending *pending);

/* Adds the entry of `path`, or replaces it. */
void rmv_stat_pending_set(struct rmv_stat_pending *pending, const char *path,
                          const struct rmv_stat_entry *entry);

/* Adds an entry without looking whether the path has one: for lists that are only handed over. Of
 * such a list nothing is found or replaced. */
void rmv_stat_pending_append(struct rmv_stat_pending *pending, const char *path,
                             const struct rmv_stat_entry *entry);

/* NULL if there is none; valid until the next set. */
const struct rmv_stat_entry *rmv_stat_pending_find(const struct rmv_stat_pending *pending,
                                                   const char *path);

/* Sorts the entries by path, bytewise. Nothing may be set or found afterwards. */
void rmv_stat_pending_sort(struct rmv_stat_pending *pending);
