#include "base/ini_line.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

void rmv_ini_find_line(const char *at, const char *end, struct rmv_ini_line *line)
{
    const char *stop = memchr(at, '\n', (size_t)(end - at));

    *line =
        (struct rmv_ini_line){.start = at, .end = stop ? stop : end, .next = stop ? stop + 1 : end};
    while (line->start < line->end && is_blank(*line->start))
        line->start++;
    while (line->end > line->start && is_blank(line->end[-1]))
        line->end--;
    line->indent = (size_t)(line->start - at);
    line->is_comment = line->start < line->end && (*line->start == '#' || *line->start == ';');
    line->is_empty = line->start == line->end || line->is_comment;
}

bool rmv_ini_split(const struct rmv_ini_line *line, struct rmv_ini_pair *pair)
{
    const char *sign = line->start;

    while (sign < line->end && *sign != '=' && *sign != ':')
        sign++;
    if (sign == line->end)
        return false;
    *pair = (struct rmv_ini_pair){.key_end = sign, .value = sign + 1};
    while (pair->key_end > line->start && is_blank(pair->key_end[-1]))
        pair->key_end--;
    while (pair->value < line->end && is_blank(*pair->value))
        pair->value++;
    return true;
}

const char *rmv_ini_read_value(const struct rmv_ini_line *line, const struct rmv_ini_pair *pair,
                               const char *end, struct rmv_buf *text)
{
    const char *behind = line->next;
    size_t breaks = 0;

    if (text)
        rmv_buf_append(text, pair->value, (size_t)(line->end - pair->value));
    for (const char *at = line->next; at < end;) {
        struct rmv_ini_line next;
        rmv_ini_find_line(at, end, &next);
        at = next.next;
        breaks += !next.is_comment;
        if (next.is_empty)
            continue;
        if (next.indent <= line->indent)
            break;
        for (; text && breaks > 0; breaks--)
            rmv_buf_append_string(text, "\n");
        if (text)
            rmv_buf_append(text, next.start, (size_t)(next.end - next.start));
        breaks = 0;
        behind = at;
    }
    return behind;
}
