/* HTML pages that need nothing but themselves. */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/html.h"

/* Starts a page: head, style, and the title as headline; ends it. */
void rmv_html_start(struct rmv_buf *out, const char *title, const char *subtitle);
void rmv_html_end(struct rmv_buf *out);

/* A tile: a figure with a word below it. */
void rmv_html_tile(struct rmv_buf *out, const char *label, const char *format, ...)
    RMV_PRINTF(3, 4);

/* A count with its digits in groups: 1,234,567. */
void rmv_html_count(struct rmv_buf *out, unsigned long long count);
