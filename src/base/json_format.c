#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "rmv/base/json.h"

#define INDENT 2

static void append_escaped(unsigned char c, struct rmv_buf *out)
{
    static const char letters[] = "btn?fr"; /* from 8 on */
    if (c == '"' || c == '\\')
        rmv_buf_append_format(out, "\\%c", c);
    else if (c >= '\b' && c <= '\r' && c != '\v')
        rmv_buf_append_format(out, "\\%c", letters[c - '\b']);
    else
        rmv_buf_append_format(out, "\\u%04x", c);
}

void rmv_json_format_text(const char *text, struct rmv_buf *out)
{
    rmv_buf_append(out, "\"", 1);
    for (size_t left = strlen(text); left > 0;) {
        uint32_t point;
        const size_t n = rmv_utf8_next(text, left, &point);
        if (n == 0) /* one stray byte */
            rmv_buf_append_string(out, "\xef\xbf\xbd");
        else if (point < 0x20 || point == '"' || point == '\\' || point == 0x7f)
            append_escaped((unsigned char)point, out);
        else
            rmv_buf_append(out, text, n);
        text += n ? n : 1;
        left -= n ? n : 1;
    }
    rmv_buf_append(out, "\"", 1);
}

/* A new line and its indentation, or nothing on one line. */
static void append_break(bool pretty, size_t indent, struct rmv_buf *out)
{
    if (!pretty)
        return;
    rmv_buf_append(out, "\n", 1);
    memset(rmv_buf_reserve(out, indent), ' ', indent);
    out->size += indent;
}

static void append_value(const struct rmv_value *value, bool pretty, size_t indent,
                         struct rmv_buf *out);

static void append_list(const struct rmv_value *list, bool pretty, size_t indent,
                        struct rmv_buf *out)
{
    rmv_buf_append(out, "[", 1);
    for (size_t i = 0; i < list->list.count; i++) {
        if (i > 0)
            rmv_buf_append_string(out, pretty ? "," : ", ");
        append_break(pretty, indent + INDENT, out);
        append_value(&list->list.items[i], pretty, indent + INDENT, out);
    }
    if (list->list.count > 0)
        append_break(pretty, indent, out);
    rmv_buf_append(out, "]", 1);
}

static void append_map(const struct rmv_value *map, bool pretty, size_t indent, struct rmv_buf *out)
{
    rmv_buf_append(out, "{", 1);
    for (size_t i = 0; i < map->map.count; i++) {
        if (i > 0)
            rmv_buf_append_string(out, pretty ? "," : ", ");
        append_break(pretty, indent + INDENT, out);
        rmv_json_format_text(map->map.members[i].key, out);
        rmv_buf_append_string(out, ": ");
        append_value(&map->map.members[i].value, pretty, indent + INDENT, out);
    }
    if (map->map.count > 0)
        append_break(pretty, indent, out);
    rmv_buf_append(out, "}", 1);
}

static void append_value(const struct rmv_value *value, bool pretty, size_t indent,
                         struct rmv_buf *out)
{
    if (rmv_scalar_format(value, out))
        return;
    if (value->kind == RMV_VALUE_STRING)
        rmv_json_format_text(value->text, out);
    else if (value->kind == RMV_VALUE_LIST)
        append_list(value, pretty, indent, out);
    else if (value->kind == RMV_VALUE_MAP)
        append_map(value, pretty, indent, out);
    else
        rmv_buf_append_string(out, "null"); /* JSON has no number that is not finite */
}

void rmv_json_format(const struct rmv_value *value, bool pretty, struct rmv_buf *out)
{
    append_value(value, pretty, 0, out);
    if (pretty)
        rmv_buf_append(out, "\n", 1);
}
