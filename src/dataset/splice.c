#include "dataset/splice.h"

#include <inttypes.h>
#include <string.h>

#include "dataset/output_entry.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"

struct splicer {
    const char *text, *end;
    const char *cursor; /* everything before it is in `out` */
    bool is_flow;       /* {a: b} and not one member a line */
    struct rmv_buf *out;
};

/* Where the character at line and column (from 1) is; NULL if the text has no such place. */
static const char *find_place(const struct splicer *splicer, uint32_t line, uint32_t column)
{
    const char *at = splicer->text;
    for (uint32_t i = 1; i < line && at; i++) {
        at = memchr(at, '\n', (size_t)(splicer->end - at));
        at = at ? at + 1 : NULL;
    }
    for (uint32_t i = 1; i < column && at; i++) {
        if (at == splicer->end || *at == '\n')
            return NULL;
        at++;
        while (at < splicer->end && ((unsigned char)*at & 0xc0) == 0x80)
            at++;
    }
    return at && at < splicer->end ? at : NULL;
}

static const char *quoted_end(const char *at, const char *end)
{
    const char quote = *at++;
    for (; at < end; at++) {
        const bool is_doubled = quote == '\'' && *at == quote && at + 1 < end && at[1] == quote;
        if (is_doubled || (quote == '"' && *at == '\\'))
            at++;
        else if (*at == quote)
            return at + 1;
    }
    return NULL;
}

/* Behind the scalar that starts at `at`; NULL if it is of a kind we do not edit. */
static const char *scalar_end(const struct splicer *splicer, const char *at)
{
    if (*at == '\'' || *at == '"')
        return quoted_end(at, splicer->end);
    if (strchr("&*!|>{[%@`#,}]\r\n", *at))
        return NULL;
    const char *behind = at;
    for (; at < splicer->end && !strchr(splicer->is_flow ? "\r\n,}]" : "\r\n", *at); at++) {
        if (*at == '#' && at > splicer->text && strchr(" \t", at[-1]))
            break;
        if (!strchr(" \t", *at))
            behind = at + 1;
    }
    return behind;
}

/* Behind the end of the line that `at` is in, if nothing but a comment is left of it; else NULL. */
static const char *line_end(const struct splicer *splicer, const char *at)
{
    while (at < splicer->end && strchr(" \t\r", *at))
        at++;
    if (at < splicer->end && *at != '#' && *at != '\n')
        return NULL;
    const char *newline = memchr(at, '\n', (size_t)(splicer->end - at));
    return newline ? newline + 1 : splicer->end;
}

/* False if that is behind us: two members on one line, say, of which one was taken out with it. */
static bool copy_until(struct splicer *splicer, const char *at)
{
    if (at < splicer->cursor)
        return false;
    rmv_buf_append(splicer->out, splicer->cursor, (size_t)(at - splicer->cursor));
    splicer->cursor = at;
    return true;
}

/* An id could read as a number: all digits, with an `e` perhaps. */
static bool needs_quotes(const char *text)
{
    return text[strspn(text, "0123456789eE+-._")] == '\0';
}

static bool append_scalar(struct splicer *splicer, const struct rmv_value *value, char quote)
{
    if (value->kind == RMV_VALUE_INT)
        rmv_buf_append_format(splicer->out, "%" PRId64, value->integer);
    else if (value->kind == RMV_VALUE_BOOL)
        rmv_buf_append_string(splicer->out, value->boolean ? "true" : "false");
    else if (value->kind != RMV_VALUE_STRING)
        return false;
    else if (quote)
        rmv_buf_append_format(splicer->out, "%c%s%c", quote, value->text, quote);
    else
        rmv_buf_append_format(splicer->out, needs_quotes(value->text) ? "'%s'" : "%s", value->text);
    return true;
}

/* A path can be any text; it is written as in a new pointer. */
static bool append_path(struct splicer *splicer, const struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_yaml_format(value, &text);
    while (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size == 0 || memchr(text.data, '\n', text.size))
        return false;
    rmv_buf_append(splicer->out, text.data, text.size);
    return true;
}

static bool replace(struct splicer *splicer, const struct rmv_member *member,
                    const struct rmv_value *wanted)
{
    const char *start = find_place(splicer, member->value.line, member->value.column);
    const char *behind = start ? scalar_end(splicer, start) : NULL;

    if (!behind || !copy_until(splicer, start))
        return false;
    splicer->cursor = behind;
    if (strncmp(member->key, "path", 4) == 0)
        return append_path(splicer, wanted);
    return append_scalar(splicer, wanted, *start == '\'' || *start == '"' ? *start : '\0');
}

/* Takes out the member's whole line; the first one shares its line with the list's dash. */
static bool take_out(struct splicer *splicer, const struct rmv_member *member, bool is_first)
{
    const char *key = find_place(splicer, member->line, member->column);
    const char *start = find_place(splicer, member->value.line, member->value.column);
    const char *behind = start ? scalar_end(splicer, start) : NULL;
    const char *next_line = behind ? line_end(splicer, behind) : NULL;

    if (splicer->is_flow || is_first || !key || !next_line)
        return false;
    while (key > splicer->text && key[-1] != '\n')
        key--;
    if (!copy_until(splicer, key))
        return false;
    splicer->cursor = next_line;
    return true;
}

static bool insert_line(struct splicer *splicer, const struct rmv_member *after,
                        const struct rmv_member *member)
{
    const bool is_dos = splicer->out->size >= 2 &&
                        memcmp(splicer->out->data + splicer->out->size - 2, "\r\n", 2) == 0;

    if (splicer->out->size > 0 && splicer->out->data[splicer->out->size - 1] != '\n')
        rmv_buf_append_string(splicer->out, "\n");
    rmv_buf_append_format(splicer->out, "%*s%s: ", (int)after->column - 1, "", member->key);
    if (!append_scalar(splicer, &member->value, '\0'))
        return false;
    rmv_buf_append_string(splicer->out, is_dos ? "\r\n" : "\n");
    return true;
}

/* Adds what `entry` does not have yet behind its member `after`. */
static bool insert_new(struct splicer *splicer, const struct rmv_value *entry,
                       const struct rmv_value *wanted, const struct rmv_member *after)
{
    const char *start = find_place(splicer, after->value.line, after->value.column);
    const char *behind = start ? scalar_end(splicer, start) : NULL;
    if (behind && !splicer->is_flow)
        behind = line_end(splicer, behind);
    if (!behind)
        return false;
    /* A last member that was taken out took the end of its line with it. */
    if (behind > splicer->cursor && !copy_until(splicer, behind))
        return false;

    bool is_done = true;
    for (size_t i = 0; is_done && i < wanted->map.count; i++) {
        const struct rmv_member *member = &wanted->map.members[i];
        if (rmv_value_find(entry, member->key))
            continue;
        if (!splicer->is_flow) {
            is_done = insert_line(splicer, after, member);
            continue;
        }
        rmv_buf_append_format(splicer->out, ", %s: ", member->key);
        is_done = append_scalar(splicer, &member->value, '\0');
    }
    return is_done;
}

static bool edit_member(struct splicer *splicer, const struct rmv_value *wanted,
                        const struct rmv_member *member, bool is_first)
{
    const struct rmv_value *value = rmv_value_find(wanted, member->key);

    if (!value)
        return rmv_output_is_default(member->key, &member->value) ||
               take_out(splicer, member, is_first);
    return rmv_value_equal(value, &member->value) || replace(splicer, member, value);
}

bool rmv_splice_entry(const char *text, size_t size, const struct rmv_value *entry,
                      const struct rmv_value *wanted, struct rmv_buf *out)
{
    struct splicer splicer = {.text = text, .end = text + size, .cursor = text, .out = out};
    const struct rmv_member *last = NULL;

    const char *start = find_place(&splicer, entry->line, entry->column);
    if (!start)
        return false;
    splicer.is_flow = *start == '{';
    for (size_t i = 0; i < entry->map.count; i++) {
        const struct rmv_member *member = &entry->map.members[i];
        if (!rmv_output_is_known(member->key))
            continue;
        last = member;
        if (!edit_member(&splicer, wanted, member, i == 0))
            return false;
    }
    if (!last || !insert_new(&splicer, entry, wanted, last))
        return false;
    return copy_until(&splicer, splicer.end);
}
