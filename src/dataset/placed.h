/* Which outputs rmv saved from, or put into, the workspace, and in which state: so that a later
 * checkout can tell data of another branch, which goes, from files nobody tracks, which stay. A
 * cache: without it less is removed. docs/FORMATS.md ("Placed outputs") has the layout. */
#pragma once

#include "dataset/tree.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

struct rmv_placed;

/* The list in the file `name` of `.rmstore/`; missing or damaged, it is empty. */
void rmv_placed_open(const struct rmv_workspace *workspace, const char *name,
                     struct rmv_placed **placed);
void rmv_placed_close(struct rmv_placed **placed);

/* The workspace's own list, opened when first asked for. */
struct rmv_placed *rmv_placed_of(struct rmv_workspace *workspace);

/* NULL if it is not there. Valid until it is set again. */
const struct rmv_tree_entry *rmv_placed_find(const struct rmv_placed *placed, const char *path);

/* `entry` NULL or of type 0 takes it off the list. */
void rmv_placed_set(struct rmv_placed *placed, const char *path,
                    const struct rmv_tree_entry *entry);

/* Adds the paths of all outputs, sorted. */
void rmv_placed_list(const struct rmv_placed *placed, struct rmv_strings *paths);

/* Merges what was set into the file; other processes may do the same. Nothing is written if nothing
 * changed; an empty list is no file. Errors: LOCKED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_placed_write(struct rmv_placed *placed);
