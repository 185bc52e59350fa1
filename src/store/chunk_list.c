#include "store/chunk_list.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

#define LEVEL_MAX 1

void rmv_chunk_list_free(struct rmv_chunk_list *list)
{
    free(list->entries);
    *list = (struct rmv_chunk_list){0};
}

void rmv_chunk_list_add(struct rmv_chunk_list *list, const struct rmv_object_id *id, uint64_t size)
{
    list->entries = rmv_grow(list->entries, list->count, &list->capacity, sizeof(*list->entries));
    list->entries[list->count++] = (struct rmv_chunk_list_entry){.id = *id, .size = size};
    list->size += size;
}

bool rmv_chunk_list_equal(const struct rmv_chunk_list *a, const struct rmv_chunk_list *b)
{
    return a->level == b->level && a->count == b->count &&
           (a->count == 0 || memcmp(a->entries, b->entries, a->count * sizeof(a->entries[0])) == 0);
}

bool rmv_chunk_list_is_full(const struct rmv_chunk_list *list)
{
    return list->count >= RMV_CHUNK_LIST_ENTRIES_MAX;
}

void rmv_chunk_list_format(const struct rmv_chunk_list *list, struct rmv_buf *out)
{
    struct rmv_chunk_list_header header = {
        .version = RMV_CHUNK_LIST_VERSION,
        .level = list->level,
        .hash_name = RMV_PACK_HASH_NAME,
        .size = list->size,
        .count = list->count,
    };
    memcpy(header.magic, "rmv-list", sizeof(header.magic));
    rmv_buf_append(out, &header, sizeof(header));
    if (list->count > 0)
        rmv_buf_append(out, list->entries, list->count * sizeof(*list->entries));
}

static const struct rmv_error *check_header(const struct rmv_chunk_list_header *header, size_t size)
{
    if (memcmp(header->magic, "rmv-list", sizeof(header->magic)) != 0)
        return rmv_error(RMV_ERR_CORRUPT, "the chunk list does not start as one does");
    if (header->version > RMV_CHUNK_LIST_VERSION)
        return rmv_error(RMV_ERR_UNSUPPORTED,
                         "the chunk list has format version %u, this program reads up to %u",
                         header->version, RMV_CHUNK_LIST_VERSION);
    if (header->version == 0 || header->level > LEVEL_MAX ||
        !rmv_pack_is_hash_name(header->hash_name))
        return rmv_error(RMV_ERR_CORRUPT, "the chunk list has a wrong header");
    if (header->count > RMV_CHUNK_LIST_ENTRIES_MAX ||
        size != sizeof(*header) + header->count * sizeof(struct rmv_chunk_list_entry))
        return rmv_error(RMV_ERR_CORRUPT, "the chunk list has a wrong size");
    return NULL;
}

const struct rmv_error *rmv_chunk_list_parse(const void *bytes, size_t size,
                                             struct rmv_chunk_list *list)
{
    struct rmv_chunk_list_header header;
    if (size < sizeof(header))
        return rmv_error(RMV_ERR_CORRUPT, "the chunk list is too short");
    memcpy(&header, bytes, sizeof(header));
    const struct rmv_error *err = check_header(&header, size);
    if (err)
        return err;

    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list parsed = {.level = header.level};
    const char *at = (const char *)bytes + sizeof(header);
    for (uint64_t i = 0; i < header.count; i++, at += sizeof(struct rmv_chunk_list_entry)) {
        struct rmv_chunk_list_entry entry;
        memcpy(&entry, at, sizeof(entry));
        if (entry.size == 0 || entry.size > header.size - parsed.size)
            return rmv_error(RMV_ERR_CORRUPT, "the sizes in the chunk list contradict each other");
        rmv_chunk_list_add(&parsed, &entry.id, entry.size);
    }
    if (parsed.size != header.size)
        return rmv_error(RMV_ERR_CORRUPT, "the sizes in the chunk list contradict each other");
    *list = parsed;
    parsed = (struct rmv_chunk_list){0};
    return NULL;
}
