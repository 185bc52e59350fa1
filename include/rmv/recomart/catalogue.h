/* The product catalogue: the JSON array of objects that the product API answers with. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/recomart/intern.h"

#define RMV_CATALOGUE_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* Texts are NULL, numbers NaN, where the catalogue has null, nothing, or another kind of value. */
struct rmv_product {
    const char *id; /* a number is written out: "12" */
    const char *title, *description, *category, *image, *brand;
    double price, rating_rate, rating_count;
};

struct rmv_catalogue {
    struct rmv_value document; /* what the texts point into */
    struct rmv_product *products;
    size_t count;
    struct rmv_intern ids; /* the index of an id is the index of its product */
};

/* Is this what the API is to answer: a JSON array of at least one object, each with id, title,
 * price, description, category, image and rating {rate, count}? Whether the values make sense is
 * for validation to say. `name` stands for the text in messages. Errors: CORRUPT, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_catalogue_check(const char *name, const char *text, size_t size,
                                            uint64_t *count);

/* Parses a JSON array into `*out`, which the caller frees, whatever its items are. Errors: CORRUPT,
 * LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_catalogue_parse_list(const char *name, const char *text, size_t size,
                                                 struct rmv_value *out);

/* Parses a catalogue; of products with the same id the first counts, and what has no id is left
 * out. Errors: CORRUPT, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_catalogue_parse(const char *name, const char *text, size_t size,
                                            struct rmv_catalogue *catalogue);

/* Reads a file of it. Errors: as above, NOT_FOUND, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_catalogue_read(const char *path, struct rmv_catalogue *catalogue);
void rmv_catalogue_free(struct rmv_catalogue *catalogue);

/* The product with an id; NULL if there is none. */
const struct rmv_product *rmv_catalogue_find(const struct rmv_catalogue *catalogue, const char *id);
