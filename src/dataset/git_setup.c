#include "rmv/dataset/git_setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"

#define FILE_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define OUTPUT_BYTES_MAX ((size_t)1024 * 1024)
#define KEPT_SUFFIX ".before-rmv"

static const char mark[] = "# Written by `rmv install`; `rmv install --uninstall` takes it away.\n";
static const char attributes_line[] = "*.rmv diff=rmv merge=rmv\n";

struct hook {
    const char *name, *script;
};

/* post-checkout is told 1 where a branch was checked out, 0 where only files were. */
static const struct hook hooks_list[] = {
    {"post-checkout", "[ \"$3\" = 1 ] || exit 0\nexec rmv checkout --quiet\n"},
    {"pre-commit", "rmv status --quiet || echo 'rmv: data differs from what the pointers say: see "
                   "`rmv status`' >&2\nexit 0\n"},
};
#define HOOKS_COUNT (sizeof(hooks_list) / sizeof(hooks_list[0]))

static const char *const settings[][2] = {
    {"diff.rmv.textconv", "rmv git-hook textconv"},
    {"diff.rmv.cachetextconv", "false"},
    {"merge.rmv.name", "merges folders that rmv tracks, file by file"},
    {"merge.rmv.driver", "rmv git-hook merge %O %A %B %P"},
};

/* ---- Asking Git ------------------------------------------------------------------------------ */

static const struct rmv_error *run_git(const struct rmv_workspace *workspace,
                                       const char *const *argv, struct rmv_buf *out, int *status)
{
    const struct rmv_process_options options = {.argv = argv, .folder = workspace->root};
    return rmv_process_output(&options, OUTPUT_BYTES_MAX, out, status);
}

/* Sets `*path` to the absolute path that `git rev-parse` prints for `what`. */
static const struct rmv_error *ask_git(const struct rmv_workspace *workspace, const char *option,
                                       const char *what, char **path)
{
    const char *const argv[] = {"git", "rev-parse", "--path-format=absolute", option, what, NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    int status;

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "the workspace is not in a Git repository");
    const struct rmv_error *err = run_git(workspace, argv, &out, &status);
    if (err)
        return err;
    if (status != 0 || out.size < 2)
        return rmv_error(RMV_ERR_IO, "`git rev-parse %s` failed", option);
    *path = rmv_str_copy_n(out.data, out.size - 1);
    return NULL;
}

/* Hooks for all repositories of a user are none of ours. */
static const struct rmv_error *find_hooks(const struct rmv_workspace *workspace, char **folder)
{
    RMV_CLEANUP(rmv_str_free) char *common = NULL;
    RMV_CLEANUP(rmv_str_free) char *found = NULL;

    const struct rmv_error *err = ask_git(workspace, "--git-common-dir", NULL, &common);
    if (!err)
        err = ask_git(workspace, "--git-path", "hooks", &found);
    if (err)
        return err;
    const char *root = rmv_vcs_root(workspace->vcs);
    if (!rmv_path_is_in(found, common) && !(root && rmv_path_is_in(found, root)))
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "Git's hooks are in '%s', outside this repository", found),
            "core.hooksPath says so: unset it for this repository, or call rmv from your own "
            "hooks");
    *folder = found;
    found = NULL;
    return NULL;
}

/* ---- Hooks ----------------------------------------------------------------------------------- */

/* In single quotes, for the shell. */
static void append_quoted(struct rmv_buf *out, const char *text)
{
    rmv_buf_append_string(out, "'");
    for (; *text; text++)
        if (*text == '\'')
            rmv_buf_append_string(out, "'\\''");
        else
            rmv_buf_append(out, text, 1);
    rmv_buf_append_string(out, "'");
}

/* Branches without the workspace, and machines without rmv, are no trouble. */
static void format_hook(const struct rmv_workspace *workspace, const struct hook *hook,
                        struct rmv_buf *text)
{
    rmv_buf_append_format(text, "#!/bin/sh\n%s", mark);
    rmv_buf_append_string(text, "workspace=");
    append_quoted(text, workspace->vcs_prefix);
    rmv_buf_append_format(
        text,
        "\nif [ -x \"$0" KEPT_SUFFIX "\" ]; then \"$0" KEPT_SUFFIX "\" \"$@\" || exit; fi\n"
        "unset $(git rev-parse --local-env-vars)\n"
        "cd \"./$workspace\" 2>/dev/null && [ -d " RMV_WORKSPACE_FOLDER " ] || exit 0\n"
        "command -v rmv >/dev/null || { echo '%s: there is no rmv in PATH' >&2; "
        "exit 0; }\n%s",
        hook->name, hook->script);
}

static bool is_ours(const struct rmv_buf *text)
{
    return text->size > 0 && memmem(text->data, text->size, mark, strlen(mark));
}

/* One that was written for another folder of the repository stays. */
static const struct rmv_error *check_workspace(const struct rmv_workspace *workspace,
                                               const char *path, const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    rmv_buf_append_string(&line, "\nworkspace=");
    append_quoted(&line, workspace->vcs_prefix);
    rmv_buf_append_string(&line, "\n");
    if (memmem(text->data, text->size, line.data, line.size))
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "'%s' belongs to another workspace in this repository", path),
        "`rmv install --uninstall` there first, or call rmv from a hook of your own");
}

/* Keeps the hook of somebody else under another name. A link, so that it is there all the time. */
static const struct rmv_error *keep(const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *kept = rmv_str_format("%s" KEPT_SUFFIX, path);
    struct stat here;
    struct stat there;

    if (link(path, kept) == 0)
        return NULL;
    if (errno != EEXIST)
        return rmv_error_errno("cannot keep '%s' as '%s'", path, kept);
    if (stat(path, &here) == 0 && stat(kept, &there) == 0 && here.st_ino == there.st_ino)
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "'%s' cannot be kept: there is a '%s' already", path, kept),
        "make one hook of the two");
}

static const struct rmv_error *read_hook(const char *path, struct rmv_buf *text)
{
    const struct rmv_error *err = rmv_fs_read(path, FILE_BYTES_MAX, text);
    return err && err->code == RMV_ERR_NOT_FOUND ? NULL : err;
}

/* Finds out whether anything stands against it. */
static const struct rmv_error *check_hook(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf old = {0};
    const struct rmv_error *err = read_hook(path, &old);
    if (err || !is_ours(&old))
        return err;
    return check_workspace(workspace, path, &old);
}

static const struct rmv_error *install_hook(const struct rmv_workspace *workspace, const char *path,
                                            const struct hook *hook)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf old = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = read_hook(path, &old);
    if (!err && rmv_fs_exists(path) && !is_ours(&old))
        err = keep(path);
    if (err)
        return err;
    format_hook(workspace, hook, &text);
    /* The file of somebody else has another name by now, and its mode stays with it. */
    err = rmv_fs_write_atomic(path, text.data, text.size);
    if (!err && chmod(path, 0755) < 0)
        err = rmv_error_errno("cannot make '%s' executable", path);
    return err;
}

static const struct rmv_error *uninstall_hook(const char *path, bool *was_there)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *kept = rmv_str_format("%s" KEPT_SUFFIX, path);

    const struct rmv_error *err = read_hook(path, &text);
    *was_there = !err && is_ours(&text);
    if (!*was_there)
        return err;
    if (rename(kept, path) == 0)
        return NULL;
    if (errno != ENOENT)
        return rmv_error_errno("cannot put '%s' back", kept);
    return unlink(path) < 0 ? rmv_error_errno("cannot remove '%s'", path) : NULL;
}

/* ---- Drivers --------------------------------------------------------------------------------- */

static const struct rmv_error *set_settings(const struct rmv_workspace *workspace)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < sizeof(settings) / sizeof(settings[0]); i++) {
        const char *const argv[] = {"git",          "config",       "--local",
                                    settings[i][0], settings[i][1], NULL};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
        int status;
        err = run_git(workspace, argv, &out, &status);
        if (!err && status != 0)
            err = rmv_error(RMV_ERR_IO, "`git config %s` failed", settings[i][0]);
    }
    return err;
}

static const struct rmv_error *remove_settings(const struct rmv_workspace *workspace)
{
    static const char *const sections[] = {"diff.rmv", "merge.rmv"};
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < 2; i++) {
        const char *const argv[] = {"git",       "config", "--local", "--remove-section",
                                    sections[i], NULL};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
        int status; /* not 0 if there is no such section */
        err = run_git(workspace, argv, &out, &status);
    }
    return err;
}

/* Adds the line to info/attributes, or takes it out. */
static const struct rmv_error *change_attributes(const struct rmv_workspace *workspace, bool add)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const size_t size = strlen(attributes_line);

    const struct rmv_error *err = ask_git(workspace, "--git-path", "info/attributes", &path);
    if (!err)
        err = read_hook(path, &text);
    if (err)
        return err;
    char *found = text.size ? memmem(text.data, text.size, attributes_line, size) : NULL;
    if ((found != NULL) == add)
        return NULL;
    if (add && text.size > 0 && text.data[text.size - 1] != '\n')
        rmv_buf_append_string(&text, "\n");
    if (add) {
        rmv_buf_append_string(&text, attributes_line);
    } else {
        memmove(found, found + size, text.size - (size_t)(found - text.data) - size);
        text.size -= size;
    }
    return rmv_fs_write_atomic(path, text.size ? text.data : "", text.size);
}

/* ---- All of it ------------------------------------------------------------------------------- */

const struct rmv_error *rmv_git_setup_install(const struct rmv_workspace *workspace,
                                              struct rmv_strings *hooks)
{
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    const struct rmv_error *err = find_hooks(workspace, &folder);

    for (size_t i = 0; !err && i < HOOKS_COUNT; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, hooks_list[i].name);
        err = check_hook(workspace, path);
    }
    for (size_t i = 0; !err && i < HOOKS_COUNT; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, hooks_list[i].name);
        err = install_hook(workspace, path, &hooks_list[i]);
        if (!err)
            rmv_strings_add(hooks, path);
    }
    if (!err)
        err = set_settings(workspace);
    return err ? err : change_attributes(workspace, true);
}

const struct rmv_error *rmv_git_setup_uninstall(const struct rmv_workspace *workspace,
                                                struct rmv_strings *hooks)
{
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    const struct rmv_error *err = find_hooks(workspace, &folder);

    for (size_t i = 0; !err && i < HOOKS_COUNT; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, hooks_list[i].name);
        bool was_there;
        err = check_hook(workspace, path);
        if (!err)
            err = uninstall_hook(path, &was_there);
        if (!err && was_there)
            rmv_strings_add(hooks, path);
    }
    if (!err)
        err = change_attributes(workspace, false);
    return err ? err : remove_settings(workspace);
}
