/* The name of an object: the SHA-256 of its bytes, nothing prepended, so that `sha256sum FILE`
 * prints the id of FILE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

#define RMV_OBJECT_ID_SIZE 32
#define RMV_OBJECT_ID_HEX_SIZE (2 * RMV_OBJECT_ID_SIZE + 1) /* with the NUL */
#define RMV_OBJECT_ID_PREFIX_MIN 8                          /* hex digits of a short id */

struct rmv_object_id {
    uint8_t sha256[RMV_OBJECT_ID_SIZE];
};

struct rmv_object_id rmv_object_id_of(const void *bytes, size_t size);

/* Bytes that are to have an id. */
struct rmv_object_bytes {
    const char *bytes;
    size_t size;
    struct rmv_object_id id;
};

/* Sets the ids of many. Two are hashed at any time; where one is shorter, the next takes its place.
 */
void rmv_object_ids_of(struct rmv_object_bytes *objects, size_t count);

bool rmv_object_id_equal(const struct rmv_object_id *a, const struct rmv_object_id *b);
int rmv_object_id_compare(const struct rmv_object_id *a, const struct rmv_object_id *b);
bool rmv_object_id_is_zero(const struct rmv_object_id *id); /* all-zero stands for "none" */
void rmv_object_id_to_hex(const struct rmv_object_id *id, char hex[RMV_OBJECT_ID_HEX_SIZE]);

/* Parses exactly 64 lower-case hex digits. Errors: CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_object_id_parse(const char *hex, struct rmv_object_id *id);
