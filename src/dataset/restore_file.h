/* Writing one file or link of the workspace. Content has been hashed before anybody sees it: a
 * small new file is created under its name and removed again where that fails, a large one gets its
 * name when it is whole, and an existing one is replaced by renaming. */
#pragma once

#include <sys/stat.h>

#include "dataset/restore.h"

/* One thread's: the folder it wrote into last is likely to be the next one too. */
struct rmv_restore_writer {
    struct rmv_restore *restore;
    char *folder;  /* relative to the workspace, or NULL */
    int folder_fd; /* -1 is the empty state */
};
void rmv_restore_writer_free(struct rmv_restore_writer *writer);

/* A name for a file that is to be renamed; the caller frees it. */
char *rmv_restore_temporary_name(void);

/* Makes writer->folder_fd the folder that `path` is in, creating it if need be; `*name` points at
 * the last component inside `path`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_enter(struct rmv_restore_writer *writer, const char *path,
                                          const char **name);

/* Creates `name` in the writer's folder, where nothing of that name is. `path` is for messages.
 * Sets `*status`, but not for links. Errors: of the store, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_write_new(struct rmv_restore_writer *writer, const char *name,
                                              const char *path, const struct rmv_tree_entry *entry,
                                              struct stat *status);

/* The same for a file of the given type in two steps: it is created, empty, and `*fd` is the
 * caller's to close. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_create(const struct rmv_restore_writer *writer,
                                           const char *name, const char *path, char type, int *fd);

/* Then it gets its content. Where that fails, the caller removes it. Errors: of the store, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_fill(const struct rmv_restore *restore, const char *path,
                                         const struct rmv_object_id *id, int fd,
                                         struct stat *status);

/* Puts a file or link in the place of the one at op->path, which is `name` in the writer's folder.
 * Errors: of the store, CONFLICT (it was edited meanwhile), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_write_over(struct rmv_restore_writer *writer, const char *name,
                                               const struct rmv_restore_op *op,
                                               struct stat *status);

/* Gives a file with the right content the exec bit of `type`, or takes it. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_change_mode(struct rmv_restore_writer *writer, const char *name,
                                                const char *path, char type, struct stat *status);
