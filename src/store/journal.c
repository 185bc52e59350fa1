#include "store/journal.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "store/frame.h"

#define MAGIC "rmv-jrnl"

const struct rmv_error *rmv_journal_append(const struct rmv_vfs_file *file, uint64_t *offset,
                                           const struct rmv_pack_footer *part)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf block = {0};
    struct rmv_journal_head head = {
        .frames_count = (uint32_t)part->frames_count,
        .records_count = (uint32_t)part->records_count,
    };
    memcpy(head.magic, MAGIC, sizeof(head.magic));
    rmv_buf_append(&block, &head, sizeof(head));
    rmv_buf_append(&block, part->frames, part->frames_count * sizeof(*part->frames));
    rmv_buf_append(&block, part->records, part->records_count * sizeof(*part->records));
    head.checksum = rmv_frame_checksum(block.data + sizeof(head), block.size - sizeof(head));
    memcpy(block.data, &head, sizeof(head));

    const struct rmv_error *err = rmv_vfs_write(file, *offset, block.data, block.size);
    if (!err)
        *offset += block.size;
    return err;
}

/* Adds `size` bytes of elements to an array. */
static void *extend(void *array, size_t count, size_t added, const char *from, size_t element_size)
{
    char *grown = rmv_realloc(array, (count + added + 1) * element_size);
    memcpy(grown + count * element_size, from, added * element_size);
    return grown;
}

/* Takes one block; 0 if there is none that is whole. Returns its size. */
static size_t take_block(const char *bytes, size_t size, struct rmv_pack_footer *footer)
{
    struct rmv_journal_head head;
    if (size < sizeof(head))
        return 0;
    memcpy(&head, bytes, sizeof(head));
    const uint64_t frames_size = (uint64_t)head.frames_count * sizeof(*footer->frames);
    const uint64_t records_size = (uint64_t)head.records_count * sizeof(*footer->records);
    if (memcmp(head.magic, MAGIC, sizeof(head.magic)) != 0 ||
        frames_size + records_size > size - sizeof(head))
        return 0;
    const char *at = bytes + sizeof(head);
    if (rmv_frame_checksum(at, frames_size + records_size) != head.checksum)
        return 0;

    footer->frames = extend(footer->frames, footer->frames_count, head.frames_count, at,
                            sizeof(*footer->frames));
    footer->records = extend(footer->records, footer->records_count, head.records_count,
                             at + frames_size, sizeof(*footer->records));
    footer->frames_count += head.frames_count;
    footer->records_count += head.records_count;
    return sizeof(head) + frames_size + records_size;
}

const struct rmv_error *rmv_journal_read(const struct rmv_vfs_file *file,
                                         struct rmv_pack_footer *footer)
{
    struct rmv_vfs_stat stat;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    const struct rmv_error *err = rmv_vfs_stat_file(file, &stat);
    if (err)
        return err;
    if (stat.size > RMV_PACK_BODY_MAX)
        return rmv_error(RMV_ERR_LIMIT, "'%s' is longer than a journal may be", file->path);
    rmv_buf_reserve(&bytes, stat.size);
    err = rmv_vfs_read(file, 0, bytes.data, stat.size);
    if (err)
        return err;

    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer read = {0};
    size_t at = 0;
    for (size_t taken = 1; taken > 0; at += taken)
        taken = take_block(bytes.data + at, stat.size - at, &read);
    *footer = read;
    read = (struct rmv_pack_footer){0};
    return NULL;
}
