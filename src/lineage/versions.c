#include "lineage/versions.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/pointer.h"

#define UNREADABLE_MAX 100 /* sentences kept */

static void free_version(struct rmv_version *version)
{
    rmv_str_free(&version->listed_in);
    rmv_outputs_free(&version->outputs);
    rmv_strings_free(&version->stages);
}

void rmv_versions_free(struct rmv_versions *history)
{
    for (size_t i = 0; i < history->commits_count; i++)
        rmv_vcs_commit_free(&history->commits[i]);
    free(history->commits);
    for (size_t i = 0; i < history->versions_count; i++)
        free_version(&history->versions[i]);
    free(history->versions);
    rmv_map_free(&history->records);
    rmv_map_free(&history->contents);
    rmv_strings_free(&history->unreadable);
    *history = (struct rmv_versions){0};
}

struct reading {
    struct rmv_workspace *workspace;
    struct rmv_versions *history;
};

/* Indexes live in the maps as pointers, one up so that none is NULL. */
static void *value_of(size_t index)
{
    return (void *)(uintptr_t)(index + 1);
}

static char *content_key(const char *path, const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_str_format("%s %s", hex, path);
}

/* ---- Reading one version -------------------------------------------------------------------- */

static const struct rmv_error *parse_lock(const struct rmv_buf *text, struct rmv_version *version)
{
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};

    const struct rmv_error *err =
        rmv_lock_file_parse(version->listed_in, text->data, text->size, &lock);
    if (err)
        return err;
    for (size_t i = 0; i < lock.count; i++) {
        const struct rmv_lock_stage *stage = &lock.stages[i];
        for (size_t k = 0; k < stage->outs.count; k++) {
            if (stage->outs.items[k].kind == RMV_OUTPUT_MISSING)
                continue;
            struct rmv_output *output = rmv_outputs_add(&version->outputs);
            rmv_output_copy(output, &stage->outs.items[k]);
            output->record = stage->record;
            rmv_strings_add(&version->stages, stage->name);
        }
    }
    return NULL;
}

static const struct rmv_error *parse_version(const struct rmv_buf *text,
                                             struct rmv_version *version)
{
    if (strcmp(rmv_path_name(version->listed_in), RMV_LOCK_FILE_NAME) == 0)
        return parse_lock(text, version);
    rmv_strings_add(&version->stages, "");
    return rmv_pointer_parse(version->listed_in, text->data, text->size,
                             rmv_outputs_add(&version->outputs));
}

/* Newest first: the oldest commit to name a record, and the newest to list a content, win. */
static void index_version(struct rmv_versions *history, size_t index)
{
    const struct rmv_version *version = &history->versions[index];

    for (size_t i = 0; i < version->outputs.count; i++) {
        const struct rmv_output *output = &version->outputs.items[i];
        RMV_CLEANUP(rmv_str_free) char *key = content_key(output->path, &output->id);
        if (!rmv_map_find(&history->contents, key))
            rmv_map_set(&history->contents, key, value_of(index));
        if (rmv_object_id_is_zero(&output->record))
            continue;
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&output->record, hex);
        rmv_map_set(&history->records, hex, value_of(version->commit));
    }
}

static void note_unreadable(struct rmv_versions *history, const struct rmv_version *version,
                            const struct rmv_error *err)
{
    const char *commit = history->commits[version->commit].id;
    if (history->unreadable.count < UNREADABLE_MAX)
        rmv_strings_take(&history->unreadable, rmv_str_format("%s at %.10s: %s", version->listed_in,
                                                              commit, err->message));
}

static const struct rmv_error *read_version(const struct reading *reading, const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_workspace *workspace = reading->workspace;
    struct rmv_versions *history = reading->history;
    struct rmv_version version = {.commit = history->commits_count - 1};

    const struct rmv_error *err = rmv_vcs_read(workspace->vcs, history->commits[version.commit].id,
                                               path, RMV_YAML_BYTES_MAX, &text);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL; /* the commit removed it */
    if (err && err->code == RMV_ERR_IO)
        return err;
    version.listed_in = rmv_path_relative(workspace->vcs_prefix, path);
    if (!err)
        err = parse_version(&text, &version);
    if (err) {
        note_unreadable(history, &version, err);
        free_version(&version);
        return NULL;
    }
    history->versions = rmv_grow(history->versions, history->versions_count,
                                 &history->versions_capacity, sizeof(version));
    history->versions[history->versions_count++] = version;
    index_version(history, history->versions_count - 1);
    return NULL;
}

/* ---- Walking -------------------------------------------------------------------------------- */

static bool is_source(void *context, const char *path)
{
    const struct reading *reading = context;
    const char *name = rmv_path_name(path);

    if (!rmv_path_is_in(path, reading->workspace->vcs_prefix))
        return false;
    return strcmp(name, RMV_LOCK_FILE_NAME) == 0 ||
           (rmv_path_has_suffix(name, RMV_POINTER_SUFFIX) &&
            strlen(name) > strlen(RMV_POINTER_SUFFIX));
}

static const struct rmv_error *visit_commit(void *context, const struct rmv_vcs_commit *commit,
                                            bool *stop)
{
    struct reading *reading = context;
    struct rmv_versions *history = reading->history;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};

    (void)stop;
    const struct rmv_error *err =
        rmv_vcs_list_changed(reading->workspace->vcs, commit->id, is_source, reading, &paths);
    if (err || paths.count == 0)
        return err;
    history->commits = rmv_grow(history->commits, history->commits_count,
                                &history->commits_capacity, sizeof(*commit));
    struct rmv_vcs_commit *copy = &history->commits[history->commits_count++];
    *copy = *commit;
    copy->author = rmv_str_copy(commit->author);
    copy->summary = rmv_str_copy(commit->summary);
    for (size_t i = 0; !err && i < paths.count; i++)
        err = read_version(reading, paths.items[i]);
    return err;
}

const struct rmv_error *rmv_versions_read(struct rmv_workspace *workspace,
                                          struct rmv_versions *history)
{
    struct reading reading = {.workspace = workspace, .history = history};

    if (!workspace->vcs)
        return NULL;
    const struct rmv_error *err = rmv_vcs_walk(workspace->vcs, NULL, NULL, visit_commit, &reading);
    if (err)
        return rmv_error_context(err, "cannot read the project's history");
    return NULL;
}

const struct rmv_vcs_commit *rmv_versions_find_binding(const struct rmv_versions *history,
                                                       const struct rmv_object_id *record)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(record, hex);
    const uintptr_t found = (uintptr_t)rmv_map_find(&history->records, hex);
    return found ? &history->commits[found - 1] : NULL;
}

const struct rmv_version *rmv_versions_find_content(const struct rmv_versions *history,
                                                    const char *path,
                                                    const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_str_free) char *key = content_key(path, id);
    const uintptr_t found = (uintptr_t)rmv_map_find(&history->contents, key);
    return found ? &history->versions[found - 1] : NULL;
}
