/* A list of strings that owns its items. All-zero is the empty list. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rmv_strings {
    char **items;
    size_t count;
    size_t capacity;
};

void rmv_strings_free(struct rmv_strings *strings);
void rmv_strings_add(struct rmv_strings *strings, const char *string); /* adds a copy */
void rmv_strings_take(struct rmv_strings *strings, char *string);      /* takes ownership */
void rmv_strings_sort(struct rmv_strings *strings);                    /* bytewise */
bool rmv_strings_has(const struct rmv_strings *strings, const char *string);

/* Is the word in a list that ends with NULL? NULL is the empty list. */
bool rmv_words_have(const char *const *words, const char *word);

/* Edit distance aside, the item nearest to `word`, or NULL when none is near: for "did you mean".
 */
const char *rmv_strings_nearest(const struct rmv_strings *strings, const char *word);
