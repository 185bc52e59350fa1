#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

#define FILE_NAME ".gitignore"
#define BYTES_MAX ((size_t)16 * 1024 * 1024)

/* The line that ignores `name` in this folder and nothing else: anchored, with the characters that
 * mean something escaped. A line cannot hold a newline, and loses a carriage return at its end: `?`
 * stands for those. */
static char *line_of(const char *name)
{
    struct rmv_buf line = {0};
    rmv_buf_append(&line, "/", 1);
    for (const char *at = name; *at; at++) {
        const bool is_last = at[1] == '\0';
        if (*at == '\n' || (*at == '\r' && is_last)) {
            rmv_buf_append(&line, "?", 1);
            continue;
        }
        if (strchr("\\*?[", *at) || (*at == ' ' && is_last))
            rmv_buf_append(&line, "\\", 1);
        rmv_buf_append(&line, at, 1);
    }
    return rmv_buf_take(&line);
}

/* Where the line stands, with its newline; false if it does not. */
static bool find_line(const struct rmv_buf *text, const char *line, size_t *start, size_t *end)
{
    const size_t size = strlen(line);
    for (*start = 0; *start < text->size; *start = *end) {
        const char *at = text->data + *start;
        const char *newline = memchr(at, '\n', text->size - *start);
        size_t found = newline ? (size_t)(newline - at) : text->size - *start;
        *end = *start + found + (newline != NULL);
        found -= found > 0 && at[found - 1] == '\r';
        if (found == size && memcmp(at, line, size) == 0)
            return true;
    }
    return false;
}

static const struct rmv_error *read_file(int folder_fd, const char *shown, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err =
        rmv_beneath_open(folder_fd, FILE_NAME, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL;
    if (!err)
        err = rmv_fd_read(fd, shown, BYTES_MAX, text);
    return err ? rmv_error_context(err, "'%s'", shown) : NULL;
}

static const struct rmv_error *write_file(int folder_fd, const char *shown,
                                          const struct rmv_buf *text)
{
    if (text->size > 0)
        return rmv_fs_write_atomic_at(folder_fd, FILE_NAME, text->data, text->size, 0666);
    if (unlinkat(folder_fd, FILE_NAME, 0) < 0 && errno != ENOENT)
        return rmv_error_errno("cannot remove '%s'", shown);
    return NULL;
}

static void add_line(struct rmv_buf *text, const char *line)
{
    const bool has_returns = text->size > 1 && memcmp(text->data + text->size - 2, "\r\n", 2) == 0;
    if (text->size > 0 && text->data[text->size - 1] != '\n')
        rmv_buf_append(text, "\n", 1);
    rmv_buf_append_string(text, line);
    rmv_buf_append_string(text, has_returns ? "\r\n" : "\n");
}

static void remove_line(struct rmv_buf *text, size_t start, size_t end)
{
    assert(start < end && end <= text->size);
    memmove(text->data + start, text->data + end, text->size - end);
    text->size -= end - start;
}

static const struct rmv_error *change(struct rmv_workspace *workspace, const char *path, bool add)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(path);
    RMV_CLEANUP(rmv_str_free) char *shown = rmv_path_join(parent, FILE_NAME);
    const char *name;
    size_t start = 0;
    size_t end = 0;

    if (!workspace->vcs)
        return NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, false, &folder_fd, &name);
    if (err && err->code == RMV_ERR_NOT_FOUND && !add)
        return NULL;
    if (!err)
        err = read_file(folder_fd, shown, &text);
    if (err)
        return err;

    RMV_CLEANUP(rmv_str_free) char *line = line_of(name);
    const bool is_there = find_line(&text, line, &start, &end);
    if (is_there == add)
        return NULL;
    if (add)
        add_line(&text, line);
    else
        remove_line(&text, start, end);
    return write_file(folder_fd, shown, &text);
}

const struct rmv_error *rmv_gitignore_add(struct rmv_workspace *workspace, const char *path)
{
    return change(workspace, path, true);
}

const struct rmv_error *rmv_gitignore_remove(struct rmv_workspace *workspace, const char *path)
{
    return change(workspace, path, false);
}
