#include "store/base_list.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

#define SLOT_IS_AMBIGUOUS ((uint32_t)1 << 31) /* the id is there more than once */

static void free_part(struct rmv_base_part *part)
{
    rmv_chunk_list_free(&part->chunks);
    free(part->offsets);
    free(part->slots);
    *part = (struct rmv_base_part){0};
}

void rmv_base_list_free(struct rmv_base_list *list)
{
    rmv_chunk_list_free(&list->parts);
    for (size_t i = 0; i < 2; i++)
        free_part(&list->loaded[i]);
    *list = (struct rmv_base_list){0};
}

/* ---- Parts ----------------------------------------------------------------------------------- */

/* The slot of an id, or the free one where it belongs. Ids are as good as random. */
static size_t slot_of(const struct rmv_base_part *part, const struct rmv_object_id *id)
{
    uint64_t hash;
    memcpy(&hash, id->sha256, sizeof(hash));
    size_t slot = hash & (part->slots_count - 1);
    while (part->slots[slot] != 0) {
        const size_t i = (part->slots[slot] & ~SLOT_IS_AMBIGUOUS) - 1;
        if (rmv_object_id_equal(&part->chunks.entries[i].id, id))
            break;
        slot = (slot + 1) & (part->slots_count - 1);
    }
    return slot;
}

/* Makes a part ready whose chunks and start are set. */
static void prepare(struct rmv_base_part *part)
{
    const struct rmv_chunk_list *chunks = &part->chunks;
    part->slots_count = 1;
    while (part->slots_count < 2 * (chunks->count + 1))
        part->slots_count *= 2;
    part->slots = rmv_calloc(part->slots_count, sizeof(*part->slots));
    part->offsets = rmv_calloc(chunks->count + 1, sizeof(*part->offsets));

    uint64_t offset = part->start;
    for (size_t i = 0; i < chunks->count; i++) {
        part->offsets[i] = offset;
        offset += chunks->entries[i].size;
        uint32_t *slot = &part->slots[slot_of(part, &chunks->entries[i].id)];
        *slot = *slot == 0 ? (uint32_t)i + 1 : *slot | SLOT_IS_AMBIGUOUS;
    }
    part->offsets[chunks->count] = offset;
}

static bool is_in(const struct rmv_base_part *part, uint64_t offset)
{
    return part->offsets && offset >= part->start && offset < part->offsets[part->chunks.count];
}

/* Loads the part of a list of parts where the place is, instead of the one loaded first. */
static bool load(struct rmv_base_list *list, uint64_t offset)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    struct rmv_base_part part = {0};
    size_t i = 0;

    while (i < list->parts.count && offset >= part.start + list->parts.entries[i].size)
        part.start += list->parts.entries[i++].size;
    if (i == list->parts.count)
        return false;
    if (rmv_store_view(list->store, &list->parts.entries[i].id, RMV_REPRESENTATION_WHOLE, NULL,
                       &view) ||
        rmv_chunk_list_parse(view.bytes, view.size, &part.chunks))
        return false;
    if (part.chunks.level != 0 || part.chunks.size != list->parts.entries[i].size) {
        free_part(&part);
        return false;
    }
    prepare(&part);
    free_part(&list->loaded[1]);
    list->loaded[1] = list->loaded[0];
    list->loaded[0] = part;
    return true;
}

static const struct rmv_base_part *part_at(struct rmv_base_list *list, uint64_t offset)
{
    for (size_t i = 0; i < 2; i++)
        if (is_in(&list->loaded[i], offset))
            return &list->loaded[i];
    return load(list, offset) ? &list->loaded[0] : NULL;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static bool open_list(struct rmv_base_list *list, const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list chunks = {0};
    if (rmv_store_view(list->store, id, RMV_REPRESENTATION_LIST, NULL, &view) ||
        rmv_chunk_list_parse(view.bytes, view.size, &chunks))
        return false;
    list->size = chunks.size;
    if (chunks.level > 0) {
        list->parts = chunks;
    } else {
        list->loaded[0].chunks = chunks;
        prepare(&list->loaded[0]);
    }
    chunks = (struct rmv_chunk_list){0};
    return true;
}

/* An object that is not cut in chunks is one. */
static bool open_whole(struct rmv_base_list *list, const struct rmv_object_id *id)
{
    uint64_t size = 0;
    if (rmv_store_size(list->store, id, &size) || size == 0 || size > RMV_DELTA_CONTENT_MAX)
        return false;
    list->size = size;
    rmv_chunk_list_add(&list->loaded[0].chunks, id, size);
    prepare(&list->loaded[0]);
    return true;
}

static bool is_listed(struct rmv_store *store, const struct rmv_object_id *id)
{
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++)
        if (location.representation == RMV_REPRESENTATION_LIST)
            return true;
    return false;
}

bool rmv_base_list_open(struct rmv_store *store, const struct rmv_object_id *id,
                        struct rmv_base_list *list)
{
    struct rmv_base_list opened = {.store = store};
    if (!(is_listed(store, id) ? open_list(&opened, id) : open_whole(&opened, id))) {
        rmv_base_list_free(&opened);
        return false;
    }
    *list = opened;
    return true;
}

static void describe(const struct rmv_base_part *part, size_t i, struct rmv_base_chunk *chunk)
{
    *chunk = (struct rmv_base_chunk){
        .id = part->chunks.entries[i].id,
        .offset = part->offsets[i],
        .size = part->chunks.entries[i].size,
    };
}

bool rmv_base_list_at(struct rmv_base_list *list, uint64_t offset, struct rmv_base_chunk *chunk)
{
    const struct rmv_base_part *part = part_at(list, offset);
    if (!part)
        return false;
    size_t low = 0;
    size_t high = part->chunks.count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (part->offsets[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    describe(part, low, chunk);
    return true;
}

bool rmv_base_list_find(const struct rmv_base_list *list, const struct rmv_object_id *id,
                        struct rmv_base_chunk *chunk)
{
    for (size_t k = 0; k < 2; k++) {
        const struct rmv_base_part *part = &list->loaded[k];
        const uint32_t slot = part->slots ? part->slots[slot_of(part, id)] : 0;
        if (slot == 0 || (slot & SLOT_IS_AMBIGUOUS))
            continue;
        describe(part, slot - 1, chunk);
        return true;
    }
    return false;
}
