#include "rmv/base/strings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

void rmv_strings_free(struct rmv_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct rmv_strings){0};
}

void rmv_strings_add(struct rmv_strings *strings, const char *string)
{
    rmv_strings_take(strings, rmv_str_copy(string));
}

void rmv_strings_take(struct rmv_strings *strings, char *string)
{
    strings->items =
        rmv_grow(strings->items, strings->count, &strings->capacity, sizeof(*strings->items));
    strings->items[strings->count++] = string;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void rmv_strings_sort(struct rmv_strings *strings)
{
    if (strings->count > 1)
        qsort(strings->items, strings->count, sizeof(*strings->items), compare);
}

bool rmv_strings_has(const struct rmv_strings *strings, const char *string)
{
    for (size_t i = 0; i < strings->count; i++)
        if (strcmp(strings->items[i], string) == 0)
            return true;
    return false;
}

bool rmv_words_have(const char *const *words, const char *word)
{
    for (; words && *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

/* Levenshtein distance; words longer than the row are as far apart as can be. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    const size_t a_size = strlen(a), b_size = strlen(b);
    if (b_size >= sizeof(row) / sizeof(row[0]))
        return SIZE_MAX;

    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            const size_t edge = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < edge ? replace : edge;
        }
    }
    return row[b_size];
}

const char *rmv_strings_nearest(const struct rmv_strings *strings, const char *word)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 2; /* anything this far is no guess worth making */
    for (size_t i = 0; i < strings->count; i++) {
        const size_t d = distance(word, strings->items[i]);
        if (d < best) {
            best = d;
            nearest = strings->items[i];
        }
    }
    return nearest;
}
