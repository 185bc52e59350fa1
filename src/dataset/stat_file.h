/* The stat index's file, mapped for reading. Anything about it that is not as it should be makes it
 * empty, or the one entry count as absent: it is only a cache. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataset/stat_entry.h"

#define RMV_STAT_FILE_VERSION 1

struct rmv_stat_file_header {
    char magic[8]; /* "rmvstat\n" */
    uint32_t version;
    uint32_t entry_size;
    uint64_t count;
    uint64_t names_size;
    uint64_t checksum; /* of the fields above */
};

/* All-zero is an empty index. */
struct rmv_stat_file {
    void *map;
    size_t map_size;
    const struct rmv_stat_entry *entries; /* sorted by path, bytewise */
    size_t count;
    const char *names;
    size_t names_size;
    uint64_t device, inode; /* of the file, to see whether it was replaced */
};

void rmv_stat_file_open(const char *path, struct rmv_stat_file *file);
void rmv_stat_file_close(struct rmv_stat_file *file);
void rmv_stat_file_fill_header(struct rmv_stat_file_header *header, uint64_t count,
                               uint64_t names_size);

/* The path of entry `index`, not NUL-terminated; NULL if it does not lie within the names. */
const char *rmv_stat_file_path(const struct rmv_stat_file *file, size_t index);

/* Is the entry what it was when it was written? */
bool rmv_stat_file_is_good(const struct rmv_stat_file *file, size_t index);

/* memcmp order of paths. */
int rmv_stat_file_compare(const char *a, size_t a_size, const char *b, size_t b_size);

/* The first entry from `from` on that does not come before `path`; file->count if there is none.
 * Fast if it is near. */
size_t rmv_stat_file_find_from(const struct rmv_stat_file *file, size_t from, const char *path,
                               size_t size);

/* Is entry `index`, which may be none, that of `path`? */
bool rmv_stat_file_is_at(const struct rmv_stat_file *file, size_t index, const char *path,
                         size_t size);
