/* What was learnt about files since the stat index was opened: a list of entries, until they are
 * merged into the file, and a hash table over it for those who ask. Not thread-safe by itself. */
#pragma once

#include "dataset/stat_entry.h"
#include "dataset/stat_room.h"

struct rmv_stat_pending {
    const char *folder; /* for what is too much to be kept in memory; NULL if it is not */
    struct rmv_stat_entry *entries; /* path_offset is into names; the last one of a path counts */
    size_t count;
    struct rmv_stat_room entries_room, names; /* a name has its NUL */
    uint32_t *slots;      /* open addressing: index into entries plus one, 0 is free */
    size_t slots_count;   /* a power of two */
    size_t indexed_count; /* entries that are in the table; those behind it are yet to be */
};

/* The folder stays. */
void rmv_stat_pending_free(struct rmv_stat_pending *pending);

/* Adds the entry of `path`, or replaces it. */
void rmv_stat_pending_add(struct rmv_stat_pending *pending, const char *path,
                          const struct rmv_stat_entry *entry);

/* NULL if there is none; valid until the next one is added. */
const struct rmv_stat_entry *rmv_stat_pending_find(struct rmv_stat_pending *pending,
                                                   const char *path);

/* Sorts the entries by path, bytewise, each path once. Nothing may be added or found afterwards. */
void rmv_stat_pending_sort(struct rmv_stat_pending *pending);
