#include "dataset/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct rmv_error *rmv_place_error(enum rmv_error_code code, const char *name,
                                        const struct rmv_value *value, const char *format, ...)
{
    char message[2000];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return rmv_error(code, "%s:%u:%u: %s", name, value->line, value->column, message);
}

const struct rmv_error *rmv_place_expect(const char *name, const struct rmv_value *value,
                                         enum rmv_value_kind kind, const char *what)
{
    if (value->kind == kind)
        return NULL;
    const struct rmv_value wanted = {.kind = kind};
    return rmv_place_error(RMV_ERR_CORRUPT, name, value, "%s must be %s, not %s", what,
                           rmv_value_kind_name(wanted.kind), rmv_value_kind_name(value->kind));
}

const struct rmv_error *rmv_place_check_merged(const char *name, const char *text, size_t size)
{
    static const char marker[] = "<<<<<<< ";
    unsigned line = 1;

    for (const char *end = text + size; text < end; line++) {
        if ((size_t)(end - text) >= strlen(marker) && memcmp(text, marker, strlen(marker)) == 0)
            return rmv_error_hint(rmv_error(RMV_ERR_CORRUPT,
                                            "%s:%u: the file has Git merge conflict markers", name,
                                            line),
                                  "`git checkout --ours` or `--theirs` on it takes one side");
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        text = newline ? newline + 1 : end;
    }
    return NULL;
}
