#include "pipeline/template.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* ---- Stages --------------------------------------------------------------------------------- */

/* A stage of the file as it is written, and what stands for its names. */
struct definition {
    const struct rmv_member *member; /* its name and its place */
    const struct rmv_value *body;    /* a map: the stage, or what is below `do` */
    const char *suffix;              /* "@ITEM", or "" */
    const struct rmv_template_vars *variables;
    const struct rmv_value *item, *key;
};

static const struct rmv_error *find_wdir(struct rmv_template *template,
                                         const struct rmv_template_scope *scope,
                                         const struct rmv_value *body, char **folder)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value resolved = {0};
    const struct rmv_value *wdir = rmv_value_find(body, "wdir");
    if (!wdir) {
        *folder = rmv_str_copy(template->folder);
        return NULL;
    }
    const struct rmv_error *err = rmv_template_resolve(template, scope, wdir, false, &resolved);
    if (!err)
        err = rmv_value_expect(template->file, &resolved, RMV_VALUE_STRING, "'wdir'");
    if (!err)
        *folder = rmv_path_join(template->folder, resolved.text);
    return err;
}

/* The variables of a stage with `vars` of its own. */
static const struct rmv_error *load_locals(struct rmv_template *template,
                                           const struct rmv_template_scope *scope,
                                           const struct definition *definition,
                                           struct rmv_template_vars *locals)
{
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    const struct rmv_value *vars = rmv_value_find(definition->body, "vars");

    rmv_value_copy(&locals->values, &definition->variables->values);
    rmv_value_copy(&locals->loaded, &definition->variables->loaded);
    const struct rmv_error *err = find_wdir(template, scope, definition->body, &folder);
    return err ? err : rmv_template_load_vars(template, folder, vars, locals);
}

static const struct rmv_error *add_stage(struct rmv_template *template,
                                         const struct definition *definition,
                                         struct rmv_value *stages)
{
    RMV_CLEANUP(rmv_template_vars_free) struct rmv_template_vars locals = {0};
    RMV_CLEANUP(rmv_str_free)
    char *name = rmv_str_format("%s%s", definition->member->key, definition->suffix);
    struct rmv_template_scope scope = {
        .vars = &definition->variables->values, .item = definition->item, .key = definition->key};
    const struct rmv_value *body = definition->body;
    const struct rmv_error *err = NULL;

    if (stages->map.count >= RMV_PIPELINE_STAGES_MAX)
        return rmv_value_error_as(RMV_ERR_LIMIT, template->file, body, "more than %d stages",
                                  RMV_PIPELINE_STAGES_MAX);
    if (rmv_value_find(body, "vars")) {
        err = load_locals(template, &scope, definition, &locals);
        scope.vars = &locals.values;
    }
    if (!err && rmv_value_find(stages, name))
        err = rmv_value_error(template->file, body, "there is a stage '%s' already", name);
    if (err)
        return err;
    if (*definition->suffix)
        rmv_value_set_text(rmv_value_add(&template->loops, name), definition->member->key);
    struct rmv_value *stage = rmv_value_add(stages, name);
    stages->map.members[stages->map.count - 1].line = definition->member->line;
    stages->map.members[stages->map.count - 1].column = definition->member->column;
    rmv_value_set_map(stage);
    stage->line = body->line;
    stage->column = body->column;
    for (size_t i = 0; !err && i < body->map.count; i++) {
        const struct rmv_member *part = &body->map.members[i];
        if (strcmp(part->key, "vars") == 0 || strcmp(part->key, "matrix") == 0)
            continue;
        err = rmv_template_resolve(template, &scope, &part->value, strcmp(part->key, "cmd") == 0,
                                   rmv_value_add(stage, part->key));
        stage->map.members[stage->map.count - 1].line = part->line;
        stage->map.members[stage->map.count - 1].column = part->column;
    }
    return err ? rmv_error_context(err, "stage '%s'", name) : NULL;
}

static bool is_collection(const struct rmv_value *value)
{
    return value->kind == RMV_VALUE_LIST || value->kind == RMV_VALUE_MAP;
}

/* The items of a list by name: a scalar is its own name, and if one item is none they are numbered.
 */
static void name_items(const struct rmv_value *list, struct rmv_value *named)
{
    bool is_numbered = false;
    for (size_t i = 0; i < list->list.count; i++)
        is_numbered |= is_collection(&list->list.items[i]);
    rmv_value_set_map(named);
    for (size_t i = 0; i < list->list.count; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf name = {0};
        if (is_numbered)
            rmv_buf_append_format(&name, "%zu", i);
        else
            rmv_template_format_scalar(&list->list.items[i], &name);
        rmv_value_copy(rmv_value_add(named, rmv_buf_string(&name)), &list->list.items[i]);
    }
}

static const struct rmv_error *check_loop_keys(const struct rmv_template *template,
                                               const struct rmv_value *stage)
{
    for (size_t i = 0; i < stage->map.count; i++) {
        const struct rmv_value place = rmv_value_place_of(&stage->map.members[i]);
        const char *key = stage->map.members[i].key;
        if (strcmp(key, "foreach") != 0 && strcmp(key, "do") != 0)
            return rmv_error_hint(rmv_value_error(template->file, &place,
                                                  "'%s' has no place beside 'foreach' and 'do'",
                                                  key),
                                  "write it below 'do'");
    }
    return NULL;
}

static const struct rmv_error *expand_foreach(struct rmv_template *template,
                                              struct definition *definition,
                                              struct rmv_value *stages)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value items = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value named = {0};
    const struct rmv_template_scope scope = {.vars = &definition->variables->values};
    const struct rmv_value place = rmv_value_place_of(definition->member);
    const struct rmv_value *stage = &definition->member->value;
    const struct rmv_value *foreach = rmv_value_find(stage, "foreach");
    definition->body = rmv_value_find(stage, "do");

    if (!foreach || !definition->body)
        return rmv_value_error(template->file, &place, "stage '%s' has no '%s'",
                               definition->member->key, foreach ? "do" : "foreach");
    const struct rmv_error *err = check_loop_keys(template, stage);
    if (!err)
        err = rmv_value_expect(template->file, definition->body, RMV_VALUE_MAP, "'do'");
    if (!err)
        err = rmv_template_resolve(template, &scope, foreach, false, &items);
    if (!err && !is_collection(&items))
        err = rmv_value_error(template->file, foreach, "'foreach' needs a list or a map, not %s",
                              rmv_value_kind_name(items.kind));
    if (err)
        return err;
    const bool is_map = items.kind == RMV_VALUE_MAP;
    if (!is_map)
        name_items(&items, &named);
    const struct rmv_value *pairs = is_map ? &items : &named;
    for (size_t i = 0; !err && i < pairs->map.count; i++) {
        const struct rmv_member *pair = &pairs->map.members[i];
        RMV_CLEANUP(rmv_value_free) struct rmv_value key = {0};
        RMV_CLEANUP(rmv_str_free) char *suffix = rmv_str_format("@%s", pair->key);
        rmv_value_set_text(&key, pair->key);
        struct definition one = *definition;
        one.suffix = suffix;
        one.item = &pair->value;
        one.key = is_map ? &key : NULL;
        err = add_stage(template, &one, stages);
    }
    return err;
}

/* ---- The matrix ----------------------------------------------------------------------------- */

static const struct rmv_error *check_axes(const struct rmv_template *template,
                                          const struct rmv_value *axes)
{
    const struct rmv_error *err = rmv_value_expect(template->file, axes, RMV_VALUE_MAP, "'matrix'");
    if (!err && axes->map.count == 0)
        err = rmv_value_error(template->file, axes, "'matrix' is empty");
    for (size_t i = 0; !err && i < axes->map.count; i++) {
        const struct rmv_member *axis = &axes->map.members[i];
        RMV_CLEANUP(rmv_str_free) char *what = rmv_str_format("'%s' of 'matrix'", axis->key);
        err = rmv_value_expect(template->file, &axis->value, RMV_VALUE_LIST, what);
    }
    return err;
}

/* The combination that `places`, one per axis, points at: its items by axis, and its name. */
static void combine(const struct rmv_value *axes, const size_t *places, struct rmv_value *item,
                    struct rmv_buf *name)
{
    rmv_value_set_map(item);
    for (size_t i = 0; i < axes->map.count; i++) {
        const struct rmv_member *axis = &axes->map.members[i];
        const struct rmv_value *value = &axis->value.list.items[places[i]];
        rmv_buf_append_string(name, i ? "-" : "");
        if (is_collection(value))
            rmv_buf_append_format(name, "%s%zu", axis->key, places[i]);
        else
            rmv_template_format_scalar(value, name);
        rmv_value_copy(rmv_value_add(item, axis->key), value);
    }
}

/* The next combination, the last axis fastest. */
static bool advance(const struct rmv_value *axes, size_t *places)
{
    for (size_t i = axes->map.count; i-- > 0;) {
        if (++places[i] < axes->map.members[i].value.list.count)
            return true;
        places[i] = 0;
    }
    return false;
}

static const struct rmv_error *expand_matrix(struct rmv_template *template,
                                             struct definition *definition,
                                             struct rmv_value *stages)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value axes = {0};
    const struct rmv_template_scope scope = {.vars = &definition->variables->values};
    definition->body = &definition->member->value;

    const struct rmv_error *err = rmv_template_resolve(
        template, &scope, rmv_value_find(definition->body, "matrix"), false, &axes);
    if (!err)
        err = check_axes(template, &axes);
    if (err)
        return err;
    for (size_t i = 0; i < axes.map.count; i++)
        if (axes.map.members[i].value.list.count == 0)
            return NULL;
    RMV_CLEANUP(rmv_map_free) struct rmv_map seen = {0};
    RMV_CLEANUP(rmv_free) size_t *places = rmv_calloc(axes.map.count, sizeof(*places));
    do {
        RMV_CLEANUP(rmv_value_free) struct rmv_value item = {0};
        RMV_CLEANUP(rmv_value_free) struct rmv_value key = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf name = {0};
        combine(&axes, places, &item, &name);
        RMV_CLEANUP(rmv_str_free) char *suffix = rmv_str_format("@%s", rmv_buf_string(&name));
        if (rmv_map_set(&seen, suffix, definition))
            continue; /* a value listed twice, as in DVC */
        rmv_value_set_text(&key, rmv_buf_string(&name));
        struct definition one = *definition;
        one.suffix = suffix;
        one.item = &item;
        one.key = &key;
        err = add_stage(template, &one, stages);
    } while (!err && advance(&axes, places));
    return err;
}

/* ---- The document --------------------------------------------------------------------------- */

static bool has_loop(const struct rmv_value *stage)
{
    return rmv_value_find(stage, "foreach") || rmv_value_find(stage, "do");
}

static bool is_needed(const struct rmv_value *document)
{
    const struct rmv_value *stages = rmv_value_find(document, "stages");
    if (rmv_value_find(document, "vars") || rmv_template_is_in(document, true))
        return true;
    for (size_t i = 0; stages && stages->kind == RMV_VALUE_MAP && i < stages->map.count; i++) {
        const struct rmv_value *stage = &stages->map.members[i].value;
        if (has_loop(stage) || rmv_value_find(stage, "matrix") || rmv_value_find(stage, "vars"))
            return true;
    }
    return false;
}

static const struct rmv_error *expand_stages(struct rmv_template *template,
                                             const struct rmv_template_vars *variables,
                                             const struct rmv_value *from, struct rmv_value *stages)
{
    const struct rmv_error *err = NULL;
    rmv_value_set_map(stages);
    for (size_t i = 0; !err && i < from->map.count; i++) {
        const struct rmv_member *member = &from->map.members[i];
        struct definition definition = {.member = member, .suffix = "", .variables = variables};
        if (member->value.kind != RMV_VALUE_MAP)
            rmv_value_copy(rmv_value_add(stages, member->key), &member->value);
        else if (has_loop(&member->value))
            err = expand_foreach(template, &definition, stages);
        else if (rmv_value_find(&member->value, "matrix"))
            err = expand_matrix(template, &definition, stages);
        else {
            definition.body = &member->value;
            err = add_stage(template, &definition, stages);
        }
    }
    return err;
}

static const struct rmv_error *expand(struct rmv_template *template, struct rmv_value *document,
                                      struct rmv_value *out)
{
    RMV_CLEANUP(rmv_template_vars_free) struct rmv_template_vars variables = {0};
    const struct rmv_template_scope scope = {.vars = &variables.values};
    const struct rmv_error *err =
        rmv_template_load_globals(template, rmv_value_find(document, "vars"), &variables);

    rmv_value_set_map(out);
    for (size_t i = 0; !err && i < document->map.count; i++) {
        const struct rmv_member *member = &document->map.members[i];
        if (strcmp(member->key, "vars") == 0)
            continue;
        struct rmv_value *part = rmv_value_add(out, member->key);
        if (strcmp(member->key, "stages") == 0 && member->value.kind == RMV_VALUE_MAP)
            err = expand_stages(template, &variables, &member->value, part);
        else
            err = rmv_template_resolve(template, &scope, &member->value, false, part);
        out->map.members[out->map.count - 1].line = member->line;
        out->map.members[out->map.count - 1].column = member->column;
    }
    return err;
}

const struct rmv_error *rmv_template_expand(struct rmv_template *template,
                                            struct rmv_value *document)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value expanded = {0};
    if (!is_needed(document))
        return NULL;
    rmv_value_set_map(&template->loops);
    const struct rmv_error *err = expand(template, document, &expanded);
    if (err)
        return err;
    rmv_value_free(document);
    *document = expanded;
    expanded = (struct rmv_value){0};
    return NULL;
}
