#include <string.h>

#include "pipeline/template.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

void rmv_template_vars_free(struct rmv_template_vars *variables)
{
    rmv_value_free(&variables->values);
    rmv_value_free(&variables->loaded);
}

/* Maps are merged; everything else may be said once. `what` is the key so far, for messages. */
static const struct rmv_error *merge(const struct rmv_template *template,
                                     const struct rmv_value *at, const char *what,
                                     const struct rmv_value *from, struct rmv_value *into)
{
    for (size_t i = 0; i < from->map.count; i++) {
        const struct rmv_member *member = &from->map.members[i];
        struct rmv_value *old = rmv_value_find(into, member->key);
        if (!old) {
            rmv_value_copy(rmv_value_add(into, member->key), &member->value);
            continue;
        }
        RMV_CLEANUP(rmv_str_free)
        char *name = rmv_str_format("%s%s%s", what, *what ? "." : "", member->key);
        if (old->kind != RMV_VALUE_MAP || member->value.kind != RMV_VALUE_MAP)
            return rmv_value_error(template->file, at, "'%s' has a value already, from before this",
                                   name);
        const struct rmv_error *err = merge(template, at, name, &member->value, old);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *already_loaded(const struct rmv_template *template,
                                              const struct rmv_value *at, const char *path)
{
    return rmv_value_error(template->file, at, "'%s' has been loaded already", path);
}

/* Takes note of what is loaded from `path`: all of it, or some keys. */
static const struct rmv_error *note_loaded(const struct rmv_template *template,
                                           const struct rmv_value *at, const char *path,
                                           const struct rmv_value *keys, struct rmv_value *loaded)
{
    struct rmv_value *known = rmv_value_find(loaded, path);
    if (known && (known->kind == RMV_VALUE_NULL || keys->kind == RMV_VALUE_NULL))
        return already_loaded(template, at, path);
    for (size_t i = 0; known && i < keys->list.count; i++)
        for (size_t k = 0; k < known->list.count; k++)
            if (strcmp(known->list.items[k].text, keys->list.items[i].text) == 0)
                return already_loaded(template, at, path);
    if (!known)
        rmv_value_copy(rmv_value_add(loaded, path), keys);
    for (size_t i = 0; known && i < keys->list.count; i++)
        rmv_value_copy(rmv_value_append(known), &keys->list.items[i]);
    return NULL;
}

static const struct rmv_error *take_keys(const struct rmv_template *template,
                                         const struct rmv_value *at, const char *path,
                                         const struct rmv_value *keys, struct rmv_value *content)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value taken = {0};

    if (content->kind != RMV_VALUE_MAP)
        return rmv_value_error(template->file, at, "'%s' holds %s and no variables by name", path,
                               rmv_value_kind_name(content->kind));
    if (keys->kind == RMV_VALUE_NULL)
        return NULL;
    rmv_value_set_map(&taken);
    for (size_t i = 0; i < keys->list.count; i++) {
        const char *key = keys->list.items[i].text;
        const struct rmv_value *value = rmv_value_find(content, key);
        if (!value)
            return rmv_value_error_as(RMV_ERR_NOT_FOUND, template->file, at, "'%s' has no '%s'",
                                      path, key);
        rmv_value_copy(rmv_value_add(&taken, key), value);
    }
    rmv_value_free(content);
    *content = taken;
    taken = (struct rmv_value){0};
    return NULL;
}

/* "FILE" or "FILE:KEY,KEY", seen from `folder`. */
static const struct rmv_error *load_file(const struct rmv_template *template, const char *folder,
                                         const struct rmv_value *at, const char *text,
                                         struct rmv_template_vars *variables)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value keys = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value content = {0};
    const char *colon = strchr(text, ':');
    const size_t size = colon ? (size_t)(colon - text) : strlen(text);
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(text, size);
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, name);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_normalize(joined);

    for (const char *c = colon ? colon + 1 : ""; *c; c += *c == ',') {
        const size_t key_size = strcspn(c, ",");
        RMV_CLEANUP(rmv_str_free) char *key = rmv_str_copy_n(c, key_size);
        if (key_size)
            rmv_value_set_text(rmv_value_append(&keys), key);
        c += key_size;
    }
    const struct rmv_error *err = rmv_path_check(path);
    if (err)
        return rmv_error_context(err, "%s:%u:%u", template->file, (unsigned)at->line,
                                 (unsigned)at->column);
    const struct rmv_value *known = rmv_value_find(&variables->loaded, path);
    if (known && known->kind == RMV_VALUE_NULL && keys.kind == RMV_VALUE_NULL)
        return NULL; /* all of it is there */
    err = note_loaded(template, at, path, &keys, &variables->loaded);
    if (err)
        return err;
    if (!template->reader)
        return rmv_value_error_as(RMV_ERR_UNSUPPORTED, template->file, at,
                                  "'%s' cannot be read here", path);
    err = template->reader->read(template->reader->context, path, &content);
    if (err)
        return rmv_error_context(err, "%s:%u:%u: variables", template->file, (unsigned)at->line,
                                 (unsigned)at->column);
    if (template->files && !rmv_strings_has(template->files, path))
        rmv_strings_add(template->files, path);
    err = take_keys(template, at, path, &keys, &content);
    return err ? err : merge(template, at, "", &content, &variables->values);
}

const struct rmv_error *rmv_template_load_vars(const struct rmv_template *template,
                                               const char *folder, const struct rmv_value *vars,
                                               struct rmv_template_vars *variables)
{
    const struct rmv_error *err = rmv_value_expect(template->file, vars, RMV_VALUE_LIST, "'vars'");
    for (size_t i = 0; !err && i < vars->list.count; i++) {
        const struct rmv_value *item = &vars->list.items[i];
        if (rmv_template_is_in(item, false))
            err = rmv_value_error(template->file, item,
                                  "'vars' is where templates come from and can have none");
        else if (item->kind == RMV_VALUE_STRING)
            err = load_file(template, folder, item, item->text, variables);
        else if (item->kind == RMV_VALUE_MAP)
            err = merge(template, item, "", item, &variables->values);
        else
            err = rmv_value_error(template->file, item,
                                  "'vars' lists files and maps of values, not %s",
                                  rmv_value_kind_name(item->kind));
    }
    return err;
}

const struct rmv_error *rmv_template_load_globals(const struct rmv_template *template,
                                                  const struct rmv_value *vars,
                                                  struct rmv_template_vars *variables)
{
    static const struct rmv_value start = {.line = 1, .column = 1};
    rmv_value_set_map(&variables->values);
    rmv_value_set_map(&variables->loaded);
    if (template->reader) {
        const struct rmv_error *err =
            load_file(template, template->folder, &start, RMV_PARAMS_FILE_NAME, variables);
        if (err && err->code != RMV_ERR_NOT_FOUND)
            return err;
    }
    return vars ? rmv_template_load_vars(template, template->folder, vars, variables) : NULL;
}
