#include "rmv/base/html.h"

#include <string.h>

void rmv_html_text(struct rmv_buf *out, const char *text)
{
    for (; *text; text++) {
        const size_t plain = strcspn(text, "<>&\"'");
        rmv_buf_append(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        rmv_buf_append_format(out, "&#%d;", *text);
    }
}

void rmv_html_base64(struct rmv_buf *out, const void *bytes, size_t size)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = bytes;
    for (; size > 0; at += 3) {
        const size_t n = size < 3 ? size : 3;
        const unsigned group =
            (unsigned)at[0] << 16 | (n > 1 ? (unsigned)at[1] << 8 : 0) | (n > 2 ? at[2] : 0);
        const char text[4] = {letters[group >> 18], letters[group >> 12 & 63],
                              n > 1 ? letters[group >> 6 & 63] : '=',
                              n > 2 ? letters[group & 63] : '='};
        rmv_buf_append(out, text, sizeof(text));
        size -= n;
    }
}
