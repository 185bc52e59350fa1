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
    for (size_t i = 0; !err && i < pipeline.count; i++)
        if (strcmp(pipeline.stages[i].name, edit->name) == 0)
            err = rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "%s:%u: there is a stage '%s' already",
                                           file, (unsigned)pipeline.stages[i].line, edit->name),
                                 "choose another name, or edit it in %s", file);
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

const struct rmv_error *rmv_pipeline_add_stage(const struct rmv_pipeline_edit *edit,
                                               const struct rmv_buf *text, struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf result = {0};
    unsigned indent = 2;

    const struct rmv_error *err = check_document(edit, text, &document);
    if (!err && strchr(edit->name, '@'))
        err =
            rmv_error(RMV_ERR_USAGE,
                      "'%s' is no name for a stage: what is behind an '@' is an item of 'foreach'",
                      edit->name);
    if (err)
        return err;
    const struct rmv_value *stages = rmv_value_find(&document, "stages");
    if (stages) {
        err = check_style(edit->file, stages);
        if (err)
            return err;
        if (stages->kind == RMV_VALUE_MAP && stages->map.count)
            indent = stages->map.members[0].column - 1;
    }
    const size_t end = stages ? end_of_stages(text, &document) : text->size;
    if (end)
        rmv_buf_append(&result, text->data, end);
    if (result.size && result.data[result.size - 1] != '\n')
        rmv_buf_append_string(&result, "\n");
    if (!stages)
        rmv_buf_append_string(&result, "stages:\n");
    append_indented(&result, edit->stage, edit->name, indent);
    if (end < text->size)
        rmv_buf_append(&result, text->data + end, text->size - end);
    err = check_result(edit, &result, &document);
    if (!err)
        rmv_buf_swap(new_text, &result);
    return err;
}

/* ---- Removing -------------------------------------------------------------------------------- */

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
