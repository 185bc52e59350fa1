#include "rmv/base/screen.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

#define ELLIPSIS "…"

struct range {
    uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count && ranges[i].first <= point; i++)
        if (point <= ranges[i].last)
            return true;
    return false;
}

/* ---- What may be shown ---------------------------------------------------------------------- */

static bool is_steering(uint32_t point)
{
    /* Marks that change the direction, and ends of lines and paragraphs. */
    static const struct range ranges[] = {
        {0x061c, 0x061c},
        {0x200e, 0x200f},
        {0x2028, 0x202e},
        {0x2066, 0x2069},
    };
    return rmv_utf8_is_control(point) || is_in(ranges, sizeof(ranges) / sizeof(ranges[0]), point);
}

void rmv_screen_append_safe(const char *text, bool keep_lines, struct rmv_buf *out)
{
    for (size_t left = strlen(text), n; left > 0; text += n, left -= n) {
        uint32_t point = 0;
        n = rmv_utf8_next(text, left, &point);
        if (n > 0 && (!is_steering(point) || (keep_lines && (*text == '\n' || *text == '\t')))) {
            rmv_buf_append(out, text, n);
            continue;
        }
        n = n > 0 ? n : 1;
        for (size_t i = 0; i < n; i++)
            rmv_buf_append_format(out, "\\%03o", (unsigned char)text[i]);
    }
}

char *rmv_screen_safe(const char *text)
{
    struct rmv_buf out = {0};
    rmv_screen_append_safe(text, false, &out);
    (void)rmv_buf_string(&out);
    return rmv_buf_take(&out);
}

/* ---- How much room it takes ----------------------------------------------------------------- */

/* After EastAsianWidth.txt and the categories Mn and Me of Unicode 15, joined to whole blocks. */
static size_t columns_of(uint32_t point)
{
    static const struct range none[] = {
        {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
        {0x0900, 0x0902}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
        {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
    };
    static const struct range two[] = {
        {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
        {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x2614, 0x2615},   {0x2648, 0x2653},
        {0x26a1, 0x26a1},   {0x2705, 0x2705},   {0x274c, 0x274c},   {0x2728, 0x2728},
        {0x2753, 0x2757},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97f},
        {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},
        {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1b000, 0x1b2ff},
        {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7eb}, {0x1f900, 0x1faff},
        {0x20000, 0x3fffd},
    };
    if (is_in(none, sizeof(none) / sizeof(none[0]), point))
        return 0;
    return is_in(two, sizeof(two) / sizeof(two[0]), point) ? 2 : 1;
}

/* How many bytes of `text` fit into `columns`; `*taken` of them. */
static size_t size_within(const char *text, size_t columns, size_t *taken)
{
    const size_t size = strlen(text);
    size_t at = 0;

    *taken = 0;
    for (size_t n; at < size; at += n) {
        uint32_t point = 0;
        n = rmv_utf8_next(text + at, size - at, &point);
        n = n > 0 ? n : 1;
        if (*taken + columns_of(point) > columns)
            break;
        *taken += columns_of(point);
    }
    return at;
}

size_t rmv_screen_columns_of(const char *text)
{
    size_t taken;
    size_within(text, SIZE_MAX, &taken);
    return taken;
}

void rmv_screen_append_cut(const char *text, size_t columns, struct rmv_buf *out)
{
    size_t taken, size = size_within(text, columns, &taken);
    if (columns > 0 && text[size] != '\0') {
        size = size_within(text, columns - 1, &taken);
        rmv_buf_append(out, text, size);
        rmv_buf_append_string(out, ELLIPSIS);
    } else {
        rmv_buf_append(out, text, size);
    }
}
