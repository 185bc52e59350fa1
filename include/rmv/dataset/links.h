/* Links: how files of the workspace and objects of the store are made of the same bytes. The types
 * are those of DVC's cache.type: a reflink shares blocks until somebody writes, where the
 * filesystem can do that; a hard or symbolic link leads to a read-only file in the store, which
 * then has the content nowhere else. A file that is such a link counts as the content of the
 * object, and whoever writes through it damages that; rmv_unprotect() makes it a file of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

enum rmv_link_type {
    RMV_LINK_COPY,
    RMV_LINK_REFLINK,
    RMV_LINK_HARDLINK,
    RMV_LINK_SYMLINK,
    RMV_LINK_TYPES_COUNT
};

/* Types in the order in which they are tried; a copy always works. */
struct rmv_link_types {
    enum rmv_link_type items[RMV_LINK_TYPES_COUNT];
    size_t count;
};

#define RMV_LINK_TYPES_DEFAULT "reflink,copy"

/* Parses "reflink,hardlink,copy": names from the list above, each once at most. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_link_types_parse(const char *text, struct rmv_link_types *types);

/* What is used instead of the setting cache.type, as long as the workspace is open. */
void rmv_links_use(struct rmv_workspace *workspace, const struct rmv_link_types *types);

/* Turns files whose content was saved into the store as it is into links to it. For after the batch
 * was committed and what names the objects is published: whatever happens before, the files are
 * there. One that changed meanwhile, or cannot be replaced, stays as it is. */
void rmv_links_place(struct rmv_workspace *workspace);

/* Calls visit() with the object of every symbolic link in the workspace that leads, or led, into
 * the store: tracked or not, the link is all that the user has of it. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *
rmv_links_visit(struct rmv_workspace *workspace,
                void (*visit)(void *context, const struct rmv_object_id *id), void *context);

struct rmv_unprotect_options {
    bool force; /* take the bytes as they are where a link was written through */
};

struct rmv_unprotected {
    uint64_t files_count; /* that were links and are files of their own now */
};

/* Makes the files at and below `paths` (relative to the workspace) files of their own that can be
 * written to: symbolic links into the store and all hard links. Each is replaced at once by a copy
 * that has been hashed. All are tried. Errors: NOT_FOUND (nothing at a path), CORRUPT (what a link
 * leads to is not what was stored: it stays, unless forced), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_unprotect(struct rmv_workspace *workspace,
                                      const struct rmv_strings *paths,
                                      const struct rmv_unprotect_options *options,
                                      struct rmv_unprotected *unprotected);
