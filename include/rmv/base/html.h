/* Pieces of HTML and SVG documents. */
#pragma once

#include "rmv/base/buf.h"

/* Appends text with what HTML, SVG and XML would take for markup escaped, in attributes too. */
void rmv_html_text(struct rmv_buf *out, const char *text);

/* Bytes as base64 (RFC 4648), for data: URLs. */
void rmv_html_base64(struct rmv_buf *out, const void *bytes, size_t size);
