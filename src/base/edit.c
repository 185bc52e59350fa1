#include "base/edit.h"

#include <string.h>

#include "rmv/base/mem.h"

const struct rmv_value *rmv_edit_find(const struct rmv_edit *edit, const char **rest,
                                      size_t *found_size)
{
    const struct rmv_value *found = edit->before;
    const char *at = edit->path;

    *found_size = 0;
    while (*at) {
        const size_t size = strcspn(at, ".");
        RMV_CLEANUP(rmv_str_free) char *step = rmv_str_copy_n(at, size);
        const struct rmv_value *next = rmv_value_find_path(found, step);
        if (!next)
            break;
        found = next;
        *found_size = (size_t)(at + size - edit->path);
        at += size + (at[size] == '.');
    }
    *rest = at;
    return found;
}

bool rmv_edit_offset_of(const struct rmv_edit *edit, const struct rmv_value *value, size_t *offset)
{
    size_t at = 0;
    if (!value->line)
        return false;
    for (uint32_t line = 1; line < value->line; line++) {
        const char *stop = at < edit->size ? memchr(edit->text + at, '\n', edit->size - at) : NULL;
        if (!stop)
            return false;
        at = (size_t)(stop - edit->text) + 1;
    }
    for (uint32_t column = 1; column < value->column && at < edit->size; column++)
        for (at++; at < edit->size && ((unsigned char)edit->text[at] & 0xc0) == 0x80;)
            at++;
    *offset = at;
    return true;
}

struct rmv_cursor rmv_edit_cursor(const struct rmv_edit *edit, size_t offset)
{
    return (struct rmv_cursor){.name = "",
                               .start = edit->text,
                               .end = edit->text + edit->size,
                               .at = edit->text + offset,
                               .counted = edit->text,
                               .line = 1,
                               .column = 1};
}

size_t rmv_edit_line_start(const struct rmv_edit *edit, size_t offset)
{
    while (offset > 0 && edit->text[offset - 1] != '\n')
        offset--;
    return offset;
}

size_t rmv_edit_line_end(const struct rmv_edit *edit, size_t offset)
{
    while (offset < edit->size && edit->text[offset] != '\n')
        offset++;
    return offset < edit->size ? offset + 1 : offset;
}

/* Lines end as the first one does. */
static const char *line_break_of(const struct rmv_edit *edit)
{
    const char *stop = edit->size ? memchr(edit->text, '\n', edit->size) : NULL;
    return stop && stop > edit->text && stop[-1] == '\r' ? "\r\n" : "\n";
}

void rmv_edit_insert_line(struct rmv_edit *edit, size_t offset)
{
    const char *line_break = line_break_of(edit);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};

    if (offset > 0 && edit->text[offset - 1] != '\n')
        rmv_buf_append_string(&line, line_break);
    for (size_t i = 0; i < edit->with.size; i++)
        if (edit->with.data[i] == '\n')
            rmv_buf_append_string(&line, line_break);
        else
            rmv_buf_append(&line, edit->with.data + i, 1);
    rmv_buf_append_string(&line, line_break);
    rmv_buf_swap(&edit->with, &line);
    edit->from = edit->to = offset;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void rmv_edit_insert_in_braces(struct rmv_edit *edit, size_t end)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf member = {0};
    size_t at = end - 1;

    while (at > 0 && is_space(edit->text[at - 1]))
        at--;
    const char before = at > 0 ? edit->text[at - 1] : '{';
    rmv_buf_append_string(&member, before == '{' ? "" : before == ',' ? " " : ", ");
    rmv_buf_append(&member, edit->with.data, edit->with.size);
    rmv_buf_swap(&edit->with, &member);
    edit->from = edit->to = at;
}

bool rmv_edit_remove_from_braces(struct rmv_edit *edit, size_t from, size_t to)
{
    while (from > 0 && edit->text[from - 1] != '{' && edit->text[from - 1] != ',')
        from--;
    size_t next = to;
    while (next < edit->size && is_space(edit->text[next]))
        next++;
    if (from == 0 || next == edit->size)
        return false;
    if (edit->text[next] == ',') {
        for (next++; next < edit->size && is_space(edit->text[next]);)
            next++;
        while (is_space(edit->text[from]))
            from++;
    } else if (edit->text[from - 1] == ',') {
        from--;
        next = to;
    }
    edit->from = from;
    edit->to = next;
    return true;
}
