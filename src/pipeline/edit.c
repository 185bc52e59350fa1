#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/pipeline/pipeline.h"

/* Adding a stage means inserting lines behind the last one of `stages:`, and removing one taking
 * out its lines: whatever else the file holds stays byte for byte. */

/* The place in the text at which line `line`, from 1, starts. */
static size_t offset_of_line(const struct rmv_buf *text, size_t line)
{
    size_t offset = 0;
    for (size_t i = 1; i < line && offset < text->size; i++) {
        const char *stop = memchr(text->data + offset, '\n', text->size - offset);
        offset = stop ? (size_t)(stop - text->data) + 1 : text->size;
    }
    return offset;
}

static bool is_blank_or_comment(const char *line, size_t size)
{
    size_t i = 0;
    while (i < size && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
        i++;
    return i == size || line[i] == '#' || line[i] == '\n';
}

/* Steps back over blank lines and comments: those in front of the next key belong to that key. */
static size_t skip_back(const struct rmv_buf *text, size_t offset)
{
    while (offset > 0) {
        size_t start = offset - 1;
        while (start > 0 && text->data[start - 1] != '\n')
            start--;
        if (!is_blank_or_comment(text->data + start, offset - start))
            break;
        offset = start;
    }
    return offset;
}

/* Where the block of `stages:` ends: before the next top-level key, or at the end. */
static size_t end_of_stages(const struct rmv_buf *text, const struct rmv_value *document)
{
    for (size_t i = 0; i + 1 < document->map.count; i++)
        if (strcmp(document->map.members[i].key, "stages") == 0)
            return skip_back(text, offset_of_line(text, document->map.members[i + 1].line));
    return text->size;
}

static void append_indented(struct rmv_buf *out, const struct rmv_value *stage, const char *name,
                            unsigned indent)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf lines = {0};

    rmv_value_copy(rmv_value_add(&map, name), stage);
    rmv_yaml_format(&map, &lines);
    const char *end = lines.data + lines.size;
    for (const char *line = lines.data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const size_t size = (size_t)((stop ? stop + 1 : end) - line);
        rmv_buf_append_format(out, "%*s", size > 1 ? (int)indent : 0, "");
        rmv_buf_append(out, line, size);
        line += size;
    }
}

static const struct rmv_error *check_document(const struct rmv_pipeline_edit *edit,
                                              const struct rmv_buf *text,
                                              struct rmv_value *document)
{
    const char *file = edit->file;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const char *bytes = text->data ? text->data : "";

    const struct rmv_error *err =
        rmv_pipeline_parse(file, bytes, text->size, edit->reader, &pipeline);
    if (!err)
        err = rmv_yaml_parse(file, bytes, text->size, document);
    const struct rmv_value *stages = err ? NULL : rmv_value_find(document, "stages");
    const size_t count = stages && stages->kind == RMV_VALUE_MAP ? stages->map.count : 0;
    for (size_t i = 0; !err && !edit->replaces && i < count; i++)
        if (strcmp(stages->map.members[i].key, edit->name) == 0)
            err = rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "%s:%u: there is a stage '%s' already",
                                           file, (unsigned)stages->map.members[i].line, edit->name),
                                 "choose another name, or replace it with --force");
    return err;
}

/* Parses what would be written: a stage that repro would refuse is not added. */
static const struct rmv_error *check_result(const struct rmv_pipeline_edit *edit,
                                            const struct rmv_buf *text,
                                            const struct rmv_value *old_document)
{
    const char *file = edit->file, *name = edit->name;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};

    const struct rmv_error *err =
        rmv_pipeline_parse(file, text->data, text->size, edit->reader, &pipeline);
    if (!err)
        err = rmv_yaml_parse(file, text->data, text->size, &document);
    if (err)
        return rmv_error_context(err, "cannot add stage '%s'", name);
    struct rmv_value *stages = rmv_value_find(&document, "stages");
    const struct rmv_value *old_stages = rmv_value_find(old_document, "stages");
    if (!stages || !rmv_value_find(stages, name))
        return rmv_error(RMV_ERR_UNSUPPORTED, "cannot add stage '%s' to %s", name, file);
    rmv_value_remove(stages, name);
    const bool was_empty = !old_stages || old_stages->kind == RMV_VALUE_NULL;
    if (was_empty ? stages->map.count != 0 : !rmv_value_equal(stages, old_stages))
        return rmv_error(RMV_ERR_UNSUPPORTED, "cannot add stage '%s' to %s", name, file);
    return NULL;
}

/* `stages: {a: …}` on one line has no lines to add behind. */
static const struct rmv_error *check_style(const char *file, const struct rmv_value *stages)
{
    if (stages->kind == RMV_VALUE_NULL ||
        (stages->kind == RMV_VALUE_MAP && stages->map.count == 0 && stages->line == 0))
        return NULL;
    if (stages->kind == RMV_VALUE_MAP && stages->map.count > 0 &&
        stages->map.members[0].column > 1 && stages->map.members[0].column == stages->column)
        return NULL;
    return rmv_error_hint(rmv_value_error(file, stages, "'stages' is written in braces"),
                          "write one stage per line, indented, to let `rmv stage add` add to it");
}

struct lines {
    size_t start, end; /* offsets in the text */
};

/* The lines of a stage, up to the comments that belong to what follows. */
static const struct rmv_error *find_lines(const char *file, const struct rmv_buf *text,
                                          const struct rmv_value *document, const char *name,
                                          struct lines *lines)
{
    const struct rmv_value *stages = rmv_value_find(document, "stages");
    if (!stages || !rmv_value_find(stages, name))
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "there is no stage '%s' of its own in %s", name, file),
            "what `foreach` or `matrix` makes is taken out by editing %s", file);
    const struct rmv_error *err = check_style(file, stages);
    if (err)
        return err;
    size_t i = 0;
    while (strcmp(stages->map.members[i].key, name) != 0)
        i++;
    lines->start = offset_of_line(text, stages->map.members[i].line);
    lines->end = i + 1 < stages->map.count
                     ? skip_back(text, offset_of_line(text, stages->map.members[i + 1].line))
                     : end_of_stages(text, document);
    return NULL;
}

/* Where the new stage goes: behind the others, or in place of the one that it replaces, which is
 * taken out of the document. Sets the indentation to that of the others. */
static const struct rmv_error *find_place(const struct rmv_pipeline_edit *edit,
                                          const struct rmv_buf *text, struct rmv_value *document,
                                          struct lines *place, unsigned *indent)
{
    struct rmv_value *stages = rmv_value_find(document, "stages");
    if (!stages) {
        *place = (struct lines){text->size, text->size};
        return NULL;
    }
    const struct rmv_error *err = check_style(edit->file, stages);
    if (err)
        return err;
    const bool is_map = stages->kind == RMV_VALUE_MAP;
    if (is_map && stages->map.count)
        *indent = stages->map.members[0].column - 1;
    if (edit->replaces && is_map && rmv_value_find(stages, edit->name)) {
        err = find_lines(edit->file, text, document, edit->name, place);
        if (!err)
            rmv_value_remove(stages, edit->name);
        return err;
    }
    place->start = place->end = end_of_stages(text, document);
    return NULL;
}

const struct rmv_error *rmv_pipeline_add_stage(const struct rmv_pipeline_edit *edit,
                                               const struct rmv_buf *text, struct rmv_buf *new_text,
                                               bool *replaced)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf result = {0};
    bool has_replaced;
    struct lines place = {0};
    unsigned indent = 2;

    const struct rmv_error *err = check_document(edit, text, &document);
    if (!err && strpbrk(edit->name, "@/:\\$*?[]{}'\""))
        err = rmv_error(RMV_ERR_USAGE, "'%s' is no name for a stage: use letters, digits, - and _",
                        edit->name);
    if (!err)
        err = find_place(edit, text, &document, &place, &indent);
    if (err)
        return err;
    if (place.start)
        rmv_buf_append(&result, text->data, place.start);
    if (result.size && result.data[result.size - 1] != '\n')
        rmv_buf_append_string(&result, "\n");
    if (!rmv_value_find(&document, "stages"))
        rmv_buf_append_string(&result, "stages:\n");
    append_indented(&result, edit->stage, edit->name, indent);
    if (place.end < text->size)
        rmv_buf_append(&result, text->data + place.end, text->size - place.end);
    has_replaced = place.end > place.start;
    err = check_result(edit, &result, &document);
    if (err)
        return err;
    rmv_buf_swap(new_text, &result);
    *replaced = has_replaced;
    return NULL;
}

/* ---- Removing -------------------------------------------------------------------------------- */

/* What is left must be what it was, but for the stage. */
static const struct rmv_error *check_removed(const char *file, const struct rmv_buf *text,
                                             const char *name, struct rmv_value *old_document)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    const struct rmv_error *err =
        rmv_yaml_parse(file, text->data ? text->data : "", text->size, &document);
    struct rmv_value *old_stages = rmv_value_find(old_document, "stages");
    struct rmv_value *stages = rmv_value_find(&document, "stages");

    rmv_value_remove(old_stages, name);
    if (!err && old_stages->map.count == 0 && stages && stages->kind == RMV_VALUE_NULL)
        rmv_value_set_map(stages);
    if (!err && rmv_value_equal(&document, old_document))
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_UNSUPPORTED, "cannot take the stage '%s' out of %s", name, file),
        "the way it is written is too clever: take it out by hand");
}

const struct rmv_error *rmv_pipeline_remove_stage(const char *file, const struct rmv_buf *text,
                                                  const char *name, struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf result = {0};
    struct lines lines = {0};

    if (!text->data)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no stage '%s': %s is empty", name, file);
    const struct rmv_error *err = rmv_yaml_parse(file, text->data, text->size, &document);
    if (!err)
        err = find_lines(file, text, &document, name, &lines);
    if (err)
        return err;
    rmv_buf_append(&result, text->data, lines.start);
    rmv_buf_append(&result, text->data + lines.end, text->size - lines.end);
    err = check_removed(file, &result, name, &document);
    if (!err)
        rmv_buf_swap(new_text, &result);
    return err;
}

/* ---- Freezing -------------------------------------------------------------------------------- */

/* The place in the text of a line and column, which counts characters. */
static size_t offset_of_place(const struct rmv_buf *text, size_t line, size_t column)
{
    size_t offset = offset_of_line(text, line);
    for (size_t i = 1; i < column && offset < text->size; i++) {
        offset++;
        while (offset < text->size && ((unsigned char)text->data[offset] & 0xc0) == 0x80)
            offset++;
    }
    return offset;
}

/* The map that `frozen` belongs to: the stage's own, or what a loop repeats. NULL: there is none.
 */
static struct rmv_value *find_definition(const struct rmv_value *document, const char *name)
{
    struct rmv_value *stages = rmv_value_find(document, "stages");
    struct rmv_value *stage = stages ? rmv_value_find(stages, name) : NULL;
    struct rmv_value *repeated = stage ? rmv_value_find(stage, "do") : NULL;
    return repeated ? repeated : stage;
}

static const struct rmv_member *find_member(const struct rmv_value *map, const char *key)
{
    for (size_t i = 0; i < map->map.count; i++)
        if (strcmp(map->map.members[i].key, key) == 0)
            return &map->map.members[i];
    return NULL;
}

static void splice(const struct rmv_buf *text, struct lines cut, const char *put,
                   struct rmv_buf *result)
{
    result->size = 0;
    rmv_buf_append(result, text->data, cut.start);
    rmv_buf_append_string(result, put);
    rmv_buf_append(result, text->data + cut.end, text->size - cut.end);
}

/* A line in front of the first key, or behind the opening brace. */
static void insert_frozen(const struct rmv_buf *text, const struct rmv_value *map,
                          struct rmv_buf *result)
{
    const size_t start = offset_of_place(text, map->line, map->column);
    if (start < text->size && text->data[start] == '{') {
        splice(text, (struct lines){start + 1, start + 1}, "frozen: true, ", result);
        return;
    }
    const size_t line = offset_of_line(text, map->line);
    RMV_CLEANUP(rmv_str_free)
    char *added = rmv_str_format("%*sfrozen: true\n", (int)map->column - 1, "");
    splice(text, (struct lines){line, line}, added, result);
}

/* From the start of the key to the end of the value, which is one word. */
static struct lines extent_of(const struct rmv_buf *text, const struct rmv_member *member)
{
    struct lines extent = {.start = offset_of_place(text, member->line, member->column),
                           .end = offset_of_place(text, member->value.line, member->value.column)};
    while (extent.end < text->size && !strchr(" \t\r\n,}#", text->data[extent.end]))
        extent.end++;
    return extent;
}

/* The whole line of a block's key; in braces, the comma behind it too, or else the one before. */
static void remove_frozen(const struct rmv_buf *text, const struct rmv_member *member,
                          struct rmv_buf *result)
{
    const size_t line = offset_of_line(text, member->line);
    struct lines cut = extent_of(text, member);
    size_t end = cut.end;

    if (is_blank_or_comment(text->data + line, cut.start - line)) {
        cut = (struct lines){line, offset_of_line(text, member->line + 1)};
        splice(text, cut, "", result);
        return;
    }
    while (end < text->size && strchr(" \t\r\n", text->data[end]))
        end++;
    if (end < text->size && text->data[end] == ',') {
        for (cut.end = end + 1; cut.end < text->size && text->data[cut.end] == ' ';)
            cut.end++;
    } else {
        while (cut.start > 0 && strchr(" \t\r\n", text->data[cut.start - 1]))
            cut.start--;
        if (cut.start > 0 && text->data[cut.start - 1] == ',')
            cut.start--;
    }
    splice(text, cut, "", result);
}

static void edit_frozen(const struct rmv_buf *text, const struct rmv_value *map, bool frozen,
                        struct rmv_buf *result)
{
    const struct rmv_member *member = find_member(map, "frozen");
    if (!member) {
        insert_frozen(text, map, result);
    } else if (frozen) {
        struct lines cut = extent_of(text, member);
        cut.start = offset_of_place(text, member->value.line, member->value.column);
        splice(text, cut, "true", result);
    } else {
        remove_frozen(text, member, result);
    }
}

const struct rmv_error *rmv_pipeline_set_frozen(const struct rmv_pipeline_edit *edit,
                                                const struct rmv_buf *text, bool frozen,
                                                struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value new_document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf result = {0};

    if (!text->data)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no stage '%s': %s is empty", edit->name,
                         edit->file);
    const struct rmv_error *err = rmv_yaml_parse(edit->file, text->data, text->size, &document);
    if (err)
        return err;
    struct rmv_value *map = find_definition(&document, edit->name);
    if (!map || map->kind != RMV_VALUE_MAP)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no stage '%s' of its own in %s", edit->name,
                         edit->file);
    edit_frozen(text, map, frozen, &result);

    /* What was meant must be all that changed, however the file is written. */
    if (frozen)
        rmv_value_set_bool(rmv_value_add(map, "frozen"), true);
    else
        rmv_value_remove(map, "frozen");
    err = rmv_yaml_parse(edit->file, rmv_buf_string(&result), result.size, &new_document);
    if (err || !rmv_value_equal(&document, &new_document))
        return rmv_error_hint(rmv_value_error(edit->file, map,
                                              "cannot %s stage '%s': the way it is written is too "
                                              "clever",
                                              frozen ? "freeze" : "unfreeze", edit->name),
                              frozen ? "write 'frozen: true' there by hand"
                                     : "take 'frozen' out by hand");
    rmv_buf_swap(new_text, &result);
    return NULL;
}
