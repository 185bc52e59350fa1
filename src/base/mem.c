#include "rmv/base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE_SIZE ((size_t)2 << 20)

static void (*out_of_memory)(void);

void rmv_mem_set_handler(void (*handler)(void))
{
    out_of_memory = handler;
}

static void *checked(void *memory)
{
    static const char message[] = "rmv: out of memory\n";

    if (memory)
        return memory;
    if (out_of_memory)
        out_of_memory();
    if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
        abort();
    abort();
}

void *rmv_calloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *rmv_realloc(void *memory, size_t size)
{
    return checked(realloc(memory, size ? size : 1));
}

void *rmv_aligned_alloc(size_t alignment, size_t size)
{
    return checked(aligned_alloc(alignment, size));
}

static bool is_whole(size_t size)
{
    return size >= HUGE_PAGE_SIZE && size % HUGE_PAGE_SIZE == 0;
}

void *rmv_large_alloc(size_t alignment, size_t size)
{
    return rmv_aligned_alloc(is_whole(size) ? HUGE_PAGE_SIZE : alignment, size);
}

void rmv_large_use(void *memory, size_t size)
{
    if (is_whole(size))
        madvise(memory, size, MADV_HUGEPAGE);
}

void *rmv_grow(void *memory, size_t count, size_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return memory;
    assert(count < SIZE_MAX / 4 / element_size);
    *capacity = count + count / 2 + 8;
    return rmv_realloc(memory, *capacity * element_size);
}

void rmv_free(void *pointer)
{
    void *memory;
    memcpy(&memory, pointer, sizeof(memory));
    free(memory);
    memset(pointer, 0, sizeof(memory));
}

char *rmv_str_format(const char *format, ...)
{
    char *string = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&string, format, args) < 0)
        string = NULL;
    va_end(args);
    return checked(string);
}

char *rmv_str_format_size(uint64_t size)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double number = (double)size / 1024;
    size_t unit = 0;

    if (size < 1024)
        return rmv_str_format("%llu B", (unsigned long long)size);
    for (; number >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        number /= 1024;
    return rmv_str_format("%.1f %s", number, units[unit]);
}

char *rmv_str_copy(const char *string)
{
    return string ? rmv_str_copy_n(string, strlen(string)) : NULL;
}

char *rmv_str_copy_n(const char *bytes, size_t size)
{
    char *copy = rmv_calloc(size + 1, 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void rmv_str_free(char **string)
{
    free(*string);
    *string = NULL;
}

void rmv_str_set(char **string, const char *value)
{
    char *copy = rmv_str_copy(value);
    free(*string);
    *string = copy;
}

int rmv_str_compare(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}
