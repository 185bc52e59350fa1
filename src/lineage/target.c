#include "lineage/target.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

void rmv_target_free(struct rmv_target *target)
{
    rmv_str_free(&target->artifact.path);
}

static void set_target(struct rmv_target *target, const char *path, const struct rmv_output *output)
{
    rmv_str_set(&target->artifact.path, path);
    target->artifact.is_tree = output->kind == RMV_OUTPUT_TREE;
    target->artifact.id = output->id;
    target->artifact.size = output->size;
    target->artifact.nfiles = output->nfiles;
}

/* ---- By path -------------------------------------------------------------------------------- */

/* A file that rmv does not track, in the view's commit or in the work tree. */
static const struct rmv_error *find_file(struct rmv_trace *trace, const char *path,
                                         struct rmv_target *target)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const char *commit = trace->views[0].commit;

    if (!commit) {
        const struct rmv_error *err = rmv_dataset_hash(trace->workspace, path, NULL, &output);
        if (err)
            return err;
        if (output.kind != RMV_OUTPUT_MISSING)
            set_target(target, path, &output);
        return output.kind == RMV_OUTPUT_MISSING ? rmv_error(RMV_ERR_NOT_FOUND, "no file") : NULL;
    }
    const struct rmv_error *err = rmv_trace_read_committed(trace, commit, path, &content);
    if (err)
        return err;
    output.kind = RMV_OUTPUT_BLOB;
    output.id = rmv_object_id_of(content.data, content.size);
    output.size = content.size;
    output.nfiles = 1;
    set_target(target, path, &output);
    return NULL;
}

/* "'data' is a folder with outputs in it", with some of them. */
static const struct rmv_error *folder_error(const struct rmv_trace *trace, const char *path)
{
    const struct rmv_outputs *outputs = &trace->views[0].tracked.outputs;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf names = {0};
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    size_t count = 0;

    for (size_t i = 0; i < outputs->count; i++) {
        if (!rmv_path_is_in(outputs->items[i].path, path))
            continue;
        RMV_CLEANUP(rmv_str_free) char *name = rmv_path_quote(outputs->items[i].path);
        if (count++ < 5)
            rmv_buf_append_format(&names, "%s'%s'", count > 1 ? ", " : "", name);
    }
    if (count == 0)
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is a folder with %zu output%s in it",
                                    quoted, count, count == 1 ? "" : "s"),
                          "ask about one of them: %s%s", rmv_buf_string(&names),
                          count > 5 ? ", …" : "");
}

static const struct rmv_error *find_path(struct rmv_trace *trace, const char *path,
                                         struct rmv_target *target)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output inside = {0};
    const struct rmv_output *output = rmv_tracked_find(&trace->views[0].tracked, path);

    if (output && strcmp(output->path, path) == 0) {
        set_target(target, path, output);
        return NULL;
    }
    if (output) {
        const struct rmv_error *err = rmv_dataset_find(trace->workspace, output, path, &inside);
        if (!err)
            set_target(target, path, &inside);
        return err;
    }
    const struct rmv_error *err = folder_error(trace, path);
    return err ? err : find_file(trace, path, target);
}

/* ---- By id ---------------------------------------------------------------------------------- */

struct search {
    const char *prefix;
    const struct rmv_output *output;
    struct rmv_target *target;
    bool found;
    struct rmv_ids seen; /* folders that were looked into */
};

static void free_search(struct search *search)
{
    rmv_ids_free(&search->seen);
}

static bool has_prefix(const struct rmv_object_id *id, const char *prefix)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return strncmp(hex, prefix, strlen(prefix)) == 0;
}

static const struct rmv_error *match_item(void *context, const struct rmv_tree_item *item,
                                          bool *descend)
{
    struct search *search = context;

    if (!search->found && has_prefix(&item->id, search->prefix)) {
        RMV_CLEANUP(rmv_str_free)
        char *path = *item->path ? rmv_path_join(search->output->path, item->path)
                                 : rmv_str_copy(search->output->path);
        const struct rmv_output found = {
            .kind = item->type == 'd' ? RMV_OUTPUT_TREE : RMV_OUTPUT_BLOB,
            .id = item->id,
            .size = item->size,
            .nfiles = 1,
        };
        set_target(search->target, path, &found);
        search->found = true;
    }
    *descend = !search->found && item->type == 'd' && rmv_ids_add(&search->seen, &item->id);
    return NULL;
}

static const struct rmv_error *search_outputs(struct rmv_trace *trace, struct search *search,
                                              const struct rmv_outputs *outputs)
{
    const struct rmv_dataset_visitor visitor = {match_item, rmv_trace_pass_over, search};
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !search->found && i < outputs->count; i++) {
        if (has_prefix(&outputs->items[i].id, search->prefix)) {
            set_target(search->target, outputs->items[i].path, &outputs->items[i]);
            search->found = true;
        }
    }
    for (size_t i = 0; !err && !search->found && i < outputs->count; i++) {
        search->output = &outputs->items[i];
        if (search->output->kind == RMV_OUTPUT_TREE &&
            rmv_ids_add(&search->seen, &search->output->id))
            err = rmv_dataset_examine(trace->workspace, search->output, &visitor);
    }
    return err;
}

static const struct rmv_error *find_id(struct rmv_trace *trace, const char *prefix,
                                       struct rmv_target *target)
{
    RMV_CLEANUP(free_search) struct search search = {.prefix = prefix, .target = target};

    const struct rmv_error *err = search_outputs(trace, &search, &trace->views[0].tracked.outputs);
    for (size_t i = 0; !err && !search.found && i < trace->history.versions_count; i++)
        err = search_outputs(trace, &search, &trace->history.versions[i].outputs);
    if (err || search.found)
        return err;
    return rmv_error(RMV_ERR_NOT_FOUND, "no output of any revision has an object '%s' in it",
                     prefix);
}

static bool may_be_id(const char *text)
{
    const size_t size = strlen(text);
    return size >= RMV_OBJECT_ID_PREFIX_MIN && size < RMV_OBJECT_ID_HEX_SIZE &&
           strspn(text, "0123456789abcdef") == size;
}

const struct rmv_error *rmv_target_find(struct rmv_trace *trace, const char *text,
                                        struct rmv_target *target)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(text);

    const struct rmv_error *err = find_path(trace, text, target);
    if (!err || err->code != RMV_ERR_NOT_FOUND)
        return err;
    /* It may have been something only in an earlier revision. */
    if (may_be_id(rmv_path_name(text)))
        return find_id(trace, rmv_path_name(text), target);
    if (trace->options->revision)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no '%s' in revision '%s'", quoted,
                         trace->options->revision);
    return rmv_error_hint(
        rmv_error(RMV_ERR_NOT_FOUND, "'%s' is neither tracked nor in the workspace", quoted),
        "`rmv ls` lists what is tracked; --rev REV asks about an earlier revision");
}

/* ---- The workspace's own copy --------------------------------------------------------------- */

const struct rmv_error *rmv_target_check_workspace(struct rmv_trace *trace,
                                                   struct rmv_lineage_artifact *artifact)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output present = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    if (artifact->is_older)
        return NULL;
    const struct rmv_error *err =
        rmv_dataset_hash(trace->workspace, artifact->path, trace->options->progress, &present);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        present.kind = RMV_OUTPUT_MISSING;
    else if (err)
        return err;
    if (present.kind == RMV_OUTPUT_MISSING) {
        rmv_strings_add(&artifact->notes, "not in the workspace; `rmv checkout` brings it back");
    } else if (!rmv_object_id_equal(&present.id, &artifact->id)) {
        rmv_object_id_to_hex(&present.id, hex);
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_CHANGED,
                                 "the workspace has other content there, %.12s", hex);
    }
    return NULL;
}
