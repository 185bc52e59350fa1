#include "store/list_writer.h"

#include "rmv/base/mem.h"

void rmv_list_writer_init(struct rmv_list_writer *writer, struct rmv_store_batch *batch,
                          struct rmv_frame_encoder *encoder)
{
    *writer = (struct rmv_list_writer){.batch = batch, .encoder = encoder, .was_stored = true};
    rmv_sha256_start(&writer->sha256);
}

void rmv_list_writer_free(struct rmv_list_writer *writer)
{
    rmv_chunk_list_free(&writer->chunks);
    rmv_chunk_list_free(&writer->parts);
    rmv_delta_close(&writer->delta);
}

/* Stores a list or a part of one. */
static const struct rmv_error *put_text(struct rmv_list_writer *writer,
                                        const struct rmv_pack_record *record,
                                        const struct rmv_buf *text)
{
    const struct rmv_batch_item item = {.record = *record, .bytes = text->data};
    const bool is_small = record->size <= RMV_SMALL_OBJECT_MAX;
    bool was_stored = false;
    const struct rmv_error *err =
        rmv_batch_put(writer->batch, &item, is_small ? NULL : writer->encoder, &was_stored);
    writer->was_stored = writer->was_stored && was_stored;
    return err;
}

/* Moves the chunks gathered so far into a part, which is an object of its own. */
static const struct rmv_error *end_part(struct rmv_list_writer *writer)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_chunk_list_format(&writer->chunks, &text);
    const struct rmv_object_id id = rmv_object_id_of(text.data, text.size);
    const struct rmv_pack_record record =
        rmv_batch_record(&id, text.size, RMV_REPRESENTATION_WHOLE);
    const struct rmv_error *err = put_text(writer, &record, &text);
    if (err)
        return err;
    writer->parts.level = 1;
    rmv_chunk_list_add(&writer->parts, &id, writer->chunks.size);
    rmv_chunk_list_free(&writer->chunks);
    return NULL;
}

void rmv_list_writer_hash(struct rmv_list_writer *writer, const void *bytes, size_t size,
                          struct rmv_object_id *id)
{
    struct rmv_sha256_state piece;
    if (!id) {
        rmv_sha256_update(&writer->sha256, bytes, size);
        return;
    }
    rmv_sha256_start(&piece);
    rmv_sha256_update_pair(&writer->sha256, bytes, &piece, bytes, size);
    rmv_sha256_finish(&piece, id->sha256);
}

const struct rmv_error *rmv_list_writer_name(struct rmv_list_writer *writer,
                                             const struct rmv_object_id *id, size_t size)
{
    rmv_chunk_list_add(&writer->chunks, id, size);
    return rmv_chunk_list_is_full(&writer->chunks) ? end_part(writer) : NULL;
}

const struct rmv_error *rmv_list_writer_add(struct rmv_list_writer *writer, const void *bytes,
                                            size_t size, bool is_lines)
{
    struct rmv_object_id id;
    bool was_stored = false;
    rmv_list_writer_hash(writer, bytes, size, &id);
    const struct rmv_batch_item item = {
        .record = rmv_batch_record(&id, size, RMV_REPRESENTATION_WHOLE),
        .bytes = bytes,
        .is_lines = is_lines,
    };
    const struct rmv_error *err =
        rmv_batch_put(writer->batch, &item, is_lines ? NULL : writer->encoder, &was_stored);
    writer->was_stored = writer->was_stored && was_stored;
    return err ? err : rmv_list_writer_name(writer, &id, size);
}

const struct rmv_error *rmv_list_writer_end(struct rmv_list_writer *writer,
                                            struct rmv_store_file *file)
{
    if (writer->parts.count > 0 && writer->chunks.count > 0) {
        const struct rmv_error *err = end_part(writer);
        if (err)
            return err;
    }
    const struct rmv_chunk_list *list = writer->parts.count > 0 ? &writer->parts : &writer->chunks;
    if (list->count > RMV_CHUNK_LIST_ENTRIES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "too large: more than %zu parts of a chunk list",
                         RMV_CHUNK_LIST_ENTRIES_MAX);

    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_chunk_list_format(list, &text);
    rmv_sha256_finish(&writer->sha256, file->id.sha256);
    file->size = list->size;
    const struct rmv_pack_record record =
        rmv_batch_record(&file->id, text.size, RMV_REPRESENTATION_LIST);
    const struct rmv_error *err = put_text(writer, &record, &text);
    file->was_stored = writer->was_stored;
    return err;
}
