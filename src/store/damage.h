/* What the last check of the store found damaged: an object may still be read from there if it can,
 * but putting it stores it again, and it does not count as saved. Kept in ROOT/damaged from one
 * check to the next; a cache: without it, putting what is stored damaged does not mend it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/vfs.h"
#include "rmv/store/object_id.h"

struct rmv_damage_item {
    struct rmv_object_id pack; /* its name */
    struct rmv_object_id id;   /* of the object; zero for everything in the pack */
};

/* All-zero is the empty list. */
struct rmv_damage {
    struct rmv_damage_item *items; /* sorted and unique once read or written */
    size_t count, capacity;
};
void rmv_damage_free(struct rmv_damage *damage);

char *rmv_damage_path(const char *root); /* of the file; the caller frees it */

/* Is the copy of the object in the pack, or the pack as a whole, in a list that was read? */
bool rmv_damage_has(const struct rmv_damage *damage, const struct rmv_object_id *pack,
                    const struct rmv_object_id *id);

/* `id` NULL: everything in the pack. */
void rmv_damage_add(struct rmv_damage *damage, const struct rmv_object_id *pack,
                    const struct rmv_object_id *id);

/* Takes a copy of an object off a list that was read. */
void rmv_damage_remove(struct rmv_damage *damage, const struct rmv_object_id *pack,
                       const struct rmv_object_id *id);

/* Makes a list that was added to fit for rmv_damage_has(). */
void rmv_damage_sort(struct rmv_damage *damage);

/* Reads the list of the store in `root`; one that is missing or no list is empty. */
void rmv_damage_read(const struct rmv_vfs *vfs, const char *root, struct rmv_damage *damage);

/* Sorts the list and writes it; removes the file if the list is empty. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_damage_write(const struct rmv_vfs *vfs, const char *root, bool sync,
                                         struct rmv_damage *damage);
