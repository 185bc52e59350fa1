#include "rmv/dataset/ignore.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/pattern.h"

/* The lines of one file. */
struct rmv_ignore {
    size_t users_count;
    struct rmv_ignore *outer; /* the nearest folder above that has a file */
    char *folder, *file;
    struct rmv_strings texts;
    struct rmv_ignore_rule *rules;
    size_t count, capacity;
};

void rmv_ignore_close(struct rmv_ignore **ignore)
{
    struct rmv_ignore *at = *ignore;
    *ignore = NULL;
    while (at && --at->users_count == 0) {
        struct rmv_ignore *outer = at->outer;
        rmv_str_free(&at->folder);
        rmv_str_free(&at->file);
        rmv_strings_free(&at->texts);
        free(at->rules);
        free(at);
        at = outer;
    }
}

struct rmv_ignore *rmv_ignore_share(struct rmv_ignore *ignore)
{
    if (ignore)
        ignore->users_count++;
    return ignore;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* Without the spaces at its end, unless a backslash stands before them. */
static size_t trimmed_size(const char *text)
{
    size_t size = 0;
    for (size_t i = 0; text[i]; i++) {
        if (text[i] == '\\' && text[i + 1])
            i++;
        else if (text[i] == ' ')
            continue;
        size = i + 1;
    }
    return size;
}

/* Takes over the line. */
static void add_rule(struct rmv_ignore *ignore, char *text, unsigned long line)
{
    text[trimmed_size(text)] = '\0';
    rmv_strings_take(&ignore->texts, rmv_str_copy(text));
    struct rmv_ignore_rule rule = {
        .file = ignore->file,
        .line = line,
        .text = ignore->texts.items[ignore->texts.count - 1],
        .is_negated = *text == '!',
    };
    char *pattern = rmv_str_copy(text + rule.is_negated);
    rmv_str_free(&text);
    const size_t size = strlen(pattern);
    rule.is_for_folders = size > 0 && pattern[size - 1] == '/';
    if (rule.is_for_folders)
        pattern[size - 1] = '\0';
    rule.is_anchored = strchr(pattern, '/') != NULL;
    rmv_strings_take(&ignore->texts, pattern);
    rule.pattern = *pattern == '/' ? pattern + 1 : pattern;
    if (*rule.pattern == '\0')
        return;
    ignore->rules =
        rmv_grow(ignore->rules, ignore->count, &ignore->capacity, sizeof(*ignore->rules));
    ignore->rules[ignore->count++] = rule;
}

static void add_rules(struct rmv_ignore *ignore, const char *text, size_t size)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const char *at = text;
    const char *end = text + size;
    unsigned long line = 0;

    if (size >= strlen(byte_order_mark) &&
        memcmp(at, byte_order_mark, strlen(byte_order_mark)) == 0)
        at += strlen(byte_order_mark);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline ? newline : end;
        const char *next = newline ? newline + 1 : end;
        line++;
        if (line_end > at && line_end[-1] == '\r')
            line_end--;
        if (line_end > at && *at != '#')
            add_rule(ignore, rmv_str_copy_n(at, (size_t)(line_end - at)), line);
        at = next;
    }
}

/* ---- Files ----------------------------------------------------------------------------------- */

static const struct rmv_error *read_file(struct rmv_log *log, int folder_fd, const char *path,
                                         struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct stat status;

    if (fstatat(folder_fd, RMV_IGNORE_FILE_NAME, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return NULL;
    if (!S_ISREG(status.st_mode)) {
        rmv_log_write(log, RMV_LOG_WARNING, "'%s' is no regular file, so it does not count", path);
        return NULL;
    }
    const struct rmv_error *err =
        rmv_beneath_open(folder_fd, RMV_IGNORE_FILE_NAME, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (!err)
        err = rmv_fd_read(fd, path, RMV_IGNORE_BYTES_MAX, text);
    return err ? rmv_error_context(err, "'%s'", path) : NULL;
}

const struct rmv_error *rmv_ignore_enter(struct rmv_log *log, int folder_fd, const char *folder,
                                         struct rmv_ignore **ignore)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, RMV_IGNORE_FILE_NAME);

    const struct rmv_error *err = read_file(log, folder_fd, path, &text);
    if (err || text.size == 0)
        return err;
    struct rmv_ignore *entered = rmv_calloc(1, sizeof(*entered));
    *entered = (struct rmv_ignore){
        .users_count = 1,
        .outer = *ignore,
        .folder = rmv_str_copy(folder),
        .file = path,
    };
    path = NULL;
    add_rules(entered, text.data, text.size);
    *ignore = entered;
    return NULL;
}

const struct rmv_error *rmv_ignore_open(const struct rmv_workspace *workspace, const char *folder,
                                        struct rmv_ignore **ignore)
{
    RMV_CLEANUP(rmv_ignore_close) struct rmv_ignore *opened = NULL;
    const struct rmv_error *err =
        rmv_ignore_enter(workspace->log, workspace->root_fd, ".", &opened);

    for (size_t size = 0; !err && strcmp(folder, ".") != 0 && folder[size]; size++) {
        RMV_CLEANUP(rmv_fd_close) int fd = -1;
        size += strcspn(folder + size, "/");
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_copy_n(folder, size);
        err = rmv_beneath_open(workspace->root_fd, path, O_PATH | O_DIRECTORY, 0, &fd);
        /* What is not there, or behind a link, has no files of ours. */
        if (err && err->code != RMV_ERR_IO) {
            err = NULL;
            break;
        }
        if (!err)
            err = rmv_ignore_enter(workspace->log, fd, path, &opened);
        if (folder[size] == '\0')
            break;
    }
    if (err)
        return err;
    *ignore = opened;
    opened = NULL;
    return NULL;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static bool is_match(const struct rmv_ignore_rule *rule, const char *inside, const char *name,
                     bool is_folder)
{
    return (is_folder || !rule->is_for_folders) &&
           rmv_pattern_match(rule->pattern, rule->is_anchored ? inside : name);
}

const struct rmv_ignore_rule *rmv_ignore_find(const struct rmv_ignore *ignore, const char *path,
                                              bool is_folder)
{
    const char *name = rmv_path_name(path);
    for (; ignore; ignore = ignore->outer) {
        const bool is_root = strcmp(ignore->folder, ".") == 0;
        const char *inside = is_root ? path : path + strlen(ignore->folder) + 1;
        for (size_t i = ignore->count; i-- > 0;)
            if (is_match(&ignore->rules[i], inside, name, is_folder))
                return &ignore->rules[i];
    }
    return NULL;
}

bool rmv_ignore_covers(const struct rmv_ignore *ignore, const char *path, bool is_folder)
{
    const struct rmv_ignore_rule *rule = rmv_ignore_find(ignore, path, is_folder);
    return rule && !rule->is_negated;
}

void rmv_ignore_verdict_free(struct rmv_ignore_verdict *verdict)
{
    rmv_ignore_close(&verdict->ignore);
    *verdict = (struct rmv_ignore_verdict){0};
}

static bool is_folder(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    return !rmv_beneath_open(workspace->root_fd, path, O_PATH | O_DIRECTORY, 0, &fd);
}

/* One component more of the path. */
static const struct rmv_error *judge(const struct rmv_workspace *workspace, const char *path,
                                     bool known_folder, struct rmv_ignore_verdict *verdict)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);

    rmv_ignore_verdict_free(verdict);
    const struct rmv_error *err = rmv_ignore_open(workspace, folder, &verdict->ignore);
    if (err)
        return err;
    if (verdict->ignore)
        verdict->rule =
            rmv_ignore_find(verdict->ignore, path, known_folder || is_folder(workspace, path));
    verdict->is_ignored = verdict->rule && !verdict->rule->is_negated;
    return NULL;
}

const struct rmv_error *rmv_ignore_check(const struct rmv_workspace *workspace, const char *path,
                                         struct rmv_ignore_verdict *verdict)
{
    RMV_CLEANUP(rmv_ignore_verdict_free) struct rmv_ignore_verdict found = {0};
    const struct rmv_error *err = NULL;

    if (strcmp(path, ".") == 0)
        path = "";
    for (const char *at = path; !err && *at && !found.is_ignored;) {
        at += strcspn(at, "/");
        RMV_CLEANUP(rmv_str_free) char *part = rmv_str_copy_n(path, (size_t)(at - path));
        err = judge(workspace, part, *at == '/', &found);
        at += *at == '/';
    }
    if (err)
        return err;
    *verdict = found;
    found = (struct rmv_ignore_verdict){0};
    return NULL;
}
