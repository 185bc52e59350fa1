#include "pipeline/plot_names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/csv.h"
#include "rmv/base/mem.h"

#define SLOTS_MIN 64

void rmv_plot_names_free(struct rmv_plot_names *names)
{
    rmv_buf_free(&names->text);
    free(names->starts);
    free(names->slots);
    *names = (struct rmv_plot_names){0};
}

const char *rmv_plot_name(const struct rmv_plot_names *names, size_t index)
{
    assert(index < names->count);
    return names->text.data + names->starts[index];
}

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), folded so that the low bits count all. */
static size_t hash_of(const char *text, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (size_t)(hash ^ (hash >> 32));
}

static bool is_name(const struct rmv_plot_names *names, size_t index, const char *text, size_t size)
{
    const size_t start = names->starts[index];
    const size_t end = index + 1 < names->count ? names->starts[index + 1] : names->text.size;
    return end - start == size + 1 && memcmp(names->text.data + start, text, size) == 0;
}

/* The slot that has the text, or that it would go into. */
static uint32_t *slot_of(const struct rmv_plot_names *names, const char *text, size_t size)
{
    const size_t mask = names->slots_count - 1;
    for (size_t at = hash_of(text, size) & mask;; at = (at + 1) & mask)
        if (!names->slots[at] || is_name(names, names->slots[at] - 1, text, size))
            return &names->slots[at];
}

static void grow_slots(struct rmv_plot_names *names)
{
    names->slots_count = names->slots_count ? 2 * names->slots_count : SLOTS_MIN;
    free(names->slots);
    names->slots = rmv_calloc(names->slots_count, sizeof(*names->slots));
    for (size_t i = 0; i < names->count; i++) {
        const char *name = rmv_plot_name(names, i);
        *slot_of(names, name, strlen(name)) = (uint32_t)i + 1;
    }
}

const struct rmv_error *rmv_plot_names_add(struct rmv_plot_names *names, const char *text,
                                           size_t size, size_t *index)
{
    if (2 * names->count >= names->slots_count)
        grow_slots(names);
    uint32_t *slot = slot_of(names, text, size);
    if (!*slot) {
        if (names->text.size + size > RMV_PLOT_NAMES_BYTES_MAX)
            return rmv_error(RMV_ERR_LIMIT, "the names on an axis are longer than %zu bytes in all",
                             RMV_PLOT_NAMES_BYTES_MAX);
        names->starts =
            rmv_grow(names->starts, names->count, &names->capacity, sizeof(*names->starts));
        names->starts[names->count++] = (uint32_t)names->text.size;
        rmv_buf_append(&names->text, text, size);
        rmv_buf_append(&names->text, "", 1);
        *slot = (uint32_t)names->count;
    }
    *index = *slot - 1;
    return NULL;
}

/* ---- Order ---------------------------------------------------------------------------------- */

struct entry {
    const char *name;
    double number;
    bool is_number;
    uint32_t index;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->is_number != right->is_number)
        return left->is_number ? -1 : 1;
    if (left->is_number && (left->number < right->number || left->number > right->number))
        return left->number < right->number ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void add_known(struct rmv_plot_names *names, const char *name)
{
    size_t index;
    const struct rmv_error *err = rmv_plot_names_add(names, name, strlen(name), &index);
    assert(!err); /* it was within the limit before */
    (void)err;
}

void rmv_plot_names_sort(struct rmv_plot_names *names, uint32_t **places)
{
    RMV_CLEANUP(rmv_free) struct entry *entries = rmv_calloc(names->count + 1, sizeof(*entries));
    struct rmv_plot_names sorted = {0};

    *places = rmv_calloc(names->count + 1, sizeof(**places));
    for (size_t i = 0; i < names->count; i++) {
        const char *name = rmv_plot_name(names, i);
        const struct rmv_csv_field field = {.text = name, .size = strlen(name)};
        entries[i] = (struct entry){.name = name, .index = (uint32_t)i};
        entries[i].is_number = rmv_csv_parse_double(field, &entries[i].number);
    }
    qsort(entries, names->count, sizeof(*entries), compare_entries);
    for (size_t i = 0; i < names->count; i++) {
        add_known(&sorted, entries[i].name);
        (*places)[entries[i].index] = (uint32_t)i;
    }
    rmv_plot_names_free(names);
    *names = sorted;
}

void rmv_plot_names_copy(struct rmv_plot_names *to, const struct rmv_plot_names *from)
{
    for (size_t i = 0; i < from->count; i++)
        add_known(to, rmv_plot_name(from, i));
}
