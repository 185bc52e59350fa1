#include "rmv/recomart/catalogue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"

const struct rmv_error *rmv_catalogue_parse_list(const char *name, const char *text, size_t size,
                                                 struct rmv_value *out)
{
    /* RFC 8259 lets a reader pass over a byte order mark. */
    const size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const struct rmv_error *err = rmv_json_parse(name, text + mark, size - mark, out);
    if (!err && out->kind != RMV_VALUE_LIST)
        return rmv_error(RMV_ERR_CORRUPT, "%s: a JSON array of products was expected, not %s", name,
                         rmv_value_kind_name(out->kind));
    return err;
}

static const struct rmv_error *check_product(const char *name, const struct rmv_value *product,
                                             size_t number)
{
    static const char *const required[] = {"id",       "title", "price",       "description",
                                           "category", "image", "rating.rate", "rating.count"};
    if (product->kind != RMV_VALUE_MAP)
        return rmv_error(RMV_ERR_CORRUPT, "%s: product %zu is %s, not an object", name, number,
                         rmv_value_kind_name(product->kind));
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (!rmv_value_find_path(product, required[i]))
            return rmv_error(RMV_ERR_CORRUPT, "%s: product %zu has no '%s'", name, number,
                             required[i]);
    return NULL;
}

const struct rmv_error *rmv_catalogue_check(const char *name, const char *text, size_t size,
                                            uint64_t *count)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};

    const struct rmv_error *err = rmv_catalogue_parse_list(name, text, size, &document);
    if (err)
        return err;
    if (document.list.count == 0)
        return rmv_error(RMV_ERR_CORRUPT, "%s: the list of products is empty", name);
    for (size_t i = 0; !err && i < document.list.count; i++)
        err = check_product(name, &document.list.items[i], i + 1);
    if (!err)
        *count = document.list.count;
    return err;
}

static double number_of(const struct rmv_value *value)
{
    if (value && value->kind == RMV_VALUE_INT)
        return (double)value->integer;
    if (value && value->kind == RMV_VALUE_DOUBLE)
        return value->number;
    return NAN;
}

/* The id as text, written into the document where it was a number; NULL if there is none. */
static const char *take_id(struct rmv_value *object)
{
    struct rmv_value *id = rmv_value_find(object, "id");
    if (!id)
        return NULL;
    const double number = number_of(id);
    if (id->kind == RMV_VALUE_DOUBLE && number == trunc(number) && fabs(number) < 1e15)
        rmv_value_set_int(id, (int64_t)number);
    if (id->kind == RMV_VALUE_INT) {
        RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%lld", (long long)id->integer);
        rmv_value_set_text(id, text);
    }
    return id->kind == RMV_VALUE_STRING && *id->text ? id->text : NULL;
}

static void take_product(struct rmv_value *object, struct rmv_catalogue *catalogue)
{
    const char *id = take_id(object);
    if (!id || rmv_intern_find(&catalogue->ids, id, strlen(id)) != RMV_INTERN_NONE)
        return;
    rmv_intern_add(&catalogue->ids, id, strlen(id));
    catalogue->products[catalogue->count++] = (struct rmv_product){
        .id = id,
        .title = rmv_value_find_text(object, "title"),
        .description = rmv_value_find_text(object, "description"),
        .category = rmv_value_find_text(object, "category"),
        .image = rmv_value_find_text(object, "image"),
        .brand = rmv_value_find_text(object, "brand"),
        .price = number_of(rmv_value_find(object, "price")),
        .rating_rate = number_of(rmv_value_find_path(object, "rating.rate")),
        .rating_count = number_of(rmv_value_find_path(object, "rating.count")),
    };
}

const struct rmv_error *rmv_catalogue_parse(const char *name, const char *text, size_t size,
                                            struct rmv_catalogue *catalogue)
{
    RMV_CLEANUP(rmv_catalogue_free) struct rmv_catalogue found = {0};

    const struct rmv_error *err = rmv_catalogue_parse_list(name, text, size, &found.document);
    if (err)
        return err;
    found.products = rmv_calloc(found.document.list.count, sizeof(*found.products));
    for (size_t i = 0; i < found.document.list.count; i++)
        take_product(&found.document.list.items[i], &found);
    rmv_catalogue_free(catalogue);
    *catalogue = found;
    found = (struct rmv_catalogue){0};
    return NULL;
}

const struct rmv_error *rmv_catalogue_read(const char *path, struct rmv_catalogue *catalogue)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_error *err = rmv_fs_read(path, RMV_CATALOGUE_BYTES_MAX, &text);
    if (err)
        return err;
    return rmv_catalogue_parse(path, rmv_buf_string(&text), text.size, catalogue);
}

void rmv_catalogue_free(struct rmv_catalogue *catalogue)
{
    rmv_value_free(&catalogue->document);
    rmv_intern_free(&catalogue->ids);
    free(catalogue->products);
    *catalogue = (struct rmv_catalogue){0};
}

const struct rmv_product *rmv_catalogue_find(const struct rmv_catalogue *catalogue, const char *id)
{
    const uint32_t index = rmv_intern_find(&catalogue->ids, id, strlen(id));
    return index == RMV_INTERN_NONE ? NULL : &catalogue->products[index];
}
