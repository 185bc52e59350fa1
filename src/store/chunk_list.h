/* Chunk lists: how a large object is put together from smaller ones, format version 1.
 * docs/FORMATS.md, section "Chunk lists". A list is stored as a representation of the object that
 * it stands for. One that grows past 1 MiB is split: the parts become objects of their own and a
 * list of parts takes their place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "store/pack_format.h"

#define RMV_CHUNK_LIST_VERSION 1
#define RMV_CHUNK_LIST_SIZE_MAX ((size_t)1 << 20)

struct rmv_chunk_list_header {
    char magic[8];
    uint32_t version;
    uint32_t level; /* 0: the entries are chunks; 1: they are parts, that is, lists of level 0 */
    char hash_name[16];
    uint64_t size; /* bytes of everything that the list covers */
    uint64_t count;
};

struct rmv_chunk_list_entry {
    struct rmv_object_id id;
    uint64_t size; /* bytes of the object that the entry covers */
};

_Static_assert(sizeof(struct rmv_chunk_list_header) == 48, "layout of a chunk list");
_Static_assert(sizeof(struct rmv_chunk_list_entry) == 40, "layout of a chunk list's line");

#define RMV_CHUNK_LIST_ENTRIES_MAX                                                                 \
    ((RMV_CHUNK_LIST_SIZE_MAX - sizeof(struct rmv_chunk_list_header)) /                            \
     sizeof(struct rmv_chunk_list_entry))

/* A list in memory. All-zero is the empty list of level 0. */
struct rmv_chunk_list {
    struct rmv_chunk_list_entry *entries;
    size_t count;
    size_t capacity;
    uint64_t size; /* sum of the entries' */
    uint32_t level;
};

void rmv_chunk_list_free(struct rmv_chunk_list *list);
void rmv_chunk_list_add(struct rmv_chunk_list *list, const struct rmv_object_id *id, uint64_t size);
bool rmv_chunk_list_equal(const struct rmv_chunk_list *a, const struct rmv_chunk_list *b);
bool rmv_chunk_list_is_full(const struct rmv_chunk_list *list);

/* Appends the bytes to store. */
void rmv_chunk_list_format(const struct rmv_chunk_list *list, struct rmv_buf *out);

/* The caller frees `*list`. Errors: CORRUPT, UNSUPPORTED (a newer version). */
RMV_MUST_CHECK
const struct rmv_error *rmv_chunk_list_parse(const void *bytes, size_t size,
                                             struct rmv_chunk_list *list);
