/* The loose area: objects that lie in ROOT/loose/ab/ID as plain files, so that a file of a
 * workspace can be a link to one, or share its blocks, instead of a second copy. ID.x is the same
 * with exec bits, which links share with what they lead to. Both are read-only.
 *
 * Whoever owns a link can write through it, so what lies here is hashed whenever it is read.
 * docs/FORMATS.md, section "Loose objects". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/base/strings.h"
#include "rmv/base/vfs.h"
#include "rmv/store/object_id.h"
#include "store/damage.h"

#define RMV_LOOSE_FOLDER "loose"
#define RMV_LOOSE_FOLDERS_COUNT 256

/* The list of what is damaged has this in place of a pack's name. */
extern const struct rmv_object_id rmv_loose_pack;

struct rmv_loose_object {
    struct rmv_object_id id;
    bool is_executable;
    char *path;
    struct rmv_vfs_stat stat;
};
void rmv_loose_object_free(struct rmv_loose_object *object);

/* "ROOT/loose/ab/ID"; the caller frees it. */
char *rmv_loose_path(const char *root, const struct rmv_object_id *id, bool is_executable);

/* What "ab/ID.x", the end of a path, stands for; false if it is no such name. */
bool rmv_loose_parse(const char *name, struct rmv_object_id *id, bool *is_executable);

struct rmv_store;

/* Finds the object, by its name alone: the variant that is asked for, or else the other. False if
 * there is no file of that name. The caller frees `*object`. */
bool rmv_loose_find(const struct rmv_store *store, const struct rmv_object_id *id,
                    bool is_executable, struct rmv_loose_object *object);
bool rmv_loose_find_variant(const struct rmv_store *store, const struct rmv_object_id *id,
                            bool is_executable, struct rmv_loose_object *object);

bool rmv_loose_is_there(const struct rmv_store *store, const struct rmv_object_id *id);

/* Is a copy of the object here that is not known to be damaged? */
bool rmv_loose_is_sound(struct rmv_store *store, const struct rmv_object_id *id);

/* Opens the file for reading; it may be something else by now. Errors: NOT_FOUND, CORRUPT (no
 * file), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_loose_open(const struct rmv_store *store,
                                       const struct rmv_loose_object *object,
                                       struct rmv_vfs_file *file);

/* Hashes what is open. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_loose_hash(const struct rmv_vfs_file *file,
                                       struct rmv_progress *progress, struct rmv_object_id *id,
                                       uint64_t *size);

struct rmv_store_sink;

/* Sends the bytes to `sink`; on an error it has seen wrong or too few. Errors: CORRUPT (they do not
 * match the id), NOT_FOUND, LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_loose_stream(struct rmv_store *store,
                                         const struct rmv_loose_object *object, uint64_t max_bytes,
                                         const struct rmv_store_sink *sink);

/* Adds what is in one of the RMV_LOOSE_FOLDERS_COUNT folders, sorted, as paths from the area
 * ("ab/ID", "ab/rubbish"). Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_loose_list(const struct rmv_store *store, unsigned folder,
                                       struct rmv_strings *names);

/* Up to `max` different ids of which the first `digits` hex digits are those of `prefix`. */
size_t rmv_loose_find_prefix(const struct rmv_store *store, const struct rmv_object_id *prefix,
                             size_t digits, struct rmv_object_id *ids, size_t max);
