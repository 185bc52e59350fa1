/* What Git notes down about linked work trees (`git worktree`): gitrepository-layout(5),
 * worktrees/. */
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/vfs.h"
#include "vcs/git.h"

#define GITDIR_BYTES_MAX ((size_t)64 * 1024)

/* The work tree of a state folder; NULL if that does not say. */
static char *work_tree_of(const char *state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(state, "gitdir");
    if (rmv_fs_read(path, GITDIR_BYTES_MAX, &text))
        return NULL; /* being made, or left behind at that */
    const char *content = rmv_buf_string(&text);
    RMV_CLEANUP(rmv_str_free) char *link = rmv_str_copy_n(content, strcspn(content, "\r\n"));
    RMV_CLEANUP(rmv_str_free) char *normal = rmv_path_normalize(link);
    return strcmp(rmv_path_name(normal), ".git") == 0 ? rmv_path_parent(normal) : NULL;
}

const struct rmv_error *rmv_vcs_linked_in(struct rmv_vcs *vcs, const char *folder,
                                          struct rmv_strings *names, struct rmv_strings *states)
{
    RMV_CLEANUP(rmv_str_free) char *parent = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};

    const struct rmv_error *err = rmv_git_need(vcs);
    if (!err) {
        parent = rmv_path_join(git_repository_commondir(vcs->repository), "worktrees");
        err = rmv_vfs_list(rmv_vfs_default(), parent, &found);
    }
    for (size_t i = 0; !err && i < found.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *state = rmv_path_join(parent, found.items[i]);
        RMV_CLEANUP(rmv_str_free) char *work_tree = work_tree_of(state);
        RMV_CLEANUP(rmv_str_free) char *around = work_tree ? rmv_path_parent(work_tree) : NULL;
        if (!around || strcmp(around, folder) != 0)
            continue;
        rmv_strings_add(names, rmv_path_name(work_tree));
        rmv_strings_add(states, state);
    }
    return err;
}
