/* One folder while it is being walked through: its names, and what is known of each so far. Several
 * threads may be at work on different items of it. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "dataset/tree.h"
#include "rmv/base/buf.h"
#include "rmv/dataset/ignore.h"

struct rmv_examine_item {
    size_t name; /* offset into the folder's names */
    char type;   /* as the folder says: 'f' may be an 'x', 0 is yet to be found out, and in the
                    end does not count */
    uint64_t size, nfiles; /* this and below: once it was looked at */
    struct rmv_object_id id;
};

struct rmv_examine_folder {
    struct rmv_examine_folder *parent;          /* NULL for the one where the walk started */
    size_t index;                               /* of its item in the parent */
    struct rmv_examine_folder *previous, *next; /* all folders that are alive */
    char *path;                                 /* relative to the workspace */
    int fd;                                     /* while some of it is yet to be looked at */
    struct rmv_examine_item *items;             /* sorted by name */
    size_t count, capacity;
    struct rmv_buf names;
    struct rmv_ignore *ignore; /* the lines that hold in it; the parent's until it is listed */
    bool clears_leftovers;     /* of rmv's own temporary files, which are never part of it */
    bool has_ignore_file;
    bool has_source;             /* a file or so that says what is tracked; see scan.h */
    atomic_size_t users_count;   /* pieces of work that need `fd` */
    atomic_size_t pending_count; /* pieces of work, and folders inside, that are not done */
};

/* Adds a folder to the list of living ones, for one thread at a time, with one piece of work: to
 * list it. `path` is taken over. */
struct rmv_examine_folder *rmv_examine_folder_new(struct rmv_examine_folder **alive,
                                                  struct rmv_examine_folder *parent, size_t index,
                                                  char *path);
void rmv_examine_folder_free(struct rmv_examine_folder **alive, struct rmv_examine_folder *folder);

/* One piece of work less needs the folder open. */
void rmv_examine_folder_leave(struct rmv_examine_folder *folder);

const char *rmv_examine_folder_name(const struct rmv_examine_folder *folder, size_t index);

void rmv_examine_item_set(struct rmv_examine_item *item, const struct rmv_tree_entry *entry);

/* Reads the names in the open folder, sorted. `room` is reused. Errors: DENIED (a name that may not
 * be tracked), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_examine_folder_read(struct rmv_examine_folder *folder,
                                                struct rmv_buf *room);

/* Replaces `text` by the folder's tree, and sets type, size and number of files of `*entry`. */
void rmv_examine_folder_format(const struct rmv_examine_folder *folder, struct rmv_buf *text,
                               struct rmv_tree_entry *entry);

/* Sets the tree's id, too. Of a folder with very many files, only parts of the tree are in `text`
 * at a time, which it is needed for. */
void rmv_examine_folder_hash(const struct rmv_examine_folder *folder, struct rmv_buf *text,
                             struct rmv_tree_entry *entry);

/* The same, and stores the tree. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_examine_folder_put(const struct rmv_examine_folder *folder,
                                               struct rmv_store_batch *batch, struct rmv_buf *text,
                                               struct rmv_tree_entry *entry);
