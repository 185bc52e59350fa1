#include "vcs/git.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"

/* Objects that libgit2 may keep parsed; its own default is a quarter of a gigabyte. */
#define CACHE_BYTES_MAX ((ssize_t)32 * 1024 * 1024)

/* A folder's tree is kept up to this size, and looked into once for each file of the folder; its
 * own default is 4 KiB, which are a hundred files. */
#define CACHED_TREE_BYTES_MAX ((size_t)4 * 1024 * 1024)

static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static int start_status;

/* Extensions that libgit2 1.5 does not know, but that do not change how it has to read: a config
 * per worktree (sparse checkouts set it), objects fetched on demand, objects never pruned. */
static void start(void)
{
    static const char *const harmless[] = {"worktreeconfig", "partialclone", "preciousobjects"};

    start_status = git_libgit2_init();
    if (start_status < 0)
        return;
    start_status =
        git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, harmless, sizeof(harmless) / sizeof(harmless[0]));
    if (start_status == 0)
        start_status = git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, CACHE_BYTES_MAX);
    if (start_status == 0)
        start_status = git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE,
                                        CACHED_TREE_BYTES_MAX);
}

const struct rmv_error *rmv_git_start(void)
{
    pthread_once(&start_once, start);
    if (start_status < 0)
        return rmv_git_error(start_status, "cannot start libgit2");
    return NULL;
}

const char *rmv_vcs_libgit2_version(void)
{
    static char text[32];
    int major = 0, minor = 0, revision = 0;

    git_libgit2_version(&major, &minor, &revision);
    snprintf(text, sizeof(text), "%d.%d.%d", major, minor, revision);
    return text;
}

static enum rmv_error_code code_of(int status)
{
    switch (status) {
    case GIT_ENOTFOUND:
    case GIT_EAMBIGUOUS:
    case GIT_EINVALIDSPEC:
    case GIT_EPEEL:
    case GIT_EUNBORNBRANCH:
        return RMV_ERR_NOT_FOUND;
    case GIT_EOWNER:
        return RMV_ERR_DENIED;
    case GIT_ELOCKED:
        return RMV_ERR_LOCKED;
    default:
        return RMV_ERR_IO;
    }
}

const struct rmv_error *rmv_git_error(int status, const char *format, ...)
{
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);

    const git_error *reason = git_error_last();
    if (!reason)
        return rmv_error(code_of(status), "%s: libgit2 error %d", what, status);
    return rmv_error(code_of(status), "%s: %s", what, reason->message);
}

void rmv_git_object_free(git_object **object)
{
    git_object_free(*object);
    *object = NULL;
}

void rmv_git_commit_free(git_commit **commit)
{
    git_commit_free(*commit);
    *commit = NULL;
}

void rmv_git_tree_free(git_tree **tree)
{
    git_tree_free(*tree);
    *tree = NULL;
}

void rmv_git_entry_free(git_tree_entry **entry)
{
    git_tree_entry_free(*entry);
    *entry = NULL;
}

const struct rmv_error *rmv_git_find_commit(struct rmv_vcs *vcs, const char *id,
                                            git_commit **commit)
{
    git_oid oid;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    if (strlen(id) != GIT_OID_HEXSZ || git_oid_fromstr(&oid, id) < 0)
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not the id of a Git commit", id);
    const int status = git_commit_lookup(commit, vcs->repository, &oid);
    if (status < 0)
        return rmv_git_error(status, "cannot read Git commit %s", id);
    return NULL;
}

const struct rmv_error *rmv_git_head_tree(struct rmv_vcs *vcs, git_tree **tree)
{
    git_object *object = NULL;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    int status = git_repository_head_unborn(vcs->repository);
    if (status == 1) {
        *tree = NULL;
        return NULL;
    }
    if (status == 0)
        status = git_revparse_single(&object, vcs->repository, "HEAD^{tree}");
    if (status < 0)
        return rmv_git_error(status, "cannot read Git's HEAD");
    *tree = (git_tree *)object;
    return NULL;
}

static char *first_line(const char *message)
{
    while (*message == '\n')
        message++;
    return rmv_str_copy_n(message, strcspn(message, "\n"));
}

void rmv_git_describe(const git_commit *from, struct rmv_vcs_commit *to)
{
    const git_signature *author = git_commit_author(from);
    const char *message = git_commit_message(from);

    rmv_vcs_commit_free(to);
    git_oid_tostr(to->id, sizeof(to->id), git_commit_id(from));
    to->time = author ? author->when.time : git_commit_time(from);
    to->author = author ? rmv_str_format("%s <%s>", author->name, author->email) : rmv_str_copy("");
    to->summary = first_line(message ? message : "");
}
