#include "rmv/pipeline/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/named_dataset.h"
#include "pipeline/parse.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* ---- Freeing -------------------------------------------------------------------------------- */

void rmv_annotation_free(struct rmv_annotation *annotation)
{
    rmv_str_free(&annotation->desc);
    rmv_str_free(&annotation->type);
    rmv_strings_free(&annotation->labels);
    rmv_value_free(&annotation->meta);
}

void rmv_stage_free(struct rmv_stage *stage)
{
    for (size_t i = 0; i < stage->deps_count; i++)
        rmv_str_free(&stage->deps[i].path);
    for (size_t i = 0; i < stage->outside_count; i++)
        rmv_str_free(&stage->outside[i].path);
    for (size_t i = 0; i < stage->outs_count; i++) {
        rmv_str_free(&stage->outs[i].path);
        rmv_str_free(&stage->outs[i].remote);
        rmv_annotation_free(&stage->outs[i].annotation);
    }
    for (size_t i = 0; i < stage->params_count; i++) {
        rmv_str_free(&stage->params[i].file);
        rmv_strings_free(&stage->params[i].keys);
    }
    free(stage->deps);
    free(stage->outside);
    free(stage->outs);
    free(stage->params);
    rmv_str_free(&stage->name);
    rmv_str_free(&stage->loop);
    rmv_str_free(&stage->file);
    rmv_str_free(&stage->address);
    rmv_str_free(&stage->wdir);
    rmv_str_free(&stage->desc);
    rmv_value_free(&stage->cmd);
    rmv_value_free(&stage->meta);
    rmv_value_free(&stage->env);
    rmv_stage_executor_free(&stage->executor);
    *stage = (struct rmv_stage){0};
}

static void free_columns(struct rmv_plot_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rmv_str_free(&columns[i].file);
        rmv_str_free(&columns[i].name);
    }
    free(columns);
}

static void free_plot(struct rmv_plot *plot)
{
    free_columns(plot->x, plot->x_count);
    free_columns(plot->y, plot->y_count);
    rmv_str_free(&plot->id);
    rmv_str_free(&plot->file);
    rmv_str_free(&plot->title);
    rmv_str_free(&plot->x_label);
    rmv_str_free(&plot->y_label);
    rmv_str_free(&plot->template);
}

static void free_artifact(struct rmv_artifact *artifact)
{
    rmv_str_free(&artifact->name);
    rmv_str_free(&artifact->path);
    rmv_str_free(&artifact->file);
    rmv_annotation_free(&artifact->annotation);
}

static void free_dataset(struct rmv_named_dataset *dataset)
{
    rmv_str_free(&dataset->name);
    rmv_str_free(&dataset->type);
    rmv_str_free(&dataset->file);
    rmv_value_free(&dataset->entry);
}

void rmv_pipeline_free(struct rmv_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->count; i++)
        rmv_stage_free(&pipeline->stages[i]);
    for (size_t i = 0; i < pipeline->plots_count; i++)
        free_plot(&pipeline->plots[i]);
    for (size_t i = 0; i < pipeline->artifacts_count; i++)
        free_artifact(&pipeline->artifacts[i]);
    for (size_t i = 0; i < pipeline->datasets_count; i++)
        free_dataset(&pipeline->datasets[i]);
    free(pipeline->stages);
    free(pipeline->plots);
    free(pipeline->artifacts);
    free(pipeline->datasets);
    rmv_map_free(&pipeline->addresses);
    rmv_map_free(&pipeline->makers);
    rmv_strings_free(&pipeline->files);
    rmv_strings_free(&pipeline->metrics);
    rmv_strings_free(&pipeline->params);
    rmv_strings_free(&pipeline->variables);
    *pipeline = (struct rmv_pipeline){0};
}

/* ---- Looking up --------------------------------------------------------------------------------
 */

void rmv_pipeline_index(struct rmv_pipeline *pipeline)
{
    rmv_map_free(&pipeline->addresses);
    rmv_map_free(&pipeline->makers);
    for (size_t i = 0; i < pipeline->count; i++) {
        struct rmv_stage *stage = &pipeline->stages[i];
        rmv_map_set(&pipeline->addresses, stage->address, stage);
        for (size_t k = 0; k < stage->outs_count; k++)
            rmv_map_set(&pipeline->makers, stage->outs[k].path, stage);
    }
    rmv_named_datasets_link(pipeline);
}

struct rmv_stage *rmv_pipeline_maker_of(const struct rmv_pipeline *pipeline, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_copy(path);
    for (;;) {
        struct rmv_stage *stage = rmv_map_find(&pipeline->makers, folder);
        char *slash = strrchr(folder, '/');
        if (stage || !slash)
            return stage;
        *slash = '\0';
    }
}

char *rmv_pipeline_lock_path_of(const char *file)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(file);
    return rmv_path_join(folder, RMV_LOCK_FILE_NAME);
}

/* ---- The canonical definition --------------------------------------------------------------- */

static void add_sorted(struct rmv_value *map, const char *key, struct rmv_strings *items)
{
    struct rmv_value *list = rmv_value_add(map, key);
    rmv_value_set_list(list);
    rmv_strings_sort(items);
    for (size_t i = 0; i < items->count; i++)
        rmv_value_set_text(rmv_value_append(list), items->items[i]);
}

static const char *cache_word_of(const struct rmv_stage_out *out)
{
    if (out->no_cache)
        return out->persist ? "git,persist:" : "git:";
    return out->persist ? "persist:" : "";
}

static int compare_params(const void *a, const void *b)
{
    return strcmp(((const struct rmv_stage_params *)a)->file,
                  ((const struct rmv_stage_params *)b)->file);
}

static void add_params(const struct rmv_stage *stage, struct rmv_value *map)
{
    struct rmv_value *params = rmv_value_add(map, "params");
    rmv_value_set_map(params);
    if (!stage->params_count)
        return;

    RMV_CLEANUP(rmv_free)
    struct rmv_stage_params *sorted = rmv_calloc(stage->params_count, sizeof(*sorted));
    memcpy(sorted, stage->params, stage->params_count * sizeof(*sorted));
    qsort(sorted, stage->params_count, sizeof(*sorted), compare_params);
    for (size_t i = 0; i < stage->params_count; i++) {
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings keys = {0};
        for (size_t k = 0; k < sorted[i].keys.count; k++)
            rmv_strings_add(&keys, sorted[i].keys.items[k]);
        add_sorted(params, sorted[i].file, &keys);
    }
}

void rmv_stage_format_definition(const struct rmv_stage *stage, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings deps = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings outs = {0};

    for (size_t i = 0; i < stage->deps_count; i++)
        rmv_strings_add(&deps, stage->deps[i].path);
    for (size_t i = 0; i < stage->outside_count; i++)
        rmv_strings_add(&deps, stage->outside[i].path);
    for (size_t i = 0; i < stage->outs_count; i++)
        rmv_strings_take(
            &outs, rmv_str_format("%s%s", cache_word_of(&stage->outs[i]), stage->outs[i].path));
    rmv_value_set_map(&map);
    rmv_value_copy(rmv_value_add(&map, "cmd"), &stage->cmd);
    if (stage->env.kind == RMV_VALUE_MAP)
        rmv_value_copy(rmv_value_add(&map, "env"), &stage->env);
    add_sorted(&map, "deps", &deps);
    add_sorted(&map, "outs", &outs);
    add_params(stage, &map);
    rmv_value_set_text(rmv_value_add(&map, "wdir"), stage->wdir);
    rmv_json_format(&map, false, out);
}
