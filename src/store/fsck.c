#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/pool.h"
#include "store/doomed.h"
#include "store/frame.h"
#include "store/fsck_loose.h"
#include "store/loose.h"
#include "store/segment_build.h"
#include "store/store_internal.h"

void rmv_store_fsck_free(struct rmv_store_fsck *report)
{
    for (size_t i = 0; i < report->problems_count; i++) {
        rmv_str_free(&report->problems[i].pack);
        rmv_str_free(&report->problems[i].message);
    }
    free(report->problems);
    *report = (struct rmv_store_fsck){0};
}

/* One check, shared by the threads that do it. */
struct check {
    struct rmv_store *store;
    struct rmv_progress *progress;
    pthread_mutex_t lock; /* of the report */
    struct rmv_store_fsck report;
    struct rmv_damage damage;
    struct rmv_strings packs;     /* file names */
    struct rmv_object_id *listed; /* objects that are chunk lists */
    size_t listed_count;
    size_t listed_capacity;
};

static void check_free(struct check *check)
{
    rmv_store_fsck_free(&check->report);
    rmv_damage_free(&check->damage);
    rmv_strings_free(&check->packs);
    free(check->listed);
    pthread_mutex_destroy(&check->lock);
}

static void add_problem(struct check *check, const char *pack, const struct rmv_object_id *id,
                        const char *message)
{
    static const struct rmv_object_id none;
    struct rmv_store_fsck *report = &check->report;
    pthread_mutex_lock(&check->lock);
    report->problems = rmv_grow(report->problems, report->problems_count,
                                &report->problems_capacity, sizeof(*report->problems));
    report->problems[report->problems_count++] = (struct rmv_store_problem){
        .pack = rmv_str_copy(pack),
        .id = id ? *id : none,
        .message = rmv_str_copy(message),
    };
    pthread_mutex_unlock(&check->lock);
}

/* ---- Packs ----------------------------------------------------------------------------------- */

/* A pack being checked: its records in the order of frames. */
struct pack_check {
    struct check *check;
    const char *file_name;
    struct rmv_object_id name;
    struct rmv_vfs_file file;
    struct rmv_pack_footer footer;
    struct rmv_frame_decoder decoder;
    struct rmv_buf content;
};

static void pack_check_free(struct pack_check *pack)
{
    rmv_vfs_close(&pack->file);
    rmv_pack_footer_free(&pack->footer);
    rmv_frame_decoder_free(&pack->decoder);
    rmv_buf_free(&pack->content);
}

static int by_frame(const void *a, const void *b)
{
    const struct rmv_pack_record *left = a;
    const struct rmv_pack_record *right = b;
    if (left->frame != right->frame)
        return left->frame < right->frame ? -1 : 1;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Reads a frame and decompresses it. Errors: CORRUPT, IO. */
static const struct rmv_error *load_frame(struct pack_check *pack, size_t frame)
{
    const struct rmv_pack_frame *entry = &pack->footer.frames[frame];
    struct rmv_buf *stored = &pack->decoder.stored;
    stored->size = 0;
    pack->content.size = 0;
    rmv_buf_reserve(stored, entry->stored_size);
    rmv_buf_reserve(&pack->content, entry->content_size);
    const struct rmv_error *err = rmv_vfs_read(&pack->file, pack->footer.frame_offsets[frame],
                                               stored->data, entry->stored_size);
    if (err)
        return err;
    stored->size = entry->stored_size;
    if (rmv_frame_checksum(stored->data, stored->size) != entry->checksum)
        return rmv_error(RMV_ERR_CORRUPT, "the frame at byte %llu does not match its checksum",
                         (unsigned long long)pack->footer.frame_offsets[frame]);
    err = rmv_frame_decode(&pack->decoder, pack->content.data, entry->content_size);
    if (!err)
        pack->content.size = entry->content_size;
    return err;
}

static void remember_list(struct check *check, const struct rmv_object_id *id)
{
    pthread_mutex_lock(&check->lock);
    check->listed = rmv_grow(check->listed, check->listed_count, &check->listed_capacity,
                             sizeof(*check->listed));
    check->listed[check->listed_count++] = *id;
    pthread_mutex_unlock(&check->lock);
}

/* `id` NULL: everything in the pack. */
static void note_damage(struct check *check, const struct rmv_object_id *pack,
                        const struct rmv_object_id *id)
{
    pthread_mutex_lock(&check->lock);
    rmv_damage_add(&check->damage, pack, id);
    pthread_mutex_unlock(&check->lock);
}

/* A list is followed later, wherever it is found intact. */
static void add_damaged(struct pack_check *pack, const struct rmv_pack_record *record,
                        const char *message)
{
    note_damage(pack->check, &pack->name, &record->id);
    if (record->representation == RMV_REPRESENTATION_LIST)
        remember_list(pack->check, &record->id);
    else if (!rmv_store_is_elsewhere(pack->check->store, &record->id, &pack->name))
        add_problem(pack->check, pack->file_name, &record->id, message);
}

/* Checks one object of the frame that is loaded. */
static void check_record(struct pack_check *pack, const struct rmv_pack_record *record)
{
    if (record->representation == RMV_REPRESENTATION_LIST) {
        remember_list(pack->check, &record->id);
        return;
    }
    const struct rmv_object_id actual =
        rmv_object_id_of(pack->content.data + record->offset, record->size);
    if (!rmv_object_id_equal(&actual, &record->id))
        add_damaged(pack, record, "the object's bytes do not match its id");
}

static void check_frame(struct pack_check *pack, size_t frame,
                        const struct rmv_pack_record *records, size_t count)
{
    const struct rmv_error *err = load_frame(pack, frame);
    if (err) {
        RMV_CLEANUP(rmv_str_free) char *message = rmv_str_copy(err->message);
        for (size_t i = 0; i < count; i++)
            add_damaged(pack, &records[i], message);
        if (count == 0)
            add_problem(pack->check, pack->file_name, NULL, message);
        return;
    }
    for (size_t i = 0; i < count; i++)
        check_record(pack, &records[i]);
    rmv_progress_add(pack->check->progress, 0, pack->content.size);
}

static void check_frames(struct pack_check *pack)
{
    struct rmv_pack_footer *footer = &pack->footer;
    qsort(footer->records, footer->records_count, sizeof(*footer->records), by_frame);
    size_t first = 0;
    uint64_t bytes = 0;
    for (size_t frame = 0; frame < footer->frames_count; frame++) {
        size_t end = first;
        while (end < footer->records_count && footer->records[end].frame == frame)
            end++;
        check_frame(pack, frame, footer->records + first, end - first);
        bytes += footer->frames[frame].content_size;
        first = end;
    }
    pthread_mutex_lock(&pack->check->lock);
    pack->check->report.packs++;
    pack->check->report.objects += footer->records_count;
    pack->check->report.bytes += bytes;
    pthread_mutex_unlock(&pack->check->lock);
}

/* Every object of the pack must be found through the index, in this pack or in another. */
static void check_indexed(struct pack_check *pack)
{
    struct rmv_location location;
    for (size_t i = 0; i < pack->footer.records_count; i++)
        if (!rmv_index_find(&pack->check->store->index, &pack->footer.records[i].id, 0, &location))
            add_problem(pack->check, pack->file_name, &pack->footer.records[i].id,
                        "the object is missing in the index");
}

static const struct rmv_error *check_pack(void *context, size_t i)
{
    struct check *check = context;
    RMV_CLEANUP(pack_check_free)
    struct pack_check pack = {
        .check = check, .file_name = check->packs.items[i], .file = RMV_VFS_FILE_EMPTY};
    if (!rmv_pack_is_file_name(pack.file_name, &pack.name)) {
        add_problem(check, pack.file_name, NULL, "this is not the name of a pack");
        return NULL;
    }
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(check->store->index.packs.folder, pack.file_name);
    const struct rmv_error *err = rmv_vfs_open(check->store->vfs, path, O_RDONLY, &pack.file);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL; /* removed since the folder was listed */
    if (!err)
        err = rmv_pack_read_footer(&pack.file, &pack.footer);
    if (err) {
        add_problem(check, pack.file_name, NULL, err->message);
        note_damage(check, &pack.name, NULL);
        return NULL;
    }
    if (!rmv_object_id_equal(&pack.name, &pack.footer.name)) {
        add_problem(check, pack.file_name, NULL, "the name does not match the footer");
        note_damage(check, &pack.name, NULL);
    } else {
        check_indexed(&pack);
    }
    check_frames(&pack);
    return NULL;
}

/* ---- Chunk lists and indexes ----------------------------------------------------------------- */

static const struct rmv_error *ignore(void *context, const void *bytes, size_t size)
{
    (void)bytes;
    rmv_progress_add(context, 0, size);
    return NULL;
}

static const struct rmv_error *check_listed(void *context, size_t i)
{
    struct check *check = context;
    const struct rmv_store_sink sink = {ignore, check->progress};
    const struct rmv_error *err =
        rmv_store_stream(check->store, &check->listed[i], UINT64_MAX, &sink);
    if (!err)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *message = rmv_str_copy(err->message);
    if (!rmv_store_is_loose(check->store, &check->listed[i]))
        add_problem(check, NULL, &check->listed[i], message);
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&check->store->index, &check->listed[i], n, &location); n++)
        if (location.representation == RMV_REPRESENTATION_LIST)
            note_damage(check, &location.pack->name, &check->listed[i]);
    return NULL;
}

static const struct rmv_error *check_index(struct check *check)
{
    size_t damaged_count = 0;
    const struct rmv_error *err = rmv_index_repair(&check->store->index, &damaged_count);
    for (size_t i = 0; i < damaged_count && !err; i++)
        add_problem(check, NULL, NULL,
                    "a pack index did not match its checksum; it was made again from the packs");
    return err;
}

/* ---- Loose objects --------------------------------------------------------------------------- */

static void note_loose(void *context, const char *name, const struct rmv_object_id *id,
                       const char *message)
{
    struct check *check = context;
    if (id)
        note_damage(check, &rmv_loose_pack, id);
    if (!id || !rmv_store_is_in_packs(check->store, id))
        add_problem(check, name, id, message);
}

static void count_loose(void *context, uint64_t size)
{
    struct check *check = context;
    pthread_mutex_lock(&check->lock);
    check->report.loose++;
    check->report.objects++;
    check->report.bytes += size;
    pthread_mutex_unlock(&check->lock);
}

static const struct rmv_error *check_loose(void *context, size_t folder)
{
    struct check *check = context;
    const struct rmv_fsck_loose_visitor visitor = {note_loose, count_loose, check};
    return rmv_fsck_loose(check->store, (unsigned)folder, check->progress, &visitor);
}

static const struct rmv_error *run(struct check *check)
{
    RMV_CLEANUP(rmv_pool_close) struct rmv_pool *pool = NULL;
    /* In this order: what is published meanwhile is in the index, but is not looked at. */
    const struct rmv_error *err =
        rmv_doomed_list(check->store->vfs, check->store->index.packs.folder, &check->packs);
    if (!err)
        err = rmv_index_refresh(&check->store->index);
    if (!err)
        err = check_index(check);
    if (err)
        return err;
    rmv_pool_open(check->store->threads, &pool);
    err = rmv_pool_run(pool, check->packs.count, check_pack, check);
    if (!err)
        err = rmv_pool_run(pool, check->listed_count, check_listed, check);
    return err ? err : rmv_pool_run(pool, RMV_LOOSE_FOLDERS_COUNT, check_loose, check);
}

/* A store that cannot be written to can be checked all the same. */
static void keep_damage(struct check *check)
{
    struct rmv_store *store = check->store;
    const struct rmv_error *err =
        rmv_damage_write(store->vfs, store->root, store->sync, &check->damage);
    if (err)
        rmv_log_write(store->log, RMV_LOG_WARNING,
                      "adding what is damaged will not mend the store: %s", err->message);
    if (check->damage.count > 0 && check->report.problems_count == 0)
        rmv_log_write(store->log, RMV_LOG_WARNING,
                      "%zu damaged copies of objects are intact elsewhere in the store",
                      check->damage.count);
    rmv_damage_free(&store->damage);
    store->damage = check->damage;
    check->damage = (struct rmv_damage){0};
}

const struct rmv_error *rmv_store_fsck(struct rmv_store *store, struct rmv_progress *progress,
                                       struct rmv_store_fsck *report)
{
    RMV_CLEANUP(check_free) struct check check = {.store = store, .progress = progress};
    pthread_mutex_init(&check.lock, NULL);
    const struct rmv_error *err = run(&check);
    if (err)
        return rmv_error_context(err, "cannot check the store '%s'", store->root);
    keep_damage(&check);
    *report = check.report;
    check.report = (struct rmv_store_fsck){0};
    return NULL;
}
