#include "dataset/sharing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/vfs.h"

#define DEPTH_MAX 3 /* of the folders in a store */

const struct rmv_error *rmv_sharing_parse(const char *text, mode_t *bits)
{
    static const struct {
        const char *word;
        mode_t bits;
    } words[] = {{"umask", 0},   {"false", 0},   {"no", 0},          {"off", 0},  {"0", 0},
                 {"group", 060}, {"true", 060},  {"yes", 060},       {"on", 060}, {"1", 060},
                 {"all", 064},   {"world", 064}, {"everybody", 064}, {"2", 064}};
    char *end = NULL;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i].word) == 0) {
            *bits = words[i].bits;
            return NULL;
        }
    const unsigned long mode = *text == '0' ? strtoul(text, &end, 8) : 0;
    if (!end || *end || (mode & 0600) != 0600 || mode > 0777)
        return rmv_error(RMV_ERR_USAGE,
                         "it must be 'group', 'all', 'umask' or a mode like 0660, not '%s'", text);
    *bits = mode & 066;
    return NULL;
}

/* What a folder that was made for sharing says. */
static mode_t bits_of_folder(const struct stat *status)
{
    const bool is_shared = (status->st_mode & S_ISGID) && (status->st_mode & S_IWGRP);
    return !is_shared ? 0 : 060 | ((status->st_mode & S_IROTH) ? 04 : 0);
}

/* Gives what is ours at `path`, and in it, the permissions. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a store, DEPTH_MAX. */
static void widen(const char *path, mode_t bits, unsigned depth)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_fd_close)
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0 || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
        return;
    const mode_t mode = rmv_vfs_shared_mode(status.st_mode, bits);
    if (status.st_uid == geteuid() && mode != (status.st_mode & 07777))
        (void)fchmod(fd, mode);
    if (!S_ISDIR(status.st_mode) || depth == DEPTH_MAX ||
        rmv_vfs_list(rmv_vfs_default(), path, &names))
        return;
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(path, names.items[i]);
        widen(inside, bits, depth + 1);
    }
}

static const struct rmv_error *read_setting(const struct rmv_workspace *workspace, bool *is_set,
                                            mode_t *bits)
{
    const char *own = rmv_config_get(workspace->config, "core.shared");
    RMV_CLEANUP(rmv_str_free)
    char *of_git = !own && workspace->vcs ? rmv_vcs_shared_repository(workspace->vcs) : NULL;
    const char *text = own ? own : of_git;

    *is_set = text != NULL;
    const struct rmv_error *err = text ? rmv_sharing_parse(text, bits) : NULL;
    return err ? rmv_error_context(err, own ? "core.shared" : "Git's core.sharedRepository") : NULL;
}

const struct rmv_error *rmv_sharing_prepare(const struct rmv_workspace *workspace,
                                            const char *objects, mode_t *bits)
{
    RMV_CLEANUP(rmv_str_free) char *real = realpath(objects, NULL);
    struct stat status;
    bool is_set = false;

    const struct rmv_error *err = read_setting(workspace, &is_set, bits);
    if (err || !real || stat(real, &status) < 0)
        return err;
    if (!is_set)
        *bits = bits_of_folder(&status);
    if (!*bits)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *users = rmv_path_join(real, RMV_WORKSPACE_USERS_FOLDER);
    if (status.st_uid == geteuid() &&
        (status.st_mode & 07777) != rmv_vfs_shared_mode(status.st_mode, *bits))
        widen(real, *bits, 0);
    else
        widen(users, *bits, DEPTH_MAX - 1);
    return NULL;
}
