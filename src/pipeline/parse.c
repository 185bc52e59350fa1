#include "pipeline/parse.h"

#include <string.h>

#include "pipeline/template.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"

#define STAGE_NAME_SIZE_MAX 1000

static const char *const document_keys[] = {"stages",   "metrics", "plots", "params",   "artifacts",
                                            "datasets", "vars",    "env",   "executor", NULL};
static const char *const stage_keys[] = {
    "cmd",  "wdir", "deps",  "outs",    "params", "metrics",  "plots", "frozen", "always_changed",
    "desc", "meta", "retry", "timeout", "env",    "executor", NULL};
static const char *const stage_keys_later[] = {"hermetic", NULL};

/* ---- One stage ------------------------------------------------------------------------------ */

static const struct rmv_error *check_stage_keys(const struct rmv_stage_parser *parser,
                                                const struct rmv_value *map)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct rmv_member *member = &map->map.members[i];
        const struct rmv_value place = rmv_value_place_of(member);
        if (rmv_words_have(stage_keys_later, member->key))
            return rmv_value_error_as(RMV_ERR_UNSUPPORTED, parser->file, &place,
                                      "'%s' is not supported by this version of rmv", member->key);
    }
    return rmv_value_check_keys(parser->file, map, stage_keys, NULL);
}

/* Like DVC we take any text that stays on its line; `stage add` is stricter. */
static const struct rmv_error *check_stage_name(const struct rmv_stage_parser *parser,
                                                const struct rmv_member *member)
{
    const struct rmv_value place = rmv_value_place_of(member);
    if (!*member->key)
        return rmv_value_error(parser->file, &place, "the name of a stage is empty");
    if (strlen(member->key) > STAGE_NAME_SIZE_MAX)
        return rmv_value_error_as(RMV_ERR_LIMIT, parser->file, &place,
                                  "the name of a stage is longer than %d bytes",
                                  STAGE_NAME_SIZE_MAX);
    for (const char *c = member->key; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            RMV_CLEANUP(rmv_str_free) char *name = rmv_path_quote(member->key);
            return rmv_value_error(parser->file, &place,
                                   "'%s' is no name for a stage: it has a control character", name);
        }
    return NULL;
}

static const struct rmv_error *parse_line(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *line, struct rmv_value *out)
{
    const struct rmv_error *err =
        rmv_value_expect(parser->file, line, RMV_VALUE_STRING, "a command");
    if (err)
        return err;
    if (line->text[strspn(line->text, " \t\n")] == '\0')
        return rmv_value_error(parser->file, line, "the command of stage '%s' is empty",
                               parser->stage->name);
    rmv_value_set_text(out, line->text);
    return NULL;
}

static const struct rmv_error *parse_cmd(const struct rmv_stage_parser *parser,
                                         const struct rmv_value *map)
{
    struct rmv_stage *stage = parser->stage;
    const struct rmv_value *cmd = rmv_value_find(map, "cmd");
    if (!cmd)
        return rmv_error_hint(
            rmv_value_error(parser->file,
                            &(struct rmv_value){.line = stage->line, .column = stage->column},
                            "stage '%s' has no command", stage->name),
            "give it a 'cmd'");
    if (cmd->kind != RMV_VALUE_LIST)
        return parse_line(parser, cmd, &stage->cmd);
    if (cmd->list.count == 0)
        return rmv_value_error(parser->file, cmd, "the command of stage '%s' is empty",
                               stage->name);
    rmv_value_set_list(&stage->cmd);
    for (size_t i = 0; i < cmd->list.count; i++) {
        const struct rmv_error *err =
            parse_line(parser, &cmd->list.items[i], rmv_value_append(&stage->cmd));
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *parse_wdir(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *wdir)
{
    const struct rmv_error *err = rmv_value_expect(parser->file, wdir, RMV_VALUE_STRING, "'wdir'");
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(parser->folder, wdir->text);
    RMV_CLEANUP(rmv_str_free) char *normal = rmv_path_normalize(joined);
    if (strcmp(normal, ".") != 0) {
        rmv_str_free(&normal);
        err = rmv_parse_path(parser, parser->folder, wdir, wdir->text, &normal);
        if (err)
            return err;
    }
    rmv_str_set(&parser->stage->wdir, normal);
    return NULL;
}

static const struct rmv_error *parse_member(const struct rmv_stage_parser *parser,
                                            const struct rmv_member *member)
{
    struct rmv_stage *stage = parser->stage;
    const struct rmv_value *value = &member->value;
    const char *key = member->key;

    if (strcmp(key, "deps") == 0)
        return rmv_parse_deps(parser, value);
    if (strcmp(key, "outs") == 0)
        return rmv_parse_outs(parser, value, RMV_STAGE_OUT_DATA);
    if (strcmp(key, "metrics") == 0)
        return rmv_parse_outs(parser, value, RMV_STAGE_OUT_METRIC);
    if (strcmp(key, "plots") == 0)
        return rmv_parse_outs(parser, value, RMV_STAGE_OUT_PLOT);
    if (strcmp(key, "params") == 0)
        return rmv_parse_params(parser, value);
    if (strcmp(key, "retry") == 0)
        return rmv_parse_retry(parser, value, &stage->retry);
    if (strcmp(key, "timeout") == 0)
        return rmv_parse_duration(parser, value, "'timeout'", &stage->timeout_ms);
    if (strcmp(key, "executor") == 0)
        return rmv_parse_executor(parser, value, &stage->executor);
    if (strcmp(key, "meta") == 0)
        rmv_value_copy(&stage->meta, value);
    return NULL;
}

/* The variables of all stages, then, over them, the stage's own; sorted. */
static const struct rmv_error *parse_env(const struct rmv_stage_parser *parser,
                                         const struct rmv_value *own)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value all = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};

    rmv_value_copy(&all, &parser->env);
    const struct rmv_error *err = own ? rmv_parse_env(parser, own, &all) : NULL;
    if (err || all.kind == RMV_VALUE_NULL)
        return err;
    for (size_t i = 0; i < all.map.count; i++)
        rmv_strings_add(&names, all.map.members[i].key);
    rmv_strings_sort(&names);
    for (size_t i = 0; i < names.count; i++)
        rmv_value_set_text(rmv_value_add(&parser->stage->env, names.items[i]),
                           rmv_value_find_text(&all, names.items[i]));
    return NULL;
}

static const struct rmv_error *check_outs_once(const struct rmv_stage_parser *parser)
{
    const struct rmv_stage *stage = parser->stage;
    RMV_CLEANUP(rmv_map_free) struct rmv_map seen = {0};
    for (size_t i = 0; i < stage->outs_count; i++) {
        struct rmv_stage_out *out = &stage->outs[i];
        if (rmv_map_set(&seen, out->path, out))
            return rmv_value_error(
                parser->file, &(struct rmv_value){.line = out->line, .column = out->column},
                "output '%s' of stage '%s' is listed twice", out->path, stage->name);
    }
    return NULL;
}

static const struct rmv_error *parse_stage(struct rmv_stage_parser *parser,
                                           const struct rmv_member *member)
{
    struct rmv_stage *stage = parser->stage;
    const struct rmv_value *map = &member->value;

    const struct rmv_error *err = check_stage_name(parser, member);
    if (err)
        return err;
    stage->name = rmv_str_copy(member->key);
    stage->loop = rmv_str_copy(rmv_value_find_text(parser->loops, member->key));
    stage->file = rmv_str_copy(parser->file);
    stage->address = strcmp(parser->folder, ".") == 0
                         ? rmv_str_copy(member->key)
                         : rmv_str_format("%s:%s", parser->file, member->key);
    stage->wdir = rmv_str_copy(parser->folder);
    if (parser->executor)
        rmv_stage_executor_copy(&stage->executor, parser->executor);
    stage->line = member->line;
    stage->column = member->column;

    err = rmv_value_expect(parser->file, map, RMV_VALUE_MAP, "a stage");
    if (!err)
        err = check_stage_keys(parser, map);
    if (!err)
        err = parse_cmd(parser, map);
    /* Everything else is seen from the working folder, wherever in the stage that is written. */
    const struct rmv_value *wdir = err ? NULL : rmv_value_find(map, "wdir");
    if (wdir)
        err = parse_wdir(parser, wdir);
    for (size_t i = 0; !err && i < map->map.count; i++)
        err = parse_member(parser, &map->map.members[i]);
    if (!err)
        err = parse_env(parser, rmv_value_find(map, "env"));
    if (!err)
        err = rmv_parse_flag(parser, map, "frozen", &stage->frozen);
    if (!err)
        err = rmv_parse_flag(parser, map, "always_changed", &stage->always_changed);
    if (!err)
        err = rmv_parse_text(parser, map, "desc", &stage->desc);
    return err ? err : check_outs_once(parser);
}

static const struct rmv_error *parse_stages(const struct rmv_stage_parser *parser,
                                            const struct rmv_value *stages)
{
    struct rmv_pipeline *pipeline = parser->pipeline;
    if (stages->kind == RMV_VALUE_NULL)
        return NULL;
    const struct rmv_error *err = rmv_value_expect(parser->file, stages, RMV_VALUE_MAP, "'stages'");
    if (err)
        return err;
    if (stages->map.count > RMV_PIPELINE_STAGES_MAX - pipeline->count)
        return rmv_error(RMV_ERR_LIMIT, "%s: more than %d stages", parser->file,
                         RMV_PIPELINE_STAGES_MAX);
    for (size_t i = 0; !err && i < stages->map.count; i++) {
        pipeline->stages = rmv_grow(pipeline->stages, pipeline->count, &pipeline->capacity,
                                    sizeof(pipeline->stages[0]));
        struct rmv_stage *stage = &pipeline->stages[pipeline->count++];
        *stage = (struct rmv_stage){0};
        struct rmv_stage_parser one = *parser;
        one.stage = stage;
        err = parse_stage(&one, &stages->map.members[i]);
    }
    return err;
}

/* ---- The document --------------------------------------------------------------------------- */

/* Stages first: what is drawn of them comes before what is drawn besides. */
static const struct rmv_error *parse_parts(struct rmv_stage_parser *parser,
                                           const struct rmv_value *document)
{
    const struct rmv_value *stages = rmv_value_find(document, "stages");
    const struct rmv_value *env = rmv_value_find(document, "env");
    const struct rmv_error *err = NULL;
    if (env && env->kind != RMV_VALUE_NULL)
        err = rmv_parse_env(parser, env, &parser->env);
    if (!err && stages)
        err = parse_stages(parser, stages);
    for (size_t i = 0; !err && i < document->map.count; i++)
        err = rmv_parse_part(parser, &document->map.members[i]);
    return err;
}

const struct rmv_error *rmv_pipeline_parse(const char *file, const char *text, size_t size,
                                           const struct rmv_pipeline_reader *reader,
                                           struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(file);
    struct rmv_stage_parser parser = {
        .file = file, .folder = folder, .root = reader ? reader->root : NULL, .pipeline = pipeline};

    const struct rmv_error *err = rmv_yaml_parse(file, text, size, &document);
    if (err)
        return err;
    rmv_strings_add(&pipeline->files, file);
    if (document.kind == RMV_VALUE_NULL)
        return NULL;
    err = rmv_value_expect(file, &document, RMV_VALUE_MAP, "a pipeline");
    if (!err)
        err = rmv_value_check_keys(parser.file, &document, document_keys, NULL);
    struct rmv_template template = {
        .file = file, .folder = folder, .reader = reader, .files = &pipeline->variables};
    if (!err)
        err = rmv_template_expand(&template, &document);
    RMV_CLEANUP(rmv_stage_executor_free) struct rmv_stage_executor executor = {0};
    const struct rmv_value *where = err ? NULL : rmv_value_find(&document, "executor");
    if (where)
        err = rmv_parse_default_executor(&parser, where, pipeline, &executor);
    parser.executor = &executor;
    parser.loops = &template.loops;
    if (!err)
        err = parse_parts(&parser, &document);
    rmv_value_free(&parser.env);
    rmv_value_free(&template.loops);
    return err;
}
