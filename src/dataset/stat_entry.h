/* One entry of the stat index as it lies in the file, and a checksum for it. docs/FORMATS.md ("Stat
 * index") has the layout. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "rmv/store/object_id.h"

#define RMV_STAT_ENTRY_SIZE 88

struct rmv_stat_entry {
    uint64_t path_offset; /* into the names */
    uint32_t path_size;
    uint32_t mode;
    uint64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
    uint64_t inode;
    struct rmv_object_id id;
    uint64_t checksum; /* of everything above but the offset, and of the path */
};

int64_t rmv_stat_entry_ns(const struct timespec *time);

/* A 64-bit hash for tables and checksums; good against accidents, not against attackers. */
uint64_t rmv_stat_entry_hash(uint64_t seed, const void *bytes, size_t size);

/* Everything but the path's offset. */
void rmv_stat_entry_fill(struct rmv_stat_entry *entry, const char *path, const struct stat *status,
                         const struct rmv_object_id *id);
uint64_t rmv_stat_entry_checksum(const struct rmv_stat_entry *entry, const char *path);

/* Does the file still look as it did? */
bool rmv_stat_entry_matches(const struct rmv_stat_entry *entry, const struct stat *status);
