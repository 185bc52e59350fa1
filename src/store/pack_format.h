/* Pack files, format version 1: what the bytes mean. docs/FORMATS.md, section "Packs".
 *
 *     [skippable frame: header] [zstd frame]... [skippable frame: footer body, trailer]
 *
 * The structs here are the bytes on disk: little-endian, no padding. A footer that was parsed has
 * been checked in every number, so readers may use it without looking again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/vfs.h"
#include "rmv/store/object_id.h"

#define RMV_PACK_VERSION 1
#define RMV_PACK_KIND_PLAIN 0 /* frames stand for themselves */
#define RMV_PACK_KIND_DELTA 1 /* frames need other objects: see delta_format.h */
#define RMV_PACK_KINDS_COUNT 2
#define RMV_PACK_HASH_NAME "sha256"
#define RMV_PACK_SIZE_MAX ((uint64_t)1 << 30) /* where a writer starts the next pack */
#define RMV_PACK_RECORDS_MAX ((size_t)1 << 20)
#define RMV_PACK_BODY_MAX ((uint64_t)256 << 20) /* no honest footer is longer */

/* How many objects one after the other may have to be read before a delta is. */
#define RMV_DELTA_DEPTH_MAX 8
#define RMV_DELTA_CONTENT_MAX ((size_t)1 << 20)
#define RMV_DELTA_STORED_MAX (RMV_DELTA_CONTENT_MAX + ((size_t)1 << 16))

/* A writer's frames hold at most 1 MiB; a reader allocates for up to 8. */
#define RMV_FRAME_CONTENT_MAX ((size_t)8 << 20)
#define RMV_FRAME_STORED_MAX (RMV_FRAME_CONTENT_MAX + ((size_t)1 << 16))

/* How an object's bytes are stored under its id. */
enum rmv_representation {
    RMV_REPRESENTATION_WHOLE = 0, /* the bytes themselves */
    RMV_REPRESENTATION_LIST = 1,  /* a chunk list that says which objects to join */
};

struct rmv_pack_header {
    uint32_t skippable_magic;
    uint32_t skippable_size;
    char magic[8];
    uint32_t version;
    uint32_t kind;
    uint64_t reserved;
};

struct rmv_pack_body_header {
    char magic[8];
    uint32_t version;
    uint32_t kind;
    char hash_name[16];
    uint64_t data_size; /* bytes before the footer's frame */
    uint32_t frames_count;
    uint32_t records_count;
    uint32_t fanout_count; /* 0 or 256 */
    uint32_t flags;
    uint64_t reserved;
};

struct rmv_pack_frame {
    uint32_t stored_size;  /* bytes in the pack */
    uint32_t content_size; /* bytes once decompressed */
    uint64_t checksum;     /* XXH64, seed 0, of the stored bytes */
};

struct rmv_pack_record {
    struct rmv_object_id id;
    uint32_t frame;  /* index in the frame table */
    uint32_t offset; /* in the frame's content */
    uint32_t size;   /* bytes */
    uint8_t representation;
    uint8_t depth; /* 0, or of a delta: one more than the greatest of its bases */
    uint16_t reserved;
};

struct rmv_pack_trailer {
    uint8_t sha256[32]; /* of the body; its hex is the pack's name */
    uint64_t body_size;
    uint32_t version;
    uint32_t kind;
    uint64_t reserved;
    char magic[8];
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the formats are used in place");
_Static_assert(sizeof(struct rmv_pack_header) == 32, "layout of the header");
_Static_assert(sizeof(struct rmv_pack_body_header) == 64, "layout of the footer");
_Static_assert(sizeof(struct rmv_pack_frame) == 16, "layout of a frame's line");
_Static_assert(sizeof(struct rmv_pack_record) == 48, "layout of a record");
_Static_assert(sizeof(struct rmv_pack_trailer) == 64, "layout of the trailer");

/* Everything a pack says about itself. Records are sorted by id and representation. */
struct rmv_pack_footer {
    struct rmv_object_id name;
    uint32_t kind;
    uint64_t data_size;
    struct rmv_pack_frame *frames;
    size_t frames_count;
    struct rmv_pack_record *records;
    size_t records_count;
    uint64_t *frame_offsets; /* of each frame, from the start of the pack */
};

void rmv_pack_footer_free(struct rmv_pack_footer *footer);

/* Order of records: by id, then representation; others equal. For qsort(). */
int rmv_pack_record_compare(const void *a, const void *b);

/* Are these 16 bytes the name of the hash that ids are made with, and NUL up to the end? */
bool rmv_pack_is_hash_name(const char *name);

/* The file name of a pack, "pack-HEX.zst", and back. */
char *rmv_pack_file_name(const struct rmv_object_id *name);
bool rmv_pack_is_file_name(const char *file_name, struct rmv_object_id *name);

/* What stands at the start of every pack of this kind. */
struct rmv_pack_header rmv_pack_make_header(uint32_t kind);

/* Writes the footer behind the last frame and sets `footer->name` and `footer->frame_offsets`. The
 * records must be sorted. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pack_write_footer(const struct rmv_vfs_file *file,
                                              struct rmv_pack_footer *footer);

/* Finds, reads and checks header and footer of a pack. The caller frees `*footer`.
 * Errors: CORRUPT, UNSUPPORTED (a newer version, an unknown kind or flag), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pack_read_footer(const struct rmv_vfs_file *file,
                                             struct rmv_pack_footer *footer);
