#include "rmv/show.h"

#include <stdio.h>

#include "rmv/base/buf.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

void show_path(const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    fputs(quoted, stdout);
}

const char *show_kind(enum rmv_output_kind kind)
{
    switch (kind) {
    case RMV_OUTPUT_BLOB:
        return "blob";
    case RMV_OUTPUT_TREE:
        return "tree";
    default:
        return "missing";
    }
}

void show_add_path(struct rmv_value *object, const char *path)
{
    if (rmv_path_is_utf8(path)) {
        show_add_text(object, "path", path);
        return;
    }
    RMV_CLEANUP(rmv_str_free) char *encoded = rmv_path_encode(path);
    show_add_text(object, "path-bytes", encoded);
}

void show_add_id(struct rmv_value *object, const char *key, const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    struct rmv_value *member = rmv_value_add(object, key);

    if (rmv_object_id_is_zero(id))
        return;
    rmv_object_id_to_hex(id, hex);
    rmv_value_set_text(member, hex);
}

void show_add_text(struct rmv_value *object, const char *key, const char *text)
{
    rmv_value_set_text(rmv_value_add(object, key), text);
}

void show_add_int(struct rmv_value *object, const char *key, uint64_t number)
{
    rmv_value_set_int(rmv_value_add(object, key), (int64_t)number);
}

void show_json(const struct rmv_value *document)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_json_format(document, true, &text);
    fwrite(text.data, 1, text.size, stdout);
}
