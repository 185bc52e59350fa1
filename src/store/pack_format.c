#include "store/pack_format.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/sha256.h"

#define HEADER_SKIPPABLE_MAGIC 0x184D2A5Au
#define FOOTER_SKIPPABLE_MAGIC 0x184D2A5Bu
#define SKIPPABLE_HEAD_SIZE 8
#define FANOUT_COUNT 256
#define FANOUT_RECORDS_MIN 4096

#define FILE_NAME_PREFIX "pack-"
#define FILE_NAME_SUFFIX ".zst"

void rmv_pack_footer_free(struct rmv_pack_footer *footer)
{
    free(footer->frames);
    free(footer->records);
    free(footer->frame_offsets);
    *footer = (struct rmv_pack_footer){0};
}

int rmv_pack_record_compare(const void *a, const void *b)
{
    const struct rmv_pack_record *left = a;
    const struct rmv_pack_record *right = b;
    const int order = rmv_object_id_compare(&left->id, &right->id);
    return order ? order : left->representation - right->representation;
}

bool rmv_pack_is_hash_name(const char *name)
{
    static const char expected[16] = RMV_PACK_HASH_NAME;
    return memcmp(name, expected, sizeof(expected)) == 0;
}

char *rmv_pack_file_name(const struct rmv_object_id *name)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(name, hex);
    return rmv_str_format(FILE_NAME_PREFIX "%s" FILE_NAME_SUFFIX, hex);
}

bool rmv_pack_is_file_name(const char *file_name, struct rmv_object_id *name)
{
    const size_t prefix_size = strlen(FILE_NAME_PREFIX);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    if (strncmp(file_name, FILE_NAME_PREFIX, prefix_size) != 0 ||
        strlen(file_name) != prefix_size + sizeof(hex) - 1 + strlen(FILE_NAME_SUFFIX) ||
        strcmp(file_name + prefix_size + sizeof(hex) - 1, FILE_NAME_SUFFIX) != 0)
        return false;
    memcpy(hex, file_name + prefix_size, sizeof(hex) - 1);
    hex[sizeof(hex) - 1] = '\0';
    return !rmv_object_id_parse(hex, name);
}

struct rmv_pack_header rmv_pack_make_header(uint32_t kind)
{
    struct rmv_pack_header header = {
        .skippable_magic = HEADER_SKIPPABLE_MAGIC,
        .skippable_size = sizeof(header) - SKIPPABLE_HEAD_SIZE,
        .version = RMV_PACK_VERSION,
        .kind = kind,
    };
    memcpy(header.magic, "rmv-pack", sizeof(header.magic));
    return header;
}

/* Entry i of a fan-out counts the records whose id starts with a byte of at most i. */
static void make_fanout(const struct rmv_pack_footer *footer, uint32_t fanout[FANOUT_COUNT])
{
    memset(fanout, 0, FANOUT_COUNT * sizeof(*fanout));
    for (size_t i = 0; i < footer->records_count; i++)
        fanout[footer->records[i].id.sha256[0]]++;
    for (size_t i = 1; i < FANOUT_COUNT; i++)
        fanout[i] += fanout[i - 1];
}

static void set_frame_offsets(struct rmv_pack_footer *footer)
{
    uint64_t offset = sizeof(struct rmv_pack_header);
    free(footer->frame_offsets);
    footer->frame_offsets = rmv_calloc(footer->frames_count + 1, sizeof(uint64_t));
    for (size_t i = 0; i < footer->frames_count; i++) {
        footer->frame_offsets[i] = offset;
        offset += footer->frames[i].stored_size;
    }
    footer->frame_offsets[footer->frames_count] = offset;
}

/* Writes parts one behind the other and hashes them on the way. */
struct output {
    const struct rmv_vfs_file *file;
    uint64_t offset;
    struct rmv_sha256_state sha256;
};

static const struct rmv_error *write_part(struct output *output, const void *bytes, size_t size)
{
    rmv_sha256_update(&output->sha256, bytes, size);
    const struct rmv_error *err = rmv_vfs_write(output->file, output->offset, bytes, size);
    output->offset += size;
    return err;
}

static const struct rmv_error *write_body(struct output *output,
                                          const struct rmv_pack_body_header *header,
                                          const struct rmv_pack_footer *footer)
{
    const struct rmv_error *err = write_part(output, header, sizeof(*header));
    if (!err)
        err = write_part(output, footer->frames, footer->frames_count * sizeof(*footer->frames));
    if (!err && header->fanout_count > 0) {
        uint32_t fanout[FANOUT_COUNT];
        make_fanout(footer, fanout);
        err = write_part(output, fanout, sizeof(fanout));
    }
    if (!err)
        err = write_part(output, footer->records, footer->records_count * sizeof(*footer->records));
    return err;
}

const struct rmv_error *rmv_pack_write_footer(const struct rmv_vfs_file *file,
                                              struct rmv_pack_footer *footer)
{
    set_frame_offsets(footer);
    footer->data_size = footer->frame_offsets[footer->frames_count];

    struct rmv_pack_body_header header = {
        .version = RMV_PACK_VERSION,
        .kind = footer->kind,
        .hash_name = RMV_PACK_HASH_NAME,
        .data_size = footer->data_size,
        .frames_count = (uint32_t)footer->frames_count,
        .records_count = (uint32_t)footer->records_count,
        .fanout_count = footer->records_count >= FANOUT_RECORDS_MIN ? FANOUT_COUNT : 0,
    };
    memcpy(header.magic, "rmv-foot", sizeof(header.magic));

    struct rmv_pack_trailer trailer = {
        .body_size = sizeof(header) + footer->frames_count * sizeof(*footer->frames) +
                     header.fanout_count * sizeof(uint32_t) +
                     footer->records_count * sizeof(*footer->records),
        .version = RMV_PACK_VERSION,
        .kind = footer->kind,
    };
    memcpy(trailer.magic, "rmv-tail", sizeof(trailer.magic));

    const uint32_t head[2] = {FOOTER_SKIPPABLE_MAGIC,
                              (uint32_t)(trailer.body_size + sizeof(trailer))};
    const struct rmv_error *err = rmv_vfs_write(file, footer->data_size, head, sizeof(head));
    if (err)
        return err;

    struct output output = {.file = file, .offset = footer->data_size + sizeof(head)};
    rmv_sha256_start(&output.sha256);
    err = write_body(&output, &header, footer);
    if (err)
        return err;
    rmv_sha256_finish(&output.sha256, trailer.sha256);
    memcpy(footer->name.sha256, trailer.sha256, sizeof(trailer.sha256));
    return rmv_vfs_write(file, output.offset, &trailer, sizeof(trailer));
}

/* ---- Reading --------------------------------------------------------------------------------- */

static const struct rmv_error *damaged(const struct rmv_vfs_file *file, const char *what)
{
    return rmv_error(RMV_ERR_CORRUPT, "pack '%s' is damaged: %s", file->path, what);
}

static const struct rmv_error *too_new(const struct rmv_vfs_file *file, uint32_t version)
{
    const struct rmv_error *err = rmv_error(
        RMV_ERR_UNSUPPORTED, "pack '%s' has format version %u, this program reads up to %u",
        file->path, version, RMV_PACK_VERSION);
    return rmv_error_hint(err, "use a newer rmv");
}

/* Version and kind stand at both ends: where the ends disagree, one of them is damaged. */
static const struct rmv_error *check_ends(const struct rmv_vfs_file *file,
                                          const struct rmv_pack_header *header,
                                          const struct rmv_pack_trailer *trailer)
{
    const struct rmv_pack_header expected = rmv_pack_make_header(header->kind);

    if (memcmp(header->magic, expected.magic, sizeof(expected.magic)) != 0)
        return damaged(file, "it does not start as a pack does");
    if (memcmp(trailer->magic, "rmv-tail", sizeof(trailer->magic)) != 0)
        return damaged(file, "it does not end as a pack does; it may be cut short");
    if (header->version != trailer->version || header->kind != trailer->kind)
        return damaged(file, "its two ends differ in version or kind");
    if (header->version > RMV_PACK_VERSION)
        return too_new(file, header->version);
    if (header->kind >= RMV_PACK_KINDS_COUNT)
        return rmv_error(RMV_ERR_UNSUPPORTED, "pack '%s' is of kind %u, unknown to this program",
                         file->path, header->kind);
    if (memcmp(header, &expected, sizeof(expected)) != 0 || trailer->reserved != 0)
        return damaged(file, "wrong header or trailer");
    return NULL;
}

static const struct rmv_error *check_body_header(const struct rmv_vfs_file *file,
                                                 const struct rmv_pack_body_header *header,
                                                 const struct rmv_pack_trailer *trailer,
                                                 uint64_t data_size)
{
    const uint64_t size = sizeof(*header) +
                          (uint64_t)header->frames_count * sizeof(struct rmv_pack_frame) +
                          (uint64_t)header->fanout_count * sizeof(uint32_t) +
                          (uint64_t)header->records_count * sizeof(struct rmv_pack_record);

    if (memcmp(header->magic, "rmv-foot", sizeof(header->magic)) != 0 ||
        header->version != trailer->version || header->kind != trailer->kind)
        return damaged(file, "wrong footer");
    if (!rmv_pack_is_hash_name(header->hash_name))
        return rmv_error(RMV_ERR_UNSUPPORTED, "pack '%s' names objects by '%.16s', not by %s",
                         file->path, header->hash_name, RMV_PACK_HASH_NAME);
    if (header->flags != 0)
        return rmv_error(RMV_ERR_UNSUPPORTED, "pack '%s' has flags 0x%x, unknown to this program",
                         file->path, header->flags);
    if (header->fanout_count != 0 && header->fanout_count != FANOUT_COUNT)
        return damaged(file, "wrong size of the fan-out");
    if (header->data_size != data_size || size != trailer->body_size)
        return damaged(file, "the footer's sizes contradict each other");
    if (data_size > UINT32_MAX)
        return damaged(file, "it is longer than packs may be");
    return NULL;
}

static const struct rmv_error *check_frames(const struct rmv_vfs_file *file,
                                            const struct rmv_pack_footer *footer)
{
    const bool is_delta = footer->kind == RMV_PACK_KIND_DELTA;
    const size_t content_max = is_delta ? RMV_DELTA_CONTENT_MAX : RMV_FRAME_CONTENT_MAX;
    const size_t stored_max = is_delta ? RMV_DELTA_STORED_MAX : RMV_FRAME_STORED_MAX;
    for (size_t i = 0; i < footer->frames_count; i++)
        if (footer->frames[i].content_size > content_max ||
            footer->frames[i].stored_size > stored_max)
            return damaged(file, "a frame is longer than frames may be");
    if (footer->frame_offsets[footer->frames_count] != footer->data_size)
        return damaged(file, "the frames do not fill the space before the footer");
    return NULL;
}

/* A delta has a frame of its own. */
static bool is_right_depth(const struct rmv_pack_footer *footer,
                           const struct rmv_pack_record *record)
{
    if (footer->kind == RMV_PACK_KIND_PLAIN)
        return record->depth == 0;
    return record->depth > 0 && record->depth <= RMV_DELTA_DEPTH_MAX &&
           record->representation == RMV_REPRESENTATION_WHOLE && record->offset == 0 &&
           record->size == footer->frames[record->frame].content_size;
}

static const struct rmv_error *check_records(const struct rmv_vfs_file *file,
                                             const struct rmv_pack_footer *footer)
{
    for (size_t i = 0; i < footer->records_count; i++) {
        const struct rmv_pack_record *record = &footer->records[i];
        if (record->representation > RMV_REPRESENTATION_LIST || record->reserved != 0)
            return rmv_error(RMV_ERR_UNSUPPORTED,
                             "pack '%s' stores an object in a way unknown to this program",
                             file->path);
        if (record->frame >= footer->frames_count ||
            (uint64_t)record->offset + record->size > footer->frames[record->frame].content_size)
            return damaged(file, "a record points outside its frame");
        if (!is_right_depth(footer, record))
            return damaged(file,
                           "an object is stored in a way that this kind of pack does not have");
        if (i > 0 && rmv_pack_record_compare(record - 1, record) >= 0)
            return damaged(file, "the records are not in order");
    }
    return NULL;
}

/* Takes the tables out of a body whose checksum is right. */
static const struct rmv_error *parse_body(const struct rmv_vfs_file *file, const char *body,
                                          struct rmv_pack_footer *footer)
{
    struct rmv_pack_body_header header;
    memcpy(&header, body, sizeof(header));
    const char *at = body + sizeof(header);

    footer->kind = header.kind;
    footer->data_size = header.data_size;
    footer->frames_count = header.frames_count;
    footer->records_count = header.records_count;
    footer->frames = rmv_calloc(footer->frames_count + 1, sizeof(*footer->frames));
    footer->records = rmv_calloc(footer->records_count + 1, sizeof(*footer->records));
    memcpy(footer->frames, at, footer->frames_count * sizeof(*footer->frames));
    at += footer->frames_count * sizeof(*footer->frames);
    const char *fanout = at;
    at += header.fanout_count * sizeof(uint32_t);
    memcpy(footer->records, at, footer->records_count * sizeof(*footer->records));
    set_frame_offsets(footer);

    const struct rmv_error *err = check_frames(file, footer);
    if (!err)
        err = check_records(file, footer);
    if (err)
        return err;

    uint32_t expected[FANOUT_COUNT];
    make_fanout(footer, expected);
    if (header.fanout_count > 0 && memcmp(fanout, expected, sizeof(expected)) != 0)
        return damaged(file, "wrong fan-out");
    return NULL;
}

static const struct rmv_error *read_body(const struct rmv_vfs_file *file, uint64_t file_size,
                                         const struct rmv_pack_trailer *trailer,
                                         struct rmv_pack_footer *footer)
{
    const uint64_t ends = sizeof(struct rmv_pack_header) + SKIPPABLE_HEAD_SIZE + sizeof(*trailer);
    if (trailer->body_size > RMV_PACK_BODY_MAX || trailer->body_size > file_size - ends ||
        trailer->body_size < sizeof(struct rmv_pack_body_header))
        return damaged(file, "the trailer gives an impossible size of the footer");

    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    const uint64_t body_offset = file_size - sizeof(*trailer) - trailer->body_size;
    const uint64_t data_size = body_offset - SKIPPABLE_HEAD_SIZE;
    uint32_t head[2];
    rmv_buf_reserve(&body, trailer->body_size);
    const struct rmv_error *err = rmv_vfs_read(file, data_size, head, sizeof(head));
    if (!err)
        err = rmv_vfs_read(file, body_offset, body.data, trailer->body_size);
    if (err)
        return err;
    if (head[0] != FOOTER_SKIPPABLE_MAGIC || head[1] != trailer->body_size + sizeof(*trailer))
        return damaged(file, "the footer does not start where it should");

    rmv_sha256(body.data, trailer->body_size, footer->name.sha256);
    if (memcmp(footer->name.sha256, trailer->sha256, sizeof(trailer->sha256)) != 0)
        return damaged(file, "the footer does not match its checksum");

    struct rmv_pack_body_header header;
    memcpy(&header, body.data, sizeof(header));
    err = check_body_header(file, &header, trailer, data_size);
    if (err)
        return err;
    return parse_body(file, body.data, footer);
}

const struct rmv_error *rmv_pack_read_footer(const struct rmv_vfs_file *file,
                                             struct rmv_pack_footer *footer)
{
    struct rmv_vfs_stat stat;
    struct rmv_pack_header header;
    struct rmv_pack_trailer trailer;

    const struct rmv_error *err = rmv_vfs_stat_file(file, &stat);
    if (err)
        return err;
    if (stat.size < sizeof(header) + SKIPPABLE_HEAD_SIZE + sizeof(struct rmv_pack_body_header) +
                        sizeof(trailer))
        return damaged(file, "it is too short to be a pack");
    err = rmv_vfs_read(file, 0, &header, sizeof(header));
    if (!err)
        err = rmv_vfs_read(file, stat.size - sizeof(trailer), &trailer, sizeof(trailer));
    if (!err)
        err = check_ends(file, &header, &trailer);
    if (err)
        return err;

    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer read = {0};
    err = read_body(file, stat.size, &trailer, &read);
    if (err)
        return err;
    *footer = read;
    read = (struct rmv_pack_footer){0};
    return NULL;
}
