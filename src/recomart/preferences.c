#include "rmv/recomart/preferences.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

void rmv_preferences_free(struct rmv_preferences *preferences)
{
    rmv_strings_free(&preferences->users);
    free(preferences->items);
    free(preferences->ratings);
    free(preferences->events);
    rmv_sparse_free(&preferences->matrix);
    *preferences = (struct rmv_preferences){0};
}

size_t rmv_preferences_find_user(const struct rmv_preferences *preferences, const char *user)
{
    size_t from = 0;
    size_t to = preferences->users.count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int order = strcmp(user, preferences->users.items[middle]);
        if (order == 0)
            return middle;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return RMV_NOT_FOUND;
}

size_t rmv_preferences_find_item(const struct rmv_preferences *preferences, int64_t item)
{
    return rmv_preferences_search(preferences->items, preferences->matrix.columns, item);
}

size_t rmv_preferences_search(const int64_t *items, size_t count, int64_t item)
{
    size_t from = 0;
    size_t to = count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (items[middle] == item)
            return middle;
        if (item < items[middle])
            to = middle;
        else
            from = middle + 1;
    }
    return RMV_NOT_FOUND;
}

static int compare_items(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

size_t rmv_preferences_sort_items(int64_t *items, size_t count)
{
    if (count == 0)
        return 0;
    qsort(items, count, sizeof(*items), compare_items);
    size_t distinct = 1;
    for (size_t i = 1; i < count; i++)
        if (items[i] != items[distinct - 1])
            items[distinct++] = items[i];
    return distinct;
}
