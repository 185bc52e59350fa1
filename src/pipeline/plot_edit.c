#include <string.h>

#include "pipeline/plot_template.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/base/yaml_edit.h"
#include "rmv/pipeline/plots.h"

/* Where rmv.yaml says a thing: an item of a list, "a.csv" or {a.csv: {options}}, or, in the plots
 * of DVC 2, a member of a map. */
struct entry {
    struct rmv_buf stage; /* the path of its stage; empty for the top level */
    struct rmv_buf list;  /* of what holds it */
    struct rmv_buf item;  /* its own, which is that of its options if that is a member */
    char *key;            /* what is written */
    const struct rmv_value *stage_value, *list_value;
    const struct rmv_value *options; /* NULL: it is plain text */
    bool is_alone;                   /* nothing else is in the item */
};

static void entry_free(struct entry *entry)
{
    rmv_buf_free(&entry->stage);
    rmv_buf_free(&entry->list);
    rmv_buf_free(&entry->item);
    rmv_str_free(&entry->key);
}

static bool is_at(const struct rmv_plot_target *target, uint32_t line, uint32_t column)
{
    return target->line == line && target->column == column;
}

static void set_member(struct entry *entry, const struct rmv_member *member)
{
    entry->key = rmv_str_copy(member->key);
    entry->options = &member->value;
}

/* Looks through a list, or a map, at the path `entry->list`. */
static bool find_in(const struct rmv_value *list, const struct rmv_plot_target *target,
                    struct entry *entry)
{
    const size_t count = list->kind == RMV_VALUE_LIST ? list->list.count : 0;
    entry->list_value = list;
    for (size_t i = 0; i < count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        RMV_CLEANUP(rmv_str_free) char *index = rmv_str_format("%zu", i);
        if (item->kind == RMV_VALUE_STRING && is_at(target, item->line, item->column))
            entry->key = rmv_str_copy(item->text);
        for (size_t k = 0; item->kind == RMV_VALUE_MAP && k < item->map.count; k++)
            if (is_at(target, item->map.members[k].line, item->map.members[k].column))
                set_member(entry, &item->map.members[k]);
        if (!entry->key)
            continue;
        entry->is_alone = item->kind == RMV_VALUE_STRING || item->map.count == 1;
        rmv_buf_append(&entry->item, entry->list.data, entry->list.size);
        rmv_value_path_append(&entry->item, index);
        return true;
    }
    for (size_t i = 0; list->kind == RMV_VALUE_MAP && i < list->map.count; i++)
        if (is_at(target, list->map.members[i].line, list->map.members[i].column)) {
            set_member(entry, &list->map.members[i]);
            rmv_buf_append(&entry->item, entry->list.data, entry->list.size);
            return true;
        }
    return false;
}

static const struct rmv_error *refuse_loop(const char *file, const struct rmv_plot_target *target,
                                           const char *name)
{
    return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED,
                                    "%s:%u:%u: that is of all stages of the loop '%s'", file,
                                    target->line, target->column, name),
                          "edit it there");
}

/* Looks through the lists of a stage. */
static bool find_in_stage(const struct rmv_value *stage, const char *name,
                          const struct rmv_plot_target *target, struct entry *entry)
{
    static const char *const lists[] = {"plots", "outs", "metrics"};

    entry->stage.size = 0;
    rmv_value_path_append(&entry->stage, "stages");
    rmv_value_path_append(&entry->stage, name);
    entry->stage_value = stage;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const struct rmv_value *list = rmv_value_find(stage, lists[i]);
        entry->list.size = 0;
        rmv_buf_append(&entry->list, entry->stage.data, entry->stage.size);
        rmv_value_path_append(&entry->list, lists[i]);
        if (list && find_in(list, target, entry))
            return true;
    }
    return false;
}

/* Finds what stands at the line and column. */
static const struct rmv_error *find_entry(const char *file, const struct rmv_value *document,
                                          const struct rmv_plot_target *target, struct entry *entry)
{
    const struct rmv_value *stages = rmv_value_find(document, "stages");
    const struct rmv_value *top = rmv_value_find(document, "plots");

    rmv_value_path_append(&entry->list, "plots");
    if (top && find_in(top, target, entry))
        return NULL;
    for (size_t i = 0; stages && stages->kind == RMV_VALUE_MAP && i < stages->map.count; i++) {
        const struct rmv_member *stage = &stages->map.members[i];
        const struct rmv_value *repeated = rmv_value_find(&stage->value, "do");
        if (!find_in_stage(repeated ? repeated : &stage->value, stage->key, target, entry))
            continue;
        return repeated || rmv_value_find(&stage->value, "matrix")
                   ? refuse_loop(file, target, stage->key)
                   : NULL;
    }
    return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED,
                                    "%s:%u:%u: what is written there comes from elsewhere", file,
                                    target->line, target->column),
                          "edit it by hand");
}

/* ---- One change after the other ------------------------------------------------------------- */

struct editing {
    const struct rmv_plots_edit *edit;
    struct rmv_buf text; /* so far */
};

static void editing_free(struct editing *editing)
{
    rmv_buf_free(&editing->text);
}

static const struct rmv_error *change(struct editing *editing, enum rmv_yaml_change_kind kind,
                                      struct rmv_buf *path, const struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf changed = {0};
    const struct rmv_yaml_change one = {.kind = kind, .path = rmv_buf_string(path), .value = value};

    const struct rmv_error *err =
        rmv_yaml_change(editing->edit->file, &editing->text, &one, &changed);
    if (!err)
        rmv_buf_swap(&editing->text, &changed);
    return err;
}

/* The path of the options, or of one of them; the caller frees it. */
static struct rmv_buf path_of(const struct entry *entry, const char *option)
{
    struct rmv_buf path = {0};
    rmv_buf_append(&path, entry->item.data, entry->item.size);
    rmv_value_path_append(&path, entry->key);
    if (option)
        rmv_value_path_append(&path, option);
    return path;
}

static bool is_display(const char *key)
{
    static const char *const keys[] = {"template", "x",     "y",      "x_label",
                                       "y_label",  "title", "header", NULL};
    return rmv_words_have(keys, key);
}

/* Sets `options` to what they are to be. */
static const struct rmv_error *new_options(const struct rmv_plots_edit *edit,
                                           const struct entry *entry, struct rmv_value *options)
{
    rmv_value_set_map(options);
    if (entry->options && entry->options->kind == RMV_VALUE_MAP)
        rmv_value_copy(options, entry->options);
    for (size_t i = 0; edit->unset && i < edit->unset->count; i++) {
        const char *key = edit->unset->items[i];
        if (!is_display(key))
            return rmv_error_hint(
                rmv_error(RMV_ERR_USAGE, "'%s' says nothing about how a plot looks", key),
                "there are template, x, y, x_label, y_label, title and header");
        if (!rmv_value_find(options, key))
            return rmv_error(RMV_ERR_NOT_FOUND, "plot '%s' has no '%s' to be unset", entry->key,
                             key);
        rmv_value_remove(options, key);
    }
    for (size_t i = 0; i < edit->set->map.count; i++)
        rmv_value_copy(rmv_value_add(options, edit->set->map.members[i].key),
                       &edit->set->map.members[i].value);
    return NULL;
}

/* The item: plain text if there are no options. */
static void set_item(struct rmv_value *item, const char *key, const struct rmv_value *options)
{
    if (options->map.count)
        rmv_value_copy(rmv_value_add(item, key), options);
    else
        rmv_value_set_text(item, key);
}

/* One by one, so that comments stay. */
static const struct rmv_error *change_each(struct editing *editing, const struct entry *entry)
{
    const struct rmv_plots_edit *edit = editing->edit;
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < edit->set->map.count; i++) {
        RMV_CLEANUP(rmv_buf_free)
        struct rmv_buf path = path_of(entry, edit->set->map.members[i].key);
        err = change(editing, RMV_YAML_SET, &path, &edit->set->map.members[i].value);
    }
    for (size_t i = 0; !err && edit->unset && i < edit->unset->count; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf path = path_of(entry, edit->unset->items[i]);
        if (!rmv_value_find(edit->set, edit->unset->items[i]))
            err = change(editing, RMV_YAML_REMOVE, &path, NULL);
    }
    return err;
}

static const struct rmv_error *change_options(struct editing *editing, struct entry *entry,
                                              const struct rmv_value *options)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value item = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf path = path_of(entry, NULL);

    if (entry->options && entry->options->kind == RMV_VALUE_MAP && entry->options->map.count &&
        options->map.count)
        return change_each(editing, entry);
    set_item(&item, entry->key, options);
    if (entry->is_alone)
        return change(editing, RMV_YAML_SET, &entry->item, &item);
    return change(editing, RMV_YAML_SET, &path, options);
}

/* An output, or metric, becomes a plot: behind the others of the stage, and out of its list. */
static const struct rmv_error *move_to_plots(struct editing *editing, struct entry *entry,
                                             const struct rmv_value *options)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value item = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value items = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf plots = {0};
    const struct rmv_value *known = rmv_value_find(entry->stage_value, "plots");

    if (!entry->is_alone)
        return rmv_error(RMV_ERR_UNSUPPORTED,
                         "%s: '%s' shares its place in the list with others: give each its own",
                         editing->edit->file, entry->key);
    set_item(&item, entry->key, options);
    rmv_value_copy(rmv_value_append(&items), &item);
    rmv_buf_append(&plots, entry->stage.data, entry->stage.size);
    rmv_value_path_append(&plots, "plots");
    const struct rmv_error *err = known && known->kind == RMV_VALUE_LIST && known->list.count
                                      ? change(editing, RMV_YAML_APPEND, &plots, &item)
                                      : change(editing, RMV_YAML_SET, &plots, &items);
    if (err)
        return err;
    return change(editing, RMV_YAML_REMOVE,
                  entry->list_value->list.count == 1 ? &entry->list : &entry->item, NULL);
}

static const struct rmv_error *check(const struct rmv_plots_edit *edit, const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_error *err =
        rmv_pipeline_parse(edit->file, text->data, text->size, edit->reader, &pipeline);
    return err ? rmv_error_context(err, "with that change") : NULL;
}

const struct rmv_error *rmv_plots_modify(const struct rmv_plots_edit *edit,
                                         const struct rmv_buf *text, struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value options = {0};
    RMV_CLEANUP(entry_free) struct entry entry = {0};
    RMV_CLEANUP(editing_free) struct editing editing = {.edit = edit};

    const struct rmv_error *err = rmv_yaml_parse(edit->file, text->data, text->size, &document);
    if (!err)
        err = find_entry(edit->file, &document, &edit->target, &entry);
    if (!err)
        err = new_options(edit, &entry, &options);
    if (err)
        return err;
    rmv_buf_append(&editing.text, text->data, text->size);
    err = edit->target.is_plot ? change_options(&editing, &entry, &options)
                               : move_to_plots(&editing, &entry, &options);
    if (err && err->code == RMV_ERR_UNSUPPORTED)
        return rmv_error_hint(err, "edit %s:%u by hand", edit->file, edit->target.line);
    if (!err)
        err = check(edit, &editing.text);
    if (!err)
        rmv_buf_swap(new_text, &editing.text);
    return err;
}

/* ---- Which one ------------------------------------------------------------------------------ */

const struct rmv_error *rmv_plots_find_target(struct rmv_workspace *workspace,
                                              const struct rmv_pipeline *pipeline,
                                              const char *typed, struct rmv_plot_target *target)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    for (size_t i = 0; i < pipeline->plots_count; i++) {
        const struct rmv_plot *plot = &pipeline->plots[i];
        if (!plot->has_path && strcmp(plot->id, typed) == 0) {
            *target = (struct rmv_plot_target){plot->file, plot->line, plot->column, true};
            return NULL;
        }
    }
    const struct rmv_error *err = rmv_workspace_path(workspace, typed, &path);
    if (err)
        return err;
    const struct rmv_stage *stage = rmv_map_find(&pipeline->makers, path);
    for (size_t i = 0; stage && i < stage->outs_count; i++) {
        const struct rmv_stage_out *out = &stage->outs[i];
        if (strcmp(out->path, path) != 0)
            continue;
        *target = (struct rmv_plot_target){stage->file, out->line, out->column,
                                           out->kind == RMV_STAGE_OUT_PLOT};
        return NULL;
    }
    for (size_t i = 0; i < pipeline->plots_count; i++) {
        const struct rmv_plot *plot = &pipeline->plots[i];
        if (!plot->is_out && plot->has_path && strcmp(plot->id, path) == 0) {
            *target = (struct rmv_plot_target){plot->file, plot->line, plot->column, true};
            return NULL;
        }
    }
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "no rmv.yaml says anything of '%s'", path),
                          "`rmv plots modify` is about plots and outputs of stages");
}
