#include "pipeline/named_dataset.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/url.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define FILE_SCHEME "file://"

bool rmv_named_dataset_is(const char *text)
{
    return strncmp(text, RMV_DATASET_SCHEME, strlen(RMV_DATASET_SCHEME)) == 0;
}

/* ---- Names ---------------------------------------------------------------------------------- */

static const struct rmv_error *unknown(const struct rmv_pipeline *pipeline,
                                       const struct rmv_stage *stage,
                                       const struct rmv_stage_dep *dep, const char *name)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    for (size_t i = 0; i < pipeline->datasets_count; i++)
        rmv_strings_add(&names, pipeline->datasets[i].name);
    const char *nearest = rmv_strings_nearest(&names, name);
    const struct rmv_error *err =
        rmv_error(RMV_ERR_USAGE, "%s:%u:%u: there is no dataset '%s'", stage->file,
                  (unsigned)dep->line, (unsigned)dep->column, name);
    if (nearest)
        return rmv_error_hint(err, "did you mean 'ds://%s'?", nearest);
    return rmv_error_hint(err, "name it under `datasets` at the top of %s", stage->file);
}

static const struct rmv_named_dataset *find(const struct rmv_pipeline *pipeline, const char *name,
                                            size_t from)
{
    for (size_t i = from; i < pipeline->datasets_count; i++)
        if (strcmp(pipeline->datasets[i].name, name) == 0)
            return &pipeline->datasets[i];
    return NULL;
}

void rmv_named_datasets_link(struct rmv_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->count; i++) {
        struct rmv_stage *stage = &pipeline->stages[i];
        for (size_t k = 0; k < stage->outside_count; k++) {
            struct rmv_stage_dep *dep = &stage->outside[k];
            if (rmv_named_dataset_is(dep->path))
                dep->dataset = find(pipeline, dep->path + strlen(RMV_DATASET_SCHEME), 0);
        }
    }
}

static const struct rmv_error *check_dep(const struct rmv_pipeline *pipeline,
                                         const struct rmv_stage *stage,
                                         const struct rmv_stage_dep *dep)
{
    if (!dep->dataset)
        return unknown(pipeline, stage, dep, dep->path + strlen(RMV_DATASET_SCHEME));
    const struct rmv_named_dataset *other =
        find(pipeline, dep->dataset->name, (size_t)(dep->dataset - pipeline->datasets) + 1);
    if (!other)
        return NULL;
    return rmv_error(RMV_ERR_USAGE,
                     "%s:%u:%u: there are two datasets '%s': the other one is at %s:%u",
                     other->file, (unsigned)other->line, (unsigned)other->column, other->name,
                     dep->dataset->file, (unsigned)dep->dataset->line);
}

const struct rmv_error *rmv_named_datasets_check(const struct rmv_pipeline *pipeline)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct rmv_stage *stage = &pipeline->stages[i];
        for (size_t k = 0; !err && k < stage->outside_count; k++)
            if (rmv_named_dataset_is(stage->outside[k].path))
                err = check_dep(pipeline, stage, &stage->outside[k]);
    }
    return err;
}

/* ---- Repositories --------------------------------------------------------------------------- */

/* What a file that says which data is somewhere may be called. */
static void add_candidates(const char *path, struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_str_free) char *rest = rmv_str_copy(path);
    rmv_strings_add(paths, path);
    while (strcmp(rest, ".") != 0) {
        RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(rest);
        rmv_strings_take(paths, rmv_str_format("%s.dvc", rest));
        rmv_strings_take(paths, rmv_str_format("%s.rmv", rest));
        rmv_strings_take(paths, rmv_path_join(folder, "dvc.lock"));
        rmv_strings_take(paths, rmv_path_join(folder, "rmv.lock"));
        rmv_str_set(&rest, folder);
    }
}

static const struct rmv_error *take_newest(void *context, const struct rmv_vcs_commit *commit,
                                           bool *stop)
{
    rmv_str_set((char **)context, commit->id);
    *stop = true;
    return NULL;
}

/* Sets `*id` to the last commit that changed `path`, or what says where its data is. */
static const struct rmv_error *find_last(struct rmv_vcs *vcs, const char *commit, const char *path,
                                         char **id)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    add_candidates(path, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        bool is_absent = false;
        const struct rmv_error *err =
            rmv_vcs_has_version(vcs, commit, paths.items[i], "", &is_absent);
        if (!err && !is_absent)
            err = rmv_vcs_walk(vcs, commit, paths.items[i], take_newest, id);
        if (err || *id)
            return err;
    }
    return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not there, nor what says where its data is", path);
}

/* Where the repository is, as a folder; the caller frees it. */
static const struct rmv_error *find_folder(const struct rmv_workspace *workspace,
                                           const struct rmv_named_dataset *dataset, const char *url,
                                           char **folder)
{
    RMV_CLEANUP(rmv_str_free) char *above = rmv_path_parent(dataset->file);
    RMV_CLEANUP(rmv_str_free) char *from = rmv_path_join(workspace->root, above);
    const char *path =
        strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0 ? url + strlen(FILE_SCHEME) : url;

    if (rmv_url_is(path))
        return rmv_error_hint(
            rmv_error(RMV_ERR_UNSUPPORTED, "its repository is not on this machine"),
            "clone it, and give the path of the clone as 'url' in %s:%u", dataset->file,
            (unsigned)dataset->line);
    *folder = rmv_path_join(from, path);
    return NULL;
}

static const struct rmv_error *resolve(const struct rmv_workspace *workspace,
                                       const struct rmv_named_dataset *dataset, char **id)
{
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    const char *said_path = rmv_value_find_text(&dataset->entry, "path");
    const char *rev = rmv_value_find_text(&dataset->entry, "rev");

    const struct rmv_error *err =
        find_folder(workspace, dataset, rmv_value_find_text(&dataset->entry, "url"), &folder);
    if (!err)
        err = rmv_vcs_open(folder, &vcs);
    if (!err)
        err = rmv_vcs_resolve(vcs, rev ? rev : "HEAD", &commit);
    if (err)
        return err;
    if (said_path)
        path = rmv_path_normalize(said_path);
    if (!path || strcmp(path, ".") == 0) {
        *id = rmv_str_copy(commit.id);
        return NULL;
    }
    err = rmv_path_check(path);
    return err ? err : find_last(vcs, commit.id, path, id);
}

/* ---- Its state ------------------------------------------------------------------------------ */

static const char *text_of(const struct rmv_stage_dep *dep, const char *key)
{
    return dep->dataset ? rmv_value_find_text(&dep->dataset->entry, key) : NULL;
}

static bool has_type(const struct rmv_stage_dep *dep, const char *type)
{
    return dep->dataset && strcmp(dep->dataset->type, type) == 0;
}

const char *rmv_named_dataset_url_of(const struct rmv_stage_dep *dep)
{
    const char *url = has_type(dep, "url") ? text_of(dep, "url") : NULL;
    return url && rmv_url_is(url) && !rmv_url_check(url) ? url : NULL;
}

static void set_texts(const struct rmv_stage_dep *dep, struct rmv_value *state)
{
    static const char *const keys[] = {"type", "url", "path", "rev", NULL};
    rmv_value_set_map(state);
    for (const char *const *key = keys; *key; key++)
        if (text_of(dep, *key))
            rmv_value_set_text(rmv_value_add(state, *key), text_of(dep, *key));
}

static const struct rmv_error *take_url(struct rmv_params_files *files,
                                        const struct rmv_stage_dep *dep, struct rmv_value *state)
{
    const char *url = text_of(dep, "url");
    if (!rmv_url_is(url))
        return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED, "'%s' is no URL", url),
                              "a stage can depend on a path itself, without `datasets`");
    const struct rmv_error *err = rmv_url_check(url);
    if (err)
        return err;
    const struct rmv_value *said = NULL;
    err = rmv_url_answer_find(&files->urls, url, &said);
    if (err)
        return err;
    set_texts(dep, state);
    for (size_t i = 0; i < said->map.count; i++)
        rmv_value_copy(rmv_value_add(state, said->map.members[i].key), &said->map.members[i].value);
    return NULL;
}

static const struct rmv_error *take_commit(const struct rmv_workspace *workspace,
                                           const struct rmv_stage_dep *dep, struct rmv_value *state)
{
    RMV_CLEANUP(rmv_str_free) char *id = NULL;
    const struct rmv_error *err = resolve(workspace, dep->dataset, &id);
    if (err)
        return err;
    set_texts(dep, state);
    rmv_value_set_text(rmv_value_add(state, "rev_lock"), id);
    return NULL;
}

static const struct rmv_error *take(const struct rmv_workspace *workspace,
                                    struct rmv_params_files *files, const struct rmv_stage_dep *dep,
                                    struct rmv_value *state)
{
    if (!text_of(dep, "url"))
        return rmv_error(RMV_ERR_USAGE, "it has no 'url'");
    if (has_type(dep, "url"))
        return take_url(files, dep, state);
    if (has_type(dep, "dvc"))
        return take_commit(workspace, dep, state);
    return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED, "it is of type '%s'", dep->dataset->type),
                          "rmv knows datasets of the types url and dvc");
}

const struct rmv_error *rmv_named_dataset_take(struct rmv_workspace *workspace,
                                               struct rmv_params_files *files,
                                               const struct rmv_stage *stage,
                                               const struct rmv_stage_dep *dep,
                                               struct rmv_value *values)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value state = {0};
    const struct rmv_error *err = take(workspace, files, dep, &state);
    if (err)
        return rmv_error_context(err, "stage '%s' depends on dataset '%s' (%s:%u)", stage->address,
                                 dep->path, stage->file, (unsigned)dep->line);
    rmv_value_copy(rmv_value_add(values, dep->path), &state);
    return NULL;
}
