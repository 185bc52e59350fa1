/* A growable run of bytes. All-zero is the empty buffer; rmv_buf_free() accepts it. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "rmv/base/error.h"

struct rmv_buf {
    char *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
};

void rmv_buf_free(struct rmv_buf *buf);

/* Makes room for `extra` more bytes and returns where they go; size is unchanged. */
char *rmv_buf_reserve(struct rmv_buf *buf, size_t extra);

void rmv_buf_append(struct rmv_buf *buf, const void *bytes, size_t size);
void rmv_buf_append_string(struct rmv_buf *buf, const char *string);
void rmv_buf_append_format(struct rmv_buf *buf, const char *format, ...) RMV_PRINTF(2, 3);

/* The content as a string: a NUL is kept behind it that does not count as content. */
const char *rmv_buf_string(struct rmv_buf *buf);

/* Takes the content out as a string that the caller owns; the buffer is empty afterwards. */
char *rmv_buf_take(struct rmv_buf *buf);

/* Exchanges two buffers: the way to hand over contents without copying. */
void rmv_buf_swap(struct rmv_buf *a, struct rmv_buf *b);
