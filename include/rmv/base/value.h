/* A tree of values, as YAML and JSON documents hold them, with the place each came from.
 *
 * All-zero is null. Maps keep the order of their members. Strings are NUL-terminated and hold no
 * NUL; documents that contain one are refused. Numbers keep the distinction between 1 and 1.0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

enum rmv_value_kind {
    RMV_VALUE_NULL,
    RMV_VALUE_BOOL,
    RMV_VALUE_INT,
    RMV_VALUE_DOUBLE,
    RMV_VALUE_STRING,
    RMV_VALUE_LIST,
    RMV_VALUE_MAP,
};

struct rmv_value {
    enum rmv_value_kind kind;
    uint32_t line;   /* where it starts in its document, from 1; 0 for values made in memory */
    uint32_t column; /* in characters, from 1 */
    union {
        bool boolean;
        int64_t integer;
        double number;
        char *text;
        struct {
            struct rmv_value *items;
            size_t count, capacity;
        } list;
        struct {
            struct rmv_member *members; /* read and set values here; add and remove by function */
            size_t count, capacity;
            uint32_t *slots; /* hash index of a large map: finding and adding take constant time */
        } map;
    };
};

struct rmv_member {
    char *key;
    uint32_t line, column; /* of the key */
    struct rmv_value value;
};

void rmv_value_free(struct rmv_value *value);
void rmv_value_copy(struct rmv_value *to, const struct rmv_value *from); /* `to` is freed first */
bool rmv_value_equal(const struct rmv_value *a,
                     const struct rmv_value *b); /* order of keys aside */

/* "a string", "a list", … for messages. */
const char *rmv_value_kind_name(enum rmv_value_kind kind);

/* The member `key` of a map; NULL if there is none or the value is no map. */
struct rmv_value *rmv_value_find(const struct rmv_value *map, const char *key);

/* Follows a dotted path, "a.b.0.c": keys of maps and indexes of lists. */
struct rmv_value *rmv_value_find_path(const struct rmv_value *value, const char *dotted);

/* The text of a string member, NULL if it is missing or of another kind. */
const char *rmv_value_find_text(const struct rmv_value *map, const char *key);

/* Building. Each returns the new or existing element, null at first, for the caller to set; a null
 * value becomes a map or a list. Pointers live until the next element is added to the same parent.
 */
struct rmv_value *rmv_value_add(struct rmv_value *map, const char *key);
struct rmv_value *rmv_value_append(struct rmv_value *list);
void rmv_value_remove(struct rmv_value *map, const char *key);

void rmv_value_set_map(struct rmv_value *value);  /* the empty map */
void rmv_value_set_list(struct rmv_value *value); /* the empty list */
void rmv_value_set_text(struct rmv_value *value, const char *text);
void rmv_value_set_int(struct rmv_value *value, int64_t integer);
void rmv_value_set_double(struct rmv_value *value, double number);
void rmv_value_set_bool(struct rmv_value *value, bool boolean);

/* "NAME:LINE:COLUMN: message", the form of every complaint about a document: a USAGE error. */
const struct rmv_error *rmv_value_error(const char *name, const struct rmv_value *value,
                                        const char *format, ...) RMV_PRINTF(3, 4);

/* The same as an error of another kind. */
const struct rmv_error *rmv_value_error_as(enum rmv_error_code code, const char *name,
                                           const struct rmv_value *value, const char *format, ...)
    RMV_PRINTF(4, 5);

/* A value that stands where the key of `member` does, for messages about keys. */
struct rmv_value rmv_value_place_of(const struct rmv_member *member);

/* Checks that `value` (named `what` in the message) is of the kind. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_value_expect(const char *name, const struct rmv_value *value,
                                         enum rmv_value_kind kind, const char *what);

/* Refuses members of `map`, which the message calls `what`, whose keys are not in the
 * NULL-terminated list `known`, naming the nearest known key. `what` may be NULL if `map` is known
 * to be a map. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_value_check_keys(const char *name, const struct rmv_value *map,
                                             const char *const *known, const char *what);
