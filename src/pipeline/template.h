/* Templates, as dvc.yaml has them: `${NAME}` stands for a value of `vars` and params.yaml, and
 * `foreach … do` and `matrix` stand for a stage per item. What comes out has neither.
 *
 * https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#templating says what they mean. */
#pragma once

#include "rmv/pipeline/pipeline.h"

/* All that comes out of templates, in bytes: a small file can ask for a lot. */
#define RMV_TEMPLATE_BYTES_MAX ((size_t)256 << 20)

struct rmv_template {
    const char *file;                         /* the rmv.yaml, for messages */
    const char *folder;                       /* it is in, relative to the workspace */
    const struct rmv_pipeline_reader *reader; /* NULL: there are no other files */
    struct rmv_strings *files;                /* gets those whose values are used; or NULL */
    size_t size;                              /* of what has been made so far */
    struct rmv_value loops; /* gets a map, which the caller frees: stage → the loop it is of */
};

/* What names stand for. */
struct rmv_template_scope {
    const struct rmv_value *vars; /* a map */
    const struct rmv_value *item; /* NULL outside of `foreach` and `matrix`; goes before vars */
    const struct rmv_value *key;  /* NULL outside of them, and for `foreach` over a list */
};

/* Replaces the templates of `document`, a map. Errors: USAGE (bad templates, wrong kinds of
 * values), NOT_FOUND (names and files that are not there), LIMIT, and those of reading files. */
RMV_MUST_CHECK
const struct rmv_error *rmv_template_expand(struct rmv_template *template,
                                            struct rmv_value *document);

/* Sets `out` to `from` with the templates in its strings and keys resolved. `is_command`: a map in
 * the middle of a string becomes options, as in a shell. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_template_resolve(struct rmv_template *template,
                                             const struct rmv_template_scope *scope,
                                             const struct rmv_value *from, bool is_command,
                                             struct rmv_value *out);

/* Does `from` have a template anywhere, or, with `or_escaped`, what would be one without the
 * backslash in front of it? */
bool rmv_template_is_in(const struct rmv_value *from, bool or_escaped);

/* Appends a scalar the way Python prints it, but true and false in small letters. */
void rmv_template_format_scalar(const struct rmv_value *value, struct rmv_buf *out);

/* Counts what was made. Errors: LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_template_count(struct rmv_template *template,
                                           const struct rmv_value *at, size_t size);

/* ---- Variables: template_vars.c ------------------------------------------------------------- */

/* What `vars` and params.yaml say. */
struct rmv_template_vars {
    struct rmv_value values; /* a map */
    struct rmv_value loaded; /* path → null for the whole file, or the list of its keys */
};
void rmv_template_vars_free(struct rmv_template_vars *variables);

/* Loads params.yaml beside the rmv.yaml, if it is there, then `vars`, which may be NULL. */
RMV_MUST_CHECK
const struct rmv_error *rmv_template_load_globals(const struct rmv_template *template,
                                                  const struct rmv_value *vars,
                                                  struct rmv_template_vars *variables);

/* Adds what the list `vars` says; its files are seen from `folder`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_template_load_vars(const struct rmv_template *template,
                                               const char *folder, const struct rmv_value *vars,
                                               struct rmv_template_vars *variables);
