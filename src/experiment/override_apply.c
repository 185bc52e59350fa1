/* Putting overrides into the text of parameter files. */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/work_file.h"
#include "rmv/experiment/override.h"
#include "rmv/pipeline/params.h"

#define PARAMS_BYTES_MAX ((size_t)16 * 1024 * 1024)

void rmv_file_edits_free(struct rmv_file_edits *edits)
{
    for (size_t i = 0; i < edits->count; i++) {
        rmv_str_free(&edits->items[i].path);
        rmv_buf_free(&edits->items[i].text);
    }
    free(edits->items);
    *edits = (struct rmv_file_edits){0};
}

struct rmv_file_edit *rmv_file_edits_add(struct rmv_file_edits *edits, const char *path,
                                         bool *is_new)
{
    *is_new = false;
    for (size_t i = 0; i < edits->count; i++)
        if (strcmp(edits->items[i].path, path) == 0)
            return &edits->items[i];
    *is_new = true;
    edits->items = rmv_grow(edits->items, edits->count, &edits->capacity, sizeof(edits->items[0]));
    struct rmv_file_edit *added = &edits->items[edits->count++];
    *added = (struct rmv_file_edit){.path = rmv_str_copy(path)};
    return added;
}

/* The file as earlier overrides left it, or as it is in the workspace. */
static const struct rmv_error *open_edit(struct rmv_workspace *workspace,
                                         const struct rmv_override *override,
                                         struct rmv_file_edits *edits, struct rmv_file_edit **edit)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    bool is_new = false, is_found = true;

    const struct rmv_error *err = rmv_workspace_path(workspace, override->file, &path);
    if (err)
        return err;
    *edit = rmv_file_edits_add(edits, path, &is_new);
    if (is_new)
        err = rmv_work_file_read(workspace, path, PARAMS_BYTES_MAX, &is_found, &(*edit)->text);
    if (err || is_found || override->kind == RMV_OVERRIDE_ADD || override->kind == RMV_OVERRIDE_SET)
        return err;
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there is no file '%s'", override->file),
                          "FILE:KEY=VALUE names another one; +KEY=VALUE makes it");
}

static const struct rmv_error *no_such_parameter(const struct rmv_override *override,
                                                 const struct rmv_value *values)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value flat = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};

    rmv_value_set_map(&flat);
    rmv_params_flatten(values, &flat);
    for (size_t i = 0; i < flat.map.count; i++)
        rmv_strings_add(&names, flat.map.members[i].key);
    const char *nearest = rmv_strings_nearest(&names, override->key);
    const struct rmv_error *err =
        nearest ? rmv_error(RMV_ERR_NOT_FOUND, "'%s' has no parameter '%s'; did you mean '%s'?",
                            override->file, override->key, nearest)
                : rmv_error(RMV_ERR_NOT_FOUND, "'%s' has no parameter '%s'", override->file,
                            override->key);
    return override->kind == RMV_OVERRIDE_REMOVE
               ? err
               : rmv_error_hint(err, "+%s=… adds it", override->key);
}

static const struct rmv_error *check(const struct rmv_override *override,
                                     const struct rmv_value *values)
{
    const bool has = rmv_value_find_path(values, override->key) != NULL;
    if (override->kind == RMV_OVERRIDE_ADD && has)
        return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "'%s' has a parameter '%s' already",
                                        override->file, override->key),
                              "without the '+' it is changed, with '++' either way");
    if ((override->kind == RMV_OVERRIDE_CHANGE || override->kind == RMV_OVERRIDE_REMOVE) && !has)
        return no_such_parameter(override, values);
    return NULL;
}

static const struct rmv_error *apply(struct rmv_workspace *workspace,
                                     const struct rmv_override *override,
                                     struct rmv_file_edits *edits)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value values = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_file_edit *edit = NULL;

    const struct rmv_error *err = open_edit(workspace, override, edits, &edit);
    if (err)
        return err;
    if (edit->text.size)
        err = rmv_document_parse(edit->path, edit->text.data, edit->text.size, &values);
    if (!err)
        err = check(override, &values);
    if (err)
        return err;
    err = override->kind == RMV_OVERRIDE_REMOVE
              ? rmv_document_remove(edit->path, &edit->text, override->key, &text)
              : rmv_document_set(edit->path, &edit->text, override->key, &override->value, &text);
    if (err)
        return rmv_error_context(err, "%s", override->file);
    rmv_buf_swap(&edit->text, &text);
    return NULL;
}

const struct rmv_error *rmv_override_apply(struct rmv_workspace *workspace,
                                           const struct rmv_override_set *set,
                                           struct rmv_file_edits *edits)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < set->count; i++)
        err = apply(workspace, &set->items[i], edits);
    return err;
}
