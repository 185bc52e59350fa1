/* The links of a workspace into its store: telling them from others, making them, and turning files
 * that were stored as loose objects into links once that is safe. Thread-safe. */
#pragma once

#include <sys/stat.h>

#include "dataset/tree.h"
#include "rmv/dataset/links.h"
#include "rmv/store/store.h"

struct rmv_links;

/* The workspace's own, made when first asked for. */
struct rmv_links *rmv_links_of(struct rmv_workspace *workspace);
void rmv_links_free(struct rmv_links **links);

/* Are files to be hard or symbolic links into the store? */
bool rmv_links_are_links(struct rmv_workspace *workspace);

/* ---- Telling ---------------------------------------------------------------------------------
 */

enum rmv_link_state {
    RMV_LINK_NONE,  /* no link, or one that is the user's own */
    RMV_LINK_LIVE,  /* leads to a loose object of the store */
    RMV_LINK_STALE, /* led to one, of this store or another that the workspace used */
};

struct rmv_link {
    struct rmv_object_id id; /* by its name */
    bool is_executable;
    struct stat status; /* of the object's file, if LIVE */
    char *path;         /* of the object's file, if LIVE */
};
void rmv_link_free(struct rmv_link *link);

/* What is the symbolic link `name` in the folder? The caller frees `*link`. */
enum rmv_link_state rmv_links_find(struct rmv_workspace *workspace, int folder_fd, const char *name,
                                   struct rmv_link *link);

/* Sets `*status` to that of the object's file if `name` is a link that is LIVE: it stands for it.
 */
void rmv_links_follow(struct rmv_workspace *workspace, int folder_fd, const char *name,
                      struct stat *status);

/* Opens the object's file for reading if `name` is a link that is LIVE. */
bool rmv_links_open(struct rmv_workspace *workspace, int folder_fd, const char *name, int *fd);

/* The error that a link is STALE, which is not to be stored as if it was the user's own. */
const struct rmv_error *rmv_links_refuse(const char *path, const struct rmv_link *link);

/* Is the file at `name` of a type that is wanted for this content? */
bool rmv_links_is_right(struct rmv_workspace *workspace, int folder_fd, const char *name,
                        const struct rmv_tree_entry *entry);

/* ---- Storing ---------------------------------------------------------------------------------
 */

/* A file that is being stored. */
struct rmv_links_source {
    int fd; /* from its start */
    const char *path;
    const struct stat *status;
    bool is_shared; /* it was reached through a link */
    struct rmv_progress *progress;
};

/* May a file of this size be stored as a loose object? Costs nothing. */
bool rmv_links_want(struct rmv_workspace *workspace, uint64_t size);

/* Stores the file as a loose object if that is how links want it; otherwise `*is_stored` is false
 * and nothing was done. Errors: of the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_links_put(struct rmv_workspace *workspace,
                                      struct rmv_store_batch *batch,
                                      const struct rmv_links_source *source,
                                      struct rmv_store_file *file, bool *is_stored);

/* ---- Making ----------------------------------------------------------------------------------
 */

/* Makes sure that the loose objects are there, and sound, that links to these contents need;
 * `batch` is committed by the caller. What cannot be made is left out. */
void rmv_links_prepare(struct rmv_workspace *workspace, struct rmv_store_batch *batch,
                       const struct rmv_tree_entry *entry);

/* Creates `name` in the folder as a link to the object, or as a file that shares its blocks;
 * `*is_made` is false where a copy is to be made. Errors: CONFLICT (something has the name), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_links_make(struct rmv_workspace *workspace, int folder_fd,
                                       const char *name, const struct rmv_tree_entry *entry,
                                       bool *is_made);

/* The status that counts for the stat index: of the file, or of the object's file that a link leads
 * to. Also notes that a hard link has changed the object's file. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_links_stat(struct rmv_workspace *workspace, int folder_fd,
                                       const char *name, const struct rmv_tree_entry *entry,
                                       struct stat *status);
