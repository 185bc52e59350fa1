#include "rmv/vcs/config_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "vcs/git.h"

static void config_free(git_config **config)
{
    git_config_free(*config);
    *config = NULL;
}

/* libgit2 follows includes whatever the level, so a text with such a section never gets there.
 * Section names are plain letters, so this cannot be written in another way; a value with
 * "[include" in it is refused too, which nobody will miss. */
static const struct rmv_error *check_text(const char *name, const char *text, size_t size)
{
    static const char word[] = "include";
    unsigned line = 1;

    if (memchr(text, '\0', size))
        return rmv_error(RMV_ERR_CORRUPT, "'%s' is not a text file: it has NUL bytes in it", name);
    for (const char *at = text, *end = text + size; at < end; at++) {
        line += *at == '\n';
        if (*at != '[')
            continue;
        const char *start = at + 1;
        while (start < end && isspace((unsigned char)*start))
            start++;
        if ((size_t)(end - start) >= strlen(word) && strncasecmp(start, word, strlen(word)) == 0)
            return rmv_error_hint(rmv_error(RMV_ERR_DENIED,
                                            "%s:%u: a config file may not include others", name,
                                            line),
                                  "copy the settings into this file");
    }
    return NULL;
}

/* True if there is nothing but blank lines and comments. */
static bool says_nothing(const char *text, size_t size)
{
    bool in_comment = false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            in_comment = false;
        else if (text[i] == '#' || text[i] == ';')
            in_comment = true;
        else if (!in_comment && !isspace((unsigned char)text[i]))
            return false;
    }
    return true;
}

/* libgit2 names the file it was given; people know it by another name. */
static const struct rmv_error *syntax_error(const char *name)
{
    const git_error *reason = git_error_last();
    const char *message = reason ? reason->message : "bad syntax";
    const char *place = strrchr(message, ':');
    const char *text = strstr(message, "config file: ");
    const char *behind = strstr(message, " (in ");
    unsigned long line = place ? strtoul(place + 1, NULL, 10) : 0;

    text = text ? text + strlen("config file: ") : message;
    const int size = behind && behind > text ? (int)(behind - text) : (int)strlen(text);
    if (line == 0)
        return rmv_error(RMV_ERR_CORRUPT, "%s: %.*s", name, size, text);
    return rmv_error(RMV_ERR_CORRUPT, "%s:%lu: %.*s", name, line, size, text);
}

static const struct rmv_error *
visit_all(git_config *config, const char *name,
          const struct rmv_error *(*visit)(void *context, const char *key, const char *value),
          void *context)
{
    git_config_iterator *iterator = NULL;
    git_config_entry *entry = NULL;
    const struct rmv_error *err = NULL;

    int status = git_config_iterator_new(&iterator, config);
    while (!err && status == 0 && (status = git_config_next(&entry, iterator)) == 0)
        err = visit(context, entry->name, entry->value ? entry->value : "true");
    git_config_iterator_free(iterator);
    if (!err && status != GIT_ITEROVER)
        return rmv_git_error(status, "cannot read '%s'", name);
    return err;
}

/* What is checked and what is parsed are the same bytes: a file in memory, not the one on disk. */
static const struct rmv_error *hold_in_memory(const char *name, const char *text, size_t size,
                                              int *fd)
{
    *fd = memfd_create("config", MFD_CLOEXEC);
    if (*fd < 0)
        return rmv_error_errno("cannot hold '%s' in memory", name);
    return rmv_fd_write(*fd, name, text, size);
}

const struct rmv_error *rmv_config_file_parse(const char *name, const char *text, size_t size,
                                              const struct rmv_error *(*visit)(void *context,
                                                                               const char *key,
                                                                               const char *value),
                                              void *context)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(config_free) git_config *config = NULL;
    char path[64];

    if (says_nothing(text, size))
        return NULL;
    const struct rmv_error *err = check_text(name, text, size);
    if (!err)
        err = rmv_git_start();
    if (!err)
        err = hold_in_memory(name, text, size, &fd);
    if (err)
        return err;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int status = git_config_new(&config);
    if (status == 0)
        status = git_config_add_file_ondisk(config, path, GIT_CONFIG_LEVEL_APP, NULL, 0);
    if (status < 0)
        return syntax_error(name);
    return visit_all(config, name, visit, context);
}

/* ---- Changing ------------------------------------------------------------------------------- */

static const struct rmv_error *ignore_setting(void *context, const char *key, const char *value)
{
    (void)context;
    (void)key;
    (void)value;
    return NULL;
}

/* What the file holds now; nothing if there is none yet. It has to be valid before it is changed.
 */
static const struct rmv_error *read_old(const char *path, struct rmv_buf *text)
{
    const struct rmv_error *err = NULL;
    if (!rmv_fs_exists(path))
        return NULL;
    err = rmv_fs_read(path, RMV_CONFIG_FILE_BYTES_MAX, text);
    if (!err)
        err = rmv_config_file_parse(path, text->data, text->size, ignore_setting, NULL);
    return err;
}

static const struct rmv_error *change_copy(const char *path, const char *copy, const char *key,
                                           const char *value)
{
    RMV_CLEANUP(config_free) git_config *config = NULL;

    int status = git_config_open_ondisk(&config, copy);
    if (status == 0)
        status = value ? git_config_set_string(config, key, value)
                       : git_config_delete_entry(config, key);
    if (status == GIT_ENOTFOUND)
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not set in '%s'", key, path);
    if (status < 0 && git_error_last() && strstr(git_error_last()->message, "multivar"))
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "'%s' stands several times in '%s'", key, path),
            "leave one of them, with an editor");
    if (status < 0)
        return rmv_git_error(status, "cannot change '%s' in '%s'", key, path);
    return NULL;
}

/* libgit2 edits a copy beside the file; what comes out takes the file's place the way we write
 * files. */
static const struct rmv_error *edit(const char *path, const char *key, const char *value,
                                    struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_str_free) char *copy = rmv_str_format("%s.edit-XXXXXX", path);

    fd = mkostemp(copy, O_CLOEXEC);
    if (fd < 0)
        return rmv_error_errno("cannot create a file beside '%s'", path);
    const struct rmv_error *err = rmv_fd_write(fd, copy, text->data, text->size);
    if (!err)
        err = change_copy(path, copy, key, value);
    text->size = 0;
    if (!err)
        err = rmv_fs_read(copy, RMV_CONFIG_FILE_BYTES_MAX, text);
    unlink(copy);
    return err;
}

const struct rmv_error *rmv_config_file_set(const char *path, bool is_private, const char *key,
                                            const char *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);

    const struct rmv_error *err = rmv_git_start();
    if (!err)
        err = rmv_fs_mkdir_p(folder);
    if (!err)
        err = read_old(path, &text);
    if (!err)
        err = edit(path, key, value, &text);
    if (err)
        return err;
    return rmv_fs_write_atomic_at(AT_FDCWD, path, text.data, text.size, is_private ? 0600 : 0644);
}

bool rmv_config_file_parse_bool(const char *value, bool *out)
{
    int parsed = 0;
    if (rmv_git_start() || git_config_parse_bool(&parsed, value) < 0)
        return false;
    *out = parsed != 0;
    return true;
}

bool rmv_config_file_parse_int(const char *value, int64_t *out)
{
    return !rmv_git_start() && git_config_parse_int64(out, value) == 0;
}
