#include "store/segment.h"

#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/frame.h"

void rmv_segment_close(struct rmv_segment **segment)
{
    struct rmv_segment *closing = *segment;
    if (!closing)
        return;
    if (!closing->path)
        free(closing->bytes);
    else if (closing->bytes)
        closing->vfs->unmap(closing->vfs->state, closing->bytes, closing->bytes_size);
    rmv_str_free(&closing->path);
    free(closing->packs);
    free(closing);
    *segment = NULL;
}

static const struct rmv_error *damaged(const struct rmv_segment *segment, const char *what)
{
    return rmv_error(RMV_ERR_CORRUPT, "index '%s' is damaged: %s",
                     segment->path ? segment->path : "(memory)", what);
}

static uint64_t head_checksum_of(const struct rmv_segment *segment)
{
    struct rmv_segment_header header;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf head = {0};
    memcpy(&header, segment->bytes, sizeof(header));
    header.head_checksum = 0;
    rmv_buf_append(&head, &header, sizeof(header));
    rmv_buf_append(&head, (const char *)segment->bytes + sizeof(header),
                   header.packs_count * sizeof(struct rmv_object_id));
    return rmv_frame_checksum(head.data, head.size);
}

static const struct rmv_error *check_header(const struct rmv_segment *segment,
                                            const struct rmv_segment_header *header)
{
    if (memcmp(header->magic, "rmv-indx", sizeof(header->magic)) != 0)
        return damaged(segment, "it does not start as an index does");
    if (header->version == 0 || header->version > RMV_SEGMENT_VERSION)
        return rmv_error(
            RMV_ERR_UNSUPPORTED, "index '%s' has format version %u, this program reads up to %u",
            segment->path ? segment->path : "(memory)", header->version, RMV_SEGMENT_VERSION);
    if (header->entry_size != sizeof(struct rmv_segment_entry) ||
        !rmv_pack_is_hash_name(header->hash_name) ||
        (header->fanout_bits != 8 && header->fanout_bits != 16) ||
        header->entries_count > UINT32_MAX || header->file_size != segment->bytes_size)
        return damaged(segment, "wrong header");

    const uint64_t size = sizeof(*header) +
                          (uint64_t)header->packs_count * sizeof(struct rmv_object_id) +
                          header->entries_count * sizeof(struct rmv_segment_entry) +
                          ((uint64_t)1 << header->fanout_bits) * sizeof(uint32_t);
    if (size != header->file_size)
        return damaged(segment, "its sizes contradict each other");
    if (head_checksum_of(segment) != header->head_checksum)
        return damaged(segment, "its head does not match its checksum");
    return NULL;
}

static const struct rmv_error *parse(struct rmv_segment *segment)
{
    struct rmv_segment_header header;
    if (segment->bytes_size < sizeof(header))
        return damaged(segment, "it is too short");
    memcpy(&header, segment->bytes, sizeof(header));
    const struct rmv_error *err = check_header(segment, &header);
    if (err)
        return err;

    const char *at = (const char *)segment->bytes + sizeof(header);
    segment->packs_count = header.packs_count;
    segment->entries_count = header.entries_count;
    segment->fanout_bits = header.fanout_bits;
    segment->pack_names = (const void *)at;
    at += segment->packs_count * sizeof(*segment->pack_names);
    segment->entries = (const void *)at;
    at += segment->entries_count * sizeof(*segment->entries);
    segment->fanout = (const void *)at;
    segment->packs = rmv_calloc(segment->packs_count + 1, sizeof(struct rmv_pack *));
    return NULL;
}

const struct rmv_error *rmv_segment_open(const struct rmv_vfs *vfs, const char *path,
                                         struct rmv_segment **segment)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_segment_close) struct rmv_segment *opened = rmv_calloc(1, sizeof(*opened));
    struct rmv_vfs_stat stat;

    opened->vfs = vfs;
    opened->path = rmv_str_copy(path);
    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDONLY, &file);
    if (!err)
        err = rmv_vfs_stat_file(&file, &stat);
    if (!err && stat.size < sizeof(struct rmv_segment_header))
        err = damaged(opened, "it is too short");
    if (!err)
        err = rmv_vfs_map(&file, stat.size, &opened->bytes);
    if (err)
        return err;
    opened->bytes_size = stat.size;
    err = parse(opened);
    if (err)
        return err;
    *segment = opened;
    opened = NULL;
    return NULL;
}

const struct rmv_error *rmv_segment_open_bytes(const struct rmv_vfs *vfs, struct rmv_buf *bytes,
                                               struct rmv_segment **segment)
{
    RMV_CLEANUP(rmv_segment_close) struct rmv_segment *opened = rmv_calloc(1, sizeof(*opened));
    opened->vfs = vfs;
    opened->bytes_size = bytes->size;
    opened->bytes = rmv_buf_take(bytes);
    const struct rmv_error *err = parse(opened);
    if (err)
        return err;
    *segment = opened;
    opened = NULL;
    return NULL;
}

/* What the fan-out is asked for. */
static size_t key_of(const struct rmv_segment *segment, const struct rmv_object_id *id)
{
    const size_t first = id->sha256[0];
    return segment->fanout_bits == 16 ? first << 8 | id->sha256[1] : first;
}

/* Are the entries in order, of packs that are named, and where the fan-out says? A checksum does
 * not tell: whoever wrote the segment may have had it wrong. */
static bool is_in_order(const struct rmv_segment *segment)
{
    size_t at = 0;
    for (size_t i = 1; i < segment->entries_count; i++)
        if (rmv_segment_entry_compare(&segment->entries[i - 1], &segment->entries[i]) > 0)
            return false;
    for (size_t key = 0; key < (size_t)1 << segment->fanout_bits; key++) {
        for (; at < segment->entries_count && key_of(segment, &segment->entries[at].id) == key;
             at++)
            if (segment->entries[at].pack >= segment->packs_count)
                return false;
        if (segment->fanout[key] != at)
            return false;
    }
    return at == segment->entries_count;
}

bool rmv_segment_is_intact(const struct rmv_segment *segment)
{
    struct rmv_segment_header header;
    memcpy(&header, segment->bytes, sizeof(header));
    const char *body = (const char *)segment->entries;
    const size_t size = segment->bytes_size - (size_t)(body - (const char *)segment->bytes);
    return rmv_frame_checksum(body, size) == header.body_checksum && is_in_order(segment);
}

/* Entries among which the first that is not before an id is, or that just after them. */
struct range {
    size_t low;
    size_t high; /* the first one that is known not to be before the id, or the end */
};

static bool is_before(const struct rmv_segment *segment, size_t at, const struct rmv_object_id *id)
{
    return rmv_object_id_compare(&segment->entries[at].id, id) < 0;
}

/* What the fan-out says; false if it is damaged, which is as good as not found. */
static bool look_up(const struct rmv_segment *segment, const struct rmv_object_id *id,
                    struct range *range)
{
    const size_t key = key_of(segment, id);
    range->low = key > 0 ? segment->fanout[key - 1] : 0;
    range->high = segment->fanout[key];
    return range->high <= segment->entries_count && range->low <= range->high;
}

/* Where the id is likely to be, as ids are spread evenly: an entry that is not in the processor's
 * cache costs more than the search. */
static size_t guess(const struct rmv_segment *segment, const struct rmv_object_id *id,
                    const struct range *range)
{
    uint32_t rest;
    memcpy(&rest, id->sha256 + segment->fanout_bits / 8, sizeof(rest));
    return range->low + (size_t)((uint64_t)be32toh(rest) * (range->high - range->low) >> 32);
}

/* Looks there, and around there in growing steps. */
static void narrow(const struct rmv_segment *segment, const struct rmv_object_id *id,
                   struct range *range)
{
    const size_t at = guess(segment, id, range);
    size_t step = 1;
    if (is_before(segment, at, id)) {
        for (range->low = at + 1; step < range->high - range->low; step *= 2) {
            if (!is_before(segment, range->low + step - 1, id)) {
                range->high = range->low + step - 1;
                return;
            }
            range->low += step;
        }
        return;
    }
    for (range->high = at; step < range->high - range->low; step *= 2) {
        if (is_before(segment, range->high - step, id)) {
            range->low = range->high - step + 1;
            return;
        }
        range->high -= step;
    }
}

size_t rmv_segment_find(const struct rmv_segment *segment, const struct rmv_object_id *id)
{
    struct range range;
    if (!look_up(segment, id, &range))
        return segment->entries_count;
    if (range.low < range.high)
        narrow(segment, id, &range);
    while (range.low < range.high) {
        const size_t middle = range.low + (range.high - range.low) / 2;
        if (is_before(segment, middle, id))
            range.low = middle + 1;
        else
            range.high = middle;
    }
    return range.low;
}

void rmv_segment_prefetch(const struct rmv_segment *segment, const struct rmv_object_id *id)
{
    struct range range;
    if (look_up(segment, id, &range))
        __builtin_prefetch(segment->entries + guess(segment, id, &range));
}

int rmv_segment_entry_compare(const struct rmv_segment_entry *a, const struct rmv_segment_entry *b)
{
    const int order = rmv_object_id_compare(&a->id, &b->id);
    return order ? order : a->representation - b->representation;
}
