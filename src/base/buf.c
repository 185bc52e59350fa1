#include "rmv/base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

void rmv_buf_free(struct rmv_buf *buf)
{
    free(buf->data);
    *buf = (struct rmv_buf){0};
}

char *rmv_buf_reserve(struct rmv_buf *buf, size_t extra)
{
    assert(buf->size <= buf->capacity);
    assert(extra <= SIZE_MAX / 4 - buf->size);
    if (buf->capacity - buf->size < extra || !buf->data) {
        buf->capacity = buf->size + extra + buf->capacity / 2 + 64;
        buf->data = rmv_realloc(buf->data, buf->capacity);
    }
    return buf->data + buf->size;
}

void rmv_buf_append(struct rmv_buf *buf, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    memcpy(rmv_buf_reserve(buf, size), bytes, size);
    buf->size += size;
}

void rmv_buf_append_string(struct rmv_buf *buf, const char *string)
{
    rmv_buf_append(buf, string, strlen(string));
}

void rmv_buf_append_format(struct rmv_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char *room = rmv_buf_reserve(buf, 128);
    const int n = vsnprintf(room, 128, format, args);
    assert(n >= 0);
    if (n >= 128) {
        room = rmv_buf_reserve(buf, (size_t)n + 1);
        vsnprintf(room, (size_t)n + 1, format, again);
    }
    buf->size += (size_t)n;
    va_end(again);
    va_end(args);
}

const char *rmv_buf_string(struct rmv_buf *buf)
{
    *rmv_buf_reserve(buf, 1) = '\0';
    return buf->data;
}

char *rmv_buf_take(struct rmv_buf *buf)
{
    rmv_buf_string(buf);
    char *string = buf->data;
    *buf = (struct rmv_buf){0};
    return string;
}

void rmv_buf_swap(struct rmv_buf *a, struct rmv_buf *b)
{
    const struct rmv_buf saved = *a;
    *a = *b;
    *b = saved;
}
