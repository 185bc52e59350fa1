#include <fnmatch.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/pipeline.h"

/* Which stages users mean by what they type. */

static char *address_of(const char *file, const char *name)
{
    return strcmp(file, RMV_PIPELINE_FILE_NAME) == 0 ? rmv_str_copy(name)
                                                     : rmv_str_format("%s:%s", file, name);
}

/* Adds the addresses that `typed` can stand for: a stage of the rmv.yaml in the current folder,
 * what it is at the root, and FILE:NAME at each colon, since items of loops have colons too. */
static void list_addresses(const struct rmv_workspace *workspace, const char *typed,
                           struct rmv_strings *addresses)
{
    RMV_CLEANUP(rmv_str_free) char *here = NULL;
    if (!rmv_workspace_path(workspace, RMV_PIPELINE_FILE_NAME, &here))
        rmv_strings_take(addresses, address_of(here, typed));
    rmv_strings_add(addresses, typed);
    for (const char *colon = typed; (colon = strchr(colon, ':')); colon++) {
        RMV_CLEANUP(rmv_str_free)
        char *typed_file = rmv_str_copy_n(typed, (size_t)(colon - typed));
        RMV_CLEANUP(rmv_str_free) char *file = NULL;
        if (!rmv_workspace_path(workspace, typed_file, &file))
            rmv_strings_take(addresses, address_of(file, colon + 1));
    }
}

static struct rmv_stage *find_one(const struct rmv_pipeline *pipeline,
                                  const struct rmv_strings *addresses)
{
    struct rmv_stage *stage = NULL;
    for (size_t i = 0; !stage && i < addresses->count; i++)
        stage = rmv_map_find(&pipeline->addresses, addresses->items[i]);
    return stage;
}

/* How much of its address names the loop that a stage is of; 0 if it is of none. */
static size_t loop_size(const struct rmv_stage *stage)
{
    return stage->loop ? strlen(stage->address) - strlen(stage->name) + strlen(stage->loop) : 0;
}

/* All of the first loop, or all that the first pattern matches. */
static bool find_loop(const struct rmv_pipeline *pipeline, const struct rmv_strings *addresses,
                      bool *found)
{
    bool any = false;
    for (size_t k = 0; !any && k < addresses->count; k++) {
        const size_t size = strlen(addresses->items[k]);
        for (size_t i = 0; i < pipeline->count; i++) {
            const struct rmv_stage *stage = &pipeline->stages[i];
            if (size && loop_size(stage) == size &&
                strncmp(stage->address, addresses->items[k], size) == 0)
                found[i] = any = true;
        }
    }
    return any;
}

static bool find_pattern(const struct rmv_pipeline *pipeline, const struct rmv_strings *addresses,
                         bool *found)
{
    bool any = false;
    for (size_t k = 0; !any && k < addresses->count; k++)
        for (size_t i = 0; i < pipeline->count; i++)
            if (fnmatch(addresses->items[k], pipeline->stages[i].address, 0) == 0)
                found[i] = any = true;
    return any;
}

static bool find_file(const struct rmv_pipeline *pipeline, const char *path, bool *found)
{
    bool any = false;
    for (size_t i = 0; path && i < pipeline->count; i++)
        if (strcmp(pipeline->stages[i].file, path) == 0)
            found[i] = any = true;
    return any;
}

/* A stage that is called what was typed, an '@' and more, or so in another folder's file; NULL if
 * there is none. */
static const char *find_longer(const struct rmv_pipeline *pipeline, const char *typed)
{
    const size_t size = strlen(typed);
    for (size_t i = 0; i < pipeline->count; i++)
        if (strcmp(pipeline->stages[i].name, typed) == 0 ||
            (strncmp(pipeline->stages[i].address, typed, size) == 0 &&
             pipeline->stages[i].address[size] == '@'))
            return pipeline->stages[i].address;
    return NULL;
}

static const struct rmv_error *no_such_stage(const struct rmv_pipeline *pipeline, const char *typed)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct rmv_stage *stage = &pipeline->stages[i];
        rmv_strings_add(&names, stage->address);
        if (stage->loop)
            rmv_strings_take(&names, rmv_str_copy_n(stage->address, loop_size(stage)));
    }
    const struct rmv_error *err =
        rmv_error(RMV_ERR_NOT_FOUND, "there is no stage '%s', and no stage makes it", typed);
    const char *longer = find_longer(pipeline, typed);
    const char *nearest = longer ? longer : rmv_strings_nearest(&names, typed);
    if (nearest)
        return rmv_error_hint(err, "did you mean '%s'?", nearest);
    return rmv_error_hint(err, "`rmv stage list` lists the stages");
}

struct rmv_stage *rmv_pipeline_find_stage(const struct rmv_workspace *workspace,
                                          const struct rmv_pipeline *pipeline, const char *typed)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings addresses = {0};
    list_addresses(workspace, typed, &addresses);
    return find_one(pipeline, &addresses);
}

bool rmv_pipeline_find_named(const struct rmv_workspace *workspace,
                             const struct rmv_pipeline *pipeline, const char *typed, bool *found)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings addresses = {0};
    list_addresses(workspace, typed, &addresses);
    const struct rmv_stage *stage = find_one(pipeline, &addresses);
    if (stage)
        found[stage - pipeline->stages] = true;
    return stage || find_loop(pipeline, &addresses, found);
}

const struct rmv_error *rmv_pipeline_find(const struct rmv_workspace *workspace,
                                          const struct rmv_pipeline *pipeline, const char *typed,
                                          bool *found)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings addresses = {0};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    list_addresses(workspace, typed, &addresses);
    const struct rmv_stage *stage = find_one(pipeline, &addresses);
    if (!stage && !rmv_workspace_path(workspace, typed, &path))
        stage = rmv_map_find(&pipeline->makers, path);
    if (stage)
        found[stage - pipeline->stages] = true;
    else if (!find_loop(pipeline, &addresses, found) && !find_file(pipeline, path, found) &&
             !find_pattern(pipeline, &addresses, found))
        return no_such_stage(pipeline, typed);
    return NULL;
}

const struct rmv_error *rmv_pipeline_find_below(const struct rmv_workspace *workspace,
                                                const struct rmv_pipeline *pipeline,
                                                const char *folder, bool *found)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    bool any = false;
    const struct rmv_error *err = rmv_workspace_path(workspace, folder, &path);
    if (err)
        return err;
    for (size_t i = 0; i < pipeline->count; i++)
        if (strcmp(path, ".") == 0 || rmv_path_is_in(pipeline->stages[i].file, path))
            found[i] = any = true;
    return any ? NULL
               : rmv_error(RMV_ERR_NOT_FOUND, "no %s in or below '%s' has a stage",
                           RMV_PIPELINE_FILE_NAME, folder);
}
