#include "rmv/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

static _Thread_local struct rmv_error last_error;

/* Formats aside before storing, because the arguments may point into last_error. */
RMV_PRINTF(2, 0)
static const struct rmv_error *record(enum rmv_error_code code, const char *format, va_list args,
                                      const char *suffix)
{
    char text[sizeof(last_error.message)];
    const int n = vsnprintf(text, sizeof(text), format, args);
    if (suffix && n >= 0 && (size_t)n < sizeof(text))
        snprintf(text + n, sizeof(text) - (size_t)n, ": %s", suffix);

    last_error.code = code;
    memcpy(last_error.message, text, sizeof(text));
    return &last_error;
}

const struct rmv_error *rmv_error(enum rmv_error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const struct rmv_error *err = record(code, format, args, NULL);
    va_end(args);
    return err;
}

const struct rmv_error *rmv_error_errno(const char *format, ...)
{
    const int number = errno;
    const bool missing = number == ENOENT || number == ENOTDIR;
    va_list args;
    va_start(args, format);
    const struct rmv_error *err =
        record(missing ? RMV_ERR_NOT_FOUND : RMV_ERR_IO, format, args, strerror(number));
    va_end(args);
    return err;
}

const struct rmv_error *rmv_error_context(const struct rmv_error *err, const char *format, ...)
{
    char cause[sizeof(last_error.message)];
    memcpy(cause, err->message, sizeof(cause));
    va_list args;
    va_start(args, format);
    err = record(err->code, format, args, cause);
    va_end(args);
    return err;
}

const struct rmv_error *rmv_error_hint(const struct rmv_error *err, const char *format, ...)
{
    char hint[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(hint, sizeof(hint), format, args);
    va_end(args);

    char text[sizeof(last_error.message)];
    memcpy(text, err->message, sizeof(text));
    last_error.code = err->code;
    /* A message so long that it leaves no room loses its end, not the hint. */
    snprintf(last_error.message, sizeof(last_error.message), "%.*s\nhint: %s",
             (int)(sizeof(last_error.message) - sizeof(hint) - 10), text, hint);
    return &last_error;
}

const struct rmv_error *rmv_error_last(void)
{
    return &last_error;
}

struct rmv_error *rmv_error_take(const struct rmv_error *err)
{
    if (!err)
        return NULL;
    struct rmv_error *copy = rmv_calloc(1, sizeof(*copy));
    *copy = *err;
    return copy;
}

const struct rmv_error *rmv_error_raise(struct rmv_error **taken)
{
    if (!*taken)
        return NULL;
    last_error = **taken;
    rmv_error_free(taken);
    return &last_error;
}

void rmv_error_free(struct rmv_error **taken)
{
    free(*taken);
    *taken = NULL;
}
