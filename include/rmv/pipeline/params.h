/* Parameters: values in YAML, JSON, TOML, INI and Python files that stages depend on one by one. */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/map.h"
#include "rmv/base/value.h"
#include "rmv/pipeline/pipeline.h"

/* Parameter files read so far; each is read and parsed once, and each server asked once what it
 * says of a URL, be it an error; files outside the workspace are looked at once, too. All-zero is
 * empty. */
struct rmv_params_files {
    struct rmv_map files;   /* path → struct rmv_value *, owned */
    struct rmv_map urls;    /* URL → struct rmv_url_answer *, owned */
    struct rmv_map outside; /* absolute path → struct rmv_output *, owned */
    bool takes_missing;     /* files outside that are not there count as null and are no error */
};
void rmv_params_files_free(struct rmv_params_files *files);

/* Forgets all files, those outside included, but not what servers said: that holds for as long as
 * the program runs. */
void rmv_params_files_forget_all(struct rmv_params_files *files);

/* Forgets one file, because a stage has just written it. */
void rmv_params_files_forget(struct rmv_params_files *files, const char *path);

/* Sets `*out` to the parsed file, which belongs to `files`. Errors: NOT_FOUND,
 * and those of rmv_document_parse(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_params_read(struct rmv_workspace *workspace,
                                        struct rmv_params_files *files, const char *path,
                                        const struct rmv_value **out);

/* Adds the parameter files of a pipeline, each once: params.yaml, those at its top and of its
 * variables, those of its stages. */
void rmv_params_list(const struct rmv_pipeline *pipeline, struct rmv_strings *files);

/* Sets `*out` to what the stage's parameters are now: file → dotted key → value, files relative to
 * the folder of the stage's rmv.yaml, as rmv.lock has it; and for each dependency outside the
 * workspace, as struct rmv_stage has it, URL → {etag} or {last_modified, size}, path → {kind,
 * sha256, size} and of a folder {nfiles}. Errors: NOT_FOUND (a file, a key or what a URL leads to
 * is missing; the message names them and the stage), IO (no answer from a server), and as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_params_of_stage(struct rmv_workspace *workspace,
                                            struct rmv_params_files *files,
                                            const struct rmv_stage *stage, struct rmv_value *out);

/* One value that differs, or with `all` any value. */
struct rmv_params_difference {
    char *file, *key;               /* the key is dotted, down to scalars and lists */
    struct rmv_value before, after; /* meaningful if had, has */
    bool had, has;
};

struct rmv_params_differences {
    struct rmv_params_difference *items; /* in the order of the files and keys */
    size_t count, capacity;
};
void rmv_params_differences_free(struct rmv_params_differences *differences);

/* Adds what differs between two states of `file`: maps of keys to values; NULL stands for no
 * values. `all` adds what is equal too. */
void rmv_params_compare(const char *file, const struct rmv_value *before,
                        const struct rmv_value *after, bool all,
                        struct rmv_params_differences *differences);

/* Appends a value on one line, the way messages show it: 10, 0.5, true, 'text', [1, 2]. */
void rmv_params_format_value(const struct rmv_value *value, struct rmv_buf *out);

/* Adds every scalar and list inside `value` to `flat`, a map, under its dotted key. */
void rmv_params_flatten(const struct rmv_value *value, struct rmv_value *flat);
