/* The registry of features, data/config/feature_store.yaml: which groups of features there are in
 * which versions, what each feature means and how it comes about, and views that join groups.
 *
 *     views:
 *     - name: training
 *       version: v1
 *       keys: [user_id, product_id]
 *       groups: [user_item_features, user_features, item_features]
 *     groups:
 *     - name: user_features
 *       version: v1
 *       table: user_features
 *       description: how active a user is
 *       owner: recomart
 *       keys:
 *       - {name: user_id, type: VARCHAR}
 *       features:
 *       - name: total_interactions
 *         type: INT
 *         description: number of interactions
 *         transformation: count of events
 *         sources: [prepared_interactions.user_id] */
#pragma once

#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/features/store.h"
#include "rmv/recomart/feature_files.h"

#define RMV_REGISTRY_PATH_DEFAULT "data/config/feature_store.yaml"

struct rmv_registry_group {
    const char *name, *version;
    const char *description, *owner;    /* "" where missing */
    struct rmv_feature_table table;     /* the keys come first */
    struct rmv_feature_column *columns; /* what table.columns points at */
    const struct rmv_value *features;   /* the list of definitions */
};

struct rmv_registry {
    char *path;
    struct rmv_value document; /* everything points into it */
    struct rmv_registry_group *groups;
    size_t count;
};

/* Reads a registry; NULL for the default path. The caller frees it. Errors: NOT_FOUND, CORRUPT,
 * USAGE (with file and line). */
RMV_MUST_CHECK
const struct rmv_error *rmv_registry_read(const char *path, struct rmv_registry *registry);
void rmv_registry_free(struct rmv_registry *registry);

/* Errors: NOT_FOUND; the message names the versions or groups there are. */
RMV_MUST_CHECK
const struct rmv_error *rmv_registry_find(const struct rmv_registry *registry, const char *name,
                                          const char *version,
                                          const struct rmv_registry_group **group);

/* A view: groups beside each other, joined on keys. The first group has all of them. */
struct rmv_registry_view {
    const char *name, *version;
    const struct rmv_registry_group *groups[RMV_FEATURE_TABLES_MAX];
    size_t count;
};

/* Errors: NOT_FOUND, USAGE (the groups do not fit together; the message says why). */
RMV_MUST_CHECK
const struct rmv_error *rmv_registry_find_view(const struct rmv_registry *registry,
                                               const char *name, const char *version,
                                               struct rmv_registry_view *view);

/* Is every table of the files registered, with the same keys and columns? Errors: CONFLICT naming
 * the table. */
RMV_MUST_CHECK
const struct rmv_error *rmv_registry_check(const struct rmv_registry *registry,
                                           const struct rmv_feature_files *files);

/* Adds a group, given as in the file, at the end of the file, whose other text stays as it is. The
 * list of groups must be the last thing in the file. Errors: CONFLICT (that version of the group
 * exists), USAGE (the definition is wrong, or the list is not last), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_registry_add(const char *path, const struct rmv_value *definition);
