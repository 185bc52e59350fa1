#include "store/pack_writer.h"

#include <fcntl.h>
#include <stdlib.h>

#include "rmv/base/mem.h"
#include "store/journal.h"
#include "store/packs.h"
#include "store/store_internal.h"
#include "store/temporary.h"
#include "store/unsynced.h"

#define BUCKETS_COUNT ((size_t)1 << 16)
#define FEW_MAX 16
#define DEALT_OUT_MIN ((size_t)1 << 13) /* records; with fewer, the buckets cost more */

/* Goes on to the next pack. */
static void reset(struct rmv_pack_writer *writer)
{
    writer->file = (struct rmv_vfs_file)RMV_VFS_FILE_EMPTY;
    writer->journal = (struct rmv_vfs_file)RMV_VFS_FILE_EMPTY;
    writer->footer = (struct rmv_pack_footer){0};
    writer->size = writer->journal_size = writer->journaled_size = 0;
    writer->frames_capacity = writer->records_capacity = 0;
    writer->journaled_frames_count = writer->journaled_records_count = 0;
}

void rmv_pack_writer_init(struct rmv_pack_writer *writer, const struct rmv_store *store,
                          bool has_journal)
{
    *writer = (struct rmv_pack_writer){.store = store, .has_journal = has_journal};
    rmv_staging_init(&writer->staging, store->stage_size);
    reset(writer);
}

void rmv_pack_writer_discard(struct rmv_pack_writer *writer)
{
    rmv_staging_free(&writer->staging);
    rmv_temporary_discard(&writer->file);
    rmv_temporary_discard(&writer->journal);
    rmv_pack_footer_free(&writer->footer);
}

/* ---- Appending ------------------------------------------------------------------------------- */

/* Writes down what has come into the file, of which `written` bytes are there, since the last time.
 */
static const struct rmv_error *append_journal(struct rmv_pack_writer *writer, uint64_t written)
{
    const struct rmv_pack_footer *footer = &writer->footer;
    uint64_t size = writer->journaled_size;
    size_t frames_end = writer->journaled_frames_count;
    size_t records_end = writer->journaled_records_count;
    while (frames_end < footer->frames_count &&
           size + footer->frames[frames_end].stored_size <= written)
        size += footer->frames[frames_end++].stored_size;
    while (records_end < footer->records_count && footer->records[records_end].frame < frames_end)
        records_end++;
    if (frames_end == writer->journaled_frames_count)
        return NULL;

    const struct rmv_pack_footer part = {
        .frames = footer->frames + writer->journaled_frames_count,
        .frames_count = frames_end - writer->journaled_frames_count,
        .records = footer->records + writer->journaled_records_count,
        .records_count = records_end - writer->journaled_records_count,
    };
    const struct rmv_error *err = NULL;
    if (writer->journal.fd < 0) {
        RMV_CLEANUP(rmv_str_free)
        char *path = rmv_str_format("%s" RMV_JOURNAL_SUFFIX, writer->file.path);
        err = rmv_vfs_open(writer->store->vfs, path, O_RDWR | O_CREAT | O_EXCL, &writer->journal);
    }
    if (!err)
        err = rmv_journal_append(&writer->journal, &writer->journal_size, &part);
    writer->journaled_size = size;
    writer->journaled_frames_count = frames_end;
    writer->journaled_records_count = records_end;
    return err;
}

static const struct rmv_error *append_bytes(struct rmv_pack_writer *writer, const void *bytes,
                                            size_t size)
{
    const char *from = bytes;
    writer->size += size;
    while (size > 0) {
        const size_t taken = rmv_staging_add(&writer->staging, from, size);
        from += taken;
        size -= taken;
        if (!rmv_staging_is_full(&writer->staging))
            continue;
        uint64_t written = 0;
        const struct rmv_error *err = rmv_staging_flush(&writer->staging, &writer->file, &written);
        if (!err && writer->has_journal)
            err = append_journal(writer, written);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *start_pack(struct rmv_pack_writer *writer)
{
    const struct rmv_pack_header header = rmv_pack_make_header(writer->kind);
    const char *name =
        writer->kind == RMV_PACK_KIND_DELTA ? RMV_DELTA_TEMPORARY : RMV_PACK_TEMPORARY;
    const struct rmv_error *err =
        rmv_temporary_create(writer->store->vfs, writer->store->root, name, &writer->file);
    writer->footer.kind = writer->kind;
    writer->journaled_size = sizeof(header);
    return err ? err : append_bytes(writer, &header, sizeof(header));
}

const struct rmv_error *rmv_pack_writer_append(struct rmv_pack_writer *writer,
                                               const struct rmv_pack_frame *frame,
                                               const struct rmv_frame_parts *parts,
                                               const struct rmv_pack_record *records,
                                               size_t records_count)
{
    struct rmv_pack_footer *footer = &writer->footer;
    const struct rmv_error *err = writer->file.fd < 0 ? start_pack(writer) : NULL;
    for (size_t i = 0; i < parts->count && !err; i++)
        err = append_bytes(writer, parts->items[i].iov_base, parts->items[i].iov_len);
    if (err)
        return err;

    for (size_t i = 0; i < records_count; i++) {
        footer->records = rmv_grow(footer->records, footer->records_count,
                                   &writer->records_capacity, sizeof(*footer->records));
        footer->records[footer->records_count] = records[i];
        footer->records[footer->records_count++].frame = (uint32_t)footer->frames_count;
    }
    footer->frames = rmv_grow(footer->frames, footer->frames_count, &writer->frames_capacity,
                              sizeof(*footer->frames));
    footer->frames[footer->frames_count++] = *frame;
    return NULL;
}

bool rmv_pack_writer_is_full(const struct rmv_pack_writer *writer, uint64_t size_max)
{
    return writer->size >= size_max || writer->footer.records_count >= RMV_PACK_RECORDS_MAX;
}

/* ---- Finishing ------------------------------------------------------------------------------- */

static size_t bucket_of(const struct rmv_pack_record *record)
{
    return (size_t)record->id.sha256[0] << 8 | record->id.sha256[1];
}

/* For the few that are left in a bucket. */
static void sort_few(struct rmv_pack_record *records, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct rmv_pack_record record = records[i];
        size_t at = i;
        for (; at > 0 && rmv_pack_record_compare(&records[at - 1], &record) > 0; at--)
            records[at] = records[at - 1];
        records[at] = record;
    }
}

/* Ids are as good as random: dealt out by their first two bytes, few are left to be compared. Where
 * they are not, somebody has chosen them, or the same was stored many times. */
static void deal_out(struct rmv_pack_footer *footer)
{
    const size_t count = footer->records_count;
    struct rmv_pack_record *sorted = rmv_realloc(NULL, count * sizeof(*sorted));
    uint32_t *ends = rmv_calloc(BUCKETS_COUNT + 1, sizeof(*ends));

    for (size_t i = 0; i < count; i++)
        ends[bucket_of(&footer->records[i]) + 1]++;
    for (size_t i = 1; i <= BUCKETS_COUNT; i++)
        ends[i] += ends[i - 1];
    for (size_t i = 0; i < count; i++)
        sorted[ends[bucket_of(&footer->records[i])]++] = footer->records[i];
    for (size_t i = 0, start = 0; i < BUCKETS_COUNT; start = ends[i++])
        if (ends[i] - start > FEW_MAX)
            qsort(sorted + start, ends[i] - start, sizeof(*sorted), rmv_pack_record_compare);
        else
            sort_few(sorted + start, ends[i] - start);
    free(ends);
    free(footer->records);
    footer->records = sorted;
}

/* Sorts the records and drops what two threads stored at the same time; of deltas the deeper one.
 */
static void sort_records(struct rmv_pack_footer *footer)
{
    size_t n = 0;
    if (footer->records_count >= DEALT_OUT_MIN)
        deal_out(footer);
    else
        qsort(footer->records, footer->records_count, sizeof(*footer->records),
              rmv_pack_record_compare);
    for (size_t i = 0; i < footer->records_count; i++)
        if (n == 0 || rmv_pack_record_compare(&footer->records[n - 1], &footer->records[i]) != 0)
            footer->records[n++] = footer->records[i];
        else if (footer->records[i].depth < footer->records[n - 1].depth)
            footer->records[n - 1] = footer->records[i];
    footer->records_count = n;
}

const struct rmv_error *rmv_pack_writer_finish(struct rmv_pack_writer *writer,
                                               struct rmv_pack_footer *footer)
{
    if (writer->file.fd < 0) {
        *footer = (struct rmv_pack_footer){0};
        return NULL;
    }
    const struct rmv_store *store = writer->store;
    sort_records(&writer->footer);
    const struct rmv_error *err = rmv_staging_finish(&writer->staging, &writer->file);
    if (!err)
        err = rmv_pack_write_footer(&writer->file, &writer->footer);
    if (!err && !store->sync)
        err = rmv_unsynced_mark(store->vfs, store->root);
    if (err)
        return err;

    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/" RMV_PACK_FOLDER, store->root);
    RMV_CLEANUP(rmv_str_free) char *file_name = rmv_pack_file_name(&writer->footer.name);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, file_name);
    err = rmv_temporary_publish(&writer->file, path, store->sync);
    if (!err && store->sync)
        err = rmv_vfs_sync_folder(store->vfs, folder);
    if (err)
        return err;
    rmv_temporary_discard(&writer->journal);
    *footer = writer->footer;
    reset(writer);
    return NULL;
}
