#include "rmv/dataset/dataset.h"

#include <string.h>

#include "dataset/entry.h"
#include "dataset/examine.h"
#include "dataset/placed.h"
#include "dataset/tree_join.h"
#include "dataset/trees.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

static const struct rmv_error *scan_output(const struct rmv_examine_request *request,
                                           struct rmv_output *output)
{
    struct rmv_tree_entry entry;
    const struct rmv_error *err = rmv_examine(request, &entry);
    if (err)
        return err;
    rmv_output_free(output);
    output->path = rmv_str_copy(request->path);
    rmv_entry_to_output(&entry, output);
    return NULL;
}

const struct rmv_error *rmv_dataset_hash(struct rmv_workspace *workspace, const char *path,
                                         struct rmv_progress *progress, struct rmv_output *output)
{
    const struct rmv_examine_request request = {
        .workspace = workspace,
        .path = path,
        .follow_link = true,
        .progress = progress,
    };
    return scan_output(&request, output);
}

const struct rmv_error *rmv_dataset_look(struct rmv_workspace *workspace, const char *path,
                                         struct rmv_output *output, bool *is_stored)
{
    atomic_bool all_stored = true;
    const struct rmv_examine_request request = {
        .workspace = workspace,
        .path = path,
        .follow_link = true,
        .is_stored = &all_stored,
    };
    const struct rmv_error *err = scan_output(&request, output);
    if (!err)
        *is_stored = atomic_load(&all_stored);
    return err;
}

static void remember_placed(const struct rmv_examine_request *request,
                            const struct rmv_output *output)
{
    const struct rmv_tree_entry entry = rmv_entry_of_output(output);
    rmv_placed_set(rmv_placed_of(request->workspace), request->path, &entry);
}

const struct rmv_error *rmv_dataset_save(struct rmv_workspace *workspace,
                                         struct rmv_store_batch *batch,
                                         const struct rmv_dataset_source *source,
                                         struct rmv_output *output)
{
    const struct rmv_tree_entry before =
        source->before ? rmv_entry_of_output(source->before) : (struct rmv_tree_entry){0};
    RMV_CLEANUP(rmv_earlier_free) struct rmv_earlier earlier;
    bool has_sources = false;
    rmv_earlier_init(&earlier, workspace, source->path, &before);
    const struct rmv_examine_request request = {
        .workspace = workspace,
        .path = source->path,
        .follow_link = true,
        .batch = batch,
        .progress = source->progress,
        .earlier = &earlier,
        .has_sources = &has_sources,
    };
    const struct rmv_error *err = scan_output(&request, output);
    if (!err && has_sources && source->check_sources)
        err = source->check_sources(source->context);
    if (!err)
        remember_placed(&request, output);
    return err;
}

const struct rmv_error *rmv_dataset_save_copy(struct rmv_workspace *workspace,
                                              struct rmv_store_batch *batch, const char *path,
                                              struct rmv_output *output)
{
    const struct rmv_examine_request request = {
        .workspace = workspace,
        .path = path,
        .follow_link = true,
        .batch = batch,
        .keeps_files = true,
    };
    const struct rmv_error *err = scan_output(&request, output);
    if (!err)
        remember_placed(&request, output);
    return err;
}

/* ---- Is it stored? ----------------------------------------------------------------------------
 */

struct stored_check {
    struct rmv_workspace *workspace;
    bool stored;
};

static const struct rmv_error *check_stored(void *context, struct rmv_tree_visit *visit)
{
    struct stored_check *check = context;
    if (!check->stored || visit->is_leaving)
        visit->descend = false;
    else
        check->stored = rmv_store_has(check->workspace->store, &visit->entries[0]->id);
    visit->descend = visit->descend && check->stored;
    return NULL;
}

const struct rmv_error *rmv_dataset_is_stored(struct rmv_workspace *workspace,
                                              const struct rmv_output *output, bool *stored)
{
    struct stored_check check = {.workspace = workspace, .stored = true};
    const struct rmv_tree_join join = {
        .workspace = workspace,
        .sides_count = 1,
        .roots = {rmv_entry_of_output(output)},
        .visit = check_stored,
        .context = &check,
    };
    const struct rmv_error *err = rmv_tree_join(&join);
    if (!err)
        *stored = check.stored;
    return err;
}

/* ---- Looking inside ---------------------------------------------------------------------------
 */

static const struct rmv_error *visit_item(void *context, struct rmv_tree_visit *visit)
{
    const struct rmv_dataset_visitor *visitor = context;
    const struct rmv_tree_entry *entry = visit->entries[0];
    const struct rmv_tree_item item = {
        .path = visit->path,
        .type = entry->type,
        .size = entry->size,
        .id = entry->id,
    };
    if (visit->is_leaving || (*visit->path == '\0' && entry->type == 'd'))
        return NULL;
    return visitor->visit(visitor->context, &item, &visit->descend);
}

static const struct rmv_error *pass_unreadable(void *context, const char *path, size_t side,
                                               const struct rmv_error *err, bool *skip)
{
    const struct rmv_dataset_visitor *visitor = context;
    (void)side;
    (void)skip;
    return visitor->unreadable ? visitor->unreadable(visitor->context, path, err) : err;
}

const struct rmv_error *rmv_dataset_examine(struct rmv_workspace *workspace,
                                            const struct rmv_output *output,
                                            const struct rmv_dataset_visitor *visitor)
{
    struct rmv_dataset_visitor copy = *visitor;
    const struct rmv_tree_join join = {
        .workspace = workspace,
        .sides_count = 1,
        .roots = {rmv_entry_of_output(output)},
        .visit = visit_item,
        .unreadable = pass_unreadable,
        .context = &copy,
    };
    return rmv_tree_join(&join);
}

struct item_walk {
    const struct rmv_error *(*visit)(void *context, const struct rmv_tree_item *item);
    void *context;
};

static const struct rmv_error *walk_item(void *context, const struct rmv_tree_item *item,
                                         bool *descend)
{
    const struct item_walk *walk = context;
    (void)descend;
    return walk->visit(walk->context, item);
}

const struct rmv_error *
rmv_dataset_walk(struct rmv_workspace *workspace, const struct rmv_output *output,
                 const struct rmv_error *(*visit)(void *context, const struct rmv_tree_item *item),
                 void *context)
{
    struct item_walk walk = {.visit = visit, .context = context};
    const struct rmv_dataset_visitor visitor = {.visit = walk_item, .context = &walk};
    return rmv_dataset_examine(workspace, output, &visitor);
}
