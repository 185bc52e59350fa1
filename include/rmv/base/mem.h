/* Memory and strings: running out of memory calls one handler, so callers never check for NULL. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

/* Runs destructor(&variable) when the variable goes out of scope. */
#define RMV_CLEANUP(destructor) __attribute__((cleanup(destructor)))

/* Called when memory has run out; it must not return. The default writes a line to stderr and
 * aborts. NULL restores the default. Set it before threads are started. */
void rmv_mem_set_handler(void (*handler)(void));

void *rmv_calloc(size_t count, size_t size);
void *rmv_realloc(void *memory, size_t size);

/* Memory whose address, like `size`, is a multiple of `alignment`, a power of two; not zeroed. */
void *rmv_aligned_alloc(size_t alignment, size_t size);

/* The same for what is written and read over and over: rmv_large_use() says that much of it is
 * about to be written, and from then on it is in huge pages, if `size` is whole ones and the system
 * has them. Not before: such a page is cleared as a whole when its first byte is written. */
void *rmv_large_alloc(size_t alignment, size_t size);
void rmv_large_use(void *memory, size_t size);

/* Returns `memory`, grown so that it holds at least `count + 1` elements; `*capacity` counts
 * elements. For arrays that grow by one: amortised constant time. */
void *rmv_grow(void *memory, size_t count, size_t *capacity, size_t element_size);

/* Frees what `*pointer` points to and sets it to NULL; for RMV_CLEANUP on plain pointers. */
void rmv_free(void *pointer);

/* New strings; the caller owns them and frees them with rmv_str_free(). */
char *rmv_str_format(const char *format, ...) RMV_PRINTF(1, 2);
char *rmv_str_format_size(uint64_t size); /* of bytes, for people: "17 B", "1.5 GiB" */
char *rmv_str_copy(const char *string);   /* NULL stays NULL */
char *rmv_str_copy_n(const char *bytes, size_t size);
void rmv_str_free(char **string);

/* Replaces `*string`, which is freed, by a copy of `value`. */
void rmv_str_set(char **string, const char *value);

int rmv_str_compare(const char *a, const char *b); /* memcmp order; NULL first */
