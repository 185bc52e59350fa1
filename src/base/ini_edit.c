/* Changing values of INI documents, see base/edit.h. The text is known to be a document. */
#include <math.h>
#include <string.h>

#include "base/edit.h"
#include "base/ini_line.h"
#include "base/number.h"
#include "rmv/base/ini.h"
#include "rmv/base/mem.h"

/* What one cannot write comes back as something else, and the proposal is not taken. */
static bool append_value(const struct rmv_value *value, size_t indent, struct rmv_buf *out)
{
    char number[RMV_NUMBER_TEXT_SIZE];

    switch (value->kind) {
    case RMV_VALUE_NULL:
    case RMV_VALUE_BOOL:
    case RMV_VALUE_INT:
        rmv_scalar_format(value, out);
        return true;
    case RMV_VALUE_DOUBLE:
        if (!isfinite(value->number))
            return false;
        rmv_number_format(value->number, number);
        rmv_buf_append_string(out, number);
        return true;
    case RMV_VALUE_STRING:
        for (const char *c = value->text; *c; c++) {
            rmv_buf_append(out, c, 1);
            for (size_t i = 0; *c == '\n' && i < indent + 2; i++)
                rmv_buf_append_string(out, " ");
        }
        return true;
    default:
        return false;
    }
}

/* The line with its pair, and the line behind its value. */
static bool find_pair(const struct rmv_edit *edit, size_t offset, struct rmv_ini_line *line,
                      struct rmv_ini_pair *pair, size_t *behind)
{
    const char *end = edit->text + edit->size;
    rmv_ini_find_line(edit->text + rmv_edit_line_start(edit, offset), end, line);
    if (line->is_empty || !rmv_ini_split(line, pair))
        return false;
    *behind = (size_t)(rmv_ini_read_value(line, pair, end, NULL) - edit->text);
    return true;
}

static bool propose_change(struct rmv_edit *edit, const struct rmv_value *old)
{
    struct rmv_ini_line line;
    struct rmv_ini_pair pair;
    size_t offset, behind;

    if (!rmv_edit_offset_of(edit, old, &offset) || !find_pair(edit, offset, &line, &pair, &behind))
        return false;
    edit->from = (size_t)(pair.value - edit->text);
    edit->to = behind;
    while (edit->to > edit->from && strchr(" \t\r\n", edit->text[edit->to - 1]))
        edit->to--;
    if (edit->from > 0 && strchr("=:", edit->text[edit->from - 1]) && edit->from == edit->to)
        rmv_buf_append_string(&edit->with, " ");
    return append_value(edit->value, line.indent, &edit->with);
}

/* Behind the last pair of the section with its header at `header`; `*indent` is that pair's. */
static size_t section_end(const struct rmv_edit *edit, size_t header, size_t *indent)
{
    const char *end = edit->text + edit->size;
    size_t behind = rmv_edit_line_end(edit, header);
    struct rmv_ini_line line;

    *indent = 0;
    for (const char *at = edit->text + behind; at < end;) {
        struct rmv_ini_pair pair;
        rmv_ini_find_line(at, end, &line);
        at = line.next;
        if (line.is_empty)
            continue;
        if (*line.start == '[' || !rmv_ini_split(&line, &pair))
            break;
        at = rmv_ini_read_value(&line, &pair, end, NULL);
        behind = (size_t)(at - edit->text);
        *indent = line.indent;
    }
    return behind;
}

/* `key` in a section that is there. */
static bool propose_in_section(struct rmv_edit *edit, const struct rmv_value *section,
                               const char *key)
{
    size_t header, indent;

    if (section == edit->before || !rmv_edit_offset_of(edit, section, &header))
        return false;
    const size_t at = section_end(edit, header, &indent);
    for (size_t i = 0; i < indent; i++)
        rmv_buf_append_string(&edit->with, " ");
    rmv_buf_append_format(&edit->with, "%s = ", key);
    if (!append_value(edit->value, indent, &edit->with))
        return false;
    rmv_edit_insert_line(edit, at);
    return true;
}

static bool propose_new_section(struct rmv_edit *edit)
{
    const char *dot = strchr(edit->path, '.');
    if (!dot)
        return false;
    rmv_buf_append_format(&edit->with, "%s[%.*s]\n%s = ", edit->size ? "\n" : "",
                          (int)(dot - edit->path), edit->path, dot + 1);
    if (!append_value(edit->value, 0, &edit->with))
        return false;
    rmv_edit_insert_line(edit, edit->size);
    return true;
}

static bool propose_removal(struct rmv_edit *edit, const struct rmv_value *old)
{
    struct rmv_ini_line line;
    struct rmv_ini_pair pair;
    size_t offset, indent;

    if (!rmv_edit_offset_of(edit, old, &offset))
        return false;
    edit->from = rmv_edit_line_start(edit, offset);
    if (old->kind == RMV_VALUE_MAP)
        edit->to = section_end(edit, offset, &indent);
    else if (!find_pair(edit, offset, &line, &pair, &edit->to))
        return false;
    return edit->attempt == 0;
}

bool rmv_ini_propose(struct rmv_edit *edit)
{
    const char *rest = NULL;
    size_t found_size = 0;
    const struct rmv_value *found = rmv_edit_find(edit, &rest, &found_size);

    if (!edit->value)
        return propose_removal(edit, found);
    if (!*rest && edit->attempt == 0)
        return propose_change(edit, found);
    if (*rest && edit->attempt == 0)
        return found == edit->before ? propose_new_section(edit)
                                     : propose_in_section(edit, found, rest);
    /* What [DEFAULT] says for all sections is said by this one, too. */
    const char *key = strrchr(edit->path, '.');
    if (edit->attempt != 1 || *rest || !key)
        return false;
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(edit->path, (size_t)(key - edit->path));
    const struct rmv_value *section = rmv_value_find(edit->before, name);
    return section && propose_in_section(edit, section, key + 1);
}
