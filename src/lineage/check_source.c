#include <string.h>

#include "lineage/trace.h"
#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

#define SOURCE_BYTES_MAX ((size_t)1024 * 1024 * 1024)
#define SOURCE_VERSIONS_MAX 1000 /* of one file, looked through for the one that was used */

const struct rmv_error *rmv_trace_read_committed(struct rmv_trace *trace, const char *commit,
                                                 const char *path, struct rmv_buf *out)
{
    struct rmv_workspace *workspace = trace->workspace;
    if (!workspace->vcs)
        return rmv_error(RMV_ERR_NOT_FOUND, "the workspace is not in a Git repository");
    RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(workspace->vcs_prefix, path);
    return rmv_vcs_read(workspace->vcs, commit, below_top, SOURCE_BYTES_MAX, out);
}

/* ---- Files that Git tracks ------------------------------------------------------------------ */

struct file_search {
    struct rmv_trace *trace;
    struct rmv_lineage_artifact *artifact;
    size_t versions_count;
    bool was_seen; /* in some commit, with whatever content */
};

/* Does the commit have the artifact, with that very content? */
static bool is_in_commit(struct file_search *search, const char *commit)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    struct rmv_lineage_artifact *artifact = search->artifact;

    if (rmv_trace_read_committed(search->trace, commit, artifact->path, &content))
        return false;
    search->was_seen = true;
    const struct rmv_object_id id = rmv_object_id_of(content.data, content.size);
    if (!rmv_object_id_equal(&id, &artifact->id))
        return false;
    artifact->origin = RMV_LINEAGE_BY_GIT;
    artifact->commit = rmv_str_copy(commit);
    search->trace->lineage->hashed_size += content.size;
    search->trace->lineage->objects_count++;
    return true;
}

static const struct rmv_error *visit_version(void *context, const struct rmv_vcs_commit *commit,
                                             bool *stop)
{
    struct file_search *search = context;
    *stop = is_in_commit(search, commit->id) || ++search->versions_count >= SOURCE_VERSIONS_MAX;
    return NULL;
}

/* Any commit at all that has it; the newest. */
static const struct rmv_error *search_history(struct file_search *search)
{
    struct rmv_workspace *workspace = search->trace->workspace;
    if (!workspace->vcs)
        return NULL;
    RMV_CLEANUP(rmv_str_free)
    char *below_top = rmv_path_join(workspace->vcs_prefix, search->artifact->path);
    return rmv_vcs_walk(workspace->vcs, NULL, below_top, visit_version, search);
}

/* Is it what the work tree has? Then nothing is known against it but that no commit has it. */
static const struct rmv_error *check_work_tree(struct file_search *search, bool *is_same)
{
    struct rmv_lineage_artifact *artifact = search->artifact;
    RMV_CLEANUP(rmv_output_free) struct rmv_output present = {0};
    RMV_CLEANUP(rmv_str_free) char *below_top = NULL;
    struct rmv_workspace *workspace = search->trace->workspace;
    bool is_tracked = false;

    *is_same = false;
    const struct rmv_error *err = rmv_dataset_hash(workspace, artifact->path, NULL, &present);
    if (err || present.kind == RMV_OUTPUT_MISSING ||
        !rmv_object_id_equal(&present.id, &artifact->id))
        return err && err->code != RMV_ERR_NOT_FOUND ? err : NULL;
    *is_same = true;
    if (workspace->vcs) {
        below_top = rmv_path_join(workspace->vcs_prefix, artifact->path);
        err = rmv_vcs_is_tracked(workspace->vcs, below_top, &is_tracked);
        if (err)
            return err;
    }
    if (is_tracked || search->was_seen) {
        artifact->origin = RMV_LINEAGE_BY_GIT;
        artifact->status = RMV_LINEAGE_DIRTY;
        rmv_strings_add(&artifact->notes, "as it is in the workspace; no commit has it yet");
    } else {
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_UNRECORDED,
                                 "neither rmv nor Git tracks it, so nobody knows where it is from");
    }
    return NULL;
}

/* ---- Folders that Git tracks ---------------------------------------------------------------- */

struct folder_check {
    struct file_search *search;
    const char *commit;
    size_t files_count;
    bool is_same;
};

static const struct rmv_error *compare_item(void *context, const struct rmv_tree_item *item)
{
    struct folder_check *check = context;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};

    if (!check->is_same || item->type == 'd')
        return NULL;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(check->search->artifact->path, item->path);
    check->files_count++;
    if (rmv_trace_read_committed(check->search->trace, check->commit, path, &content)) {
        check->is_same = false;
        return NULL;
    }
    check->search->was_seen = true;
    const struct rmv_object_id id = rmv_object_id_of(content.data, content.size);
    check->is_same = rmv_object_id_equal(&id, &item->id);
    return NULL;
}

/* Git knows no folders: the files of the one in the work tree, if it is the one that was used, are
 * compared with those of the commit. */
static const struct rmv_error *check_folder(struct file_search *search,
                                            const struct rmv_trace_places *places, bool *is_same)
{
    struct rmv_lineage_artifact *artifact = search->artifact;
    RMV_CLEANUP(rmv_output_free) struct rmv_output present = {0};

    *is_same = false;
    const struct rmv_error *err =
        rmv_dataset_hash(search->trace->workspace, artifact->path, NULL, &present);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    if (present.kind == RMV_OUTPUT_MISSING || !rmv_object_id_equal(&present.id, &artifact->id)) {
        search->was_seen = true;
        return NULL;
    }
    for (size_t i = 0; !*is_same && i < sizeof(places->commits) / sizeof(places->commits[0]); i++) {
        struct folder_check check = {search, places->commits[i], 0, true};
        if (!check.commit)
            continue;
        err = rmv_dataset_walk(search->trace->workspace, &present, compare_item, &check);
        if (err)
            return err;
        if (!check.is_same || check.files_count == 0)
            continue;
        *is_same = true;
        artifact->origin = RMV_LINEAGE_BY_GIT;
        artifact->commit = rmv_str_copy(check.commit);
    }
    return NULL;
}

const struct rmv_error *rmv_trace_check_source(struct rmv_trace *trace,
                                               const struct rmv_trace_places *places,
                                               struct rmv_lineage_artifact *artifact)
{
    struct file_search search = {.trace = trace, .artifact = artifact};
    const struct rmv_error *err = NULL;
    bool found = false;

    if (artifact->is_tree)
        err = check_folder(&search, places, &found);
    for (size_t i = 0;
         !artifact->is_tree && !found && i < sizeof(places->commits) / sizeof(places->commits[0]);
         i++)
        found = places->commits[i] && is_in_commit(&search, places->commits[i]);
    if (!err && !found && places->has_workspace)
        err = check_work_tree(&search, &found);
    if (!err && !found && !artifact->is_tree) {
        err = search_history(&search);
        found = artifact->origin == RMV_LINEAGE_BY_GIT;
    }
    const char *bound_to = places->bound_to;
    if (found && bound_to && artifact->commit && strcmp(artifact->commit, bound_to) != 0)
        rmv_strings_take(
            &artifact->notes,
            rmv_str_format("commit %.10s, which names the run first, has another", bound_to));
    if (err || found)
        return err;
    if (search.was_seen)
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_CHANGED,
                                 "it has changed since, and no commit has what was used");
    else
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_UNRECORDED,
                                 "neither rmv nor Git has it, so nobody knows where it is from");
    return NULL;
}

/* ---- Outputs that are recorded, but not stored ---------------------------------------------- */

const struct rmv_error *rmv_trace_check_kept(struct rmv_trace *trace,
                                             struct rmv_lineage_artifact *artifact)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output present = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_error *err = NULL;

    if (artifact->commit && !artifact->is_tree) {
        err = rmv_trace_read_committed(trace, artifact->commit, artifact->path, &content);
        if (!err) {
            present.kind = RMV_OUTPUT_BLOB;
            present.id = rmv_object_id_of(content.data, content.size);
        }
    } else if (!artifact->commit) {
        err = rmv_dataset_hash(trace->workspace, artifact->path, NULL, &present);
    }
    if (err && err->code != RMV_ERR_NOT_FOUND)
        return err;
    if (present.kind == RMV_OUTPUT_MISSING)
        rmv_strings_add(&artifact->notes,
                        "rmv does not store it (cache: false), and it is not here to be checked");
    else if (!rmv_object_id_equal(&present.id, &artifact->id))
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_CHANGED,
                                 "rmv does not store it (cache: false), and what is here is "
                                 "something else");
    return NULL;
}

/* ---- Parameters ----------------------------------------------------------------------------- */

/* Reads a parameter file where it may have been; false if it cannot be read. */
static bool read_params(struct rmv_trace *trace, const char *commit, const char *path,
                        struct rmv_value *values)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (rmv_trace_read_committed(trace, commit, path, &text))
        return false;
    return !rmv_document_parse(path, text.data, text.size, values);
}

/* The first key whose value is another one in `values`; NULL if all are the same. */
static const char *find_other(const struct rmv_value *used, const struct rmv_value *values)
{
    for (size_t i = 0; i < used->map.count; i++) {
        const struct rmv_member *member = &used->map.members[i];
        const struct rmv_value *found = rmv_value_find(values, member->key);
        if (!found)
            found = rmv_value_find_path(values, member->key);
        if (!found || !rmv_value_equal(found, &member->value))
            return member->key;
    }
    return NULL;
}

const struct rmv_error *rmv_trace_check_params(struct rmv_trace *trace, size_t index)
{
    struct rmv_lineage_run *run = &trace->lineage->runs[index];
    const struct rmv_trace_places places = rmv_trace_places_of(trace, index);
    const struct rmv_value *params = &run->record.params;
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(run->listed_in);

    if (!*run->bound_to.id || params->kind != RMV_VALUE_MAP)
        return NULL;
    for (size_t i = 0; i < params->map.count; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *joined = rmv_path_join(folder, params->map.members[i].key);
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_normalize(joined);
        const char *other = NULL;
        bool is_same = false;
        for (size_t k = 0; !is_same && k < sizeof(places.commits) / sizeof(places.commits[0]);
             k++) {
            RMV_CLEANUP(rmv_value_free) struct rmv_value values = {0};
            if (!places.commits[k] || !read_params(trace, places.commits[k], path, &values))
                continue;
            other = find_other(&params->map.members[i].value, &values);
            is_same = !other;
        }
        if (other && !is_same)
            rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED,
                                "commit %.10s, which names it first, has another '%s' in %s",
                                run->bound_to.id, other, path);
    }
    return NULL;
}
