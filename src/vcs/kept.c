/* Visiting everything that Git itself would keep. It walks whole trees, each version of a folder
 * once, and asks nothing but whether an object is there: what is missing is told. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/strings.h"
#include "rmv/base/vfs.h"
#include "vcs/git.h"

#define LOG_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define DEPTH_MAX 200

struct kept {
    struct rmv_vcs *vcs;
    const struct rmv_vcs_keeper *keeper;
    struct rmv_map seen;  /* "HEX PATH" of trees and files */
    struct rmv_map known; /* hex of commits */
    git_oid *commits;     /* known ones; those from `next` on are to be visited */
    size_t count, capacity, next;
    bool is_shallow;
    bool takes_tips;             /* a commit counts without those before it */
    int64_t since;               /* older commits lead to others, and do not count */
    const char *const *prefixes; /* of the references that count; NULL: all do */
    const struct rmv_error *err; /* of a callback of libgit2 */
};

static void kept_free(struct kept *kept)
{
    rmv_map_free(&kept->seen);
    rmv_map_free(&kept->known);
    free(kept->commits);
}

static void index_free(git_index **index)
{
    git_index_free(*index);
    *index = NULL;
}

static void blob_free(git_blob **blob)
{
    git_blob_free(*blob);
    *blob = NULL;
}

static const struct rmv_error *tell(const struct kept *kept, const char *what, const git_oid *id)
{
    char hex[GIT_OID_HEXSZ + 1];
    git_oid_tostr(hex, sizeof(hex), id);
    RMV_CLEANUP(rmv_str_free)
    char *message = rmv_str_format("Git %s %s is missing or cannot be read", what, hex);
    return kept->keeper->unknown(kept->keeper->context, message);
}

/* True for the first time. */
static bool is_new(struct kept *kept, const git_oid *id, const char *path)
{
    char hex[GIT_OID_HEXSZ + 1];
    git_oid_tostr(hex, sizeof(hex), id);
    RMV_CLEANUP(rmv_str_free) char *key = rmv_str_format("%s %s", hex, path);
    return !rmv_map_set(&kept->seen, key, kept);
}

static void add_commit(struct kept *kept, const git_oid *id)
{
    char hex[GIT_OID_HEXSZ + 1];
    git_oid_tostr(hex, sizeof(hex), id);
    if (rmv_map_set(&kept->known, hex, kept))
        return;
    kept->commits = rmv_grow(kept->commits, kept->count, &kept->capacity, sizeof(kept->commits[0]));
    kept->commits[kept->count++] = *id;
}

/* ---- Files and trees ------------------------------------------------------------------------- */

static const struct rmv_error *visit_file(struct kept *kept, const git_oid *id, const char *path)
{
    RMV_CLEANUP(blob_free) git_blob *blob = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (!kept->keeper->wanted(kept->keeper->context, path) || !is_new(kept, id, path))
        return NULL;
    if (git_blob_lookup(&blob, kept->vcs->repository, id) < 0)
        return tell(kept, "object", id);
    rmv_buf_append(&text, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
    return kept->keeper->found(kept->keeper->context, path, &text);
}

static bool is_file(unsigned mode)
{
    return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE ||
           mode == 0100664; /* of very old commits */
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders, which DEPTH_MAX bounds. */
static const struct rmv_error *visit_tree(struct kept *kept, const git_oid *id, const char *path,
                                          unsigned depth)
{
    RMV_CLEANUP(rmv_git_tree_free) git_tree *tree = NULL;
    const struct rmv_error *err = NULL;

    if (!is_new(kept, id, path))
        return NULL;
    if (depth > DEPTH_MAX || git_tree_lookup(&tree, kept->vcs->repository, id) < 0)
        return tell(kept, "tree", id);
    for (size_t i = 0; !err && i < git_tree_entrycount(tree); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
        RMV_CLEANUP(rmv_str_free)
        char *below = rmv_str_format("%s%s%s", path, *path ? "/" : "", git_tree_entry_name(entry));
        const unsigned mode = (unsigned)git_tree_entry_filemode_raw(entry);
        if (mode == GIT_FILEMODE_TREE)
            err = visit_tree(kept, git_tree_entry_id(entry), below, depth + 1);
        else if (is_file(mode))
            err = visit_file(kept, git_tree_entry_id(entry), below);
    }
    return err;
}

static const struct rmv_error *visit_commit(struct kept *kept, const git_oid *id)
{
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;

    if (git_commit_lookup(&commit, kept->vcs->repository, id) < 0)
        return kept->is_shallow ? NULL : tell(kept, "commit", id);
    for (unsigned i = 0; !kept->takes_tips && i < git_commit_parentcount(commit); i++)
        add_commit(kept, git_commit_parent_id(commit, i));
    if (!kept->takes_tips && git_commit_time(commit) < kept->since)
        return NULL;
    return visit_tree(kept, git_commit_tree_id(commit), "", 0);
}

/* Whatever an id stands for: a commit, a tag of something, or a tree. */
static const struct rmv_error *add_object(struct kept *kept, const git_oid *id, bool is_optional)
{
    RMV_CLEANUP(rmv_git_object_free) git_object *object = NULL;
    RMV_CLEANUP(rmv_git_object_free) git_object *peeled = NULL;

    if (git_oid_is_zero(id))
        return NULL;
    if (git_object_lookup(&object, kept->vcs->repository, id, GIT_OBJECT_ANY) < 0)
        return is_optional ? NULL : tell(kept, "object", id);
    if (git_object_peel(&peeled, object, GIT_OBJECT_COMMIT) == 0) {
        if (kept->takes_tips)
            return visit_commit(kept, git_object_id(peeled));
        add_commit(kept, git_object_id(peeled));
        return NULL;
    }
    if (git_object_peel(&peeled, object, GIT_OBJECT_TREE) == 0)
        return visit_tree(kept, git_object_id(peeled), "", 0);
    if (git_object_type(object) == GIT_OBJECT_TAG &&
        git_object_peel(&peeled, object, GIT_OBJECT_BLOB) < 0)
        return tell(kept, "tag", id);
    return NULL;
}

/* ---- Where it starts ------------------------------------------------------------------------- */

static bool is_counted(const struct kept *kept, const char *reference)
{
    for (const char *const *prefix = kept->prefixes; prefix && *prefix; prefix++)
        if (strncmp(reference, *prefix, strlen(*prefix)) == 0)
            return true;
    return !kept->prefixes;
}

static int add_reference(git_reference *reference, void *payload)
{
    struct kept *kept = payload;
    const git_oid *id = git_reference_target(reference);

    /* A symbolic one leads to another, or nowhere. */
    if (id && is_counted(kept, git_reference_name(reference)))
        kept->err = add_object(kept, id, false);
    git_reference_free(reference);
    return kept->err ? GIT_EUSER : 0;
}

static const struct rmv_error *add_references(struct kept *kept)
{
    const int status = git_reference_foreach(kept->vcs->repository, add_reference, kept);
    if (kept->err)
        return kept->err;
    return status < 0 ? rmv_git_error(status, "cannot list Git's references") : NULL;
}

/* Adds the ids that lines start with: one in a reference, two in a reflog. */
static const struct rmv_error *add_ids_in(struct kept *kept, const char *path, bool is_optional)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_error *err = rmv_fs_read(path, LOG_BYTES_MAX, &text);

    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    for (const char *line = rmv_buf_string(&text); !err && *line;) {
        const char *at = line;
        git_oid id;
        while (!err && strspn(at, "0123456789abcdef") == GIT_OID_HEXSZ &&
               git_oid_fromstrn(&id, at, GIT_OID_HEXSZ) == 0) {
            err = add_object(kept, &id, is_optional);
            at += (size_t)GIT_OID_HEXSZ;
            at += *at == ' ';
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return err;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders, which DEPTH_MAX bounds. */
static const struct rmv_error *add_ids_below(struct kept *kept, const char *folder, unsigned depth)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vfs_list(rmv_vfs_default(), folder, &names);

    for (size_t i = 0; !err && depth < DEPTH_MAX && i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, names.items[i]);
        err =
            is_folder(path) ? add_ids_below(kept, path, depth + 1) : add_ids_in(kept, path, false);
    }
    return err;
}

/* HEAD, and what operations under way note down: ORIG_HEAD, MERGE_HEAD and so on, which Git does
 * not keep alive either. */
static const struct rmv_error *add_heads(struct kept *kept, const char *folder)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vfs_list(rmv_vfs_default(), folder, &names);

    for (size_t i = 0; !err && i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, names.items[i]);
        if (rmv_path_has_suffix(names.items[i], "HEAD") && !is_folder(path))
            err = add_ids_in(kept, path, strcmp(names.items[i], "HEAD") != 0);
    }
    return err;
}

static const struct rmv_error *visit_index(struct kept *kept, const char *folder)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, "index");
    RMV_CLEANUP(index_free) git_index *index = NULL;
    const struct rmv_error *err = NULL;

    if (!rmv_fs_exists(path))
        return NULL;
    const int status = git_index_open(&index, path);
    if (status < 0)
        return rmv_git_error(status, "cannot read Git's index '%s'", path);
    for (size_t i = 0; !err && i < git_index_entrycount(index); i++) {
        const git_index_entry *entry = git_index_get_byindex(index, i);
        if (is_file(entry->mode))
            err = visit_file(kept, &entry->id, entry->path);
    }
    return err;
}

/* The folder of a work tree's own state, or of what all share. */
static const struct rmv_error *visit_git_folder(struct kept *kept, const char *folder,
                                                bool is_linked)
{
    RMV_CLEANUP(rmv_str_free) char *logs = rmv_path_join(folder, "logs");
    RMV_CLEANUP(rmv_str_free) char *references = rmv_path_join(folder, "refs");

    const struct rmv_error *err = add_heads(kept, folder);
    if (!err)
        err = add_ids_below(kept, logs, 0);
    if (!err && is_linked)
        err = add_ids_below(kept, references, 0);
    return err ? err : visit_index(kept, folder);
}

/* The folders in which linked work trees have their state. */
static const struct rmv_error *list_linked(const struct rmv_vcs *vcs, struct rmv_strings *folders)
{
    RMV_CLEANUP(rmv_str_free)
    char *parent = rmv_path_join(git_repository_commondir(vcs->repository), "worktrees");
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};

    const struct rmv_error *err = rmv_vfs_list(rmv_vfs_default(), parent, &names);
    for (size_t i = 0; !err && i < names.count; i++)
        rmv_strings_take(folders, rmv_path_join(parent, names.items[i]));
    return err;
}

static const struct rmv_error *check_shallow(struct kept *kept)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(git_repository_commondir(kept->vcs->repository), "shallow");

    kept->is_shallow = rmv_fs_exists(path);
    if (!kept->is_shallow)
        return NULL;
    return kept->keeper->unknown(kept->keeper->context,
                                 "this is a shallow clone: `git fetch --unshallow` completes it");
}

static const struct rmv_error *visit_commits(struct kept *kept)
{
    const struct rmv_error *err = NULL;
    while (!err && kept->next < kept->count) {
        const git_oid id = kept->commits[kept->next++];
        err = visit_commit(kept, &id);
    }
    return err;
}

const struct rmv_error *rmv_vcs_visit_kept(struct rmv_vcs *vcs, const struct rmv_vcs_keeper *keeper)
{
    RMV_CLEANUP(kept_free)
    struct kept kept = {.vcs = vcs, .keeper = keeper, .since = INT64_MIN};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings linked = {0};

    const struct rmv_error *err = rmv_git_need(vcs);
    if (!err)
        err = check_shallow(&kept);
    if (!err)
        err = add_references(&kept);
    if (!err)
        err = visit_git_folder(&kept, git_repository_commondir(vcs->repository), false);
    if (!err)
        err = list_linked(vcs, &linked);
    for (size_t i = 0; !err && i < linked.count; i++)
        err = visit_git_folder(&kept, linked.items[i], true);
    return err ? err : visit_commits(&kept);
}

/* ---- Parts of it ----------------------------------------------------------------------------- */

/* All that references lead to, as far as it is new enough. */
static const struct rmv_error *visit_reachable(struct kept *kept, const struct rmv_vcs_scope *scope)
{
    kept->since = scope->commits ? INT64_MIN : scope->since;
    const struct rmv_error *err = check_shallow(kept);
    if (!err)
        err = add_references(kept);
    return err ? err : visit_commits(kept);
}

static const struct rmv_error *visit_tips(struct kept *kept, const struct rmv_vcs_scope *scope)
{
    const char *prefixes[5] = {NULL};
    size_t count = 0;
    if (scope->branches) {
        prefixes[count++] = "refs/heads/";
        prefixes[count++] = "refs/remotes/";
    }
    if (scope->tags)
        prefixes[count++] = "refs/tags/";
    if (scope->experiments)
        prefixes[count++] = "refs/exps/";
    kept->takes_tips = true;
    kept->prefixes = prefixes;
    const struct rmv_error *err = add_references(kept);
    kept->prefixes = NULL;
    return err;
}

static const struct rmv_error *visit_revision(struct kept *kept, const char *revision, size_t count)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit start = {0};
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;

    kept->takes_tips = true;
    const struct rmv_error *err = rmv_vcs_resolve(kept->vcs, revision, &start);
    if (!err)
        err = rmv_git_find_commit(kept->vcs, start.id, &commit);
    while (!err && commit) {
        err = visit_commit(kept, git_commit_id(commit));
        if (err || --count == 0 || git_commit_parentcount(commit) == 0)
            break;
        const git_oid id = *git_commit_parent_id(commit, 0);
        rmv_git_commit_free(&commit);
        if (git_commit_lookup(&commit, kept->vcs->repository, &id) < 0)
            err = tell(kept, "commit", &id);
    }
    return err;
}

const struct rmv_error *rmv_vcs_visit_scope(struct rmv_vcs *vcs, const struct rmv_vcs_scope *scope,
                                            const struct rmv_vcs_keeper *keeper)
{
    RMV_CLEANUP(kept_free) struct kept kept = {.vcs = vcs, .keeper = keeper};
    const size_t count = scope->revisions_count ? scope->revisions_count : 1;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (!err && (scope->commits || scope->has_since))
        err = visit_reachable(&kept, scope);
    if (!err)
        err = visit_tips(&kept, scope);
    for (size_t i = 0; !err && scope->revisions && i < scope->revisions->count; i++)
        err = visit_revision(&kept, scope->revisions->items[i], count);
    return err;
}

/* ---- Work trees ------------------------------------------------------------------------------ */

/* The top folder of the linked work tree that has its state in `folder`. */
static const struct rmv_error *add_linked_root(const struct rmv_vcs_keeper *keeper,
                                               const char *folder, struct rmv_strings *roots)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, "gitdir");
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = rmv_fs_read(path, LOG_BYTES_MAX, &text);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    const char *content = rmv_buf_string(&text);
    RMV_CLEANUP(rmv_str_free) char *link = rmv_str_copy_n(content, strcspn(content, "\r\n"));
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, link);
    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(joined);
    RMV_CLEANUP(rmv_str_free) char *root = rmv_path_normalize(parent);
    if (is_folder(root)) {
        if (!rmv_strings_has(roots, root))
            rmv_strings_add(roots, root);
        return NULL;
    }
    RMV_CLEANUP(rmv_str_free)
    char *message = rmv_str_format("the linked worktree '%s' is not there: if it is gone for good, "
                                   "`git worktree prune` forgets it",
                                   root);
    return keeper->unknown(keeper->context, message);
}

const struct rmv_error *rmv_vcs_list_work_trees(struct rmv_vcs *vcs,
                                                const struct rmv_vcs_keeper *keeper,
                                                struct rmv_strings *roots)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings linked = {0};

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    if (vcs->root)
        rmv_strings_add(roots, vcs->root);
    if (vcs->main_root && !rmv_strings_has(roots, vcs->main_root))
        rmv_strings_add(roots, vcs->main_root);
    err = list_linked(vcs, &linked);
    for (size_t i = 0; !err && i < linked.count; i++)
        err = add_linked_root(keeper, linked.items[i], roots);
    return err;
}
