#include <string.h>

#include "pipeline/parse.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* Outputs, metrics and plots of a stage. */

/* DVC 3 takes `checkpoint` and does nothing about it. */
#define OUT_KEYS                                                                                   \
    "cache", "persist", "remote", "push", "desc", "type", "labels", "meta", "checkpoint"

static const char *const out_keys[] = {OUT_KEYS, NULL};
static const char *const metric_keys[] = {OUT_KEYS, "xpath", NULL};
static const char *const plot_keys[] = {OUT_KEYS,  "template", "x",      "y", "x_label",
                                        "y_label", "title",    "header", NULL};

static const struct rmv_error *parse_labels(const struct rmv_stage_parser *parser,
                                            const struct rmv_value *labels, struct rmv_strings *out)
{
    const struct rmv_error *err =
        rmv_value_expect(parser->file, labels, RMV_VALUE_LIST, "'labels'");
    for (size_t i = 0; !err && i < labels->list.count; i++) {
        const struct rmv_value *label = &labels->list.items[i];
        err = rmv_value_expect(parser->file, label, RMV_VALUE_STRING, "a label");
        if (!err)
            rmv_strings_add(out, label->text);
    }
    return err;
}

const struct rmv_error *rmv_parse_annotation(const struct rmv_stage_parser *parser,
                                             const struct rmv_value *map,
                                             struct rmv_annotation *annotation)
{
    const struct rmv_value *labels = rmv_value_find(map, "labels");
    const struct rmv_value *meta = rmv_value_find(map, "meta");

    const struct rmv_error *err = rmv_parse_text(parser, map, "desc", &annotation->desc);
    if (!err)
        err = rmv_parse_text(parser, map, "type", &annotation->type);
    if (!err && labels)
        err = parse_labels(parser, labels, &annotation->labels);
    if (!err && meta)
        rmv_value_copy(&annotation->meta, meta);
    return err;
}

static const struct rmv_error *parse_options(const struct rmv_stage_parser *parser,
                                             const struct rmv_value *options,
                                             struct rmv_stage_out *out)
{
    static const char *const *const keys[] = {out_keys, metric_keys, plot_keys};
    bool cache = true, push = true, checkpoint = false;

    const struct rmv_error *err =
        rmv_value_check_keys(parser->file, options, keys[out->kind], NULL);
    if (!err)
        err = rmv_parse_flag(parser, options, "cache", &cache);
    if (!err)
        err = rmv_parse_flag(parser, options, "persist", &out->persist);
    if (!err)
        err = rmv_parse_flag(parser, options, "push", &push);
    if (!err)
        err = rmv_parse_flag(parser, options, "checkpoint", &checkpoint);
    if (!err)
        err = rmv_parse_text(parser, options, "remote", &out->remote);
    if (!err && out->remote && !*out->remote)
        err = rmv_value_error(parser->file, rmv_value_find(options, "remote"),
                              "the name of a remote is empty");
    out->no_cache = !cache;
    out->no_push = !push;
    return err ? err : rmv_parse_annotation(parser, options, &out->annotation);
}

static const struct rmv_error *check_path(const struct rmv_stage_parser *parser,
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
                                       const struct rmv_member *member,
                                       enum rmv_stage_out_kind kind)
{
    struct rmv_stage *stage = parser->stage;
    const struct rmv_value place = rmv_value_place_of(member);
    stage->outs =
        rmv_grow(stage->outs, stage->outs_count, &stage->outs_capacity, sizeof(stage->outs[0]));
    struct rmv_stage_out *out = &stage->outs[stage->outs_count++];
    *out = (struct rmv_stage_out){.kind = kind, .line = place.line, .column = place.column};

    const struct rmv_error *err =
        rmv_parse_path(parser, stage->wdir, &place, member->key, &out->path);
    if (!err)
        err = check_path(parser, &place, out->path);
    if (!err)
        err = parse_options(parser, &member->value, out);
    if (!err && kind == RMV_STAGE_OUT_PLOT)
        err = rmv_parse_out_plot(parser, out, &member->value);
    return err;
}

static void copy_member(const struct rmv_member *from, struct rmv_value *map)
{
    const size_t count = map->map.count;
    rmv_value_copy(rmv_value_add(map, from->key), &from->value);
    if (map->map.count == count)
        return;
    map->map.members[count].line = from->line;
    map->map.members[count].column = from->column;
}

/* Adds one output to `merged`; as in DVC, what is said of the same path later wins. */
static const struct rmv_error *merge_out(const struct rmv_stage_parser *parser,
                                         const struct rmv_member *from, struct rmv_value *merged)
{
    static const struct rmv_value none;
    const struct rmv_value *options = &from->value;
    struct rmv_value *known = rmv_value_find(merged, from->key);

    if (options->kind != RMV_VALUE_NULL && options->kind != RMV_VALUE_MAP)
        return rmv_error_hint(rmv_value_error(parser->file, options,
                                              "the options of an output are a map, not %s",
                                              rmv_value_kind_name(options->kind)),
                              "indent them deeper than the path that they are about");
    if (!known) {
        copy_member(
            &(struct rmv_member){
                .key = from->key, .line = from->line, .column = from->column, .value = none},
            merged);
        known = rmv_value_find(merged, from->key);
        rmv_value_set_map(known);
    }
    for (size_t i = 0; options->kind == RMV_VALUE_MAP && i < options->map.count; i++)
        copy_member(&options->map.members[i], known);
    return NULL;
}

/* [a, b: {cache: false}] as {a: {}, b: {cache: false}}. */
static const struct rmv_error *merge_outs(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *list, struct rmv_value *merged)
{
    const struct rmv_error *err = NULL;

    rmv_value_set_map(merged);
    for (size_t i = 0; !err && i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        if (item->kind == RMV_VALUE_STRING) {
            err = merge_out(
                parser,
                &(struct rmv_member){.key = item->text, .line = item->line, .column = item->column},
                merged);
            continue;
        }
        if (item->kind != RMV_VALUE_MAP)
            return rmv_value_error(parser->file, item,
                                   "an output is a path or {path: {options}}, not %s",
                                   rmv_value_kind_name(item->kind));
        for (size_t k = 0; !err && k < item->map.count; k++)
            err = merge_out(parser, &item->map.members[k], merged);
    }
    return err;
}

const struct rmv_error *rmv_parse_outs(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *list, enum rmv_stage_out_kind kind)
{
    static const char *const names[] = {"'outs'", "'metrics'", "'plots'"};
    RMV_CLEANUP(rmv_value_free) struct rmv_value merged = {0};

    const struct rmv_error *err = rmv_value_expect(parser->file, list, RMV_VALUE_LIST, names[kind]);
    if (!err)
        err = merge_outs(parser, list, &merged);
    for (size_t i = 0; !err && i < merged.map.count; i++)
        err = add_out(parser, &merged.map.members[i], kind);
    return err;
}
