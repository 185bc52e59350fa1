#include "dataset/tree.h"

#include <assert.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"

static const char head[] = "rmv-tree 1\n";
static const char head_start[] = "rmv-tree ";
static const char digits[] = "0123456789abcdef";

bool rmv_tree_is_file(char type)
{
    return type == 'f' || type == 'x';
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

void rmv_tree_start(struct rmv_buf *text)
{
    rmv_buf_append(text, head, sizeof(head) - 1);
}

/* Decimal without printf: a folder may have a million entries. */
static size_t format_number(uint64_t number, char text[20])
{
    char reversed[20];
    size_t size = 0;
    do {
        reversed[size++] = digits[number % 10];
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < size; i++)
        text[i] = reversed[size - 1 - i];
    return size;
}

void rmv_tree_append(struct rmv_buf *text, const struct rmv_tree_entry *entry)
{
    const size_t name_size = strlen(entry->name);
    char *start = rmv_buf_reserve(text, 2 + 21 + 21 + RMV_OBJECT_ID_HEX_SIZE + 4 * name_size + 1);
    char *at = start;

    *at++ = entry->type;
    *at++ = ' ';
    at += format_number(entry->size, at);
    *at++ = ' ';
    if (entry->type == 'd') {
        at += format_number(entry->nfiles, at);
        *at++ = ' ';
    }
    rmv_object_id_to_hex(&entry->id, at);
    at += RMV_OBJECT_ID_HEX_SIZE - 1;
    *at++ = ' ';
    for (const unsigned char *byte = (const unsigned char *)entry->name; *byte; byte++) {
        if (is_plain(*byte)) {
            *at++ = (char)*byte;
            continue;
        }
        *at++ = '\\';
        *at++ = 'x';
        *at++ = digits[*byte >> 4];
        *at++ = digits[*byte & 15];
    }
    *at++ = '\n';
    text->size += (size_t)(at - start);
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

void rmv_tree_reader_free(struct rmv_tree_reader *reader)
{
    rmv_buf_free(&reader->name);
    rmv_buf_free(&reader->previous);
}

const struct rmv_error *rmv_tree_open(const char *text, size_t size, struct rmv_tree_reader *reader)
{
    if (size < sizeof(head) - 1 || memcmp(text, head_start, sizeof(head_start) - 1) != 0)
        return rmv_error(RMV_ERR_CORRUPT, "is no tree: it does not start with 'rmv-tree 1'");
    if (memcmp(text, head, sizeof(head) - 1) != 0)
        return rmv_error(RMV_ERR_UNSUPPORTED,
                         "is a tree of another version than 1, the only one this program reads");
    if (text[size - 1] != '\n')
        return rmv_error(RMV_ERR_CORRUPT, "ends in the middle of a line");

    *reader = (struct rmv_tree_reader){.text = text, .size = size, .offset = sizeof(head) - 1};
    return NULL;
}

static const struct rmv_error *bad_line(const struct rmv_tree_reader *reader, const char *why)
{
    size_t line = 1;
    for (size_t i = 0; i < reader->offset; i++)
        line += reader->text[i] == '\n';
    return rmv_error(RMV_ERR_CORRUPT, "line %zu of the tree: %s", line, why);
}

/* A decimal number as format_number() writes it, and the space behind it. */
static bool parse_number(const char **at, uint64_t *number)
{
    const char *text = *at;
    uint64_t value = 0;

    if (*text < '0' || *text > '9' || (*text == '0' && text[1] != ' '))
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    if (*text != ' ')
        return false;
    *at = text + 1;
    *number = value;
    return true;
}

/* The value of a lower-case hex digit, or -1. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* 64 digits and a space; never looks past a byte that is neither, so it stops at the line's end. */
static bool parse_id(const char **at, struct rmv_object_id *id)
{
    const char *text = *at;
    for (size_t i = 0; i < RMV_OBJECT_ID_SIZE; i++) {
        const int high = hex_value(text[2 * i]);
        const int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
        if (low < 0)
            return false;
        id->sha256[i] = (uint8_t)(high << 4 | low);
    }
    if (text[RMV_OBJECT_ID_HEX_SIZE - 1] != ' ')
        return false;
    *at = text + RMV_OBJECT_ID_HEX_SIZE;
    return true;
}

/* The name up to the end of the line, with its escapes undone. */
static bool parse_name(const char *at, const char *end, struct rmv_buf *name)
{
    name->size = 0;
    char *out = rmv_buf_reserve(name, (size_t)(end - at) + 1);
    size_t size = 0;
    while (at < end) {
        if (is_plain((unsigned char)*at)) {
            out[size++] = *at++;
            continue;
        }
        const int high = end - at >= 4 && at[0] == '\\' && at[1] == 'x' ? hex_value(at[2]) : -1;
        const int low = high < 0 ? -1 : hex_value(at[3]);
        if (low < 0 || (high | low) == 0 || is_plain((unsigned char)(high << 4 | low)))
            return false;
        out[size++] = (char)(high << 4 | low);
        at += 4;
    }
    out[size] = '\0';
    name->size = size;
    return true;
}

static const struct rmv_error *parse_line(struct rmv_tree_reader *reader, const char *at,
                                          const char *end, struct rmv_tree_entry *entry)
{
    *entry = (struct rmv_tree_entry){.type = *at, .nfiles = 1};
    if (!rmv_tree_is_file(*at) && *at != 'l' && *at != 'd')
        return bad_line(reader, "the type is none of f, x, l and d");
    if (at[1] != ' ')
        return bad_line(reader, "no space behind the type");
    at += 2;
    if (!parse_number(&at, &entry->size) ||
        (entry->type == 'd' && !parse_number(&at, &entry->nfiles)))
        return bad_line(reader, "a size or count is no plain decimal number");
    if (!parse_id(&at, &entry->id))
        return bad_line(reader, "the id is not 64 lower-case hex digits");
    if (!parse_name(at, end, &reader->name))
        return bad_line(reader, "the name is not escaped the one way it may be");
    if (reader->name.size > (reader->has_paths ? RMV_TREE_PATH_SIZE_MAX : RMV_TREE_NAME_SIZE_MAX))
        return bad_line(reader, "the name is longer than any file system allows");
    entry->name = reader->name.data;

    const struct rmv_error *err = reader->has_paths
                                      ? rmv_path_check(entry->name)
                                      : rmv_path_check_name(entry->name, reader->name.size);
    if (err) {
        struct rmv_error *cause = rmv_error_take(err);
        err = bad_line(reader, cause->message);
        rmv_error_free(&cause);
    }
    return err;
}

static bool add_to_total(struct rmv_tree_total *total, const struct rmv_tree_entry *entry)
{
    return !__builtin_add_overflow(total->size, entry->size, &total->size) &&
           !__builtin_add_overflow(total->nfiles, entry->nfiles, &total->nfiles);
}

const struct rmv_error *rmv_tree_next(struct rmv_tree_reader *reader, struct rmv_tree_entry *entry,
                                      bool *found)
{
    *found = reader->offset < reader->size;
    if (!*found)
        return NULL;

    const char *line = reader->text + reader->offset;
    const char *end = memchr(line, '\n', reader->size - reader->offset);
    assert(end); /* rmv_tree_open() has seen the last one */
    const bool is_first = reader->offset == sizeof(head) - 1;
    rmv_buf_swap(&reader->previous, &reader->name);

    const struct rmv_error *err = parse_line(reader, line, end, entry);
    if (err)
        return err;
    assert(entry->name);
    if (!is_first && strcmp(rmv_buf_string(&reader->previous), entry->name) >= 0)
        return bad_line(reader, "the names are not in order, or one comes twice");
    if (!add_to_total(&reader->total, entry))
        return bad_line(reader, "the sizes add up to more than fits");
    reader->offset += (size_t)(end - line) + 1;
    return NULL;
}

const struct rmv_error *rmv_tree_check(const char *text, size_t size, struct rmv_tree_total *total)
{
    RMV_CLEANUP(rmv_tree_reader_free) struct rmv_tree_reader reader = {0};
    struct rmv_tree_entry entry;
    bool found = true;

    const struct rmv_error *err = rmv_tree_open(text, size, &reader);
    while (!err && found)
        err = rmv_tree_next(&reader, &entry, &found);
    if (!err)
        *total = reader.total;
    return err;
}
