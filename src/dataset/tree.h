/* The text of a tree: one folder as content. docs/FORMATS.md ("Trees") has the layout:
 *
 *     rmv-tree 1
 *     d 1024 3 5f3a… images
 *     f 17 9f86… notes.txt
 *
 * There is one text for each folder and one folder for each text: whatever is not written exactly
 * as rmv_tree_append() writes it is refused, so that two ids never mean the same folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/store/object_id.h"

#define RMV_TREE_NAME_SIZE_MAX 1024
#define RMV_TREE_BYTES_MAX ((size_t)1 << 30)

/* Paths inside a folder, and of the folder itself, are shorter than this: the system's limit. */
#define RMV_TREE_PATH_SIZE_MAX 4096

struct rmv_tree_entry {
    const char *name; /* NUL-terminated bytes */
    char type;        /* 'f' file, 'x' executable file, 'l' link, 'd' folder */
    uint64_t size;    /* bytes: of a file, of a link's target, of everything in a folder */
    uint64_t nfiles;  /* files and links: 1, or how many there are in a folder */
    struct rmv_object_id id;
};

/* What the entries of a tree add up to. */
struct rmv_tree_total {
    uint64_t size, nfiles;
};

/* Writing: start with an empty buffer, then append the entries sorted by name. */
void rmv_tree_start(struct rmv_buf *text);
void rmv_tree_append(struct rmv_buf *text, const struct rmv_tree_entry *entry);

/* Reading. The text must outlive the reader. */
struct rmv_tree_reader {
    const char *text;
    size_t size, offset;
    bool has_paths; /* names are whole paths: set after opening, for lists of outputs */
    struct rmv_buf name, previous; /* of the last entry and the one before it */
    struct rmv_tree_total total;
};
void rmv_tree_reader_free(struct rmv_tree_reader *reader);

/* Errors: CORRUPT, UNSUPPORTED (a newer version). */
RMV_MUST_CHECK
const struct rmv_error *rmv_tree_open(const char *text, size_t size,
                                      struct rmv_tree_reader *reader);

/* Sets `*entry` to the next one, whose name lives until the next call; `*found` is false at the
 * end. Errors: CORRUPT (with the line). */
RMV_MUST_CHECK
const struct rmv_error *rmv_tree_next(struct rmv_tree_reader *reader, struct rmv_tree_entry *entry,
                                      bool *found);

/* Reads a whole tree to see that it is one, and what it adds up to. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_tree_check(const char *text, size_t size, struct rmv_tree_total *total);

/* Is this the type of something with bytes of its own: a file, executable or not? */
bool rmv_tree_is_file(char type);
