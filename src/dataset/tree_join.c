#include "dataset/tree_join.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dataset/trees.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* One folder on one side. */
struct side {
    struct rmv_buf text;
    struct rmv_tree_reader reader;
    struct rmv_tree_entry claim; /* what the entry of the folder said about it */
    struct rmv_tree_entry entry; /* where the reader stands; valid if has_entry */
    bool has_entry;
};

/* One folder on all sides. */
struct level {
    struct side sides[RMV_TREE_SIDES_MAX];
    size_t path_size; /* of the folder's path, with a slash behind it unless it is the start */
    bool is_matched[RMV_TREE_SIDES_MAX]; /* sides that have the name the walk stands at */
    bool is_inside;                      /* the level above is that name's */
};

struct walk {
    const struct rmv_tree_join *join;
    struct level *levels;
    size_t count, capacity;
    struct rmv_buf path;
    uint64_t visits_count;
};

static void level_free(struct level *level)
{
    for (size_t i = 0; i < RMV_TREE_SIDES_MAX; i++) {
        rmv_tree_reader_free(&level->sides[i].reader);
        rmv_buf_free(&level->sides[i].text);
    }
}

static void walk_free(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        level_free(&walk->levels[i]);
    free(walk->levels);
    rmv_buf_free(&walk->path);
}

/* Moves a side on. At the end, what the folder's own entry promised must have been there. */
static const struct rmv_error *advance(struct side *side)
{
    const struct rmv_error *err = rmv_tree_next(&side->reader, &side->entry, &side->has_entry);
    if (err || side->has_entry)
        return err;
    if (side->reader.total.size != side->claim.size ||
        side->reader.total.nfiles != side->claim.nfiles)
        return rmv_error(RMV_ERR_CORRUPT,
                         "a tree holds %llu files of %llu bytes, but is said to hold %llu of %llu",
                         (unsigned long long)side->reader.total.nfiles,
                         (unsigned long long)side->reader.total.size,
                         (unsigned long long)side->claim.nfiles,
                         (unsigned long long)side->claim.size);
    return NULL;
}

static const struct rmv_error *open_side(struct walk *walk, const struct rmv_tree_entry *folder,
                                         struct side *side)
{
    side->claim = *folder;
    const struct rmv_error *err = rmv_trees_get(walk->join->workspace, &folder->id, &side->text);
    if (!err)
        err = rmv_tree_open(side->text.data, side->text.size, &side->reader);
    if (!err)
        err = advance(side);
    return err;
}

/* Says whether the walk goes on although a tree cannot be read. */
static const struct rmv_error *bear(struct walk *walk, size_t side, const struct rmv_error *err,
                                    bool *skip)
{
    const struct rmv_tree_join *join = walk->join;
    const char *path = rmv_buf_string(&walk->path);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(*path ? path : ".");
    err = rmv_error_context(err, "folder '%s'", quoted);
    return join->unreadable ? join->unreadable(join->context, path, side, err, skip) : err;
}

/* Goes into the folders among `entries`. */
static const struct rmv_error *push(struct walk *walk, const struct rmv_tree_entry *const *entries,
                                    bool *pushed)
{
    struct level level = {0};
    bool skip = false;

    *pushed = false;
    for (size_t i = 0; i < walk->join->sides_count && !skip; i++) {
        if (!entries[i] || entries[i]->type != 'd')
            continue;
        const struct rmv_error *err = open_side(walk, entries[i], &level.sides[i]);
        if (err) {
            level.sides[i].has_entry = false;
            err = bear(walk, i, err, &skip);
        }
        if (err) {
            level_free(&level);
            return err;
        }
    }
    if (skip) {
        level_free(&level);
        return NULL;
    }
    if (walk->path.size > 0)
        rmv_buf_append(&walk->path, "/", 1);
    level.path_size = walk->path.size;
    walk->levels = rmv_grow(walk->levels, walk->count, &walk->capacity, sizeof(*walk->levels));
    walk->levels[walk->count++] = level;
    *pushed = true;
    return NULL;
}

static const struct rmv_error *visit(struct walk *walk, const struct rmv_tree_entry *const *entries,
                                     bool is_leaving, bool *descend)
{
    struct rmv_tree_visit now = {
        .path = rmv_buf_string(&walk->path),
        .is_leaving = is_leaving,
        .descend = true,
    };
    bool has_folder = false;
    for (size_t i = 0; i < walk->join->sides_count; i++) {
        now.entries[i] = entries[i];
        has_folder = has_folder || (entries[i] && entries[i]->type == 'd');
    }
    if (++walk->visits_count > RMV_TREE_VISITS_MAX)
        return rmv_error(RMV_ERR_LIMIT, "more than %d files and folders", RMV_TREE_VISITS_MAX);
    const struct rmv_error *err = walk->join->visit(walk->join->context, &now);
    *descend = now.descend && has_folder;
    return err;
}

/* Enters what the walk stands at; `*inside` says that its content comes next. */
static const struct rmv_error *enter(struct walk *walk, const struct rmv_tree_entry *const *entries,
                                     bool *inside)
{
    bool descend = false;
    *inside = false;
    const struct rmv_error *err = visit(walk, entries, false, &descend);
    if (!err && descend)
        err = push(walk, entries, inside);
    return err;
}

/* Finds the first name that a side stands at, and which sides stand there. */
static const char *match(struct level *level, const struct rmv_tree_entry **entries)
{
    const char *first = NULL;
    for (size_t i = 0; i < RMV_TREE_SIDES_MAX; i++) {
        const struct side *side = &level->sides[i];
        if (side->has_entry && (!first || strcmp(side->entry.name, first) < 0))
            first = side->entry.name;
    }
    for (size_t i = 0; i < RMV_TREE_SIDES_MAX; i++) {
        const struct side *side = &level->sides[i];
        assert(!side->has_entry || side->entry.name);
        level->is_matched[i] = first && side->has_entry && strcmp(side->entry.name, first) == 0;
        entries[i] = level->is_matched[i] ? &side->entry : NULL;
    }
    return first;
}

static const struct rmv_error *advance_matched(struct walk *walk, struct level *level)
{
    for (size_t i = 0; i < RMV_TREE_SIDES_MAX; i++) {
        if (!level->is_matched[i])
            continue;
        const struct rmv_error *err = advance(&level->sides[i]);
        bool skip = false;
        if (err) {
            level->sides[i].has_entry = false;
            err = bear(walk, i, err, &skip);
        }
        if (err)
            return err;
    }
    return NULL;
}

/* The folder that was entered last is done. */
static const struct rmv_error *leave(struct walk *walk, struct level *level)
{
    const struct rmv_tree_entry *entries[RMV_TREE_SIDES_MAX];
    bool descend;

    match(level, entries);
    level->is_inside = false;
    const struct rmv_error *err = visit(walk, entries, true, &descend);
    return err ? err : advance_matched(walk, level);
}

static const struct rmv_error *step(struct walk *walk)
{
    struct level *level = &walk->levels[walk->count - 1];
    const struct rmv_tree_entry *entries[RMV_TREE_SIDES_MAX];

    if (level->is_inside)
        return leave(walk, level);

    walk->path.size = level->path_size;
    const char *name = match(level, entries);
    if (!name) {
        walk->path.size -= level->path_size > 0; /* its slash */
        level_free(level);
        walk->count--;
        return NULL;
    }
    if (walk->path.size + strlen(name) >= RMV_TREE_PATH_SIZE_MAX)
        return rmv_error(RMV_ERR_LIMIT, "a path inside is longer than %d bytes",
                         RMV_TREE_PATH_SIZE_MAX - 1);
    rmv_buf_append_string(&walk->path, name);

    /* Entering may move the levels. */
    const size_t at = walk->count - 1;
    bool inside;
    const struct rmv_error *err = enter(walk, entries, &inside);
    if (err)
        return err;
    walk->levels[at].is_inside = inside;
    return inside ? NULL : advance_matched(walk, &walk->levels[at]);
}

const struct rmv_error *rmv_tree_join(const struct rmv_tree_join *join)
{
    RMV_CLEANUP(walk_free) struct walk walk = {.join = join};
    const struct rmv_tree_entry *entries[RMV_TREE_SIDES_MAX] = {NULL};
    bool is_any = false;
    bool inside;

    for (size_t i = 0; i < join->sides_count; i++) {
        entries[i] = join->roots[i].type ? &join->roots[i] : NULL;
        is_any = is_any || entries[i];
    }
    if (!is_any)
        return NULL;
    const struct rmv_error *err = enter(&walk, entries, &inside);
    while (!err && walk.count > 0)
        err = step(&walk);
    if (!err && inside)
        err = visit(&walk, entries, true, &inside);
    return err;
}
