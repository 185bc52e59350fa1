#include "pipeline/outside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/named_dataset.h"
#include "pipeline/url.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/outside.h"

const char *rmv_outside_url_of(const struct rmv_stage_dep *dep)
{
    if (rmv_named_dataset_is(dep->path))
        return rmv_named_dataset_url_of(dep);
    return rmv_url_is(dep->path) ? dep->path : NULL;
}

bool rmv_outside_has_urls(const struct rmv_stage *stage)
{
    for (size_t i = 0; i < stage->outside_count; i++)
        if (rmv_outside_url_of(&stage->outside[i]))
            return true;
    return false;
}

/* Where it is, from the workspace's root on; a path that does not leave that is none of ours. */
static char *place_of(const struct rmv_stage *stage, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(stage->file);
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, path);
    return rmv_path_normalize(joined);
}

bool rmv_outside_is_path(const struct rmv_stage *stage, const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *place = rmv_url_is(name) ? NULL : place_of(stage, name);
    return place && (*place == '/' || strncmp(place, "../", 3) == 0);
}

/* ---- URLs ----------------------------------------------------------------------------------- */

/* Takes what the server says of a URL. */
static const struct rmv_error *take_url(struct rmv_params_files *files,
                                        const struct rmv_stage *stage,
                                        const struct rmv_stage_dep *url, struct rmv_value *values)
{
    const struct rmv_value *said = NULL;
    const struct rmv_error *err = rmv_url_answer_find(&files->urls, url->path, &said);
    if (err)
        return rmv_error_context(err, "stage '%s' depends on a URL (%s:%u)", stage->address,
                                 stage->file, (unsigned)url->line);
    rmv_value_copy(rmv_value_add(values, url->path), said);
    return NULL;
}

/* ---- Paths ---------------------------------------------------------------------------------- */

const struct rmv_error *rmv_outside_missing(const struct rmv_stage *stage,
                                            const struct rmv_stage_dep *dep)
{
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                    "dependency '%s' of stage '%s' does not exist (%s:%u)",
                                    dep->path, stage->address, stage->file, (unsigned)dep->line),
                          "it is outside the workspace, where rmv makes nothing: put it there");
}

/* An experiment runs in a work tree of its own, below `.rmstore`: what is beside that is ours. */
static const struct rmv_error *check_place(const struct rmv_workspace *workspace,
                                           const struct rmv_stage *stage,
                                           const struct rmv_stage_dep *dep, const char *place)
{
    static const char ours[] = "/" RMV_WORKSPACE_FOLDER "/";
    const char *top = workspace->vcs ? rmv_vcs_root(workspace->vcs) : NULL;
    if (*dep->path == '/' || !strstr(workspace->root, ours) || !strstr(place, ours) ||
        (top && rmv_path_is_in(place, top)))
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_NOT_FOUND,
                  "dependency '%s' of stage '%s' is outside the repository (%s:%u), and an "
                  "experiment runs in another folder, from where it leads elsewhere",
                  dep->path, stage->address, stage->file, (unsigned)dep->line),
        "an absolute path is the same from everywhere");
}

/* Sets `*state` to what is at the path now, which belongs to `files`. */
static const struct rmv_error *look_at(struct rmv_workspace *workspace,
                                       struct rmv_params_files *files, const char *path,
                                       const struct rmv_output **state)
{
    struct rmv_output *known = rmv_map_find(&files->outside, path);
    if (!known) {
        struct rmv_output now = {0};
        const struct rmv_error *err = rmv_outside_hash(workspace, path, &now);
        if (err)
            return err;
        known = rmv_calloc(1, sizeof(*known));
        *known = now;
        rmv_map_set(&files->outside, path, known);
    }
    *state = known;
    return NULL;
}

static void set_state(const struct rmv_output *state, struct rmv_value *value)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    const bool is_tree = state->kind == RMV_OUTPUT_TREE;

    rmv_object_id_to_hex(&state->id, hex);
    rmv_value_set_map(value);
    rmv_value_set_text(rmv_value_add(value, "kind"), is_tree ? "tree" : "blob");
    if (is_tree)
        rmv_value_set_int(rmv_value_add(value, "nfiles"), (int64_t)state->nfiles);
    rmv_value_set_text(rmv_value_add(value, "sha256"), hex);
    rmv_value_set_int(rmv_value_add(value, "size"), (int64_t)state->size);
}

static const struct rmv_error *take_path(struct rmv_workspace *workspace,
                                         struct rmv_params_files *files,
                                         const struct rmv_stage *stage,
                                         const struct rmv_stage_dep *dep, struct rmv_value *values)
{
    RMV_CLEANUP(rmv_str_free) char *place = place_of(stage, dep->path);
    RMV_CLEANUP(rmv_str_free) char *from_root = rmv_path_join(workspace->root, place);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_normalize(from_root);
    const struct rmv_output *state = NULL;

    const struct rmv_error *err = check_place(workspace, stage, dep, path);
    if (!err)
        err = look_at(workspace, files, path, &state);
    if (err && err->code != RMV_ERR_NOT_FOUND)
        return rmv_error_context(err, "stage '%s' depends on a path outside the workspace (%s:%u)",
                                 stage->address, stage->file, (unsigned)dep->line);
    if (err)
        return err;
    if (state->kind != RMV_OUTPUT_MISSING)
        set_state(state, rmv_value_add(values, dep->path));
    else if (files->takes_missing)
        rmv_value_add(values, dep->path);
    else
        return rmv_outside_missing(stage, dep);
    return NULL;
}

static bool is_same(const struct rmv_value *before, const struct rmv_value *now, const char *key)
{
    const struct rmv_value *a = rmv_value_find(before, key), *b = rmv_value_find(now, key);
    return a && b ? rmv_value_equal(a, b) : a == b;
}

char *rmv_outside_describe(const char *path, const struct rmv_value *before,
                           const struct rmv_value *now)
{
    if (!before)
        return rmv_str_format("%s (new dependency)", path);
    if (!now)
        return rmv_str_format("%s (no longer a dependency)", path);
    if (!is_same(before, now, "kind")) {
        const char *kind = rmv_value_find_text(now, "kind");
        const bool is_tree = kind && strcmp(kind, "tree") == 0;
        return rmv_str_format("%s (%s now)", path, is_tree ? "a folder" : "a file");
    }
    const struct rmv_value *old_count = rmv_value_find(before, "nfiles");
    const struct rmv_value *new_count = rmv_value_find(now, "nfiles");
    if (is_same(before, now, "nfiles") || !old_count || old_count->kind != RMV_VALUE_INT ||
        !new_count || new_count->kind != RMV_VALUE_INT)
        return rmv_str_format("%s (modified)", path);
    return rmv_str_format("%s (modified, %" PRId64 " → %" PRId64 " files)", path,
                          old_count->integer, new_count->integer);
}

/* ---- Either --------------------------------------------------------------------------------- */

const struct rmv_error *rmv_outside_take(struct rmv_workspace *workspace,
                                         struct rmv_params_files *files,
                                         const struct rmv_stage *stage,
                                         const struct rmv_stage_dep *dep, struct rmv_value *values)
{
    if (rmv_named_dataset_is(dep->path))
        return rmv_named_dataset_take(workspace, files, stage, dep, values);
    return rmv_url_is(dep->path) ? take_url(files, stage, dep, values)
                                 : take_path(workspace, files, stage, dep, values);
}
