#include "dataset/stat_entry.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct rmv_stat_entry) == RMV_STAT_ENTRY_SIZE, "the layout of the file");

int64_t rmv_stat_entry_ns(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* The finalizer of MurmurHash3 (Austin Appleby, public domain) over words of eight bytes. */
static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53U;
    return hash ^ hash >> 33;
}

uint64_t rmv_stat_entry_hash(uint64_t seed, const void *bytes, size_t size)
{
    const char *at = bytes;
    uint64_t hash = mix(seed ^ size);
    uint64_t word;
    for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = mix(hash + word) + 0x9e3779b97f4a7c15U;
    }
    word = 0;
    memcpy(&word, at, size);
    return mix(hash + word);
}

uint64_t rmv_stat_entry_checksum(const struct rmv_stat_entry *entry, const char *path)
{
    const size_t start = offsetof(struct rmv_stat_entry, path_size);
    const size_t end = offsetof(struct rmv_stat_entry, checksum);
    const uint64_t fields = rmv_stat_entry_hash(1, (const char *)entry + start, end - start);
    return rmv_stat_entry_hash(fields, path, entry->path_size);
}

void rmv_stat_entry_fill(struct rmv_stat_entry *entry, const char *path, const struct stat *status,
                         const struct rmv_object_id *id)
{
    *entry = (struct rmv_stat_entry){
        .path_size = (uint32_t)strlen(path),
        .mode = status->st_mode,
        .size = (uint64_t)status->st_size,
        .mtime_ns = rmv_stat_entry_ns(&status->st_mtim),
        .ctime_ns = rmv_stat_entry_ns(&status->st_ctim),
        .inode = status->st_ino,
        .id = *id,
    };
    entry->checksum = rmv_stat_entry_checksum(entry, path);
}

bool rmv_stat_entry_matches(const struct rmv_stat_entry *entry, const struct stat *status)
{
    return entry->size == (uint64_t)status->st_size && entry->inode == status->st_ino &&
           entry->mode == status->st_mode &&
           entry->ctime_ns == rmv_stat_entry_ns(&status->st_ctim) &&
           entry->mtime_ns == rmv_stat_entry_ns(&status->st_mtim);
}
