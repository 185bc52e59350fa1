/* Walking the history. libgit2's own walk fails at the border of a shallow clone, so the order is
 * ours: A. B. Kahn, "Topological sorting of large networks", CACM 5(11), 1962, newest commit first.
 */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "vcs/git.h"

#define SHALLOW_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct node {
    git_oid id;
    git_time_t time;
    size_t *parents; /* indexes of nodes */
    size_t parents_count;
    size_t children_count; /* that have not been visited */
};

struct history {
    struct rmv_vcs *vcs;
    struct node *nodes;
    size_t count, capacity;
    struct rmv_map known;  /* hex id → index of its node plus one, as a pointer */
    struct rmv_map border; /* commits whose parents a shallow clone lacks */
    size_t *ready;         /* a binary heap, newest first */
    size_t ready_count;
};

static void history_free(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        free(history->nodes[i].parents);
    free(history->nodes);
    free(history->ready);
    rmv_map_free(&history->known);
    rmv_map_free(&history->border);
    *history = (struct history){0};
}

/* ---- Loading it ----------------------------------------------------------------------------- */

static const struct rmv_error *read_border(struct history *history)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    path = rmv_path_join(git_repository_commondir(history->vcs->repository), "shallow");
    if (!rmv_fs_exists(path))
        return NULL;
    const struct rmv_error *err = rmv_fs_read(path, SHALLOW_BYTES_MAX, &text);
    if (err)
        return err;
    for (const char *line = rmv_buf_string(&text); *line;) {
        RMV_CLEANUP(rmv_str_free) char *id = rmv_str_copy_n(line, strcspn(line, "\n"));
        line += strlen(id) + (line[strlen(id)] == '\n');
        rmv_map_set(&history->border, id, history);
    }
    return NULL;
}

/* The index of the node of that commit, which is added without its parents if it is new. */
static size_t node_of(struct history *history, const git_oid *id)
{
    char hex[GIT_OID_HEXSZ + 1];
    git_oid_tostr(hex, sizeof(hex), id);

    const char *found = rmv_map_find(&history->known, hex);
    if (found)
        return (size_t)(uintptr_t)found - 1;
    history->nodes =
        rmv_grow(history->nodes, history->count, &history->capacity, sizeof(history->nodes[0]));
    history->nodes[history->count++] = (struct node){.id = *id};
    rmv_map_set(&history->known, hex, (void *)(uintptr_t)history->count);
    return history->count - 1;
}

static const struct rmv_error *load_node(struct history *history, size_t at)
{
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;
    char hex[GIT_OID_HEXSZ + 1];
    const git_oid id = history->nodes[at].id;

    git_oid_tostr(hex, sizeof(hex), &id);
    const int status = git_commit_lookup(&commit, history->vcs->repository, &id);
    if (status < 0)
        return rmv_git_error(status, "cannot read Git commit %s", hex);
    const bool is_border = rmv_map_find(&history->border, hex);
    const size_t count = is_border ? 0 : git_commit_parentcount(commit);
    size_t *parents = rmv_calloc(count + 1, sizeof(parents[0]));
    for (size_t i = 0; i < count; i++) {
        parents[i] = node_of(history, git_commit_parent_id(commit, (unsigned)i));
        history->nodes[parents[i]].children_count++;
    }
    struct node *node = &history->nodes[at];
    node->time = git_commit_time(commit);
    node->parents = parents;
    node->parents_count = count;
    return NULL;
}

static int add_reference(git_reference *reference, void *payload)
{
    git_object *commit = NULL;
    struct history *history = payload;

    /* A tag of a tree or a blob has no commit. */
    if (git_reference_peel(&commit, reference, GIT_OBJECT_COMMIT) == 0)
        node_of(history, git_object_id(commit));
    git_object_free(commit);
    git_reference_free(reference);
    return 0;
}

static const struct rmv_error *add_starts(struct history *history, const char *from)
{
    git_repository *repository = history->vcs->repository;
    struct rmv_vcs_commit commit = {0};
    git_oid id;

    if (!from) {
        int status = git_reference_foreach(repository, add_reference, history);
        if (status == 0 && git_reference_name_to_id(&id, repository, "HEAD") == 0)
            node_of(history, &id);
        return status < 0 ? rmv_git_error(status, "cannot list Git's references") : NULL;
    }
    const struct rmv_error *err = rmv_vcs_resolve(history->vcs, from, &commit);
    if (err)
        return err;
    git_oid_fromstr(&id, commit.id);
    node_of(history, &id);
    rmv_vcs_commit_free(&commit);
    return NULL;
}

/* New nodes are added behind the one that is being loaded, until there are none left. */
static const struct rmv_error *load(struct history *history, const char *from)
{
    const struct rmv_error *err = read_border(history);
    if (!err)
        err = add_starts(history, from);
    for (size_t i = 0; !err && i < history->count; i++)
        err = load_node(history, i);
    return err;
}

/* ---- Ordering it ---------------------------------------------------------------------------- */

/* Of commits of the same second, the one that was found first comes first. */
static bool is_before(const struct history *history, size_t a, size_t b)
{
    const git_time_t first = history->nodes[a].time, second = history->nodes[b].time;
    return first > second || (first == second && a < b);
}

static void push_ready(struct history *history, size_t node)
{
    size_t at = history->ready_count++;
    while (at > 0 && is_before(history, node, history->ready[(at - 1) / 2])) {
        history->ready[at] = history->ready[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    history->ready[at] = node;
}

static size_t pop_ready(struct history *history)
{
    size_t *heap = history->ready;
    const size_t top = heap[0], last = heap[--history->ready_count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= history->ready_count)
            break;
        if (child + 1 < history->ready_count && is_before(history, heap[child + 1], heap[child]))
            child++;
        if (is_before(history, last, heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

static size_t next_node(struct history *history)
{
    const size_t at = pop_ready(history);
    const struct node *node = &history->nodes[at];

    for (size_t i = 0; i < node->parents_count; i++)
        if (--history->nodes[node->parents[i]].children_count == 0)
            push_ready(history, node->parents[i]);
    return at;
}

/* ---- Visiting it ---------------------------------------------------------------------------- */

/* What a commit has at `path`; a zero id for nothing. */
static const struct rmv_error *find_entry(struct rmv_vcs *vcs, const git_oid *commit_id,
                                          const char *path, git_oid *id)
{
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;
    RMV_CLEANUP(rmv_git_tree_free) git_tree *tree = NULL;
    RMV_CLEANUP(rmv_git_entry_free) git_tree_entry *entry = NULL;

    memset(id, 0, sizeof(*id));
    int status = git_commit_lookup(&commit, vcs->repository, commit_id);
    if (status == 0)
        status = git_commit_tree(&tree, commit);
    if (status == 0)
        status = git_tree_entry_bypath(&entry, tree, path);
    if (status == 0)
        *id = *git_tree_entry_id(entry);
    if (status < 0 && (status != GIT_ENOTFOUND || !tree))
        return rmv_git_error(status, "cannot look for '%s' in Git's history", path);
    return NULL;
}

static const struct rmv_error *changes_path(const struct history *history, const struct node *node,
                                            const char *path, bool *changes)
{
    git_oid before, after;

    memset(&before, 0, sizeof(before));
    const struct rmv_error *err = find_entry(history->vcs, &node->id, path, &after);
    if (!err && node->parents_count > 0)
        err = find_entry(history->vcs, &history->nodes[node->parents[0]].id, path, &before);
    *changes = !err && !git_oid_equal(&before, &after);
    return err;
}

struct visitor {
    const struct rmv_error *(*visit)(void *context, const struct rmv_vcs_commit *commit,
                                     bool *stop);
    void *context;
};

static const struct rmv_error *visit_node(const struct history *history, const struct node *node,
                                          const struct visitor *visitor, bool *stop)
{
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit described = {0};

    const int status = git_commit_lookup(&commit, history->vcs->repository, &node->id);
    if (status < 0)
        return rmv_git_error(status, "cannot read a Git commit");
    rmv_git_describe(commit, &described);
    return visitor->visit(visitor->context, &described, stop);
}

const struct rmv_error *
rmv_vcs_walk(struct rmv_vcs *vcs, const char *from, const char *path,
             const struct rmv_error *(*visit)(void *context, const struct rmv_vcs_commit *commit,
                                              bool *stop),
             void *context)
{
    RMV_CLEANUP(history_free) struct history history = {.vcs = vcs};
    const struct visitor visitor = {.visit = visit, .context = context};
    bool stop = false;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (!err)
        err = load(&history, from);
    if (err)
        return err;
    history.ready = rmv_calloc(history.count + 1, sizeof(history.ready[0]));
    for (size_t i = 0; i < history.count; i++)
        if (history.nodes[i].children_count == 0)
            push_ready(&history, i);

    while (!err && !stop && history.ready_count > 0) {
        const struct node *node = &history.nodes[next_node(&history)];
        bool is_wanted = true;
        if (path)
            err = changes_path(&history, node, path, &is_wanted);
        if (!err && is_wanted)
            err = visit_node(&history, node, &visitor, &stop);
    }
    return err;
}

/* ---- Names ---------------------------------------------------------------------------------- */

static int add_name(git_reference *reference, void *payload)
{
    const char *name = git_reference_name(reference);
    const bool is_wanted = strncmp(name, "refs/heads/", 11) == 0 ||
                           strncmp(name, "refs/tags/", 10) == 0 ||
                           strncmp(name, "refs/remotes/", 13) == 0;
    if (is_wanted)
        rmv_strings_add(payload, git_reference_shorthand(reference));
    git_reference_free(reference);
    return 0;
}

const struct rmv_error *rmv_vcs_list_names(struct rmv_vcs *vcs, struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};
    git_oid head;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    const int status = git_reference_foreach(vcs->repository, add_name, &found);
    if (status < 0)
        return rmv_git_error(status, "cannot list Git's references");
    rmv_strings_sort(&found);
    if (git_reference_name_to_id(&head, vcs->repository, "HEAD") == 0)
        rmv_strings_add(names, "HEAD");
    for (size_t i = 0; i < found.count; i++)
        rmv_strings_add(names, found.items[i]);
    return NULL;
}

struct reference_search {
    const char *prefix;
    struct rmv_strings *found;
};

static int add_named(const char *name, void *payload)
{
    const struct reference_search *search = payload;
    const size_t size = strlen(search->prefix);
    if (strncmp(name, search->prefix, size) == 0)
        rmv_strings_add(search->found, name + size);
    return 0;
}

const struct rmv_error *rmv_vcs_list_references(struct rmv_vcs *vcs, const char *prefix,
                                                struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};
    struct reference_search search = {.prefix = prefix, .found = &found};

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    const int status = git_reference_foreach_name(vcs->repository, add_named, &search);
    if (status < 0)
        return rmv_git_error(status, "cannot list Git's references");
    rmv_strings_sort(&found);
    for (size_t i = 0; i < found.count; i++)
        rmv_strings_add(names, found.items[i]);
    return NULL;
}
