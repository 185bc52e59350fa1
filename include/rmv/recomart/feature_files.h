/* The features as files: one CSV per table and a manifest that describes and seals them. They are
 * the truth, versioned by rmv as the output of a stage; the tables of the feature store are filled
 * from them. docs/FORMATS.md, "Feature files", has the layout. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/base/sha256.h"
#include "rmv/base/value.h"
#include "rmv/features/store.h"
#include "rmv/recomart/events.h"
#include "rmv/recomart/preferences.h"

/* Computes the features, v1 and, if asked for, v2, from prepared interactions and writes them into
 * `folder`, which then holds nothing else that an earlier build left. The same events give the same
 * bytes. Errors: those of reading the events, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_files_build(const char *prepared_path, bool with_v2,
                                                const char *folder);

struct rmv_feature_file {
    const char *version; /* "v1" */
    const char *name;    /* of the file, in the folder */
    size_t rows;
    struct rmv_feature_table table;
    struct rmv_feature_column *columns; /* what table.columns points at */
};

/* What a folder holds. */
struct rmv_feature_files {
    char *folder;
    struct rmv_value manifest; /* names point into it */
    struct rmv_feature_file *files;
    size_t count;
    uint8_t id[RMV_SHA256_SIZE];      /* of the manifest, which seals the files */
    char id_hex[RMV_SHA256_HEX_SIZE]; /* the stamp of the tables */
};

/* Reads the manifest; the caller frees `*files`. Errors: NOT_FOUND, CORRUPT, UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_files_open(const char *folder, struct rmv_feature_files *files);
void rmv_feature_files_free(struct rmv_feature_files *files);

/* Reads all files and compares them with the manifest. Errors: CORRUPT (one is not what it says),
 * NOT_FOUND, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_files_check(const struct rmv_feature_files *files);

/* Checks the files and fills the tables of each version whose stamp in the store is another than
 * the files' id: one transaction per version. Versions that are up to date are left alone. Sets
 * `*filled` to how many were not. Errors: as of the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_files_materialize(const struct rmv_feature_files *files,
                                                      struct rmv_feature_store *store,
                                                      size_t *filled);

/* The table of a version, or NULL. `group` is the table's name without a version: "user_features".
 */
const struct rmv_feature_file *rmv_feature_files_find(const struct rmv_feature_files *files,
                                                      const char *version, const char *group);

/* Reads the interactions of a version out of the store: what training and inference see. The caller
 * frees `*preferences`. Errors: NOT_FOUND (no such version), those of the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_files_load(const struct rmv_feature_files *files,
                                               struct rmv_feature_store *store, const char *version,
                                               struct rmv_preferences *preferences);
