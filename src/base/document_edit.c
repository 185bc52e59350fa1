/* Changing documents of all languages. */
#include <string.h>
#include <strings.h>

#include "base/edit.h"
#include "base/ini_defaults.h"
#include "rmv/base/document.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/base/yaml_edit.h"

#define UTF8_MARK "\xef\xbb\xbf"

typedef bool propose_function(struct rmv_edit *edit);

/* NULL for YAML, which has a way of its own. */
static propose_function *propose_of(const char *name)
{
    static const struct {
        const char *ending;
        propose_function *propose;
    } languages[] = {{".json", rmv_json_propose},
                     {".toml", rmv_toml_propose},
                     {".py", rmv_python_propose},
                     {".ini", rmv_ini_propose},
                     {".cfg", rmv_ini_propose}};
    const char *ending = strrchr(rmv_path_name(name), '.');
    for (size_t i = 0; ending && i < sizeof(languages) / sizeof(languages[0]); i++)
        if (strcasecmp(ending, languages[i].ending) == 0)
            return languages[i].propose;
    return NULL;
}

static void append_proposal(const struct rmv_edit *edit, const struct rmv_buf *text,
                            struct rmv_buf *out)
{
    const size_t mark = text->size - edit->size;
    rmv_buf_append(out, text->data, mark + edit->from);
    rmv_buf_append(out, edit->with.data, edit->with.size);
    rmv_buf_append(out, edit->text + edit->to, edit->size - edit->to);
}

/* Takes the first proposal that means `expected`. */
static const struct rmv_error *change(const char *name, const struct rmv_buf *text,
                                      struct rmv_edit *edit, const struct rmv_value *expected,
                                      struct rmv_buf *new_text)
{
    propose_function *propose = propose_of(name);
    for (edit->attempt = 0; edit->attempt < RMV_EDIT_ATTEMPTS; edit->attempt++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf edited = {0};
        RMV_CLEANUP(rmv_value_free) struct rmv_value actual = {0};

        rmv_buf_free(&edit->with);
        if (!propose(edit) || edit->from > edit->to || edit->to > edit->size)
            continue;
        append_proposal(edit, text, &edited);
        if (rmv_document_parse(name, edited.data, edited.size, &actual) ||
            !rmv_value_equal(&actual, expected))
            continue;
        rmv_buf_swap(new_text, &edited);
        return NULL;
    }
    if (propose == rmv_json_propose) { /* there are no comments to lose */
        rmv_buf_free(new_text);
        rmv_json_format(expected, true, new_text);
        return NULL;
    }
    return rmv_error_hint(
        rmv_error(RMV_ERR_UNSUPPORTED,
                  edit->value ? "'%s' cannot be set to that without changing more of the file"
                              : "'%s' cannot be taken out without changing more of the file",
                  edit->path),
        "the language has no such value, or what is there is no plain value: edit the file");
}

/* What the document is to mean: what sections of INI have from [DEFAULT] changes with it. */
static const struct rmv_error *change_meaning(const char *name, const char *path,
                                              const struct rmv_value *value,
                                              struct rmv_value *document)
{
    const bool is_ini = propose_of(name) == rmv_ini_propose;
    size_t values_count = 0;

    if (is_ini)
        rmv_ini_gather_defaults(document);
    const struct rmv_error *err =
        value ? rmv_value_set_path(document, path, value) : rmv_value_remove_path(document, path);
    return err || !is_ini ? err : rmv_ini_spread_defaults(name, document, &values_count);
}

/* Values of JSON know their places when they are read as YAML, which it is but for oddities. */
static const struct rmv_error *parse(const char *name, const struct rmv_buf *text,
                                     struct rmv_value *document)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value placed = {0};
    const bool is_json = propose_of(name) == rmv_json_propose;

    if (!text->size && is_json)
        return NULL;
    const struct rmv_error *err = rmv_document_parse(name, text->data, text->size, document);
    if (err || !is_json || rmv_yaml_parse(name, text->data, text->size, &placed) ||
        !rmv_value_equal(&placed, document))
        return err;
    rmv_value_copy(document, &placed);
    return NULL;
}

static void edit_free(struct rmv_edit *edit)
{
    rmv_buf_free(&edit->with);
}

/* Sets the value, or takes out what is there if it is NULL. */
static const struct rmv_error *change_document(const char *name, const struct rmv_buf *text,
                                               const char *path, const struct rmv_value *value,
                                               struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value before = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf copy = {0};
    RMV_CLEANUP(edit_free) struct rmv_edit edit = {.before = &before, .path = path, .value = value};

    const struct rmv_error *err = parse(name, text, &before);
    if (err)
        return err;
    rmv_value_copy(&expected, &before);
    err = change_meaning(name, path, value, &expected);
    if (err)
        return err;
    rmv_buf_append(&copy, text->data, text->size);
    edit.text = rmv_buf_string(&copy);
    edit.size = copy.size;
    if (strncmp(edit.text, UTF8_MARK, strlen(UTF8_MARK)) == 0) {
        edit.text += strlen(UTF8_MARK);
        edit.size -= strlen(UTF8_MARK);
    }
    return change(name, &copy, &edit, &expected, new_text);
}

const struct rmv_error *rmv_document_set(const char *name, const struct rmv_buf *text,
                                         const char *path, const struct rmv_value *value,
                                         struct rmv_buf *new_text)
{
    return propose_of(name) ? change_document(name, text, path, value, new_text)
                            : rmv_yaml_set(name, text, path, value, new_text);
}

const struct rmv_error *rmv_document_remove(const char *name, const struct rmv_buf *text,
                                            const char *path, struct rmv_buf *new_text)
{
    return propose_of(name) ? change_document(name, text, path, NULL, new_text)
                            : rmv_yaml_remove(name, text, path, new_text);
}
