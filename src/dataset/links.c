#include "dataset/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dataset/links_internal.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* ---- Types -----------------------------------------------------------------------------------
 */

static const char *const type_names[RMV_LINK_TYPES_COUNT] = {
    [RMV_LINK_COPY] = "copy",
    [RMV_LINK_REFLINK] = "reflink",
    [RMV_LINK_HARDLINK] = "hardlink",
    [RMV_LINK_SYMLINK] = "symlink",
};

static const struct rmv_error *parse_type(const char *name, enum rmv_link_type *type)
{
    for (enum rmv_link_type i = 0; i < RMV_LINK_TYPES_COUNT; i++)
        if (strcmp(type_names[i], name) == 0) {
            *type = i;
            return NULL;
        }
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is no type of link", name),
                          "types are reflink, hardlink, symlink and copy; several, tried in order, "
                          "are separated by commas");
}

static bool has_type(const struct rmv_link_types *types, enum rmv_link_type type)
{
    for (size_t i = 0; i < types->count; i++)
        if (types->items[i] == type)
            return true;
    return false;
}

const struct rmv_error *rmv_link_types_parse(const char *text, struct rmv_link_types *types)
{
    struct rmv_link_types parsed = {0};
    for (const char *at = text;; at++) {
        at += strspn(at, " ");
        const size_t size = strcspn(at, ",");
        size_t name_size = size;
        while (name_size > 0 && at[name_size - 1] == ' ')
            name_size--;
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(at, name_size);
        enum rmv_link_type type = RMV_LINK_COPY;
        const struct rmv_error *err = parse_type(name, &type);
        if (err)
            return err;
        if (has_type(&parsed, type))
            return rmv_error(RMV_ERR_USAGE, "'%s' is named twice in '%s'", name, text);
        parsed.items[parsed.count++] = type;
        at += size;
        if (*at == '\0')
            break;
    }
    *types = parsed;
    return NULL;
}

/* ---- The workspace's own ---------------------------------------------------------------------
 */

static struct rmv_links *open_links(struct rmv_workspace *workspace)
{
    struct rmv_links *links = rmv_calloc(1, sizeof(*links));
    const char *text = rmv_config_get(workspace->config, "cache.type");

    pthread_mutex_init(&links->lock, NULL);
    links->area = rmv_store_loose_area(workspace->store);
    /* The config has been checked. */
    if (rmv_link_types_parse(text ? text : RMV_LINK_TYPES_DEFAULT, &links->types))
        links->types = (struct rmv_link_types){.items = {RMV_LINK_COPY}, .count = 1};
    return links;
}

/* Two threads may ask first at the same time: one of them makes it for nothing. */
struct rmv_links *rmv_links_of(struct rmv_workspace *workspace)
{
    struct rmv_links *links = __atomic_load_n(&workspace->links, __ATOMIC_ACQUIRE);
    if (links)
        return links;
    struct rmv_links *made = open_links(workspace);
    if (__atomic_compare_exchange_n(&workspace->links, &links, made, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return made;
    rmv_links_free(&made);
    return links;
}

void rmv_links_free(struct rmv_links **links)
{
    if (!*links)
        return;
    for (size_t i = 0; i < (*links)->jobs_count; i++)
        rmv_str_free(&(*links)->jobs[i].path);
    free((*links)->jobs);
    rmv_str_free(&(*links)->area);
    pthread_mutex_destroy(&(*links)->lock);
    free(*links);
    *links = NULL;
}

void rmv_links_use(struct rmv_workspace *workspace, const struct rmv_link_types *types)
{
    rmv_links_of(workspace)->types = *types;
}

/* Can blocks be shared between the workspace and the store? Asked with files that have no name. */
static bool try_reflink(const struct rmv_workspace *workspace, const struct rmv_links *links)
{
    RMV_CLEANUP(rmv_str_free)
    char *here = rmv_path_join(workspace->root, RMV_WORKSPACE_FOLDER);
    RMV_CLEANUP(rmv_str_free) char *there = rmv_path_parent(links->area);
    RMV_CLEANUP(rmv_fd_close) int from_fd = open(here, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    RMV_CLEANUP(rmv_fd_close) int to_fd = open(there, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return from_fd >= 0 && to_fd >= 0 && pwrite(from_fd, "x", 1, 0) == 1 &&
           ioctl(to_fd, FICLONE, from_fd) == 0;
}

static bool can_reflink(const struct rmv_workspace *workspace, struct rmv_links *links)
{
    pthread_mutex_lock(&links->lock);
    if (links->reflink == RMV_REFLINK_UNKNOWN)
        links->reflink = try_reflink(workspace, links) ? RMV_REFLINK_WORKS : RMV_REFLINK_FAILS;
    const bool works = links->reflink == RMV_REFLINK_WORKS;
    pthread_mutex_unlock(&links->lock);
    return works;
}

/* The first type that can be, as far as is known without a file at hand. */
enum rmv_link_type rmv_links_type(struct rmv_workspace *workspace)
{
    struct rmv_links *links = rmv_links_of(workspace);
    for (size_t i = 0; i < links->types.count; i++) {
        const enum rmv_link_type type = links->types.items[i];
        if (type != RMV_LINK_REFLINK || can_reflink(workspace, links))
            return type;
    }
    return RMV_LINK_COPY;
}

bool rmv_links_are_links(struct rmv_workspace *workspace)
{
    const struct rmv_link_types *types = &rmv_links_of(workspace)->types;
    if (!has_type(types, RMV_LINK_HARDLINK) && !has_type(types, RMV_LINK_SYMLINK))
        return false;
    const enum rmv_link_type type = rmv_links_type(workspace);
    return type == RMV_LINK_HARDLINK || type == RMV_LINK_SYMLINK;
}

/* ---- Telling ---------------------------------------------------------------------------------
 */

void rmv_link_free(struct rmv_link *link)
{
    rmv_str_free(&link->path);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Another name of the store leads to the same file. */
static bool leads_here(const char *target, const struct stat *object)
{
    struct stat status;
    return stat(target, &status) == 0 && is_same_file(&status, object);
}

enum rmv_link_state rmv_links_find(struct rmv_workspace *workspace, int folder_fd, const char *name,
                                   struct rmv_link *link)
{
    const struct rmv_links *links = rmv_links_of(workspace);
    char target[RMV_TREE_PATH_SIZE_MAX];
    const ssize_t size = readlinkat(folder_fd, name, target, sizeof(target) - 1);

    *link = (struct rmv_link){0};
    if (size < 0)
        return RMV_LINK_NONE;
    target[size] = '\0';
    if (!rmv_store_parse_loose(target, &link->id, &link->is_executable))
        return RMV_LINK_NONE;
    link->path = rmv_links_path(links, &link->id, link->is_executable);
    if (lstat(link->path, &link->status) == 0 && S_ISREG(link->status.st_mode) &&
        (strcmp(link->path, target) == 0 || leads_here(target, &link->status)))
        return RMV_LINK_LIVE;
    rmv_link_free(link);
    return RMV_LINK_STALE;
}

void rmv_links_follow(struct rmv_workspace *workspace, int folder_fd, const char *name,
                      struct stat *status)
{
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    if (rmv_links_find(workspace, folder_fd, name, &link) == RMV_LINK_LIVE)
        *status = link.status;
}

bool rmv_links_open(struct rmv_workspace *workspace, int folder_fd, const char *name, int *fd)
{
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    if (rmv_links_find(workspace, folder_fd, name, &link) != RMV_LINK_LIVE)
        return false;
    *fd = open(link.path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    return *fd >= 0;
}

const struct rmv_error *rmv_links_refuse(const char *path, const struct rmv_link *link)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(&link->id, hex);
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                    "'%s' is a link to object %s, which is not there any more",
                                    quoted, hex),
                          "`rmv checkout` mends the link if the store has the object");
}

static bool is_hard_link(struct rmv_workspace *workspace, const struct stat *status,
                         const struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_links_path(rmv_links_of(workspace), &entry->id, entry->type == 'x');
    struct stat object;
    return status->st_nlink > 1 && lstat(path, &object) == 0 && is_same_file(status, &object);
}

/* Whether a file shares blocks cannot be seen: what is loose is cloned again. */
static bool is_right_copy(struct rmv_workspace *workspace, const struct stat *status,
                          const struct rmv_tree_entry *entry, enum rmv_link_type type)
{
    if (!S_ISREG(status->st_mode) || is_hard_link(workspace, status, entry))
        return false;
    if (type == RMV_LINK_COPY || entry->size < RMV_STORE_CLONE_MIN)
        return true;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_store_loose_path(workspace->store, &entry->id, false);
    return !path;
}

bool rmv_links_is_right(struct rmv_workspace *workspace, int folder_fd, const char *name,
                        const struct rmv_tree_entry *entry)
{
    enum rmv_link_type type = rmv_links_type(workspace);
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    struct stat status;

    if (!rmv_tree_is_file(entry->type))
        return true;
    if (entry->size == 0 && type != RMV_LINK_REFLINK)
        type = RMV_LINK_COPY;
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    switch (type) {
    case RMV_LINK_HARDLINK:
        return is_hard_link(workspace, &status, entry);
    case RMV_LINK_SYMLINK:
        return rmv_links_find(workspace, folder_fd, name, &link) == RMV_LINK_LIVE &&
               link.is_executable == (entry->type == 'x');
    default:
        return is_right_copy(workspace, &status, entry, type);
    }
}
