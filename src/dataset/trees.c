#include "dataset/trees.h"

#include <stdlib.h>

#include "rmv/base/map.h"
#include "rmv/base/mem.h"

struct rmv_trees {
    struct rmv_map texts; /* hex id → struct rmv_buf * */
};

void rmv_trees_free(struct rmv_trees **trees)
{
    if (!*trees)
        return;
    for (size_t i = 0; i < (*trees)->texts.count; i++) {
        struct rmv_buf *text = (*trees)->texts.entries[i].value;
        rmv_buf_free(text);
        free(text);
    }
    rmv_map_free(&(*trees)->texts);
    free(*trees);
    *trees = NULL;
}

void rmv_trees_remember(struct rmv_workspace *workspace, const struct rmv_object_id *id,
                        struct rmv_buf *text)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);

    if (!workspace->trees) {
        workspace->trees = rmv_calloc(1, sizeof(*workspace->trees));
    }
    if (!rmv_map_find(&workspace->trees->texts, hex)) {
        struct rmv_buf *kept = rmv_calloc(1, sizeof(*kept));
        rmv_buf_swap(kept, text);
        rmv_map_set(&workspace->trees->texts, hex, kept);
    }
    rmv_buf_free(text);
}

static bool find_in_memory(struct rmv_trees *trees, const char *hex, struct rmv_buf *out)
{
    if (!trees)
        return false;
    const struct rmv_buf *text = rmv_map_find(&trees->texts, hex);
    if (text)
        rmv_buf_append(out, text->data, text->size);
    return text != NULL;
}

const struct rmv_error *rmv_trees_get(struct rmv_workspace *workspace,
                                      const struct rmv_object_id *id, struct rmv_buf *out)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);

    if (find_in_memory(workspace->trees, hex, out))
        return NULL;
    const struct rmv_error *err = rmv_store_get(workspace->store, id, RMV_TREE_BYTES_MAX, out);
    if (err && err->code == RMV_ERR_LIMIT)
        return rmv_error(RMV_ERR_CORRUPT, "object %s is too long to be a tree", hex);
    return err ? rmv_error_context(err, "tree %s", hex) : NULL;
}

bool rmv_trees_is_stored(const struct rmv_workspace *workspace, const struct rmv_object_id *id)
{
    return rmv_store_is_saved(workspace->store, id);
}
