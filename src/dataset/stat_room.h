/* Room for what is appended. Once there is much of it, it lies in a file without a name, which the
 * system may write out and the end of the process removes: what is learnt about a million files is
 * 100 MB. Where no file can be made, it stays in memory. All-zero is the empty room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rmv_stat_room {
    char *data;
    size_t size, capacity; /* bytes */
    bool is_mapped;
};

void rmv_stat_room_free(struct rmv_stat_room *room);

/* Appends bytes, which may move `data`. `folder` is where the file is made; NULL for none. */
void rmv_stat_room_append(struct rmv_stat_room *room, const char *folder, const void *bytes,
                          size_t size);
