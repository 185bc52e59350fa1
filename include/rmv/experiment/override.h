/* Parameters that an experiment runs with in place of those in its files: "[FILE:]KEY=VALUE".
 *
 *     train.rank=20        the parameter must be there          +train.rank=20   must not be there
 *     ++train.rank=20      either                               ~train.rank      is taken out
 *
 * Values are YAML; nothing behind the '=' is the empty string. Several values, separated by commas
 * or as choice(a, b) or range(start, stop[, step]), stand for one experiment each. The grammar is
 * that of Hydra's overrides, as far as it goes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/dataset/workspace.h"

#define RMV_OVERRIDE_SETS_MAX 10000

enum rmv_override_kind {
    RMV_OVERRIDE_CHANGE,
    RMV_OVERRIDE_ADD,
    RMV_OVERRIDE_SET, /* changes or adds */
    RMV_OVERRIDE_REMOVE,
};

struct rmv_override {
    enum rmv_override_kind kind;
    char *file, *key;       /* the file relative to where the program was started */
    struct rmv_value value; /* null for REMOVE */
};

/* What one experiment overrides, in the order in which it was typed. */
struct rmv_override_set {
    struct rmv_override *items;
    size_t count, capacity;
};

struct rmv_override_sets {
    struct rmv_override_set *items;
    size_t count, capacity;
};
void rmv_override_sets_free(struct rmv_override_sets *sets);

/* Adds one set for each combination of values; the last of `typed` varies fastest. Nothing typed is
 * one empty set. Errors: USAGE, LIMIT (too many combinations). */
RMV_MUST_CHECK
const struct rmv_error *rmv_override_parse(const struct rmv_strings *typed,
                                           struct rmv_override_sets *sets);

/* Files with a new content that is not in the workspace. */
struct rmv_file_edit {
    char *path; /* relative to the workspace */
    struct rmv_buf text;
};

struct rmv_file_edits {
    struct rmv_file_edit *items;
    size_t count, capacity;
};
void rmv_file_edits_free(struct rmv_file_edits *edits);

/* The edit of `path`, which is added with no text if there is none; `*is_new` says so. */
struct rmv_file_edit *rmv_file_edits_add(struct rmv_file_edits *edits, const char *path,
                                         bool *is_new);

/* Adds to `edits` what the parameter files of the workspace become, as rmv_document_set() changes
 * them. Errors: NOT_FOUND (a file or parameter that should be there, with the nearest name),
 * CONFLICT (one that should not), UNSUPPORTED (its language cannot say it), CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_override_apply(struct rmv_workspace *workspace,
                                           const struct rmv_override_set *set,
                                           struct rmv_file_edits *edits);
