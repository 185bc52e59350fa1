#include "pipeline/parse.h"

#include <assert.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"

static bool is_listed(const char *const *keys, const char *key)
{
    for (; keys && *keys; keys++)
        if (strcmp(*keys, key) == 0)
            return true;
    return false;
}

static const struct rmv_error *unknown_key(const struct rmv_stage_parser *parser,
                                           const struct rmv_member *member,
                                           const char *const *known)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings keys = {0};
    for (; *known; known++)
        rmv_strings_add(&keys, *known);
    const char *nearest = rmv_strings_nearest(&keys, member->key);
    const struct rmv_value place = rmv_value_place_of(member);
    RMV_CLEANUP(rmv_str_free) char *key = rmv_path_quote(member->key);
    if (nearest)
        return rmv_value_error(parser->file, &place, "unknown key '%s', did you mean '%s'?", key,
                               nearest);

    RMV_CLEANUP(rmv_buf_free) struct rmv_buf list = {0};
    for (size_t i = 0; i < keys.count; i++)
        rmv_buf_append_format(&list, "%s%s", i ? ", " : "", keys.items[i]);
    return rmv_error_hint(rmv_value_error(parser->file, &place, "unknown key '%s'", key),
                          "known here: %s", rmv_buf_string(&list));
}

const struct rmv_error *rmv_parse_check_keys(const struct rmv_stage_parser *parser,
                                             const struct rmv_value *map, const char *const *known,
                                             const char *const *later)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct rmv_member *member = &map->map.members[i];
        if (is_listed(known, member->key))
            continue;
        const struct rmv_value place = rmv_value_place_of(member);
        if (is_listed(later, member->key))
            return rmv_value_error_as(RMV_ERR_UNSUPPORTED, parser->file, &place,
                                      "'%s' is not supported by this version of rmv", member->key);
        return unknown_key(parser, member, known);
    }
    return NULL;
}

const struct rmv_error *rmv_parse_path(const struct rmv_stage_parser *parser, const char *folder,
                                       const struct rmv_value *at, const char *text, char **path)
{
    if (!*text)
        return rmv_value_error(parser->file, at, "a path is empty");
    if (strstr(text, "://"))
        return rmv_value_error_as(RMV_ERR_UNSUPPORTED, parser->file, at,
                                  "'%s': URLs are not supported by this version of rmv", text);
    if (text[0] == '/')
        return rmv_error_hint(
            rmv_value_error_as(RMV_ERR_DENIED, parser->file, at, "'%s' is an absolute path", text),
            "name paths relative to the folder of %s or to 'wdir'", parser->file);

    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, text);
    RMV_CLEANUP(rmv_str_free) char *normal = rmv_path_normalize(joined);
    if (strcmp(normal, ".") == 0)
        return rmv_value_error(parser->file, at, "'%s' is the whole workspace", text);
    const struct rmv_error *err = rmv_path_check(normal);
    if (err)
        return rmv_error_context(err, "%s:%u:%u", parser->file, (unsigned)at->line,
                                 (unsigned)at->column);
    *path = normal;
    normal = NULL;
    return NULL;
}

/* ---- Dependencies --------------------------------------------------------------------------- */

const struct rmv_error *rmv_parse_deps(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *list)
{
    struct rmv_stage *stage = parser->stage;
    const struct rmv_error *err = rmv_value_expect(parser->file, list, RMV_VALUE_LIST, "'deps'");
    if (err)
        return err;
    RMV_CLEANUP(rmv_map_free) struct rmv_map seen = {0};

    for (size_t i = 0; i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        RMV_CLEANUP(rmv_str_free) char *path = NULL;
        err = rmv_value_expect(parser->file, item, RMV_VALUE_STRING, "a dependency");
        if (!err)
            err = rmv_parse_path(parser, stage->wdir, item, item->text, &path);
        if (err)
            return err;
        if (rmv_map_set(&seen, path, stage))
            return rmv_value_error(parser->file, item,
                                   "dependency '%s' of stage '%s' is listed twice", path,
                                   stage->name);
        stage->deps =
            rmv_grow(stage->deps, stage->deps_count, &stage->deps_capacity, sizeof(stage->deps[0]));
        stage->deps[stage->deps_count++] =
            (struct rmv_stage_dep){.path = path, .line = item->line, .column = item->column};
        path = NULL;
    }
    return NULL;
}

/* ---- Outputs, metrics, plots ---------------------------------------------------------------- */

static const char *const out_keys[] = {"cache", "persist", "desc", "type", "labels", "meta", NULL};
static const char *const metric_keys[] = {"cache",  "persist", "desc",  "type",
                                          "labels", "meta",    "xpath", NULL};
static const char *const plot_keys[] = {"cache",   "persist",  "desc",   "type", "labels",
                                        "meta",    "template", "x",      "y",    "x_label",
                                        "y_label", "title",    "header", NULL};
static const char *const out_keys_later[] = {"remote", "push", "checkpoint", NULL};

static const struct rmv_error *parse_flag(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *map, const char *key, bool *flag)
{
    const struct rmv_value *value = rmv_value_find(map, key);
    if (!value)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *what = rmv_str_format("'%s'", key);
    const struct rmv_error *err = rmv_value_expect(parser->file, value, RMV_VALUE_BOOL, what);
    if (!err)
        *flag = value->boolean;
    return err;
}

static const struct rmv_error *parse_out_options(const struct rmv_stage_parser *parser,
                                                 const struct rmv_value *options,
                                                 struct rmv_stage_out *out)
{
    if (options->kind == RMV_VALUE_NULL)
        return NULL;
    const char *const *keys = out->kind == RMV_STAGE_OUT_PLOT     ? plot_keys
                              : out->kind == RMV_STAGE_OUT_METRIC ? metric_keys
                                                                  : out_keys;
    bool cache = true;
    const struct rmv_error *err =
        rmv_value_expect(parser->file, options, RMV_VALUE_MAP, "the options of an output");
    if (!err)
        err = rmv_parse_check_keys(parser, options, keys, out_keys_later);
    if (!err)
        err = parse_flag(parser, options, "cache", &cache);
    if (!err)
        err = parse_flag(parser, options, "persist", &out->persist);
    if (err)
        return err;
    out->no_cache = !cache;
    const struct rmv_value *desc = rmv_value_find(options, "desc");
    if (!desc)
        return NULL;
    err = rmv_value_expect(parser->file, desc, RMV_VALUE_STRING, "'desc'");
    if (!err)
        out->desc = rmv_str_copy(desc->text);
    return err;
}

static const struct rmv_error *check_out_path(const struct rmv_stage_parser *parser,
                                              const struct rmv_value *at, const char *path)
{
    const char *name = rmv_path_name(path);
    if (strcmp(name, RMV_PIPELINE_FILE_NAME) == 0 || strcmp(name, "rmv.lock") == 0 ||
        strcmp(name, ".gitignore") == 0 || rmv_path_has_suffix(name, ".rmv"))
        return rmv_value_error(parser->file, at,
                               "'%s' cannot be an output: rmv itself writes such files", path);
    return NULL;
}

static const struct rmv_error *add_out(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *at, const char *text,
                                       const struct rmv_value *options,
                                       enum rmv_stage_out_kind kind)
{
    struct rmv_stage *stage = parser->stage;
    stage->outs =
        rmv_grow(stage->outs, stage->outs_count, &stage->outs_capacity, sizeof(stage->outs[0]));
    struct rmv_stage_out *out = &stage->outs[stage->outs_count++];
    *out = (struct rmv_stage_out){.kind = kind, .line = at->line, .column = at->column};

    const struct rmv_error *err = rmv_parse_path(parser, stage->wdir, at, text, &out->path);
    if (!err)
        err = check_out_path(parser, at, out->path);
    if (!err && options)
        err = parse_out_options(parser, options, out);
    return err;
}

const struct rmv_error *rmv_parse_outs(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *list, enum rmv_stage_out_kind kind)
{
    static const char *const names[] = {"'outs'", "'metrics'", "'plots'"};
    const struct rmv_error *err = rmv_value_expect(parser->file, list, RMV_VALUE_LIST, names[kind]);

    for (size_t i = 0; !err && i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        if (item->kind == RMV_VALUE_STRING) {
            err = add_out(parser, item, item->text, NULL, kind);
            continue;
        }
        if (item->kind != RMV_VALUE_MAP)
            return rmv_value_error(parser->file, item,
                                   "an output is a path or {path: {options}}, not %s",
                                   rmv_value_kind_name(item->kind));
        for (size_t k = 0; !err && k < item->map.count; k++) {
            const struct rmv_member *member = &item->map.members[k];
            const struct rmv_value place = rmv_value_place_of(member);
            err = add_out(parser, &place, member->key, &member->value, kind);
        }
    }
    return err;
}

/* ---- Parameters ----------------------------------------------------------------------------- */

/* The entry of the stage for `file`, added if it is new. */
static struct rmv_stage_params *params_of_file(struct rmv_stage *stage, char **file_taken,
                                               const struct rmv_value *at)
{
    for (size_t i = 0; i < stage->params_count; i++)
        if (strcmp(stage->params[i].file, *file_taken) == 0)
            return &stage->params[i];
    stage->params = rmv_grow(stage->params, stage->params_count, &stage->params_capacity,
                             sizeof(stage->params[0]));
    struct rmv_stage_params *params = &stage->params[stage->params_count++];
    *params =
        (struct rmv_stage_params){.file = *file_taken, .line = at->line, .column = at->column};
    *file_taken = NULL;
    return params;
}

static const struct rmv_error *add_key(const struct rmv_stage_parser *parser, const char *file,
                                       const struct rmv_value *key)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    const struct rmv_error *err =
        rmv_value_expect(parser->file, key, RMV_VALUE_STRING, "a parameter");
    if (!err)
        err = rmv_parse_path(parser, parser->stage->wdir, key, file, &path);
    if (err)
        return err;
    assert(path);
    const char *name = key->text;
    if (!*name)
        return rmv_value_error(parser->file, key, "the name of a parameter is empty");
    struct rmv_stage_params *params = params_of_file(parser->stage, &path, key);
    if (!rmv_strings_has(&params->keys, name))
        rmv_strings_add(&params->keys, name);
    return NULL;
}

/* One `FILE: [KEYS]`; no keys stand for the whole file. */
static const struct rmv_error *add_file(const struct rmv_stage_parser *parser,
                                        const struct rmv_member *member)
{
    const struct rmv_value *keys = &member->value;
    const struct rmv_value place = rmv_value_place_of(member);

    if (keys->kind != RMV_VALUE_NULL && keys->kind != RMV_VALUE_LIST)
        return rmv_value_error(parser->file, keys,
                               "'%s' needs a list of parameters, or nothing for all of them",
                               member->key);
    if (keys->kind == RMV_VALUE_NULL || keys->list.count == 0) {
        RMV_CLEANUP(rmv_str_free) char *path = NULL;
        const struct rmv_error *err =
            rmv_parse_path(parser, parser->stage->wdir, &place, member->key, &path);
        if (err)
            return err;
        assert(path);
        (void)params_of_file(parser->stage, &path, &place);
        return NULL;
    }
    for (size_t i = 0; i < keys->list.count; i++) {
        const struct rmv_error *err = add_key(parser, member->key, &keys->list.items[i]);
        if (err)
            return err;
    }
    return NULL;
}

const struct rmv_error *rmv_parse_params(const struct rmv_stage_parser *parser,
                                         const struct rmv_value *list)
{
    const struct rmv_error *err = rmv_value_expect(parser->file, list, RMV_VALUE_LIST, "'params'");

    for (size_t i = 0; !err && i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        if (item->kind != RMV_VALUE_MAP) {
            err = add_key(parser, RMV_PARAMS_FILE_NAME, item);
            continue;
        }
        for (size_t k = 0; !err && k < item->map.count; k++)
            err = add_file(parser, &item->map.members[k]);
    }
    return err;
}
