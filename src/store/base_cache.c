#include "store/base_cache.h"

void rmv_base_cache_init(struct rmv_base_cache *cache)
{
    *cache = (struct rmv_base_cache){0};
    pthread_mutex_init(&cache->lock, NULL);
}

void rmv_base_cache_free(struct rmv_base_cache *cache)
{
    for (size_t i = 0; i < RMV_BASE_CACHE_COUNT; i++)
        rmv_buf_free(&cache->items[i].bytes);
    pthread_mutex_destroy(&cache->lock);
}

/* Called with the lock. */
static struct rmv_base_cache_item *find(struct rmv_base_cache *cache,
                                        const struct rmv_object_id *id)
{
    for (size_t i = 0; i < RMV_BASE_CACHE_COUNT; i++)
        if (cache->items[i].bytes.size > 0 && rmv_object_id_equal(&cache->items[i].id, id))
            return &cache->items[i];
    return NULL;
}

bool rmv_base_cache_get(struct rmv_base_cache *cache, const struct rmv_object_id *id,
                        struct rmv_base_facts *facts, struct rmv_buf *out)
{
    pthread_mutex_lock(&cache->lock);
    struct rmv_base_cache_item *item = find(cache, id);
    if (item) {
        item->used_at = ++cache->clock;
        *facts = item->facts;
        rmv_buf_append(out, item->bytes.data, item->bytes.size);
    }
    pthread_mutex_unlock(&cache->lock);
    return item != NULL;
}

/* Called with the lock. */
static void forget(struct rmv_base_cache *cache, struct rmv_base_cache_item *item)
{
    cache->bytes -= item->bytes.size;
    rmv_buf_free(&item->bytes);
    item->used_at = 0;
}

/* Called with the lock. A free item, where `size` more bytes fit. */
static struct rmv_base_cache_item *make_room(struct rmv_base_cache *cache, size_t size)
{
    for (;;) {
        struct rmv_base_cache_item *unused = NULL;
        struct rmv_base_cache_item *oldest = NULL;
        for (size_t i = 0; i < RMV_BASE_CACHE_COUNT; i++) {
            struct rmv_base_cache_item *item = &cache->items[i];
            if (item->bytes.size == 0)
                unused = item;
            else if (!oldest || item->used_at < oldest->used_at)
                oldest = item;
        }
        if (unused && cache->bytes + size <= RMV_BASE_CACHE_BYTES_MAX)
            return unused;
        forget(cache, oldest);
    }
}

void rmv_base_cache_put(struct rmv_base_cache *cache, const struct rmv_object_id *id,
                        const struct rmv_base_facts *facts, const void *bytes, size_t size)
{
    if (size == 0 || size > RMV_BASE_CACHE_BYTES_MAX)
        return;
    pthread_mutex_lock(&cache->lock);
    struct rmv_base_cache_item *item = find(cache, id);
    if (item)
        forget(cache, item);
    item = make_room(cache, size);
    rmv_buf_append(&item->bytes, bytes, size);
    cache->bytes += size;
    item->id = *id;
    item->facts = *facts;
    item->used_at = ++cache->clock;
    pthread_mutex_unlock(&cache->lock);
}
