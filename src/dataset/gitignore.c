#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/replace.h"
#include "rmv/dataset/dataset.h"

#define FILE_NAME ".gitignore"
#define BYTES_MAX ((size_t)16 * 1024 * 1024)
#define SEARCHES_MAX 8 /* of a text from its start; for more lines they are noted in a map */

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

static const struct rmv_error *refuse(const char *shown)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(shown);
    return rmv_error_hint(
        rmv_error(RMV_ERR_DENIED, "'%s' is no regular file, so no line can be added to it", quoted),
        "put a plain file in its place; Git does not follow a link there either");
}

static const struct rmv_error *read_file(int folder_fd, const char *shown, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct stat status;

    if (fstatat(folder_fd, FILE_NAME, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? NULL : rmv_error_errno("cannot stat '%s'", shown);
    if (!S_ISREG(status.st_mode))
        return refuse(shown);
    const struct rmv_error *err =
        rmv_beneath_open(folder_fd, FILE_NAME, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (!err)
        err = rmv_fd_read(fd, shown, BYTES_MAX, text);
    return err ? rmv_error_context(err, "'%s'", shown) : NULL;
}

static const struct rmv_error *write_file(const struct rmv_workspace *workspace, int folder_fd,
                                          const char *shown, const struct rmv_buf *text)
{
    if (text->size > 0) {
        RMV_CLEANUP(rmv_fd_close) int via_fd = rmv_workspace_open_temporary(workspace);
        return rmv_fs_write_atomic_via(via_fd, folder_fd, FILE_NAME, text->data, text->size);
    }
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

/* A change of the file beside a path. */
struct change {
    int folder_fd;
    char *shown; /* the file's path */
    char *line;
    struct rmv_buf text;
    bool is_there;     /* the line */
    size_t start, end; /* of it in the text */
};

static void change_free(struct change *change)
{
    rmv_fd_close(&change->folder_fd);
    rmv_str_free(&change->shown);
    rmv_str_free(&change->line);
    rmv_buf_free(&change->text);
}

static const struct rmv_error *prepare(struct rmv_workspace *workspace, const char *path,
                                       struct change *change)
{
    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(path);
    const char *name;

    change->shown = rmv_path_join(parent, FILE_NAME);
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, false, &change->folder_fd, &name);
    if (!err)
        err = read_file(change->folder_fd, change->shown, &change->text);
    if (err)
        return err;
    change->line = line_of(name);
    change->is_there = find_line(&change->text, change->line, &change->start, &change->end);
    return NULL;
}

const struct rmv_error *rmv_gitignore_check(struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(change_free) struct change change = {.folder_fd = -1};
    if (!workspace->vcs)
        return NULL;
    const struct rmv_error *err = prepare(workspace, path, &change);
    if (err || change.is_there)
        return err;
    /* The file is replaced, so it is the folder that has to be writable. */
    if (faccessat(change.folder_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return rmv_error_errno("cannot write '%s'", change.shown);
    return NULL;
}

const struct rmv_error *rmv_gitignore_add(struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(change_free) struct change change = {.folder_fd = -1};
    if (!workspace->vcs)
        return NULL;
    const struct rmv_error *err = prepare(workspace, path, &change);
    if (err || change.is_there)
        return err;
    add_line(&change.text, change.line);
    return write_file(workspace, change.folder_fd, change.shown, &change.text);
}

const struct rmv_error *rmv_gitignore_remove(struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(change_free) struct change change = {.folder_fd = -1};
    if (!workspace->vcs)
        return NULL;
    const struct rmv_error *err = prepare(workspace, path, &change);
    if (err || !change.is_there)
        return err && err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    remove_line(&change.text, change.start, change.end);
    return write_file(workspace, change.folder_fd, change.shown, &change.text);
}

/* ---- Many lines ----------------------------------------------------------------------------- */

/* The file of one folder, and which lines it has. */
struct ignoring {
    char *shown;
    struct rmv_buf text;
    struct rmv_map lines; /* empty until it is searched for many */
    bool is_noted;
    size_t searches_count;
    bool changed;
};

/* Values of a map by folder. */
static void ignorings_free(struct rmv_map *folders)
{
    for (size_t i = 0; i < folders->count; i++) {
        struct ignoring *file = folders->entries[i].value;
        rmv_str_free(&file->shown);
        rmv_buf_free(&file->text);
        rmv_map_free(&file->lines);
        free(file);
    }
    rmv_map_free(folders);
}

static void note_lines(struct ignoring *file)
{
    for (const char *at = rmv_buf_string(&file->text); *at;) {
        const size_t whole = strcspn(at, "\n");
        const size_t size = whole - (whole > 0 && at[whole - 1] == '\r');
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
        rmv_buf_append(&line, at, size);
        rmv_map_set(&file->lines, rmv_buf_string(&line), file);
        at += whole + (at[whole] == '\n');
    }
}

/* The file beside `path`, read when it is first asked for. */
static const struct rmv_error *file_beside(struct rmv_workspace *workspace, const char *path,
                                           struct rmv_map *folders, struct ignoring **file)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(path);
    const char *name;

    *file = rmv_map_find(folders, parent);
    if (*file)
        return NULL;
    *file = rmv_calloc(1, sizeof(**file));
    (*file)->shown = rmv_path_join(parent, FILE_NAME);
    rmv_map_set(folders, parent, *file);
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, false, &folder_fd, &name);
    if (!err)
        err = read_file(folder_fd, (*file)->shown, &(*file)->text);
    return err;
}

static bool has_line(struct ignoring *file, const char *line)
{
    size_t start, end;
    if (file->searches_count++ < SEARCHES_MAX)
        return find_line(&file->text, line, &start, &end);
    if (!file->is_noted)
        note_lines(file);
    file->is_noted = true;
    return rmv_map_find(&file->lines, line);
}

static void add_beside(struct ignoring *file, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *line = line_of(rmv_path_name(path));
    if (has_line(file, line))
        return;
    if (file->is_noted)
        rmv_map_set(&file->lines, line, file);
    add_line(&file->text, line);
    file->changed = true;
}

/* Of stages of a pipeline that run one after another, each would write the file again. */
static void add_ahead(const struct rmv_map *folders, const struct rmv_strings *ahead)
{
    for (size_t i = 0; i < ahead->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(ahead->items[i]);
        struct ignoring *file = rmv_map_find(folders, parent);
        if (file && file->changed)
            add_beside(file, ahead->items[i]);
    }
}

static const struct rmv_error *replace_changed(struct rmv_workspace *workspace,
                                               const struct rmv_map *folders)
{
    RMV_CLEANUP(rmv_replacements_free)
    struct rmv_replacements files = {.root_fd = workspace->root_fd,
                                     .via = rmv_workspace_temporary(workspace)};
    for (size_t i = 0; i < folders->count; i++) {
        const struct ignoring *file = folders->entries[i].value;
        if (!file->changed)
            continue;
        const struct rmv_error *err =
            rmv_replacements_add(&files, file->shown, file->text.data, file->text.size);
        if (err)
            return err;
    }
    return rmv_replacements_finish(&files);
}

const struct rmv_error *rmv_gitignore_add_all(struct rmv_workspace *workspace,
                                              const struct rmv_strings *paths,
                                              const struct rmv_strings *ahead)
{
    RMV_CLEANUP(ignorings_free) struct rmv_map folders = {0};
    for (size_t i = 0; workspace->vcs && i < paths->count; i++) {
        struct ignoring *file = NULL;
        const struct rmv_error *err = file_beside(workspace, paths->items[i], &folders, &file);
        if (err)
            return err;
        add_beside(file, paths->items[i]);
    }
    if (ahead)
        add_ahead(&folders, ahead);
    return replace_changed(workspace, &folders);
}
