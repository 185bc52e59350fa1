#include "rmv/dataset/pointer.h"

#include <string.h>

#include "dataset/output_entry.h"
#include "dataset/place.h"
#include "dataset/splice.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"

char *rmv_pointer_path_of(const char *output_path)
{
    return rmv_str_format("%s" RMV_POINTER_SUFFIX, output_path);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* The one entry of the one output that a pointer has. */
static const struct rmv_error *find_entry(const char *name, const struct rmv_value *document,
                                          const struct rmv_value **entry)
{
    const struct rmv_error *err = rmv_place_expect(name, document, RMV_VALUE_MAP, "a pointer file");
    if (err)
        return err;
    const struct rmv_value *moved = rmv_value_find(document, "wdir");
    if (moved)
        return rmv_error_hint(rmv_place_error(RMV_ERR_UNSUPPORTED, name, moved,
                                              "'wdir' is not supported in pointer files"),
                              "`rmv add` the data to write its pointer anew");
    const struct rmv_value *outs = rmv_value_find(document, "outs");
    if (!outs)
        return rmv_place_error(RMV_ERR_CORRUPT, name, document, "'outs' is missing");
    err = rmv_place_expect(name, outs, RMV_VALUE_LIST, "'outs'");
    if (err)
        return err;
    if (outs->list.count == 0)
        return rmv_place_error(RMV_ERR_CORRUPT, name, outs, "'outs' is empty");
    if (outs->list.count > 1)
        return rmv_error_hint(rmv_place_error(RMV_ERR_UNSUPPORTED, name, &outs->list.items[1],
                                              "a pointer file with more than one output"),
                              "`rmv add` each of them by itself");
    *entry = &outs->list.items[0];
    return NULL;
}

/* Nothing, or nothing but comments: what a full disk or a bad merge leaves. */
static const struct rmv_error *refuse_empty(const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(name);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CORRUPT, "'%s' is empty; a pointer file says what the data beside it is",
                  quoted),
        "`git restore -- '%s'` brings back the one that was committed; if none was, remove it and "
        "`rmv add` the data again",
        quoted);
}

static const struct rmv_error *parse_document(const char *name, const struct rmv_value *document,
                                              struct rmv_output *output)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(name);
    RMV_CLEANUP(rmv_output_free) struct rmv_output parsed = {0};
    const struct rmv_value *entry = NULL;

    if (document->kind == RMV_VALUE_NULL)
        return refuse_empty(name);
    const struct rmv_error *err = find_entry(name, document, &entry);
    if (!err)
        err = rmv_output_parse(name, folder, entry, &parsed);
    if (err)
        return err;
    if (!rmv_path_is_in(parsed.path, folder) || strcmp(parsed.path, folder) == 0)
        return rmv_place_error(RMV_ERR_DENIED, name, entry,
                               "unsafe path '%s': a pointer's data must be beside or below it",
                               parsed.path);
    if (parsed.kind == RMV_OUTPUT_MISSING)
        return rmv_place_error(RMV_ERR_CORRUPT, name, entry, "'sha256' is missing");
    rmv_output_free(output);
    *output = parsed;
    parsed = (struct rmv_output){0};
    return NULL;
}

static const struct rmv_error *parse_text(const char *path, const char *text, size_t size,
                                          struct rmv_value *document)
{
    const struct rmv_error *err = rmv_place_check_merged(path, text, size);
    if (!err)
        err = rmv_yaml_parse(path, text, size, document);
    return err;
}

const struct rmv_error *rmv_pointer_parse(const char *path, const char *text, size_t size,
                                          struct rmv_output *output)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};

    const struct rmv_error *err = parse_text(path, text, size, &document);
    if (err)
        return err;
    return parse_document(path, &document, output);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static bool is_same(const struct rmv_output *a, const struct rmv_output *b)
{
    return rmv_output_equal(a, b) && rmv_str_compare(a->path, b->path) == 0 && a->size == b->size &&
           (a->kind == RMV_OUTPUT_BLOB || a->nfiles == b->nfiles) && a->no_cache == b->no_cache &&
           rmv_object_id_equal(&a->record, &b->record);
}

static void format_new(const char *folder, const struct rmv_output *output, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};

    struct rmv_value *outs = rmv_value_add(&document, "outs");
    rmv_output_format(output, folder, rmv_value_append(outs));
    rmv_yaml_format(&document, out);
}

/* The last resort for a document too artful to splice: the same values, without its comments. */
static void format_again(const char *folder, const struct rmv_output *output,
                         struct rmv_value *document, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output complete = {0};
    struct rmv_value *entry = &rmv_value_find(document, "outs")->list.items[0];

    rmv_output_copy(&complete, output);
    rmv_value_free(&complete.extra);
    rmv_output_keep_unknown(entry, &complete.extra);
    rmv_value_free(entry);
    rmv_output_format(&complete, folder, entry);
    rmv_yaml_format(document, out);
}

/* Whatever splicing did, the result has to read back as what was asked for. */
static bool reads_as(const char *path, const struct rmv_buf *text, const struct rmv_output *output)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output parsed = {0};
    return !rmv_pointer_parse(path, text->data, text->size, &parsed) && is_same(&parsed, output);
}

const struct rmv_error *rmv_pointer_format(const char *path, const char *old_text, size_t old_size,
                                           const struct rmv_output *output, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value wanted = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output old = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf spliced = {0};

    if (!old_text) {
        format_new(folder, output, out);
        return NULL;
    }
    const struct rmv_error *err = parse_text(path, old_text, old_size, &document);
    if (!err)
        err = parse_document(path, &document, &old);
    if (err)
        return err;
    if (is_same(&old, output)) {
        rmv_buf_append(out, old_text, old_size);
        return NULL;
    }
    rmv_output_format(output, folder, &wanted);
    const struct rmv_value *entry = &rmv_value_find(&document, "outs")->list.items[0];
    if (rmv_splice_entry(old_text, old_size, entry, &wanted, &spliced) &&
        reads_as(path, &spliced, output))
        rmv_buf_append(out, spliced.data, spliced.size);
    else
        format_again(folder, output, &document, out);
    return NULL;
}
