#include "rmv/pipeline/params.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/outside.h"
#include "pipeline/url.h"
#include "rmv/base/beneath.h"
#include "rmv/base/document.h"
#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"

/* ---- Files ---------------------------------------------------------------------------------- */

static void free_file(struct rmv_value *value)
{
    if (value)
        rmv_value_free(value);
    free(value);
}

static void free_values(struct rmv_map *values)
{
    for (size_t i = 0; i < values->count; i++)
        free_file(values->entries[i].value);
    rmv_map_free(values);
}

static void free_outside(struct rmv_params_files *files)
{
    for (size_t i = 0; i < files->outside.count; i++) {
        rmv_output_free(files->outside.entries[i].value);
        free(files->outside.entries[i].value);
    }
    rmv_map_free(&files->outside);
}

void rmv_params_files_free(struct rmv_params_files *files)
{
    free_values(&files->files);
    free_outside(files);
    for (size_t i = 0; i < files->urls.count; i++) {
        struct rmv_url_answer *answer = files->urls.entries[i].value;
        rmv_url_answer_free(&answer);
    }
    rmv_map_free(&files->urls);
}

void rmv_params_files_forget_all(struct rmv_params_files *files)
{
    free_values(&files->files);
    free_outside(files);
}

void rmv_params_files_forget(struct rmv_params_files *files, const char *path)
{
    if (rmv_map_find(&files->files, path))
        free_file(rmv_map_set(&files->files, path, NULL));
}

const struct rmv_error *rmv_params_read(struct rmv_workspace *workspace,
                                        struct rmv_params_files *files, const char *path,
                                        const struct rmv_value **out)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};

    struct rmv_value *known = rmv_map_find(&files->files, path);
    if (!known) {
        const struct rmv_error *err =
            rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
        if (!err)
            err = rmv_fd_read(fd, path, RMV_YAML_BYTES_MAX, &text);
        if (!err)
            err = rmv_document_parse(path, text.data, text.size, &value);
        if (err)
            return err;
        known = rmv_calloc(1, sizeof(*known));
        *known = value;
        value = (struct rmv_value){0};
        rmv_map_set(&files->files, path, known);
    }
    *out = known;
    return NULL;
}

/* ---- What a stage takes from them ----------------------------------------------------------- */

static const struct rmv_error *take_all(const struct rmv_stage *stage,
                                        const struct rmv_stage_params *params,
                                        const struct rmv_value *content, struct rmv_value *taken)
{
    rmv_value_set_map(taken);
    if (content->kind == RMV_VALUE_NULL)
        return NULL;
    if (content->kind != RMV_VALUE_MAP)
        return rmv_error(RMV_ERR_USAGE, "stage '%s': '%s' holds %s and no parameters by name",
                         stage->address, params->file, rmv_value_kind_name(content->kind));
    rmv_value_copy(taken, content);
    return NULL;
}

static const struct rmv_error *take_keys(const struct rmv_stage *stage,
                                         const struct rmv_stage_params *params,
                                         const struct rmv_value *content, struct rmv_value *taken)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf missing = {0};

    rmv_value_set_map(taken);
    for (size_t i = 0; i < params->keys.count; i++) {
        const char *key = params->keys.items[i];
        const struct rmv_value *value = rmv_value_find(content, key);
        if (!value)
            value = rmv_value_find_path(content, key);
        if (value)
            rmv_value_copy(rmv_value_add(taken, key), value);
        else
            rmv_buf_append_format(&missing, "%s'%s'", missing.size ? ", " : "", key);
    }
    if (!missing.size)
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                    "stage '%s' needs parameters that '%s' does not have: %s",
                                    stage->address, params->file, rmv_buf_string(&missing)),
                          "add them to '%s', or take them out of %s:%u", params->file, stage->file,
                          (unsigned)params->line);
}

const struct rmv_error *rmv_params_of_stage(struct rmv_workspace *workspace,
                                            struct rmv_params_files *files,
                                            const struct rmv_stage *stage, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value values = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(stage->file);
    const struct rmv_error *err = NULL;

    rmv_value_set_map(&values);
    for (size_t i = 0; !err && i < stage->params_count; i++) {
        const struct rmv_stage_params *params = &stage->params[i];
        const struct rmv_value *content = NULL;
        RMV_CLEANUP(rmv_str_free) char *name = rmv_path_relative(folder, params->file);

        err = rmv_params_read(workspace, files, params->file, &content);
        if (err)
            return rmv_error_context(err, "parameters of stage '%s'", stage->address);
        struct rmv_value *taken = rmv_value_add(&values, name);
        err = params->keys.count ? take_keys(stage, params, content, taken)
                                 : take_all(stage, params, content, taken);
    }
    for (size_t i = 0; !err && i < stage->outside_count; i++)
        err = rmv_outside_take(workspace, files, stage, &stage->outside[i], &values);
    if (err)
        return err;
    rmv_value_free(out);
    *out = values;
    values = (struct rmv_value){0};
    return NULL;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

void rmv_params_differences_free(struct rmv_params_differences *differences)
{
    for (size_t i = 0; i < differences->count; i++) {
        struct rmv_params_difference *difference = &differences->items[i];
        rmv_str_free(&difference->file);
        rmv_str_free(&difference->key);
        rmv_value_free(&difference->before);
        rmv_value_free(&difference->after);
    }
    free(differences->items);
    *differences = (struct rmv_params_differences){0};
}

static void flatten(const char *prefix, const struct rmv_value *value, struct rmv_value *flat)
{
    for (size_t i = 0; i < value->map.count; i++) {
        const struct rmv_member *member = &value->map.members[i];
        RMV_CLEANUP(rmv_str_free)
        char *key =
            *prefix ? rmv_str_format("%s.%s", prefix, member->key) : rmv_str_copy(member->key);
        if (member->value.kind == RMV_VALUE_MAP && member->value.map.count)
            flatten(key, &member->value, flat);
        else
            rmv_value_copy(rmv_value_add(flat, key), &member->value);
    }
}

void rmv_params_flatten(const struct rmv_value *value, struct rmv_value *flat)
{
    if (value && value->kind == RMV_VALUE_MAP)
        flatten("", value, flat);
    else if (value && value->kind != RMV_VALUE_NULL)
        rmv_value_copy(rmv_value_add(flat, ""), value);
}

static void add_difference(struct rmv_params_differences *differences, const char *file,
                           const char *key, const struct rmv_value *before,
                           const struct rmv_value *after)
{
    differences->items = rmv_grow(differences->items, differences->count, &differences->capacity,
                                  sizeof(differences->items[0]));
    struct rmv_params_difference *added = &differences->items[differences->count++];
    *added = (struct rmv_params_difference){
        .file = rmv_str_copy(file), .key = rmv_str_copy(key), .had = before, .has = after};
    if (before)
        rmv_value_copy(&added->before, before);
    if (after)
        rmv_value_copy(&added->after, after);
}

void rmv_params_compare(const char *file, const struct rmv_value *before,
                        const struct rmv_value *after, bool all,
                        struct rmv_params_differences *differences)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value old_flat = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value new_flat = {0};

    rmv_value_set_map(&old_flat);
    rmv_value_set_map(&new_flat);
    rmv_params_flatten(before, &old_flat);
    rmv_params_flatten(after, &new_flat);
    for (size_t i = 0; i < new_flat.map.count; i++) {
        const struct rmv_member *member = &new_flat.map.members[i];
        const struct rmv_value *old_value = rmv_value_find(&old_flat, member->key);
        if (all || !old_value || !rmv_value_equal(old_value, &member->value))
            add_difference(differences, file, member->key, old_value, &member->value);
    }
    for (size_t i = 0; i < old_flat.map.count; i++) {
        const struct rmv_member *member = &old_flat.map.members[i];
        if (!rmv_value_find(&new_flat, member->key))
            add_difference(differences, file, member->key, &member->value, NULL);
    }
}

/* ---- Showing -------------------------------------------------------------------------------- */

/* Would the bare text read as a number or another word of YAML? */
static bool needs_quotes(const char *text)
{
    static const char *const words[] = {"", "true", "false", "null", "~", NULL};
    for (const char *const *word = words; *word; word++)
        if (strcmp(*word, text) == 0)
            return true;
    if (isdigit((unsigned char)text[0]) || strchr("+-.[{'\"", text[0]))
        return true;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < ' ')
            return true;
    return false;
}

void rmv_params_format_value(const struct rmv_value *value, struct rmv_buf *out)
{
    if (value->kind == RMV_VALUE_STRING && !needs_quotes(value->text))
        rmv_buf_append_string(out, value->text);
    else
        rmv_json_format(value, false, out);
}

/* ---- The files of a pipeline ------------------------------------------------------------------
 */

static void add_once(struct rmv_strings *files, const char *file)
{
    if (!rmv_strings_has(files, file))
        rmv_strings_add(files, file);
}

void rmv_params_list(const struct rmv_pipeline *pipeline, struct rmv_strings *files)
{
    add_once(files, RMV_PARAMS_FILE_NAME);
    for (size_t i = 0; i < pipeline->params.count; i++)
        add_once(files, pipeline->params.items[i]);
    for (size_t i = 0; i < pipeline->variables.count; i++)
        add_once(files, pipeline->variables.items[i]);
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].params_count; k++)
            add_once(files, pipeline->stages[i].params[k].file);
}
