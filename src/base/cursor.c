#include "base/cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const struct rmv_error *rmv_cursor_start(const char *name, const char *text, size_t size,
                                         struct rmv_cursor *cursor)
{
    const char *start = text ? text : "";
    *cursor = (struct rmv_cursor){.name = name,
                                  .start = start,
                                  .end = start + size,
                                  .at = start,
                                  .counted = start,
                                  .line = 1,
                                  .column = 1};
    for (const char *c = start; c < cursor->end;) {
        uint32_t point;
        const size_t length = rmv_utf8_next(c, (size_t)(cursor->end - c), &point);
        if (length == 0)
            return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, c, "this is no UTF-8");
        if (point == 0)
            return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, c, "there is a NUL character here");
        c += length;
    }
    if (rmv_cursor_skip(cursor, "\xef\xbb\xbf"))
        cursor->start = cursor->counted = cursor->at;
    return NULL;
}

char rmv_cursor_peek(const struct rmv_cursor *cursor, size_t ahead)
{
    return ahead < (size_t)(cursor->end - cursor->at) ? cursor->at[ahead] : '\0';
}

bool rmv_cursor_is_at(const struct rmv_cursor *cursor, const char *word)
{
    const size_t size = strlen(word);
    return size <= (size_t)(cursor->end - cursor->at) && memcmp(cursor->at, word, size) == 0;
}

bool rmv_cursor_skip(struct rmv_cursor *cursor, const char *word)
{
    if (!rmv_cursor_is_at(cursor, word))
        return false;
    cursor->at += strlen(word);
    return true;
}

void rmv_cursor_place(struct rmv_cursor *cursor, uint32_t *line, uint32_t *column)
{
    for (; cursor->counted < cursor->at; cursor->counted++) {
        if (*cursor->counted == '\n') {
            cursor->line++;
            cursor->column = 1;
        } else if (((unsigned char)*cursor->counted & 0xc0) != 0x80) {
            cursor->column++;
        }
    }
    *line = cursor->line;
    *column = cursor->column;
}

const struct rmv_error *rmv_cursor_error(const struct rmv_cursor *cursor, enum rmv_error_code code,
                                         const char *at, const char *format, ...)
{
    char message[1000];
    struct rmv_value place = {0};
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    rmv_utf8_place(cursor->start, (size_t)(at - cursor->start), &place.line, &place.column);
    return rmv_value_error_as(code, cursor->name, &place, "%s", message);
}
