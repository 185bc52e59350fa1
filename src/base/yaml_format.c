#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "base/yaml_scalar.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"
#include "rmv/base/yaml.h"

#define INDENT 2

/* libyaml takes a key for one without being told only when it is this short. */
#define SIMPLE_KEY_MAX 1000

/* May the character stand for itself? Not those that YAML forbids or takes for a line break. */
static bool is_printable(uint32_t point)
{
    return (point >= 0x20 && point < 0x7f) || (point >= 0xa0 && point < 0x2028) ||
           (point > 0x2029 && point < 0xfeff) || (point > 0xfeff && point < 0xfffe) ||
           point >= 0x10000;
}

/* Is all of `text` UTF-8 that may stand for itself, or one of the characters in `also`? */
static bool is_all_printable(const char *text, const char *also)
{
    for (size_t left = strlen(text); left > 0;) {
        uint32_t point;
        const size_t n = rmv_utf8_next(text, left, &point);
        if (n == 0 || (!is_printable(point) && !(n == 1 && strchr(also, *text))))
            return false;
        text += n;
        left -= n;
    }
    return true;
}

/* Would another reader, of YAML 1.1, take the string for a boolean, a number or a date? */
static bool is_special_elsewhere(const char *text)
{
    static const char *const words[] = {"yes", "Yes", "YES", "no",  "No", "NO", "on", "On",
                                        "ON",  "off", "Off", "OFF", "<<", "=",  NULL};
    if (rmv_words_have(words, text))
        return true;
    return strpbrk(text, "0123456789") && text[strspn(text, "0123456789_:.+-")] == '\0';
}

/* Can the text stand without quotes? A little stricter than YAML, for the sake of the reader. */
static bool is_plain(const char *text)
{
    if (strncmp(text, "<<<<<<<", 7) == 0 || strncmp(text, "=======", 7) == 0 ||
        strncmp(text, ">>>>>>>", 7) == 0)
        return false; /* at the start of a line, it would pass for a merge conflict */
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    bool too_big;

    const size_t size = strlen(text);
    if (size == 0 || strchr(" ?:,[]{}#&*!|>'\"%@`", text[0]) || text[size - 1] == ' ')
        return false;
    if (text[0] == '-' && (size == 1 || text[1] == ' ' || strncmp(text, "---", 3) == 0))
        return false;
    if (strncmp(text, "...", 3) == 0 || text[size - 1] == ':')
        return false;
    if (strstr(text, ": ") || strstr(text, " #") || !is_all_printable(text, ""))
        return false;
    return !is_special_elsewhere(text) && !rmv_yaml_resolve(text, &value, &too_big) && !too_big;
}

/* Can the text be a literal block? Its first line must show the indentation, and what one cannot
 * see, spaces at the end of a line, should not be there. */
static bool is_literal(const char *text)
{
    const char *first_break = strchr(text, '\n');
    return first_break && !strchr(" \t\n", text[0]) && !strstr(text, " \n") &&
           !strstr(text, "\t\n") && text[strlen(text) - 1] != ' ' &&
           text[strlen(text) - 1] != '\t' && is_all_printable(text, "\n\t");
}

static void append_single_quoted(const char *text, struct rmv_buf *out)
{
    rmv_buf_append_string(out, "'");
    for (; *text; text++) {
        if (*text == '\'')
            rmv_buf_append_string(out, "'");
        rmv_buf_append(out, text, 1);
    }
    rmv_buf_append_string(out, "'");
}

static void append_escaped(uint32_t point, struct rmv_buf *out)
{
    if (point == '\n')
        rmv_buf_append_string(out, "\\n");
    else if (point == '\t')
        rmv_buf_append_string(out, "\\t");
    else if (point == '"' || point == '\\')
        rmv_buf_append_format(out, "\\%c", (int)point);
    else if (point < 0x100)
        rmv_buf_append_format(out, "\\x%02X", point);
    else
        rmv_buf_append_format(out, "\\u%04X", point);
}

static void append_double_quoted(const char *text, struct rmv_buf *out)
{
    rmv_buf_append_string(out, "\"");
    for (size_t left = strlen(text); left > 0;) {
        uint32_t point;
        const size_t n = rmv_utf8_next(text, left, &point);
        if (n == 0) /* one stray byte */
            rmv_buf_append_string(out, "\xef\xbf\xbd");
        else if (is_printable(point) && point != '"' && point != '\\')
            rmv_buf_append(out, text, n);
        else
            append_escaped(point, out);
        text += n ? n : 1;
        left -= n ? n : 1;
    }
    rmv_buf_append_string(out, "\"");
}

static void append_text(const char *text, struct rmv_buf *out)
{
    if (is_plain(text))
        rmv_buf_append_string(out, text);
    else if (is_all_printable(text, ""))
        append_single_quoted(text, out);
    else
        append_double_quoted(text, out);
}

static void append_indent(size_t indent, struct rmv_buf *out)
{
    memset(rmv_buf_reserve(out, indent), ' ', indent);
    out->size += indent;
}

static void append_literal(const char *text, size_t indent, struct rmv_buf *out)
{
    const size_t size = strlen(text);
    const bool ends = text[size - 1] == '\n';
    rmv_buf_append_string(out, !ends ? "|-" : text[size - 2] == '\n' ? "|+" : "|");
    while (*text) {
        const size_t line = strcspn(text, "\n");
        rmv_buf_append_string(out, "\n");
        if (line > 0)
            append_indent(indent, out);
        rmv_buf_append(out, text, line);
        text += line + (text[line] == '\n');
    }
}

/* What fits behind a key or a dash; a literal block goes on below it, at `indent`. */
static void append_scalar(const struct rmv_value *value, size_t indent, struct rmv_buf *out)
{
    if (rmv_scalar_format(value, out))
        return;
    if (value->kind == RMV_VALUE_STRING && is_literal(value->text))
        append_literal(value->text, indent, out);
    else if (value->kind == RMV_VALUE_STRING)
        append_text(value->text, out);
    else if (value->kind == RMV_VALUE_LIST)
        rmv_buf_append_string(out, "[]");
    else if (value->kind == RMV_VALUE_MAP)
        rmv_buf_append_string(out, "{}");
    else if (isnan(value->number))
        rmv_buf_append_string(out, ".nan");
    else
        rmv_buf_append_string(out, value->number < 0 ? "-.inf" : ".inf");
}

static bool is_block(const struct rmv_value *value)
{
    return (value->kind == RMV_VALUE_LIST && value->list.count > 0) ||
           (value->kind == RMV_VALUE_MAP && value->map.count > 0);
}

static void append_block(const struct rmv_value *value, size_t indent, struct rmv_buf *out);

static void append_key(const char *key, size_t indent, struct rmv_buf *out)
{
    const size_t start = out->size;
    append_text(key, out);
    if (out->size - start > SIMPLE_KEY_MAX) { /* as written: escapes make it longer */
        out->size = start;
        rmv_buf_append_string(out, "? ");
        append_text(key, out);
        rmv_buf_append_string(out, "\n");
        append_indent(indent, out);
    }
    rmv_buf_append_string(out, ":");
}

/* A list that belongs to a key starts in the key's own column, as DVC writes it. */
static void append_members(const struct rmv_value *map, size_t indent, struct rmv_buf *out)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct rmv_value *value = &map->map.members[i].value;
        if (i > 0)
            append_indent(indent, out);
        append_key(map->map.members[i].key, indent, out);
        if (is_block(value)) {
            const size_t below = value->kind == RMV_VALUE_LIST ? indent : indent + INDENT;
            rmv_buf_append_string(out, "\n");
            append_indent(below, out);
            append_block(value, below, out);
        } else {
            rmv_buf_append_string(out, " ");
            append_scalar(value, indent + INDENT, out);
            rmv_buf_append_string(out, "\n");
        }
    }
}

/* Starts where the cursor is, in column `indent`, and ends at the start of a line. */
static void append_block(const struct rmv_value *value, size_t indent, struct rmv_buf *out)
{
    if (value->kind == RMV_VALUE_MAP) {
        append_members(value, indent, out);
        return;
    }
    for (size_t i = 0; i < value->list.count; i++) {
        const struct rmv_value *item = &value->list.items[i];
        if (i > 0)
            append_indent(indent, out);
        rmv_buf_append_string(out, "- ");
        if (is_block(item)) {
            append_block(item, indent + INDENT, out);
        } else {
            append_scalar(item, indent + INDENT, out);
            rmv_buf_append_string(out, "\n");
        }
    }
}

void rmv_yaml_format(const struct rmv_value *value, struct rmv_buf *out)
{
    if (is_block(value)) {
        append_block(value, 0, out);
        return;
    }
    append_scalar(value, INDENT, out);
    rmv_buf_append_string(out, "\n");
}
