/* What the parts of the stat index share: stat_index.c, and stat_cursor.c, which asks it about
 * whole folders. */
#pragma once

#include <pthread.h>

#include "dataset/stat_clock.h"
#include "dataset/stat_file.h"
#include "dataset/stat_pending.h"
#include "rmv/base/map.h"
#include "rmv/dataset/stat_index.h"

struct rmv_stat_index {
    char *path;
    struct rmv_stat_file file;
    uint8_t *asked_for; /* a bit per entry of the file; set atomically */
    struct rmv_stat_clock clock;
    pthread_mutex_t lock; /* for the two below */
    struct rmv_stat_pending pending;
    struct rmv_map seen; /* paths below which everything was looked at */
};

/* What this process has learnt about the path, which then counts alone; false if nothing. */
bool rmv_stat_index_find_pending(struct rmv_stat_index *index, const char *path,
                                 struct rmv_stat_entry *entry);

/* Does an entry that this process has learnt say that the file has its content? */
bool rmv_stat_index_trusts(const struct rmv_stat_index *index, const struct rmv_stat_entry *entry,
                           const struct stat *status);

/* The same of entry `at` of the file; somebody has asked for it now. */
bool rmv_stat_index_trusts_file(struct rmv_stat_index *index, size_t at, const struct stat *status);

/* When the index's clock was last read: before this call. */
struct rmv_stat_moment rmv_stat_index_moment(const struct rmv_stat_index *index);

/* Has this process learnt anything so far? */
bool rmv_stat_index_has_learnt(struct rmv_stat_index *index);

/* Takes over what was learnt, which is empty afterwards: rmv_stat_index_set() for many. */
void rmv_stat_index_take(struct rmv_stat_index *index, struct rmv_stat_pending *learnt);
