/* A change of a YAML document in place is what was asked for, and nothing else. The first byte says
 * which change, the first line where. */
#include <stdlib.h>
#include <string.h>

#include "base/value_path.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"
#include "rmv/base/yaml_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_value(struct rmv_value *value, unsigned choice)
{
    if (choice == 0)
        rmv_value_set_text(value, "a: # b");
    else if (choice == 1)
        rmv_value_set_int(rmv_value_add(rmv_value_add(value, "a.csv"), "x"), 7);
    else if (choice == 2)
        rmv_value_set_text(rmv_value_append(value), "null");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value actual = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf changed = {0};
    const uint8_t *stop = size ? memchr(data, '\n', size) : NULL;

    if (!stop || stop == data || memchr(data, '\0', (size_t)(stop - data)))
        return 0;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_copy_n((const char *)data + 1, (size_t)(stop - data - 1));
    const struct rmv_yaml_change change = {
        .kind = (enum rmv_yaml_change_kind)(*data % 3), .path = path, .value = &value};
    set_value(&value, *data / 3 % 4);
    rmv_buf_append(&text, stop + 1, size - (size_t)(stop + 1 - data));
    if (rmv_yaml_change("fuzz", &text, &change, &changed))
        return 0;
    if (rmv_yaml_parse("fuzz", text.data, text.size, &expected) ||
        rmv_value_change(&expected, &change) ||
        rmv_yaml_parse("fuzz", changed.data, changed.size, &actual) ||
        !rmv_value_equal(&expected, &actual))
        abort();
    return 0;
}
