#include "rmv/base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/yaml_problem.h"
#include "base/yaml_scalar.h"
#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"

#define TAG_PREFIX "tag:yaml.org,2002:"

struct composer {
    const char *name, *text;
    size_t text_size;
    yaml_parser_t parser;
    yaml_event_t event;     /* the one that is looked at */
    struct rmv_map anchors; /* name → struct rmv_value, NULL while it is being read */
    size_t values_count;    /* that are written, so far */
    size_t copies_count;    /* that anchors, aliases and merge keys made of them */
    size_t copied_bytes;    /* of text in those copies */
};

static const struct rmv_error *fail(const struct composer *composer, enum rmv_error_code code,
                                    yaml_mark_t mark, const char *problem)
{
    return rmv_error(code, "%s:%zu:%zu: %s", composer->name, mark.line + 1, mark.column + 1,
                     problem);
}

RMV_PRINTF(3, 4)
static const struct rmv_error *fail_here(const struct composer *composer, enum rmv_error_code code,
                                         const char *format, ...)
{
    char problem[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(problem, sizeof(problem), format, args);
    va_end(args);
    return fail(composer, code, composer->event.start_mark, problem);
}

/* Goes on to the next event. */
static const struct rmv_error *advance(struct composer *composer)
{
    yaml_event_delete(&composer->event);
    if (!yaml_parser_parse(&composer->parser, &composer->event))
        return rmv_yaml_problem(&composer->parser, composer->name, composer->text,
                                composer->text_size);
    return NULL;
}

static const struct rmv_error *count_value(struct composer *composer)
{
    if (++composer->values_count > RMV_YAML_VALUES_MAX)
        return fail_here(composer, RMV_ERR_LIMIT, "more than %d values", RMV_YAML_VALUES_MAX);
    return NULL;
}

/* What may be repeated depends on how much is written: a few lines cannot stand for any number of
 * values, and a large file may say `<<` for every stage. */
static const struct rmv_error *check_copies(const struct composer *composer)
{
    const size_t count_max = RMV_YAML_COPIES_MIN + RMV_YAML_COPIES_EACH * composer->values_count;
    const size_t bytes_max = RMV_YAML_COPIED_MIN + RMV_YAML_COPIED_EACH * composer->text_size;

    if (composer->copies_count <= count_max && composer->copies_count <= RMV_YAML_VALUES_MAX &&
        composer->copied_bytes <= bytes_max && composer->copied_bytes <= RMV_YAML_BYTES_MAX)
        return NULL;
    return rmv_error_hint(fail_here(composer, RMV_ERR_LIMIT,
                                    "aliases repeat %zu values with %zu bytes of text",
                                    composer->copies_count, composer->copied_bytes),
                          "that is much more than is written: use fewer '*' and '<<'");
}

/* Counts what a copy of `value` takes, and stops where that is too much. */
static const struct rmv_error *count_copy(struct composer *composer, const struct rmv_value *value)
{
    composer->copies_count++;
    if (value->kind == RMV_VALUE_STRING)
        composer->copied_bytes += strlen(value->text);
    const struct rmv_error *err = check_copies(composer);
    if (value->kind == RMV_VALUE_LIST)
        for (size_t i = 0; i < value->list.count && !err; i++)
            err = count_copy(composer, &value->list.items[i]);
    if (value->kind == RMV_VALUE_MAP)
        for (size_t i = 0; i < value->map.count && !err; i++) {
            composer->copied_bytes += strlen(value->map.members[i].key);
            err = count_copy(composer, &value->map.members[i].value);
        }
    return err;
}

static void set_place(const struct composer *composer, struct rmv_value *value)
{
    value->line = (uint32_t)composer->event.start_mark.line + 1;
    value->column = (uint32_t)composer->event.start_mark.column + 1;
}

static void set_anchor(struct composer *composer, const char *anchor, struct rmv_value *value)
{
    struct rmv_value *old = rmv_map_set(&composer->anchors, anchor, value);
    if (old)
        rmv_value_free(old);
    free(old);
}

static const struct rmv_error *keep_anchored(struct composer *composer, const char *anchor,
                                             const struct rmv_value *value)
{
    const struct rmv_error *err = count_copy(composer, value);
    if (err)
        return err;
    struct rmv_value *copy = rmv_calloc(1, sizeof(*copy));
    rmv_value_copy(copy, value);
    set_anchor(composer, anchor, copy);
    return NULL;
}

static const struct rmv_error *compose_alias(struct composer *composer, struct rmv_value *out)
{
    const char *anchor = (const char *)composer->event.data.alias.anchor;
    const struct rmv_value *value = rmv_map_find(&composer->anchors, anchor);
    if (!value)
        return fail_here(composer, RMV_ERR_CORRUPT,
                         "the alias '*%s' stands for nothing: no '&%s' is complete before it",
                         anchor, anchor);
    const struct rmv_error *err = count_copy(composer, value);
    if (err)
        return err;
    rmv_value_copy(out, value);
    set_place(composer, out);
    return NULL;
}

/* Is the tag the core schema's `name`? */
static bool tag_is(const char *tag, const char *name)
{
    return strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX)) == 0 &&
           strcmp(tag + strlen(TAG_PREFIX), name) == 0;
}

/* The tag as text; a lone "!" says only that a value is what it looks like in quotes. */
static const char *tag_of(const yaml_char_t *tag, const char *meaning_of_lone)
{
    const char *text = (const char *)tag;
    return text && strcmp(text, "!") == 0 ? meaning_of_lone : text;
}

static const struct rmv_error *unknown_tag(const struct composer *composer, const char *tag)
{
    return rmv_error_hint(
        fail_here(composer, RMV_ERR_CORRUPT, "the tag '%s' has no meaning here", tag),
        "remove it; a string that looks like something else needs quotes");
}

/* Makes `value` what an explicit tag says it is. */
static const struct rmv_error *apply_tag(const struct composer *composer, const char *tag,
                                         const char *text, struct rmv_value *value)
{
    static const struct {
        const char *name;
        enum rmv_value_kind kind;
    } kinds[] = {{"null", RMV_VALUE_NULL},
                 {"bool", RMV_VALUE_BOOL},
                 {"int", RMV_VALUE_INT},
                 {"float", RMV_VALUE_DOUBLE},
                 {"str", RMV_VALUE_STRING}};

    if (tag_is(tag, "str"))
        rmv_value_set_text(value, text);
    if (tag_is(tag, "float") && value->kind == RMV_VALUE_INT)
        rmv_value_set_double(value, (double)value->integer);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!tag_is(tag, kinds[i].name))
            continue;
        if (value->kind == kinds[i].kind)
            return NULL;
        return fail_here(composer, RMV_ERR_CORRUPT, "'%s' is tagged '!!%s' but is no such value",
                         text, kinds[i].name);
    }
    return unknown_tag(composer, tag);
}

static const struct rmv_error *compose_scalar(struct composer *composer, struct rmv_value *out)
{
    const char *text = (const char *)composer->event.data.scalar.value;
    const char *tag = tag_of(composer->event.data.scalar.tag, TAG_PREFIX "str");
    bool too_big = false;

    if (strlen(text) != composer->event.data.scalar.length)
        return fail_here(composer, RMV_ERR_CORRUPT, "a string must not contain a NUL character");

    const bool plain = composer->event.data.scalar.plain_implicit || tag;
    if (!plain || !rmv_yaml_resolve(text, out, &too_big))
        rmv_value_set_text(out, text);
    if (too_big && (!tag || !tag_is(tag, "str")))
        return rmv_error_hint(
            fail_here(composer, RMV_ERR_LIMIT, "the number %.100s does not fit 64 bits", text),
            "write it in quotes if it is a name or an id, or with '.0' behind it");

    const struct rmv_error *err = tag ? apply_tag(composer, tag, text, out) : NULL;
    set_place(composer, out);
    return err;
}

static const struct rmv_error *compose(struct composer *composer, unsigned depth,
                                       struct rmv_value *out);

static const struct rmv_error *compose_list(struct composer *composer, unsigned depth,
                                            struct rmv_value *out)
{
    const char *tag = tag_of(composer->event.data.sequence_start.tag, NULL);
    if (tag && !tag_is(tag, "seq"))
        return unknown_tag(composer, tag);

    rmv_value_set_list(out);
    set_place(composer, out);
    const struct rmv_error *err = advance(composer);
    while (!err && composer->event.type != YAML_SEQUENCE_END_EVENT) {
        err = compose(composer, depth + 1, rmv_value_append(out));
        if (!err)
            err = advance(composer);
    }
    return err;
}

/* A scalar key is the text it is written with: `1:` and `"1":` are the same key. */
static const struct rmv_error *compose_scalar_key(struct composer *composer,
                                                  struct rmv_value *value, bool *is_merge)
{
    const char *text = (const char *)composer->event.data.scalar.value;
    const char *tag = (const char *)composer->event.data.scalar.tag;
    const char *anchor = (const char *)composer->event.data.scalar.anchor;
    const struct rmv_error *err = NULL;

    *is_merge = strcmp(text, "<<") == 0 && !anchor &&
                (tag ? tag_is(tag, "merge") : composer->event.data.scalar.plain_implicit);
    if (tag && !*is_merge)
        err = compose_scalar(composer, value);
    if (!err && strlen(text) != composer->event.data.scalar.length)
        err = fail_here(composer, RMV_ERR_CORRUPT, "a key must not contain a NUL character");
    if (err)
        return err;
    rmv_value_set_text(value, text);
    return anchor ? keep_anchored(composer, anchor, value) : NULL;
}

static const struct rmv_error *compose_key(struct composer *composer, struct rmv_member *key,
                                           bool *is_merge)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    const struct rmv_error *err = NULL;

    *is_merge = false;
    key->line = (uint32_t)composer->event.start_mark.line + 1;
    key->column = (uint32_t)composer->event.start_mark.column + 1;
    if (composer->event.type == YAML_ALIAS_EVENT)
        err = compose_alias(composer, &value);
    else if (composer->event.type == YAML_SCALAR_EVENT)
        err = compose_scalar_key(composer, &value, is_merge);
    else
        return fail_here(composer, RMV_ERR_CORRUPT, "a list or a map cannot be a key");
    if (!err && value.kind != RMV_VALUE_STRING)
        err = fail_here(composer, RMV_ERR_CORRUPT, "an alias used as a key must be a string");
    if (err)
        return err;
    key->key = value.text;
    value = (struct rmv_value){0};
    return NULL;
}

static const struct rmv_error *duplicate_key(const struct composer *composer,
                                             const struct rmv_value *map,
                                             const struct rmv_value *first_value,
                                             const struct rmv_member *key)
{
    uint32_t first = 0;
    for (size_t i = 0; i < map->map.count; i++)
        if (&map->map.members[i].value == first_value)
            first = map->map.members[i].line;
    return rmv_error_hint(rmv_error(RMV_ERR_CORRUPT, "%s:%u:%u: the key '%s' is already on line %u",
                                    composer->name, key->line, key->column, key->key, first),
                          "remove or rename one of the two");
}

/* Adds to `map` those members of `from` that it does not have. */
static const struct rmv_error *merge_map(struct composer *composer, const struct rmv_value *from,
                                         struct rmv_value *map)
{
    if (from->kind != RMV_VALUE_MAP)
        return rmv_error(RMV_ERR_CORRUPT, "%s:%u:%u: '<<' wants a map or a list of maps, not %s",
                         composer->name, from->line, from->column, rmv_value_kind_name(from->kind));

    for (size_t i = 0; i < from->map.count; i++) {
        const struct rmv_member *member = &from->map.members[i];
        if (rmv_value_find(map, member->key))
            continue;
        const struct rmv_error *err = count_copy(composer, &member->value);
        if (err)
            return err;
        rmv_value_copy(rmv_value_add(map, member->key), &member->value);
        map->map.members[map->map.count - 1].line = member->line;
        map->map.members[map->map.count - 1].column = member->column;
    }
    return NULL;
}

/* Adds what `<<` brings in behind the map's own members, which win; of several maps the first wins
 * (https://yaml.org/type/merge.html). */
static const struct rmv_error *merge(struct composer *composer, const struct rmv_value *merged,
                                     struct rmv_value *map)
{
    const struct rmv_error *err = NULL;
    if (merged->kind != RMV_VALUE_LIST)
        return merge_map(composer, merged, map);
    for (size_t i = 0; !err && i < merged->list.count; i++)
        err = merge_map(composer, &merged->list.items[i], map);
    return err;
}

static void free_key(struct rmv_member *key)
{
    rmv_str_free(&key->key);
}

static const struct rmv_error *compose_member(struct composer *composer, unsigned depth,
                                              struct rmv_value *map, struct rmv_member *merged)
{
    RMV_CLEANUP(free_key) struct rmv_member key = {0};
    bool is_merge;

    const struct rmv_error *err = compose_key(composer, &key, &is_merge);
    if (!err)
        err = advance(composer);
    if (err)
        return err;
    if (is_merge && merged->line > 0)
        return rmv_error(RMV_ERR_CORRUPT, "%s:%u:%u: the key '<<' is already on line %u",
                         composer->name, key.line, key.column, merged->line);
    if (is_merge) {
        merged->line = key.line;
        return compose(composer, depth + 1, &merged->value);
    }

    const size_t count = map->map.count;
    struct rmv_value *value = rmv_value_add(map, key.key);
    if (map->map.count == count)
        return duplicate_key(composer, map, value, &key);
    map->map.members[count].line = key.line;
    map->map.members[count].column = key.column;
    return compose(composer, depth + 1, value);
}

static const struct rmv_error *compose_members(struct composer *composer, unsigned depth,
                                               struct rmv_value *out, struct rmv_member *merged)
{
    const struct rmv_error *err = advance(composer);
    while (!err && composer->event.type != YAML_MAPPING_END_EVENT) {
        err = compose_member(composer, depth, out, merged);
        if (!err)
            err = advance(composer);
    }
    return err;
}

static const struct rmv_error *compose_map(struct composer *composer, unsigned depth,
                                           struct rmv_value *out)
{
    const char *tag = tag_of(composer->event.data.mapping_start.tag, NULL);
    if (tag && !tag_is(tag, "map"))
        return unknown_tag(composer, tag);

    struct rmv_member merged = {0};
    rmv_value_set_map(out);
    set_place(composer, out);
    const struct rmv_error *err = compose_members(composer, depth, out, &merged);
    if (!err && merged.line > 0)
        err = merge(composer, &merged.value, out);
    rmv_value_free(&merged.value);
    return err;
}

static char *anchor_of(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    if (event->type == YAML_SCALAR_EVENT)
        anchor = event->data.scalar.anchor;
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor;
    else if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor;
    return rmv_str_copy((const char *)anchor);
}

/* Makes `*out` of the event that is looked at and those that belong to it. */
static const struct rmv_error *compose(struct composer *composer, unsigned depth,
                                       struct rmv_value *out)
{
    RMV_CLEANUP(rmv_str_free) char *anchor = anchor_of(&composer->event);

    if (depth > RMV_YAML_DEPTH_MAX)
        return fail_here(composer, RMV_ERR_LIMIT, "nested deeper than %d levels",
                         RMV_YAML_DEPTH_MAX);
    if (composer->event.type == YAML_ALIAS_EVENT)
        return compose_alias(composer, out);
    if (anchor) /* not to be used before it is complete */
        set_anchor(composer, anchor, NULL);

    const struct rmv_error *err = count_value(composer);
    if (!err && composer->event.type == YAML_SCALAR_EVENT)
        err = compose_scalar(composer, out);
    else if (!err && composer->event.type == YAML_SEQUENCE_START_EVENT)
        err = compose_list(composer, depth, out);
    else if (!err && composer->event.type == YAML_MAPPING_START_EVENT)
        err = compose_map(composer, depth, out);
    if (!err && anchor)
        err = keep_anchored(composer, anchor, out);
    return err;
}

static const struct rmv_error *compose_stream(struct composer *composer, struct rmv_value *out)
{
    const struct rmv_error *err = advance(composer); /* the start of the stream */
    if (!err)
        err = advance(composer);
    if (err || composer->event.type == YAML_STREAM_END_EVENT)
        return err;

    err = advance(composer); /* past the start of the document */
    if (!err)
        err = compose(composer, 1, out);
    if (!err)
        err = advance(composer); /* the end of the document */
    if (!err)
        err = advance(composer);
    if (!err && composer->event.type != YAML_STREAM_END_EVENT)
        err = fail_here(composer, RMV_ERR_CORRUPT,
                        "a second document starts here; only one is allowed");
    return err;
}

const struct rmv_error *rmv_yaml_parse(const char *name, const char *text, size_t size,
                                       struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    struct composer composer = {.name = name, .text = text, .text_size = size};

    if (size > RMV_YAML_BYTES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "%s: longer than %zu bytes", name, RMV_YAML_BYTES_MAX);
    if (!yaml_parser_initialize(&composer.parser))
        return rmv_error(RMV_ERR_IO, "%s: cannot start the YAML parser", name);
    yaml_parser_set_input_string(&composer.parser, (const unsigned char *)(text ? text : ""), size);
    yaml_parser_set_encoding(&composer.parser, YAML_UTF8_ENCODING);

    const struct rmv_error *err = compose_stream(&composer, &value);

    yaml_event_delete(&composer.event);
    yaml_parser_delete(&composer.parser);
    for (size_t i = 0; i < composer.anchors.count; i++)
        set_anchor(&composer, composer.anchors.entries[i].key, NULL);
    rmv_map_free(&composer.anchors);
    if (err)
        return err;
    *out = value;
    value = (struct rmv_value){0};
    return NULL;
}

const struct rmv_error *rmv_yaml_read(const char *path, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = rmv_fs_read(path, RMV_YAML_BYTES_MAX, &text);
    return err ? err : rmv_yaml_parse(path, text.data, text.size, out);
}
