/* Documents in TOML, Python, YAML and INI are read or refused; what was read survives the way
 * through YAML, so that rmv.lock says the same of a parameter again. The last byte says which
 * language.
 *
 * Build and run: tests/fuzz/run.sh 300 document */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a.toml", "a.py", "a.yaml", "a.ini"};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (size == 0)
        return 0;
    /* A copy of the very size: reading a byte behind it is noticed. */
    RMV_CLEANUP(rmv_free) char *bytes = size > 1 ? rmv_calloc(size - 1, 1) : NULL;
    if (bytes)
        memcpy(bytes, data, size - 1);
    if (rmv_document_parse(names[data[size - 1] % 4], bytes, size - 1, &value))
        return 0;
    rmv_yaml_format(&value, &text);
    const struct rmv_error *err = rmv_yaml_parse("again", text.data, text.size, &again);
    if (err ? err->code != RMV_ERR_LIMIT : !rmv_value_equal(&value, &again))
        abort();
    return 0;
}
