#include "rmv/base/path.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "rmv/base/buf.h"
#include "rmv/base/mem.h"

char *rmv_path_join(const char *a, const char *b)
{
    if (*b == '/' || *a == '\0' || strcmp(a, ".") == 0)
        return rmv_str_copy(b);
    const bool has_slash = a[strlen(a) - 1] == '/';
    return rmv_str_format("%s%s%s", a, has_slash ? "" : "/", b);
}

/* Cuts the last component off a normalized prefix; false if there is none to cut. */
static bool pop_component(struct rmv_buf *out, bool absolute)
{
    size_t start = out->size;
    while (start > 0 && out->data[start - 1] != '/')
        start--;
    const size_t size = out->size - start;
    if (size == 0 || (size == 2 && memcmp(out->data + start, "..", 2) == 0))
        return absolute;
    out->size = start > (absolute ? 1u : 0u) ? start - 1 : start;
    return true;
}

char *rmv_path_normalize(const char *path)
{
    struct rmv_buf out = {0};
    const bool absolute = *path == '/';
    if (absolute)
        rmv_buf_append(&out, "/", 1);

    while (*path) {
        const size_t size = strcspn(path, "/");
        const bool is_dot = size == 1 && *path == '.';
        const bool is_up = size == 2 && memcmp(path, "..", 2) == 0;
        if (size > 0 && !is_dot && !(is_up && pop_component(&out, absolute))) {
            if (out.size > (absolute ? 1u : 0u))
                rmv_buf_append(&out, "/", 1);
            rmv_buf_append(&out, path, size);
        }
        path += size + (path[size] == '/');
    }
    if (out.size == 0)
        rmv_buf_append(&out, ".", 1);
    return rmv_buf_take(&out);
}

char *rmv_path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return rmv_str_copy(".");
    return rmv_str_copy_n(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *rmv_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *rmv_path_relative(const char *from, const char *to)
{
    if (strcmp(from, ".") == 0)
        from = "";
    if (strcmp(to, ".") == 0)
        to = "";

    /* The common start, up to a component's end in both. */
    size_t common = 0;
    for (size_t i = 0;; i++) {
        const bool from_ends = from[i] == '\0' || from[i] == '/';
        const bool to_ends = to[i] == '\0' || to[i] == '/';
        if (from_ends && to_ends)
            common = i;
        if (from[i] == '\0' || to[i] == '\0' || from[i] != to[i])
            break;
    }

    struct rmv_buf out = {0};
    for (const char *rest = from + common; *rest;) {
        rest += *rest == '/';
        if (*rest == '\0')
            break;
        rmv_buf_append_string(&out, out.size ? "/.." : "..");
        rest += strcspn(rest, "/");
    }
    const char *rest = to + common;
    rest += *rest == '/';
    if (*rest) {
        rmv_buf_append_string(&out, out.size ? "/" : "");
        rmv_buf_append_string(&out, rest);
    }
    if (out.size == 0)
        rmv_buf_append_string(&out, ".");
    return rmv_buf_take(&out);
}

bool rmv_path_is_in(const char *path, const char *folder)
{
    if (strcmp(folder, ".") == 0)
        return *path != '/';
    if (strcmp(folder, "/") == 0)
        return *path == '/';
    const size_t size = strlen(folder);
    return strncmp(path, folder, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

bool rmv_path_has_suffix(const char *path, const char *suffix)
{
    const size_t path_size = strlen(path), suffix_size = strlen(suffix);
    return path_size >= suffix_size && strcmp(path + path_size - suffix_size, suffix) == 0;
}

const struct rmv_error *rmv_path_check_name(const char *name, size_t size)
{
    const bool is_reserved = (size == 4 && strncasecmp(name, ".git", 4) == 0) ||
                             (size == 8 && strncasecmp(name, ".rmstore", 8) == 0);
    const bool is_dots = (size == 1 && name[0] == '.') || (size == 2 && memcmp(name, "..", 2) == 0);
    if (size > 0 && !is_reserved && !is_dots && !memchr(name, '/', size) && !memchr(name, 0, size))
        return NULL;

    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_copy_n(name, size);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(text);
    return rmv_error(RMV_ERR_DENIED, "'%s' may not be the name of a file here", quoted);
}

const struct rmv_error *rmv_path_check(const char *path)
{
    if (*path == '/') {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
        return rmv_error(RMV_ERR_DENIED, "unsafe path '%s': it must be relative", quoted);
    }
    for (const char *rest = path;;) {
        const size_t size = strcspn(rest, "/");
        const struct rmv_error *err = rmv_path_check_name(rest, size);
        if (err) {
            RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
            return rmv_error_context(err, "unsafe path '%s'", quoted);
        }
        if (rest[size] == '\0')
            return NULL;
        rest += size + 1;
    }
}

bool rmv_path_is_utf8(const char *path)
{
    for (size_t left = strlen(path); left > 0;) {
        uint32_t point;
        const size_t n = rmv_utf8_next(path, left, &point);
        if (n == 0)
            return false;
        path += n;
        left -= n;
    }
    return true;
}

/* Appends one byte the way C writes it inside quotes. */
static void append_escaped(struct rmv_buf *out, unsigned char byte)
{
    static const char letters[] = "abtnvfr";
    if (byte == '"' || byte == '\\')
        rmv_buf_append_format(out, "\\%c", byte);
    else if (byte >= '\a' && byte <= '\r')
        rmv_buf_append_format(out, "\\%c", letters[byte - '\a']);
    else
        rmv_buf_append_format(out, "\\%03o", byte);
}

char *rmv_path_quote(const char *path)
{
    struct rmv_buf out = {0};
    bool is_plain = true;

    rmv_buf_append(&out, "\"", 1);
    const char *rest = path;
    for (size_t left = strlen(path), n; left > 0; rest += n, left -= n) {
        uint32_t point = 0;
        n = rmv_utf8_next(rest, left, &point);
        const bool is_escaped =
            n == 0 || rmv_utf8_is_control(point) || *rest == '"' || *rest == '\\';
        n = n ? n : 1;
        for (size_t i = 0; is_escaped && i < n; i++)
            append_escaped(&out, (unsigned char)rest[i]);
        if (!is_escaped)
            rmv_buf_append(&out, rest, n);
        is_plain = is_plain && !is_escaped;
    }
    rmv_buf_append(&out, "\"", 1);
    if (is_plain) {
        rmv_buf_free(&out);
        return rmv_str_copy(path);
    }
    return rmv_buf_take(&out);
}

static bool is_plain_byte(unsigned char byte)
{
    return byte > ' ' && byte < 0x7f && byte != '%';
}

char *rmv_path_encode(const char *path)
{
    struct rmv_buf out = {0};
    for (const unsigned char *rest = (const unsigned char *)path; *rest; rest++)
        if (is_plain_byte(*rest))
            rmv_buf_append(&out, rest, 1);
        else
            rmv_buf_append_format(&out, "%%%02X", *rest);
    return rmv_buf_take(&out);
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

char *rmv_path_decode(const char *text)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    while (*text) {
        char byte = *text++;
        if (byte == '%') {
            const int high = hex_digit(text[0]);
            const int low = high < 0 ? -1 : hex_digit(text[1]);
            if (low < 0 || is_plain_byte((unsigned char)(high * 16 + low)) || high + low == 0)
                return NULL;
            byte = (char)(high * 16 + low);
            text += 2;
        } else if (!is_plain_byte((unsigned char)byte)) {
            return NULL;
        }
        rmv_buf_append(&out, &byte, 1);
    }
    return rmv_buf_take(&out);
}
