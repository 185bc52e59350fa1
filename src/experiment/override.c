#include "rmv/experiment/override.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/sweep.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/pipeline.h"

static void override_free(struct rmv_override *override)
{
    rmv_str_free(&override->file);
    rmv_str_free(&override->key);
    rmv_value_free(&override->value);
}

static void set_free(struct rmv_override_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        override_free(&set->items[i]);
    free(set->items);
    *set = (struct rmv_override_set){0};
}

void rmv_override_sets_free(struct rmv_override_sets *sets)
{
    for (size_t i = 0; i < sets->count; i++)
        set_free(&sets->items[i]);
    free(sets->items);
    *sets = (struct rmv_override_sets){0};
}

/* ---- One of them ----------------------------------------------------------------------------- */

/* "[FILE:]SIGN KEY[=VALUE]" in parts; `values` is what the value stands for. */
struct typed {
    enum rmv_override_kind kind;
    char *file, *key;
    struct rmv_value values; /* a list */
};

static void typed_free(struct typed *typed)
{
    rmv_str_free(&typed->file);
    rmv_str_free(&typed->key);
    rmv_value_free(&typed->values);
}

/* Cuts the sign off the front. */
static enum rmv_override_kind take_sign(const char **text)
{
    if ((*text)[0] == '+' && (*text)[1] == '+') {
        *text += 2;
        return RMV_OVERRIDE_SET;
    }
    if (**text == '+' || **text == '~') {
        const bool is_added = *(*text)++ == '+';
        return is_added ? RMV_OVERRIDE_ADD : RMV_OVERRIDE_REMOVE;
    }
    return RMV_OVERRIDE_CHANGE;
}

/* The sign may stand before the file or before the key. */
static const struct rmv_error *parse(const char *text, struct typed *typed)
{
    const char *equals = strchr(text, '=');
    const char *rest = text;

    typed->kind = take_sign(&rest);
    RMV_CLEANUP(rmv_str_free)
    char *name = equals ? rmv_str_copy_n(rest, (size_t)(equals - rest)) : rmv_str_copy(rest);
    const char *key = strrchr(name, ':');
    typed->file =
        key ? rmv_str_copy_n(name, (size_t)(key - name)) : rmv_str_copy(RMV_PARAMS_FILE_NAME);
    key = key ? key + 1 : name;
    if (typed->kind == RMV_OVERRIDE_CHANGE)
        typed->kind = take_sign(&key);
    typed->key = rmv_str_copy(key);
    if (!*typed->file || !*key || strstr(key, "..") || *key == '.' || rmv_path_has_suffix(key, "."))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' names no parameter", text),
                              "[FILE:]KEY=VALUE, with dots between the keys: train.rank=20");
    if (typed->kind == RMV_OVERRIDE_REMOVE && equals)
        return rmv_error(RMV_ERR_USAGE, "'%s': a parameter that is taken out has no value", text);
    rmv_value_set_list(&typed->values);
    if (typed->kind == RMV_OVERRIDE_REMOVE) {
        rmv_value_append(&typed->values);
        return NULL;
    }
    if (!equals)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' has no value", text),
                              "KEY=VALUE sets a parameter, ~KEY takes it out");
    const struct rmv_error *err = rmv_sweep_parse(equals + 1, &typed->values);
    return err ? rmv_error_context(err, "'%s'", text) : NULL;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static void copy_override(struct rmv_override_set *set, const struct rmv_override *from)
{
    set->items = rmv_grow(set->items, set->count, &set->capacity, sizeof(set->items[0]));
    struct rmv_override *to = &set->items[set->count++];
    *to = (struct rmv_override){
        .kind = from->kind, .file = rmv_str_copy(from->file), .key = rmv_str_copy(from->key)};
    rmv_value_copy(&to->value, &from->value);
}

static struct rmv_override_set *add_set(struct rmv_override_sets *sets)
{
    sets->items = rmv_grow(sets->items, sets->count, &sets->capacity, sizeof(sets->items[0]));
    struct rmv_override_set *set = &sets->items[sets->count++];
    *set = (struct rmv_override_set){0};
    return set;
}

/* Every set becomes one for each value. */
static const struct rmv_error *multiply(const struct typed *typed, struct rmv_override_sets *sets)
{
    struct rmv_override_sets more = {0};
    const size_t count = typed->values.list.count;

    if (count * sets->count > RMV_OVERRIDE_SETS_MAX)
        return rmv_error_hint(
            rmv_error(RMV_ERR_LIMIT, "that would be %zu experiments", count * sets->count),
            "at most %d can be made at once", RMV_OVERRIDE_SETS_MAX);
    for (size_t i = 0; i < sets->count; i++)
        for (size_t k = 0; k < count; k++) {
            struct rmv_override_set *set = add_set(&more);
            for (size_t n = 0; n < sets->items[i].count; n++)
                copy_override(set, &sets->items[i].items[n]);
            const struct rmv_override last = {.kind = typed->kind,
                                              .file = typed->file,
                                              .key = typed->key,
                                              .value = typed->values.list.items[k]};
            copy_override(set, &last);
        }
    rmv_override_sets_free(sets);
    *sets = more;
    return NULL;
}

const struct rmv_error *rmv_override_parse(const struct rmv_strings *typed,
                                           struct rmv_override_sets *sets)
{
    RMV_CLEANUP(rmv_override_sets_free) struct rmv_override_sets found = {0};
    const struct rmv_error *err = NULL;

    add_set(&found);
    for (size_t i = 0; !err && i < typed->count; i++) {
        RMV_CLEANUP(typed_free) struct typed one = {0};
        err = parse(typed->items[i], &one);
        if (!err)
            err = multiply(&one, &found);
    }
    if (err)
        return err;
    *sets = found;
    found = (struct rmv_override_sets){0};
    return NULL;
}
