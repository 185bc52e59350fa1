#include "pipeline/parse.h"

#include <assert.h>
#include <string.h>

#include "pipeline/named_dataset.h"
#include "pipeline/url.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/http/http.h"

const struct rmv_error *rmv_parse_flag(const struct rmv_stage_parser *parser,
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

const struct rmv_error *rmv_parse_text(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *map, const char *key, char **text)
{
    const struct rmv_value *value = rmv_value_find(map, key);
    if (!value)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *what = rmv_str_format("'%s'", key);
    const struct rmv_error *err = rmv_value_expect(parser->file, value, RMV_VALUE_STRING, what);
    if (!err)
        rmv_str_set(text, value->text);
    return err;
}

static bool is_up(const char *path)
{
    return strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0;
}

bool rmv_parse_locate(const struct rmv_stage_parser *parser, const char *folder, const char *text,
                      char **path)
{
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, text);
    RMV_CLEANUP(rmv_str_free) char *normal = rmv_path_normalize(joined);
    const bool is_outside = *normal == '/' || is_up(normal);
    if (is_outside && parser->root) {
        RMV_CLEANUP(rmv_str_free) char *from_root = rmv_path_join(parser->root, normal);
        RMV_CLEANUP(rmv_str_free) char *absolute = rmv_path_normalize(from_root);
        if (rmv_path_is_in(absolute, parser->root)) {
            *path = rmv_path_relative(parser->root, absolute);
            return true;
        }
    }
    if (is_outside && *normal != '/') {
        *path = rmv_path_relative(parser->folder, normal);
    } else {
        *path = normal;
        normal = NULL;
    }
    return !is_outside;
}

const struct rmv_error *rmv_parse_path(const struct rmv_stage_parser *parser, const char *folder,
                                       const struct rmv_value *at, const char *text, char **path)
{
    if (!*text)
        return rmv_value_error(parser->file, at, "a path is empty");
    if (rmv_url_is(text)) {
        RMV_CLEANUP(rmv_str_free) char *url = rmv_http_visible_url(text);
        return rmv_value_error_as(RMV_ERR_UNSUPPORTED, parser->file, at,
                                  "'%s' is a URL, and only dependencies of stages can be one", url);
    }
    RMV_CLEANUP(rmv_str_free) char *normal = NULL;
    if (!rmv_parse_locate(parser, folder, text, &normal))
        return rmv_error_hint(rmv_value_error_as(RMV_ERR_DENIED, parser->file, at,
                                                 "'%s' is outside the workspace, and only "
                                                 "dependencies of stages can be there",
                                                 text),
                              "rmv writes nothing outside the workspace, so name a path inside: "
                              "relative to the folder of %s, or to 'wdir'",
                              parser->file);
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

/* Adds a dependency, unless it is there already: twice is as good as once. */
static void add_outside(const struct rmv_stage_parser *parser, const struct rmv_value *item,
                        const char *path, struct rmv_map *seen)
{
    struct rmv_stage *stage = parser->stage;
    if (rmv_map_set(seen, path, stage))
        return;
    stage->outside = rmv_grow(stage->outside, stage->outside_count, &stage->outside_capacity,
                              sizeof(stage->outside[0]));
    stage->outside[stage->outside_count++] = (struct rmv_stage_dep){
        .path = rmv_str_copy(path), .line = item->line, .column = item->column};
}

static const struct rmv_error *add_url(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *item, struct rmv_map *seen)
{
    const bool is_dataset = rmv_named_dataset_is(item->text);
    const struct rmv_error *err = is_dataset ? NULL : rmv_url_check(item->text);
    if (err)
        return rmv_error_context(err, "%s:%u:%u", parser->file, (unsigned)item->line,
                                 (unsigned)item->column);
    add_outside(parser, item, item->text, seen);
    return NULL;
}

/* A folder that the workspace is in would change with whatever is done here. */
static bool holds_workspace(const struct rmv_stage_parser *parser, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *from_root = rmv_path_join(parser->folder, path);
    RMV_CLEANUP(rmv_str_free) char *normal = rmv_path_normalize(from_root);
    if (*normal == '/')
        return parser->root && rmv_path_is_in(parser->root, normal);
    const size_t size = strlen(normal);
    return strcmp(normal, "..") == 0 || (size > 3 && strcmp(normal + size - 3, "/..") == 0);
}

static const struct rmv_error *add_path_outside(const struct rmv_stage_parser *parser,
                                                const struct rmv_value *item, const char *path,
                                                struct rmv_map *seen)
{
    if (holds_workspace(parser, path))
        return rmv_value_error_as(RMV_ERR_DENIED, parser->file, item,
                                  "the workspace itself is in '%s'", item->text);
    add_outside(parser, item, path, seen);
    return NULL;
}

static const struct rmv_error *add_dep(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *item, struct rmv_map *seen)
{
    struct rmv_stage *stage = parser->stage;
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    const struct rmv_error *err =
        rmv_value_expect(parser->file, item, RMV_VALUE_STRING, "a dependency");
    if (!err && rmv_url_is(item->text))
        return add_url(parser, item, seen);
    if (!err && *item->text && !rmv_parse_locate(parser, stage->wdir, item->text, &path))
        return add_path_outside(parser, item, path, seen);
    rmv_str_free(&path);
    if (!err)
        err = rmv_parse_path(parser, stage->wdir, item, item->text, &path);
    if (err || rmv_map_set(seen, path, stage)) /* twice is as good as once */
        return err;
    stage->deps =
        rmv_grow(stage->deps, stage->deps_count, &stage->deps_capacity, sizeof(stage->deps[0]));
    stage->deps[stage->deps_count++] =
        (struct rmv_stage_dep){.path = path, .line = item->line, .column = item->column};
    path = NULL;
    return NULL;
}

const struct rmv_error *rmv_parse_deps(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *list)
{
    const struct rmv_error *err = rmv_value_expect(parser->file, list, RMV_VALUE_LIST, "'deps'");
    if (err)
        return err;
    RMV_CLEANUP(rmv_map_free) struct rmv_map seen = {0};
    for (size_t i = 0; !err && i < list->list.count; i++)
        err = add_dep(parser, &list->list.items[i], &seen);
    return err;
}

/* ---- Parameters ----------------------------------------------------------------------------- */

/* Sets `*params` to the entry of the stage for `file`, seen from its working folder; added if it is
 * new. */
static const struct rmv_error *params_of_file(const struct rmv_stage_parser *parser,
                                              const char *file, const struct rmv_value *at,
                                              struct rmv_stage_params **params)
{
    struct rmv_stage *stage = parser->stage;
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    const struct rmv_error *err = rmv_parse_path(parser, stage->wdir, at, file, &path);
    if (err)
        return err;
    assert(path);
    for (size_t i = 0; i < stage->params_count; i++)
        if (strcmp(stage->params[i].file, path) == 0) {
            *params = &stage->params[i];
            return NULL;
        }
    stage->params = rmv_grow(stage->params, stage->params_count, &stage->params_capacity,
                             sizeof(stage->params[0]));
    *params = &stage->params[stage->params_count++];
    **params = (struct rmv_stage_params){.file = path, .line = at->line, .column = at->column};
    path = NULL;
    return NULL;
}

static const struct rmv_error *add_key(const struct rmv_stage_parser *parser, const char *file,
                                       const struct rmv_value *key)
{
    struct rmv_stage_params *params = NULL;
    const struct rmv_error *err =
        rmv_value_expect(parser->file, key, RMV_VALUE_STRING, "a parameter");
    if (!err && !*key->text)
        err = rmv_value_error(parser->file, key, "the name of a parameter is empty");
    if (!err)
        err = params_of_file(parser, file, key, &params);
    if (!err && !rmv_strings_has(&params->keys, key->text))
        rmv_strings_add(&params->keys, key->text);
    return err;
}

static bool is_empty(const struct rmv_value *keys)
{
    return keys->kind == RMV_VALUE_NULL || (keys->kind == RMV_VALUE_LIST && !keys->list.count) ||
           (keys->kind == RMV_VALUE_MAP && !keys->map.count);
}

/* One `FILE: [KEYS]`; no keys stand for the whole file, and are looked at later. */
static const struct rmv_error *add_file(const struct rmv_stage_parser *parser,
                                        const struct rmv_member *member)
{
    const struct rmv_value *keys = &member->value;
    const struct rmv_error *err = NULL;

    if (is_empty(keys))
        return NULL;
    if (keys->kind != RMV_VALUE_LIST)
        return rmv_value_error(parser->file, keys,
                               "'%s' needs a list of parameters, or nothing for all of them",
                               member->key);
    for (size_t i = 0; !err && i < keys->list.count; i++)
        err = add_key(parser, member->key, &keys->list.items[i]);
    return err;
}

/* Whoever wants all of a file gets it, whatever keys are named besides. */
static const struct rmv_error *add_whole_files(const struct rmv_stage_parser *parser,
                                               const struct rmv_value *item)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && item->kind == RMV_VALUE_MAP && i < item->map.count; i++) {
        const struct rmv_member *member = &item->map.members[i];
        const struct rmv_value place = rmv_value_place_of(member);
        struct rmv_stage_params *params = NULL;
        if (!is_empty(&member->value))
            continue;
        err = params_of_file(parser, member->key, &place, &params);
        if (!err)
            rmv_strings_free(&params->keys);
    }
    return err;
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
    for (size_t i = 0; !err && i < list->list.count; i++)
        err = add_whole_files(parser, &list->list.items[i]);
    return err;
}
