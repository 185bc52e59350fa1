#include "store/salvage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/delta_read.h"
#include "store/frame.h"
#include "store/journal.h"
#include "store/loose_writer.h"
#include "store/pack_writer.h"
#include "store/store_internal.h"
#include "store/temporary.h"

/* An abandoned pack: what the journal claims, and a reader to find out whether it is so. */
struct salvage {
    struct rmv_store *store;
    struct rmv_vfs_file file;
    struct rmv_pack_footer claimed;
    struct rmv_pack_writer writer; /* goes on from what proved right */
    struct rmv_frame_decoder decoder;
    struct rmv_buf content;
};

static void salvage_free(struct salvage *salvage)
{
    rmv_temporary_discard(&salvage->file);
    rmv_pack_writer_discard(&salvage->writer);
    rmv_pack_footer_free(&salvage->claimed);
    rmv_frame_decoder_free(&salvage->decoder);
    rmv_buf_free(&salvage->content);
}

static const struct rmv_error *decode_frame(struct salvage *salvage, uint32_t content_size,
                                            unsigned depth)
{
    struct rmv_delta_reading reading = {.store = salvage->store, .is_careful = true};
    if (salvage->writer.kind == RMV_PACK_KIND_DELTA)
        return rmv_delta_decode(&reading, depth, &salvage->decoder, &salvage->content,
                                content_size);
    return rmv_frame_decode(&salvage->decoder, salvage->content.data, content_size);
}

/* Loads a frame at `offset` of the pack. */
static bool load_frame(struct salvage *salvage, const struct rmv_pack_frame *frame, uint64_t offset,
                       unsigned depth)
{
    struct rmv_buf *stored = &salvage->decoder.stored;
    const bool is_delta = salvage->writer.kind == RMV_PACK_KIND_DELTA;
    if (frame->stored_size > (is_delta ? RMV_DELTA_STORED_MAX : RMV_FRAME_STORED_MAX) ||
        frame->content_size > (is_delta ? RMV_DELTA_CONTENT_MAX : RMV_FRAME_CONTENT_MAX))
        return false;
    stored->size = 0;
    salvage->content.size = 0;
    rmv_buf_reserve(stored, frame->stored_size);
    rmv_buf_reserve(&salvage->content, frame->content_size);
    if (rmv_vfs_read(&salvage->file, offset, stored->data, frame->stored_size))
        return false;
    stored->size = frame->stored_size;
    return rmv_frame_checksum(stored->data, stored->size) == frame->checksum &&
           !decode_frame(salvage, frame->content_size, depth);
}

/* Is the record true of the frame that is loaded? Chunk lists are not taken over: the chunks that
 * they name may be lost. */
static bool is_right(const struct salvage *salvage, const struct rmv_pack_record *record,
                     const struct rmv_pack_frame *frame)
{
    const bool is_delta = salvage->writer.kind == RMV_PACK_KIND_DELTA;
    if (record->representation != RMV_REPRESENTATION_WHOLE || is_delta != (record->depth > 0) ||
        record->depth > RMV_DELTA_DEPTH_MAX || record->reserved != 0 ||
        (uint64_t)record->offset + record->size > frame->content_size ||
        (is_delta && record->size != frame->content_size))
        return false;
    const struct rmv_object_id id =
        rmv_object_id_of(salvage->content.data + record->offset, record->size);
    return rmv_object_id_equal(&id, &record->id);
}

/* Takes frames over into the writer up to the first that is not as the journal says. */
static void take_frames(struct salvage *salvage)
{
    struct rmv_pack_footer *claimed = &salvage->claimed;
    struct rmv_pack_footer *right = &salvage->writer.footer;
    right->kind = salvage->writer.kind;
    right->frames = rmv_calloc(claimed->frames_count + 1, sizeof(*right->frames));
    right->records = rmv_calloc(claimed->records_count + 1, sizeof(*right->records));
    salvage->writer.size = sizeof(struct rmv_pack_header);

    size_t record = 0;
    for (size_t i = 0; i < claimed->frames_count; i++) {
        const struct rmv_pack_frame *frame = &claimed->frames[i];
        const bool has_record =
            record < claimed->records_count && claimed->records[record].frame == i;
        if (!load_frame(salvage, frame, salvage->writer.size,
                        has_record ? claimed->records[record].depth : 0))
            return;
        for (; record < claimed->records_count && claimed->records[record].frame == i; record++)
            if (is_right(salvage, &claimed->records[record], frame))
                right->records[right->records_count++] = claimed->records[record];
        right->frames[right->frames_count++] = *frame;
        salvage->writer.size += frame->stored_size;
    }
}

/* Publishes what was taken over. */
static const struct rmv_error *publish(struct salvage *salvage)
{
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    const struct rmv_pack_header header = rmv_pack_make_header(salvage->writer.kind);
    const struct rmv_error *err = rmv_vfs_truncate(&salvage->file, salvage->writer.size);
    if (!err)
        err = rmv_vfs_write(&salvage->file, 0, &header, sizeof(header));
    if (err)
        return err;
    salvage->writer.file = salvage->file;
    salvage->file = (struct rmv_vfs_file)RMV_VFS_FILE_EMPTY;
    err = rmv_pack_writer_finish(&salvage->writer, &footer);
    return err ? err : rmv_index_add(&salvage->store->index, &footer, 1);
}

/* A power cut amid a renaming may have left both names of a pack on some filesystems. It is
 * published then, and must not change. */
static bool is_published(const struct rmv_vfs_file *file)
{
    struct rmv_vfs_stat stat;
    return rmv_vfs_stat_file(file, &stat) || stat.links_count > 1;
}

static const struct rmv_error *salvage_pack(struct rmv_store *store, const char *path,
                                            uint32_t kind)
{
    RMV_CLEANUP(rmv_str_free) char *journal_path = rmv_str_format("%s" RMV_JOURNAL_SUFFIX, path);
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file journal = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(salvage_free) struct salvage salvage = {.store = store, .file = RMV_VFS_FILE_EMPTY};
    rmv_pack_writer_init(&salvage.writer, store, false);
    salvage.writer.kind = kind;

    if (rmv_temporary_adopt(store->vfs, path, &salvage.file))
        return NULL; /* its owner lives, or somebody else was faster */
    if (is_published(&salvage.file) || rmv_vfs_open(store->vfs, journal_path, O_RDONLY, &journal) ||
        rmv_journal_read(&journal, &salvage.claimed))
        return NULL;
    take_frames(&salvage);
    return salvage.writer.footer.records_count > 0 ? publish(&salvage) : NULL;
}

static bool has_suffix(const char *name, const char *suffix)
{
    const size_t size = strlen(name);
    return size >= strlen(suffix) && strcmp(name + size - strlen(suffix), suffix) == 0;
}

static void remove_abandoned(struct rmv_store *store, const char *path)
{
    struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    if (!rmv_temporary_adopt(store->vfs, path, &file))
        rmv_temporary_discard(&file);
}

/* A journal goes when its pack is gone: the pack is created first and published first. */
static void remove_orphan(struct rmv_store *store, const char *path)
{
    RMV_CLEANUP(rmv_str_free)
    char *pack = rmv_str_copy_n(path, strlen(path) - strlen(RMV_JOURNAL_SUFFIX));
    struct rmv_vfs_stat stat;
    if (store->vfs->stat(store->vfs->state, pack, &stat) < 0)
        store->vfs->unlink(store->vfs->state, path);
}

/* It may be the user's own file under a second name: it is not touched, only let go. The file that
 * marks it as in use sorts before it, so one that was abandoned is gone by now. */
static void remove_staged(struct rmv_store *store, const char *path)
{
    if (rmv_loose_is_abandoned(store->vfs, path))
        store->vfs->unlink(store->vfs->state, path);
}

const struct rmv_error *rmv_salvage(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_str_format("%s/" RMV_TEMPORARY_FOLDER, store->root);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vfs_list(store->vfs, folder, &names);

    /* The names are sorted, so a pack is dealt with before its journal. */
    for (size_t i = 0; i < names.count && !err; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, names.items[i]);
        if (has_suffix(path, RMV_JOURNAL_SUFFIX))
            remove_orphan(store, path);
        else if (rmv_loose_is_staged(path))
            remove_staged(store, path);
        else if (strncmp(names.items[i], RMV_PACK_TEMPORARY "-", 5) == 0)
            err = salvage_pack(store, path, RMV_PACK_KIND_PLAIN);
        else if (strncmp(names.items[i], RMV_DELTA_TEMPORARY "-", 6) == 0)
            err = salvage_pack(store, path, RMV_PACK_KIND_DELTA);
        else
            remove_abandoned(store, path);
    }
    return err;
}
