#include "pipeline/repro_result.h"

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"

void rmv_repro_result_free(struct rmv_repro_result *result)
{
    rmv_strings_free(&result->failed);
    rmv_strings_free(&result->blocked);
    rmv_strings_free(&result->declined);
}

static void append_names(struct rmv_buf *text, const struct rmv_strings *names)
{
    for (size_t i = 0; i < names->count; i++)
        rmv_buf_append_format(text, "%s'%s'", i ? ", " : "", names->items[i]);
}

const struct rmv_error *rmv_repro_result_error(const struct rmv_repro_result *result,
                                               bool ignore_errors)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const bool has_failed = result->failed.count && !ignore_errors;
    if (!has_failed && !result->declined.count)
        return NULL;
    if (has_failed) {
        rmv_buf_append_format(&text, "%zu stage%s failed: ", result->failed.count,
                              result->failed.count == 1 ? "" : "s");
        append_names(&text, &result->failed);
    }
    if (result->declined.count) {
        rmv_buf_append_string(&text, has_failed ? "; declined: " : "declined: ");
        append_names(&text, &result->declined);
    }
    if (result->blocked.count) {
        rmv_buf_append_string(&text, "; not run because of that: ");
        append_names(&text, &result->blocked);
    }
    return rmv_error(RMV_ERR_FAILED, "%s", rmv_buf_string(&text));
}
