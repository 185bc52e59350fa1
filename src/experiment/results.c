#include "rmv/experiment/results.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/snapshot.h"
#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/log.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/metrics.h"
#include "rmv/pipeline/params.h"
#include "rmv/pipeline/pipeline.h"

#define CACHE_MAGIC "rmv-results 1 "
#define CACHE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define CACHE_COUNT_MAX 20000
#define HEX_SIZE ((size_t)RMV_OBJECT_ID_HEX_SIZE - 1)

struct rmv_experiment_results {
    struct rmv_workspace *workspace;
    struct rmv_map known;   /* id, or "" → struct rmv_value *, owned */
    struct rmv_map passing; /* ids of what is not to be remembered */
    bool has_changed;
};

/* ---- Reading what is there ------------------------------------------------------------------- */

static void list_param_deps(const struct rmv_pipeline *pipeline, struct rmv_value *list)
{
    rmv_value_set_list(list);
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].params_count; k++) {
            const struct rmv_stage_params *params = &pipeline->stages[i].params[k];
            for (size_t n = 0; n < params->keys.count || (n == 0 && !params->keys.count); n++) {
                const char *key = params->keys.count ? params->keys.items[n] : "";
                RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%s:%s", params->file, key);
                rmv_value_set_text(rmv_value_append(list), text);
            }
        }
}

/* One file that cannot be parsed, half written say, hides nothing else. */
static void warn_of_file(struct rmv_workspace *workspace, const char *id,
                         const struct rmv_error *err)
{
    rmv_log_write(workspace->log, RMV_LOG_WARNING, "%.7s%s%s", id ? id : "", id ? ": " : "",
                  err->message);
}

/* `*missing` counts files that are not there, not in the store, or broken. */
static const struct rmv_error *read_files(struct rmv_workspace *workspace, const char *id,
                                          const struct rmv_strings *files, struct rmv_value *values,
                                          size_t *missing)
{
    rmv_value_set_map(values);
    *missing = 0;
    for (size_t i = 0; i < files->count; i++) {
        const struct rmv_error *err = rmv_metrics_read(workspace, id, files->items[i], values);
        *missing += err != NULL;
        if (err && err->code == RMV_ERR_CORRUPT)
            warn_of_file(workspace, id, err);
        else if (err && err->code != RMV_ERR_NOT_FOUND)
            return err;
    }
    return NULL;
}

/* Of one lock file, what no stage makes. */
static void add_deps(const struct rmv_lock_file *lock, const struct rmv_pipeline *pipeline,
                     struct rmv_value *deps)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    for (size_t i = 0; i < lock->count; i++)
        for (size_t k = 0; k < lock->stages[i].deps.count; k++) {
            const struct rmv_output *dep = &lock->stages[i].deps.items[k];
            if (dep->kind == RMV_OUTPUT_MISSING || rmv_pipeline_maker_of(pipeline, dep->path))
                continue;
            rmv_object_id_to_hex(&dep->id, hex);
            rmv_value_set_text(rmv_value_add(deps, dep->path), hex);
        }
}

static const struct rmv_error *read_deps(struct rmv_workspace *workspace, const char *id,
                                         const struct rmv_pipeline *pipeline,
                                         struct rmv_value *deps)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_error *err = rmv_tracked_read(workspace, id, &tracked);
    if (err)
        return err;
    rmv_value_set_map(deps);
    for (size_t i = 0; i < tracked.lock_files_count; i++)
        add_deps(&tracked.lock_files[i], pipeline, deps);
    return NULL;
}

/* `*is_whole` is false if data may still come that adds to it. */
static const struct rmv_error *read_results(struct rmv_workspace *workspace, const char *id,
                                            struct rmv_value *results, bool *is_whole)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings metrics = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings params = {0};
    size_t missing = 0;

    const struct rmv_error *err = id ? rmv_pipeline_read_revision(workspace, id, &pipeline)
                                     : rmv_pipeline_read(workspace, &pipeline);
    if (err)
        return err;
    rmv_metrics_files(&pipeline, &metrics);
    rmv_params_list(&pipeline, &params);
    rmv_value_set_map(results);
    err = read_files(workspace, id, &metrics, rmv_value_add(results, "metrics"), &missing);
    *is_whole = missing == 0;
    if (!err)
        err = read_files(workspace, id, &params, rmv_value_add(results, "params"), &missing);
    if (!err)
        err = read_deps(workspace, id, &pipeline, rmv_value_add(results, "deps"));
    list_param_deps(&pipeline, rmv_value_add(results, "param_deps"));
    return err;
}

/* ---- The cache ------------------------------------------------------------------------------- */

static void remember(struct rmv_experiment_results *results, const char *id,
                     struct rmv_value *value)
{
    struct rmv_value *kept = rmv_calloc(1, sizeof(*kept));
    *kept = *value;
    *value = (struct rmv_value){0};
    rmv_map_set(&results->known, id, kept);
}

static void checksum_of(const char *body, char hex[RMV_OBJECT_ID_HEX_SIZE])
{
    const struct rmv_object_id id = rmv_object_id_of(body, strlen(body));
    rmv_object_id_to_hex(&id, hex);
}

/* "rmv-results 1 CHECKSUM" and a line of JSON. Whatever is wrong with it, it counts as empty. */
static void read_cache(struct rmv_experiment_results *results, const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    const size_t head = strlen(CACHE_MAGIC) + HEX_SIZE + 1;

    if (rmv_fs_read(path, CACHE_BYTES_MAX, &text) || text.size < head ||
        memcmp(text.data, CACHE_MAGIC, strlen(CACHE_MAGIC)) != 0)
        return;
    const char *body = rmv_buf_string(&text) + head;
    checksum_of(body, hex);
    if (memcmp(hex, text.data + strlen(CACHE_MAGIC), HEX_SIZE) != 0 ||
        rmv_json_parse(path, body, strlen(body), &map) || map.kind != RMV_VALUE_MAP ||
        map.map.count > CACHE_COUNT_MAX)
        return;
    for (size_t i = 0; i < map.map.count; i++)
        if (map.map.members[i].value.kind == RMV_VALUE_MAP)
            remember(results, map.map.members[i].key, &map.map.members[i].value);
}

static const struct rmv_error *write_cache(struct rmv_experiment_results *results)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    const struct rmv_error *err = rmv_experiment_folder(results->workspace, "", &folder);
    if (err)
        return err;
    rmv_value_set_map(&map);
    for (size_t i = 0; i < results->known.count; i++)
        if (*results->known.entries[i].key &&
            !rmv_map_find(&results->passing, results->known.entries[i].key))
            rmv_value_copy(rmv_value_add(&map, results->known.entries[i].key),
                           results->known.entries[i].value);
    rmv_json_format(&map, false, &body);
    checksum_of(rmv_buf_string(&body), hex);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, "results");
    RMV_CLEANUP(rmv_str_free)
    char *text = rmv_str_format(CACHE_MAGIC "%s\n%s", hex, rmv_buf_string(&body));
    return rmv_fs_write_atomic(path, text, strlen(text));
}

void rmv_experiment_results_open(struct rmv_workspace *workspace, bool anew,
                                 struct rmv_experiment_results **results)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(workspace->root, RMV_WORKSPACE_FOLDER "/exps/results");
    *results = rmv_calloc(1, sizeof(**results));
    (*results)->workspace = workspace;
    if (!anew)
        read_cache(*results, path);
}

void rmv_experiment_results_close(struct rmv_experiment_results **results)
{
    struct rmv_experiment_results *closed = *results;
    if (!closed)
        return;
    struct rmv_error *pending = rmv_error_take(rmv_error_last());
    const struct rmv_error *err = closed->has_changed ? write_cache(closed) : NULL;
    if (err)
        rmv_log_write(closed->workspace->log, RMV_LOG_WARNING, "%s", err->message);
    rmv_error_raise(&pending);
    for (size_t i = 0; i < closed->known.count; i++) {
        rmv_value_free(closed->known.entries[i].value);
        free(closed->known.entries[i].value);
    }
    rmv_map_free(&closed->known);
    rmv_map_free(&closed->passing);
    free(closed);
    *results = NULL;
}

const struct rmv_error *rmv_experiment_results_get(struct rmv_experiment_results *results,
                                                   const char *id, const struct rmv_value **found)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    const char *key = id ? id : "";
    bool is_whole = false;

    *found = rmv_map_find(&results->known, key);
    if (*found)
        return NULL;
    const struct rmv_error *err = read_results(results->workspace, id, &value, &is_whole);
    if (err)
        return err;
    remember(results, key, &value);
    if (!is_whole && id)
        rmv_map_set(&results->passing, id, results);
    results->has_changed = results->has_changed || (is_whole && id);
    *found = rmv_map_find(&results->known, key);
    return NULL;
}
