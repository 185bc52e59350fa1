/* Writing packs anew: without what nobody needs, and small ones together. */
#include "store/gc_packs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/frame.h"
#include "store/pack_writer.h"

#define MERGED_BYTES_MAX ((uint64_t)32 << 20)
#define MERGED_COUNT_MIN 8
#define MERGE_RATIO 2

void rmv_gc_opened_free(struct rmv_gc_opened *opened)
{
    rmv_vfs_close(&opened->file);
    rmv_pack_footer_free(&opened->footer);
    free(opened->is_live_frame);
}

const struct rmv_error *rmv_gc_open_pack(struct rmv_store_gc *gc, struct rmv_gc_pack *pack,
                                         struct rmv_gc_opened *opened)
{
    const struct rmv_error *err =
        rmv_vfs_open(gc->store->vfs, pack->pack->path, O_RDONLY, &opened->file);
    if (!err)
        err = rmv_pack_read_footer(&opened->file, &opened->footer);
    if (!err && !rmv_object_id_equal(&opened->footer.name, &pack->pack->name))
        err = rmv_error(RMV_ERR_CORRUPT, "pack '%s' has another pack's name", pack->pack->path);
    return err;
}

void rmv_gc_count_live(struct rmv_store_gc *gc, struct rmv_gc_pack *pack,
                       struct rmv_gc_opened *opened)
{
    const struct rmv_pack_footer *footer = &opened->footer;

    opened->is_live_frame = rmv_calloc(footer->frames_count + 1, sizeof(bool));
    pack->live_count = pack->dead_count = pack->dead_bytes = 0;
    for (size_t i = 0; i < footer->records_count; i++) {
        const struct rmv_pack_record *record = &footer->records[i];
        if (rmv_id_set_has(&gc->live, &record->id, record->representation)) {
            opened->is_live_frame[record->frame] = true;
            pack->live_count++;
        } else {
            pack->dead_count++;
        }
    }
    for (size_t i = 0; i < footer->frames_count; i++)
        if (!opened->is_live_frame[i])
            pack->dead_bytes += footer->frames[i].stored_size;
}

/* ---- Rewriting ------------------------------------------------------------------------------- */

static int by_frame(const void *a, const void *b)
{
    const struct rmv_pack_record *left = a;
    const struct rmv_pack_record *right = b;
    return (left->frame > right->frame) - (left->frame < right->frame);
}

/* Moves the records that are live to the front, in the order of frames, but for those that have
 * been copied from another pack. */
static void select_live(struct rmv_store_gc *gc, struct rmv_gc_opened *opened,
                        struct rmv_id_set *copied)
{
    struct rmv_pack_footer *footer = &opened->footer;
    size_t count = 0;
    memset(opened->is_live_frame, 0, footer->frames_count * sizeof(bool));
    for (size_t i = 0; i < footer->records_count; i++) {
        const struct rmv_pack_record *record = &footer->records[i];
        if (!rmv_id_set_has(&gc->live, &record->id, record->representation) ||
            rmv_id_set_has(copied, &record->id, record->representation))
            continue;
        /* Of two deltas for one object the one of less depth is needed, whichever comes first. */
        if (record->depth == 0)
            rmv_id_set_add(copied, &record->id, record->representation);
        opened->is_live_frame[record->frame] = true;
        footer->records[count++] = *record;
    }
    footer->records_count = count;
    if (count > 1)
        qsort(footer->records, count, sizeof(footer->records[0]), by_frame);
}

static const struct rmv_error *copy_frame(struct rmv_gc_opened *opened, size_t at,
                                          struct rmv_buf *stored, struct rmv_pack_writer *writer)
{
    struct rmv_pack_footer *footer = &opened->footer;
    const struct rmv_pack_frame *frame = &footer->frames[at];
    size_t first = 0;
    size_t end = footer->records_count;

    while (first < end) { /* the first record that is not of an earlier frame */
        const size_t middle = first + (end - first) / 2;
        if (footer->records[middle].frame < at)
            first = middle + 1;
        else
            end = middle;
    }
    while (end < footer->records_count && footer->records[end].frame == at)
        end++;
    stored->size = 0;
    rmv_buf_reserve(stored, frame->stored_size);
    const struct rmv_error *err =
        rmv_vfs_read(&opened->file, footer->frame_offsets[at], stored->data, frame->stored_size);
    if (!err && rmv_frame_checksum(stored->data, frame->stored_size) != frame->checksum)
        err = rmv_error_hint(rmv_error(RMV_ERR_CORRUPT,
                                       "pack '%s': a frame does not match its checksum",
                                       opened->file.path),
                             "`rmv fsck` names what is hit");
    if (err)
        return err;
    const struct rmv_frame_parts parts = {
        .items = {{.iov_base = stored->data, .iov_len = frame->stored_size}}, .count = 1};
    return rmv_pack_writer_append(writer, frame, &parts, footer->records + first, end - first);
}

/* Packs being written, and what is in them already. */
struct output {
    struct rmv_pack_writer writer;
    struct rmv_id_set copied;
};

static void output_init(struct output *output, struct rmv_store_gc *gc, uint32_t kind)
{
    output->copied = (struct rmv_id_set){0};
    rmv_pack_writer_init(&output->writer, gc->store, false);
    output->writer.kind = kind;
}

static void output_free(struct output *output)
{
    rmv_pack_writer_discard(&output->writer);
    rmv_id_set_free(&output->copied);
}

static const struct rmv_error *finish(struct rmv_store_gc *gc, struct output *output,
                                      struct rmv_strings *written)
{
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    const struct rmv_error *err = rmv_pack_writer_finish(&output->writer, &footer);
    if (err || footer.frames_count == 0)
        return err;
    rmv_strings_take(written, rmv_pack_file_name(&footer.name));
    return rmv_index_add(&gc->store->index, &footer, 1);
}

/* Copies what is live in a pack. The result is the same however often this is tried. */
static const struct rmv_error *copy_live(struct rmv_store_gc *gc, struct rmv_gc_pack *pack,
                                         struct output *output, struct rmv_strings *written)
{
    RMV_CLEANUP(rmv_gc_opened_free) struct rmv_gc_opened opened = {.file = RMV_VFS_FILE_EMPTY};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf stored = {0};

    const struct rmv_error *err = rmv_gc_open_pack(gc, pack, &opened);
    if (err)
        return err;
    rmv_gc_count_live(gc, pack, &opened);
    select_live(gc, &opened, &output->copied);
    for (size_t i = 0; !err && i < opened.footer.frames_count; i++) {
        if (!opened.is_live_frame[i])
            continue;
        err = copy_frame(&opened, i, &stored, &output->writer);
        if (!err && rmv_pack_writer_is_full(&output->writer, gc->store->pack_size_max))
            err = finish(gc, output, written);
    }
    return err;
}

static const struct rmv_error *rewrite(struct rmv_store_gc *gc, struct rmv_gc_pack *pack,
                                       struct rmv_strings *written)
{
    RMV_CLEANUP(output_free) struct output output;
    output_init(&output, gc, pack->kind);
    const struct rmv_error *err = copy_live(gc, pack, &output, written);
    return err ? err : finish(gc, &output, written);
}

/* A damaged pack is no reason not to collect garbage: all of them stay as they are. */
static void give_up_merging(struct rmv_store_gc *gc, uint32_t kind, const struct rmv_error *err)
{
    rmv_log_write(gc->store->log, RMV_LOG_WARNING, "small packs stay as they are: %s",
                  err->message);
    for (size_t i = 0; i < gc->count; i++)
        if (gc->packs[i].fate == RMV_FATE_MERGE && gc->packs[i].kind == kind)
            gc->packs[i].fate = RMV_FATE_KEEP;
}

static const struct rmv_error *merge(struct rmv_store_gc *gc, uint32_t kind,
                                     struct rmv_strings *written)
{
    RMV_CLEANUP(output_free) struct output output;
    const struct rmv_error *err = NULL;
    output_init(&output, gc, kind);
    for (size_t i = 0; !err && i < gc->count; i++)
        if (gc->packs[i].fate == RMV_FATE_MERGE && gc->packs[i].kind == kind)
            err = copy_live(gc, &gc->packs[i], &output, written);
    if (!err)
        return finish(gc, &output, written);
    if (err->code != RMV_ERR_CORRUPT)
        return err;
    give_up_merging(gc, kind, err);
    return NULL;
}

const struct rmv_error *rmv_gc_rewrite(struct rmv_store_gc *gc, struct rmv_strings *written)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < gc->count; i++)
        if (gc->packs[i].fate == RMV_FATE_REWRITE)
            err = rewrite(gc, &gc->packs[i], written);
    for (uint32_t kind = 0; !err && kind < RMV_PACK_KINDS_COUNT; kind++)
        err = merge(gc, kind, written);
    return err;
}

/* ---- Merging --------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    const struct rmv_gc_pack *left = *(struct rmv_gc_pack *const *)a;
    const struct rmv_gc_pack *right = *(struct rmv_gc_pack *const *)b;
    if (left->size != right->size)
        return left->size < right->size ? -1 : 1;
    return rmv_object_id_compare(&left->pack->name, &right->pack->name);
}

/* A young pack with something in it that nobody uses yet is left alone: it would become younger. */
static bool is_mergeable(const struct rmv_gc_pack *pack, uint32_t kind)
{
    return pack->fate == RMV_FATE_KEEP && pack->kind == kind && !pack->is_damaged &&
           pack->size <= MERGED_BYTES_MAX && (!pack->is_young || pack->dead_count == 0);
}

static void choose_merges(struct rmv_store_gc *gc, struct rmv_gc_pack **small, uint32_t kind)
{
    size_t count = 0;
    size_t end = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < gc->count; i++)
        if (is_mergeable(&gc->packs[i], kind))
            small[count++] = &gc->packs[i];
    if (count > 1)
        qsort(small, count, sizeof(struct rmv_gc_pack *), by_size);
    for (size_t i = 0; i < count; i++) {
        if (small[i]->size <= MERGE_RATIO * sum)
            end = i + 1;
        sum += small[i]->size;
    }
    for (size_t i = 0; end >= MERGED_COUNT_MIN && i < end; i++)
        small[i]->fate = RMV_FATE_MERGE;
}

void rmv_gc_choose_merges(struct rmv_store_gc *gc)
{
    struct rmv_gc_pack **small = rmv_calloc(gc->count + 1, sizeof(struct rmv_gc_pack *));
    for (uint32_t kind = 0; kind < RMV_PACK_KINDS_COUNT; kind++)
        choose_merges(gc, small, kind);
    free(small);
}
