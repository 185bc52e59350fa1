/* Documents in TOML, Python, YAML, INI and JSON are read or refused; what was read survives the way
 * through YAML, so that rmv.lock says the same of a parameter again; and values can be changed. The
 * last byte says which language.
 *
 * Build and run: tests/fuzz/run.sh 300 document */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Changing, adding and taking out a value works or is refused; what it means is checked inside. */
static void change(const char *name, const char *bytes, size_t size, const struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value new_value = {0};

    rmv_buf_append(&text, bytes, size);
    rmv_value_set_int(&new_value, 1);
    for (size_t i = 0; value->kind == RMV_VALUE_MAP && i < value->map.count && i < 3; i++) {
        const struct rmv_member *member = &value->map.members[i];
        const char *inner = member->value.kind == RMV_VALUE_MAP && member->value.map.count
                                ? member->value.map.members[0].key
                                : "new";
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s.%s", member->key, inner);
        const char *const paths[] = {member->key, path};
        for (size_t k = 0; k < 2; k++) {
            RMV_CLEANUP(rmv_buf_free) struct rmv_buf changed = {0};
            if (rmv_document_set(name, &text, paths[k], &new_value, &changed))
                continue;
            if (rmv_document_remove(name, &text, paths[k], &changed))
                continue;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a.toml", "a.py", "a.yaml", "a.ini", "a.json"};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (size == 0)
        return 0;
    /* A copy of the very size: reading a byte behind it is noticed. */
    RMV_CLEANUP(rmv_free) char *bytes = size > 1 ? rmv_calloc(size - 1, 1) : NULL;
    if (bytes)
        memcpy(bytes, data, size - 1);
    const char *name = names[data[size - 1] % 5];
    if (rmv_document_parse(name, bytes, size - 1, &value))
        return 0;
    change(name, bytes, size - 1, &value);
    rmv_yaml_format(&value, &text);
    const struct rmv_error *err = rmv_yaml_parse("again", text.data, text.size, &again);
    if (err ? err->code != RMV_ERR_LIMIT : !rmv_value_equal(&value, &again))
        abort();
    return 0;
}
