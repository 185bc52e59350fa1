/* Checking what is in packs. Footers of several packs are in memory at a time, bounded; the frames
 * of these packs are read by all threads, in pieces, so that one large pack keeps all of them busy.
 */
#include "store/fsck.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/pool.h"
#include "store/delta_read.h"
#include "store/frame.h"

#define GROUP_PACKS_MAX 64 /* open at a time */
#define GROUP_RECORDS_MAX ((size_t)1 << 20)
#define PIECE_BYTES ((uint64_t)32 << 20) /* of content, for one thread at a time */

/* ---- Packs ----------------------------------------------------------------------------------- */

/* A pack being checked: its records in the order of frames. */
struct checked_pack {
    const char *file_name;
    struct rmv_object_id name;
    struct rmv_vfs_file file;
    struct rmv_pack_footer footer;
    bool is_readable;
};

/* Frames of one pack. */
struct piece {
    struct checked_pack *pack;
    size_t first_frame, end_frame;
    size_t first_record, end_record;
};

struct group {
    struct rmv_fsck *check;
    struct checked_pack packs[GROUP_PACKS_MAX];
    size_t count;
    struct piece *pieces;
    size_t pieces_count, pieces_capacity;
};

static void group_free(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        rmv_vfs_close(&group->packs[i].file);
        rmv_pack_footer_free(&group->packs[i].footer);
    }
    free(group->pieces);
    group->pieces = NULL;
    group->count = group->pieces_count = group->pieces_capacity = 0;
}

static int by_frame(const void *a, const void *b)
{
    const struct rmv_pack_record *left = a;
    const struct rmv_pack_record *right = b;
    if (left->frame != right->frame)
        return left->frame < right->frame ? -1 : 1;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Opens a pack and reads its footer; one that is gone is not readable, and no problem. */
static void open_pack(struct rmv_fsck *check, struct checked_pack *pack, bool is_first_time)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(check->store->index.packs.folder, pack->file_name);
    const char *problem = NULL;
    const struct rmv_error *err = rmv_vfs_open(check->store->vfs, path, O_RDONLY, &pack->file);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return; /* removed since the folder was listed */
    if (!err)
        err = rmv_pack_read_footer(&pack->file, &pack->footer);
    if (err)
        problem = err->message;
    else if (!rmv_object_id_equal(&pack->name, &pack->footer.name))
        problem = "the name does not match the footer";
    pack->is_readable = !err;
    if (problem && is_first_time) {
        rmv_fsck_add_problem(check, pack->file_name, NULL, problem);
        rmv_fsck_add_damage(check, &pack->name, NULL);
    }
    if (!err)
        qsort(pack->footer.records, pack->footer.records_count, sizeof(*pack->footer.records),
              by_frame);
}

/* Opens the next packs, as many as fit. Returns the place behind them. */
static size_t open_group(struct group *group, const struct rmv_strings *names, size_t next,
                         bool is_first_time)
{
    size_t records_count = 0;
    while (next < names->count && group->count < GROUP_PACKS_MAX &&
           records_count < GROUP_RECORDS_MAX) {
        struct checked_pack *pack = &group->packs[group->count];
        *pack =
            (struct checked_pack){.file_name = names->items[next++], .file = RMV_VFS_FILE_EMPTY};
        if (rmv_pack_is_file_name(pack->file_name, &pack->name)) {
            group->count++;
            open_pack(group->check, pack, is_first_time);
            records_count += pack->footer.records_count;
        } else if (is_first_time) {
            rmv_fsck_add_problem(group->check, pack->file_name, NULL,
                                 "this is not the name of a pack");
        }
    }
    return next;
}

/* ---- Footers --------------------------------------------------------------------------------- */

static void remember_list(struct rmv_fsck *check, const struct rmv_object_id *id)
{
    pthread_mutex_lock(&check->lock);
    check->listed = rmv_grow(check->listed, check->listed_count, &check->listed_capacity,
                             sizeof(*check->listed));
    check->listed[check->listed_count++] = *id;
    pthread_mutex_unlock(&check->lock);
}

/* Every object of a pack must be found through the index, in this pack or in another. */
static const struct rmv_error *check_footer(void *context, size_t i)
{
    struct group *group = context;
    const struct checked_pack *pack = &group->packs[i];
    struct rmv_location location;
    const bool is_named_right = rmv_object_id_equal(&pack->name, &pack->footer.name);
    for (size_t k = 0; k < pack->footer.records_count; k++) {
        const struct rmv_pack_record *record = &pack->footer.records[k];
        if (record->representation == RMV_REPRESENTATION_LIST)
            remember_list(group->check, &record->id);
        if (is_named_right &&
            !rmv_index_find(&group->check->store->index, &record->id, 0, &location))
            rmv_fsck_add_problem(group->check, pack->file_name, &record->id,
                                 "the object is missing in the index");
    }
    return NULL;
}

const struct rmv_error *rmv_fsck_read_footers(struct rmv_fsck *check,
                                              const struct rmv_strings *names)
{
    RMV_CLEANUP(group_free) struct group group = {.check = check};
    for (size_t next = 0; next < names->count;) {
        next = open_group(&group, names, next, true);
        const struct rmv_error *err = rmv_pool_run(check->pool, group.count, check_footer, &group);
        if (err)
            return err;
        for (size_t i = 0; i < group.count; i++) {
            check->report.packs += group.packs[i].is_readable;
            check->report.objects += group.packs[i].footer.records_count;
            check->report.frames += group.packs[i].footer.frames_count;
        }
        group_free(&group);
    }
    return NULL;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* What one thread needs. */
struct reading {
    struct rmv_fsck *check;
    const struct checked_pack *pack;
    struct rmv_frame_decoder decoder;
    struct rmv_buf content;
    uint64_t frames, bytes; /* read */
};

static void reading_free(struct reading *reading)
{
    rmv_frame_decoder_free(&reading->decoder);
    rmv_buf_free(&reading->content);
}

static const struct rmv_error *load_stored(struct reading *reading, size_t frame)
{
    const struct rmv_pack_footer *footer = &reading->pack->footer;
    const struct rmv_pack_frame *entry = &footer->frames[frame];
    struct rmv_buf *stored = &reading->decoder.stored;
    stored->size = 0;
    rmv_buf_reserve(stored, entry->stored_size);
    const struct rmv_error *err = rmv_vfs_read(&reading->pack->file, footer->frame_offsets[frame],
                                               stored->data, entry->stored_size);
    if (err)
        return err;
    stored->size = entry->stored_size;
    if (rmv_frame_checksum(stored->data, stored->size) != entry->checksum)
        return rmv_error(RMV_ERR_CORRUPT, "the frame at byte %llu does not match its checksum",
                         (unsigned long long)footer->frame_offsets[frame]);
    return NULL;
}

static bool are_right(const struct reading *reading, size_t content_size,
                      const struct rmv_pack_record *records, size_t count)
{
    const struct rmv_object_id id = rmv_object_id_of(reading->content.data, content_size);
    for (size_t i = 0; i < count; i++)
        if (!rmv_object_id_equal(&id, &records[i].id))
            return false;
    return true;
}

/* Every record of a delta's frame has to be true. One that comes out wrong is read once more, with
 * a close look at its bases. */
static const struct rmv_error *decode_delta(struct reading *reading, size_t content_size,
                                            const struct rmv_pack_record *records, size_t count)
{
    struct rmv_delta_reading quick = {.store = reading->check->store};
    struct rmv_delta_reading careful = {.store = reading->check->store, .is_careful = true};
    unsigned depth = RMV_DELTA_DEPTH_MAX;
    for (size_t i = 0; i < count; i++)
        depth = records[i].depth < depth ? records[i].depth : depth;
    const struct rmv_error *err =
        rmv_delta_decode(&quick, depth, &reading->decoder, &reading->content, content_size);
    if (!err && are_right(reading, content_size, records, count))
        return NULL;
    return rmv_delta_decode(&careful, depth, &reading->decoder, &reading->content, content_size);
}

static const struct rmv_error *load_content(struct reading *reading, size_t frame,
                                            const struct rmv_pack_record *records, size_t count)
{
    const struct rmv_pack_footer *footer = &reading->pack->footer;
    const size_t size = footer->frames[frame].content_size;
    reading->content.size = 0;
    rmv_buf_reserve(&reading->content, size);
    const struct rmv_error *err =
        footer->kind == RMV_PACK_KIND_DELTA
            ? decode_delta(reading, size, records, count)
            : rmv_frame_decode(&reading->decoder, reading->content.data, size);
    if (!err)
        reading->content.size = size;
    return err;
}

static bool was_reported(struct rmv_fsck *check, const struct rmv_pack_record *record)
{
    pthread_mutex_lock(&check->lock);
    const bool was_reported = rmv_id_set_has(&check->reported, &record->id, record->representation);
    pthread_mutex_unlock(&check->lock);
    return was_reported;
}

static void add_damaged(struct reading *reading, const struct rmv_pack_record *record,
                        const char *message)
{
    struct rmv_fsck *check = reading->check;
    rmv_fsck_add_damage(check, &reading->pack->name, &record->id);
    if (!was_reported(check, record) &&
        !rmv_store_is_elsewhere(check->store, &record->id, &reading->pack->name))
        rmv_fsck_add_problem(check, reading->pack->file_name, &record->id, message);
}

/* A list that parses, and whose pieces are all somewhere. */
static const struct rmv_error *check_list(struct reading *reading, const char *bytes, size_t size)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    struct rmv_location location;
    const struct rmv_error *err = rmv_chunk_list_parse(bytes, size, &list);
    for (size_t i = 0; !err && i < list.count; i++)
        if (!rmv_index_find(&reading->check->store->index, &list.entries[i].id, 0, &location))
            err = rmv_error(RMV_ERR_CORRUPT, "a piece that its chunk list names is missing");
    return err;
}

static void compare(struct reading *reading, const struct rmv_pack_record *record,
                    const struct rmv_object_id *actual)
{
    if (!rmv_object_id_equal(actual, &record->id))
        add_damaged(reading, record, "the object's bytes do not match its id");
}

static void check_pair(struct reading *reading, const struct rmv_pack_record *first,
                       const struct rmv_pack_record *second)
{
    const char *content = reading->content.data;
    struct rmv_object_bytes objects[2] = {
        {.bytes = content + first->offset, .size = first->size},
        {.bytes = content + second->offset, .size = second->size},
    };
    rmv_object_ids_of(objects, 2);
    compare(reading, first, &objects[0].id);
    compare(reading, second, &objects[1].id);
}

static void check_lists(struct reading *reading, const struct rmv_pack_record *records,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rmv_pack_record *record = &records[i];
        if (record->representation != RMV_REPRESENTATION_LIST)
            continue;
        const struct rmv_error *err =
            check_list(reading, reading->content.data + record->offset, record->size);
        if (err)
            add_damaged(reading, record, err->message);
    }
}

/* Checks the objects of the frame that is loaded; what is hashed, two at a time. */
static void check_records(struct reading *reading, const struct rmv_pack_record *records,
                          size_t count)
{
    const struct rmv_pack_record *waiting = NULL;
    for (size_t i = 0; i < count; i++) {
        if (records[i].representation == RMV_REPRESENTATION_LIST)
            continue;
        if (waiting)
            check_pair(reading, waiting, &records[i]);
        waiting = waiting ? NULL : &records[i];
    }
    if (waiting) {
        const struct rmv_object_id actual =
            rmv_object_id_of(reading->content.data + waiting->offset, waiting->size);
        compare(reading, waiting, &actual);
    }
    check_lists(reading, records, count);
}

/* Has this very frame been read already, and its only object been hashed? */
static bool was_seen(const struct reading *reading, size_t frame,
                     const struct rmv_pack_record *records, size_t count)
{
    const struct rmv_pack_footer *footer = &reading->pack->footer;
    if (count != 1 || records->size != footer->frames[frame].content_size ||
        records->representation != RMV_REPRESENTATION_WHOLE)
        return false;
    const struct rmv_fsck_place place = {.pack = &reading->pack->name,
                                         .offset = footer->frame_offsets[frame],
                                         .checksum = footer->frames[frame].checksum};
    return rmv_frame_set_has(&reading->check->seen, rmv_fsck_key(&place, &records->id));
}

static void check_frame(struct reading *reading, size_t frame,
                        const struct rmv_pack_record *records, size_t count)
{
    reading->frames++;
    reading->bytes += reading->pack->footer.frames[frame].content_size;
    if (was_seen(reading, frame, records, count))
        return;
    const struct rmv_error *err = load_stored(reading, frame);
    if (!err)
        err = load_content(reading, frame, records, count);
    if (err) {
        RMV_CLEANUP(rmv_str_free) char *message = rmv_str_copy(err->message);
        for (size_t i = 0; i < count; i++)
            add_damaged(reading, &records[i], message);
        if (count == 0) {
            rmv_fsck_add_problem(reading->check, reading->pack->file_name, NULL, message);
            rmv_fsck_add_damage(reading->check, &reading->pack->name, NULL);
        }
        return;
    }
    check_records(reading, records, count);
    rmv_progress_add(reading->check->options.progress, 0, reading->content.size);
}

static const struct rmv_error *check_piece(void *context, size_t i)
{
    struct group *group = context;
    const struct piece *piece = &group->pieces[i];
    const struct rmv_pack_record *records = piece->pack->footer.records;
    RMV_CLEANUP(reading_free)
    struct reading reading = {.check = group->check, .pack = piece->pack};
    size_t first = piece->first_record;
    for (size_t frame = piece->first_frame; frame < piece->end_frame; frame++) {
        size_t end = first;
        while (end < piece->end_record && records[end].frame == frame)
            end++;
        if (rmv_fsck_is_chosen(group->check, &piece->pack->name, frame))
            check_frame(&reading, frame, records + first, end - first);
        first = end;
    }
    pthread_mutex_lock(&group->check->lock);
    group->check->report.frames_read += reading.frames;
    group->check->report.bytes += reading.bytes;
    pthread_mutex_unlock(&group->check->lock);
    return NULL;
}

/* Cuts the frames of a pack into pieces. */
static void add_pieces(struct group *group, struct checked_pack *pack)
{
    const struct rmv_pack_footer *footer = &pack->footer;
    struct piece piece = {.pack = pack};
    uint64_t bytes = 0;
    for (size_t frame = 0; frame < footer->frames_count; frame++) {
        bytes += footer->frames[frame].content_size;
        while (piece.end_record < footer->records_count &&
               footer->records[piece.end_record].frame == frame)
            piece.end_record++;
        piece.end_frame = frame + 1;
        if (bytes < PIECE_BYTES && piece.end_frame < footer->frames_count)
            continue;
        group->pieces = rmv_grow(group->pieces, group->pieces_count, &group->pieces_capacity,
                                 sizeof(group->pieces[0]));
        group->pieces[group->pieces_count++] = piece;
        piece.first_frame = piece.end_frame;
        piece.first_record = piece.end_record;
        bytes = 0;
    }
}

const struct rmv_error *rmv_fsck_read_frames(struct rmv_fsck *check,
                                             const struct rmv_strings *names)
{
    RMV_CLEANUP(group_free) struct group group = {.check = check};
    for (size_t next = 0; next < names->count;) {
        next = open_group(&group, names, next, false);
        for (size_t i = 0; i < group.count; i++)
            add_pieces(&group, &group.packs[i]);
        const struct rmv_error *err =
            rmv_pool_run(check->pool, group.pieces_count, check_piece, &group);
        if (err)
            return err;
        group_free(&group);
    }
    return NULL;
}
