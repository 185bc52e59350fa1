#include "store/pack_writer.h"

#include <fcntl.h>
#include <stdlib.h>

#include "rmv/base/mem.h"
#include "store/journal.h"
#include "store/packs.h"
#include "store/temporary.h"
#include "store/unsynced.h"

void rmv_pack_writer_init(struct rmv_pack_writer *writer, const struct rmv_vfs *vfs,
                          const char *root, bool sync, uint64_t journal_step)
{
    *writer = (struct rmv_pack_writer){.vfs = vfs,
                                       .root = root,
                                       .sync = sync,
                                       .journal_step = journal_step,
                                       .file = RMV_VFS_FILE_EMPTY,
                                       .journal = RMV_VFS_FILE_EMPTY};
}

void rmv_pack_writer_discard(struct rmv_pack_writer *writer)
{
    rmv_temporary_discard(&writer->file);
    rmv_temporary_discard(&writer->journal);
    rmv_pack_footer_free(&writer->footer);
    rmv_pack_writer_init(writer, writer->vfs, writer->root, writer->sync, writer->journal_step);
}

static const struct rmv_error *start_pack(struct rmv_pack_writer *writer)
{
    const struct rmv_error *err =
        rmv_temporary_create(writer->vfs, writer->root, "pack", &writer->file);
    if (!err)
        err = rmv_pack_write_header(&writer->file);
    writer->size = sizeof(struct rmv_pack_header);
    return err;
}

/* Writes down what was appended since the last time. */
static const struct rmv_error *append_journal(struct rmv_pack_writer *writer)
{
    const struct rmv_pack_footer *footer = &writer->footer;
    const struct rmv_pack_footer part = {
        .frames = footer->frames + writer->journaled_frames_count,
        .frames_count = footer->frames_count - writer->journaled_frames_count,
        .records = footer->records + writer->journaled_records_count,
        .records_count = footer->records_count - writer->journaled_records_count,
    };
    if (writer->journal.fd < 0) {
        RMV_CLEANUP(rmv_str_free)
        char *path = rmv_str_format("%s" RMV_JOURNAL_SUFFIX, writer->file.path);
        const struct rmv_error *err =
            rmv_vfs_open(writer->vfs, path, O_RDWR | O_CREAT | O_EXCL, &writer->journal);
        if (err)
            return err;
    }
    const struct rmv_error *err =
        rmv_journal_append(&writer->journal, &writer->journal_size, &part);
    writer->journaled_size = writer->size;
    writer->journaled_frames_count = footer->frames_count;
    writer->journaled_records_count = footer->records_count;
    return err;
}

const struct rmv_error *rmv_pack_writer_append(struct rmv_pack_writer *writer,
                                               const struct rmv_pack_frame *frame,
                                               const void *stored,
                                               const struct rmv_pack_record *records,
                                               size_t records_count)
{
    struct rmv_pack_footer *footer = &writer->footer;
    const struct rmv_error *err = writer->file.fd < 0 ? start_pack(writer) : NULL;
    if (!err)
        err = rmv_vfs_write(&writer->file, writer->size, stored, frame->stored_size);
    if (err)
        return err;
    writer->size += frame->stored_size;

    for (size_t i = 0; i < records_count; i++) {
        footer->records = rmv_grow(footer->records, footer->records_count,
                                   &writer->records_capacity, sizeof(*footer->records));
        footer->records[footer->records_count] = records[i];
        footer->records[footer->records_count++].frame = (uint32_t)footer->frames_count;
    }
    footer->frames = rmv_grow(footer->frames, footer->frames_count, &writer->frames_capacity,
                              sizeof(*footer->frames));
    footer->frames[footer->frames_count++] = *frame;
    return writer->size - writer->journaled_size >= writer->journal_step ? append_journal(writer)
                                                                         : NULL;
}

bool rmv_pack_writer_is_full(const struct rmv_pack_writer *writer, uint64_t size_max)
{
    return writer->size >= size_max || writer->footer.records_count >= RMV_PACK_RECORDS_MAX;
}

/* Sorts the records and drops what two threads stored at the same time. */
static void sort_records(struct rmv_pack_footer *footer)
{
    size_t n = 0;
    qsort(footer->records, footer->records_count, sizeof(*footer->records),
          rmv_pack_record_compare);
    for (size_t i = 0; i < footer->records_count; i++)
        if (n == 0 || rmv_pack_record_compare(&footer->records[n - 1], &footer->records[i]) != 0)
            footer->records[n++] = footer->records[i];
    footer->records_count = n;
}

const struct rmv_error *rmv_pack_writer_finish(struct rmv_pack_writer *writer,
                                               struct rmv_pack_footer *footer)
{
    if (writer->file.fd < 0) {
        *footer = (struct rmv_pack_footer){0};
        return NULL;
    }
    sort_records(&writer->footer);
    const struct rmv_error *err = rmv_pack_write_footer(&writer->file, &writer->footer);
    if (!err && !writer->sync)
        err = rmv_unsynced_mark(writer->vfs, writer->root);
    if (err)
        return err;

    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/" RMV_PACK_FOLDER, writer->root);
    RMV_CLEANUP(rmv_str_free) char *file_name = rmv_pack_file_name(&writer->footer.name);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, file_name);
    err = rmv_temporary_publish(&writer->file, path, writer->sync);
    if (!err && writer->sync)
        err = rmv_vfs_sync_folder(writer->vfs, folder);
    if (err)
        return err;
    rmv_temporary_discard(&writer->journal);
    *footer = writer->footer;
    rmv_pack_writer_init(writer, writer->vfs, writer->root, writer->sync, writer->journal_step);
    return NULL;
}
