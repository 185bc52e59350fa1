/* The pipeline of a workspace: the stages that its rmv.yaml files declare, parsed and checked.
 *
 * The schema is that of dvc.yaml. Every complaint says "FILE:LINE:COLUMN: …" and, for an unknown
 * key, the nearest known one. All paths in here are relative to the workspace and normalized; but
 * for dependencies, those that leave it have been refused, and so have those that lead into `.git`
 * or `.rmstore`. Nothing is run and no data is looked at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/map.h"
#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/dataset/workspace.h"

#define RMV_PIPELINE_FILE_NAME "rmv.yaml"
#define RMV_PARAMS_FILE_NAME "params.yaml"
#define RMV_PIPELINE_STAGES_MAX 100000

enum rmv_stage_out_kind { RMV_STAGE_OUT_DATA, RMV_STAGE_OUT_METRIC, RMV_STAGE_OUT_PLOT };

/* What users say of a thing; it changes nothing. */
struct rmv_annotation {
    char *desc, *type; /* or NULL */
    struct rmv_strings labels;
    struct rmv_value meta; /* the user's own; null if there is none */
};
void rmv_annotation_free(struct rmv_annotation *annotation);

struct rmv_stage_out {
    char *path;
    enum rmv_stage_out_kind kind;
    bool no_cache; /* `cache: false`: belongs to Git, not to the store */
    bool no_push;  /* `push: false`: stays out of remotes */
    bool persist;  /* not removed before the stage runs */
    char *remote;  /* the name of the only remote it goes to; or NULL */
    struct rmv_annotation annotation;
    uint32_t line, column;
};

struct rmv_named_dataset;

struct rmv_stage_dep {
    char *path;
    const struct rmv_named_dataset *dataset; /* of the pipeline, that "ds://NAME" stands for */
    uint32_t line, column;
};

/* The parameters that a stage takes from one file. */
struct rmv_stage_params {
    char *file;
    struct rmv_strings keys; /* dotted; none: the whole file */
    uint32_t line, column;
};

/* What happens when the command fails: `retry`. */
struct rmv_stage_retry {
    unsigned attempts;    /* all in all; 0 and 1: there is only the first one */
    int64_t delay_ms;     /* before the second */
    double backoff;       /* each pause is this much longer than the one before */
    int64_t max_delay_ms; /* no pause is longer */
};

enum rmv_executor_kind {
    RMV_EXECUTOR_NONE, /* nothing is said: here */
    RMV_EXECUTOR_LOCAL,
    RMV_EXECUTOR_SLURM,
};

/* Where its command runs: `executor`. Names and numbers are 0 where nothing is said. */
struct rmv_stage_executor {
    enum rmv_executor_kind kind;
    uint64_t memory_bytes; /* local: what each of its processes may use, and the stage counts for */
    /* Of a job of Slurm, named as sbatch's options. */
    char *partition, *account, *qos, *gres, *constraint;
    unsigned cpus;
    uint64_t job_memory_bytes;
    int64_t time_ms;
    struct rmv_strings options; /* further ones, as they are */
};

struct rmv_stage {
    char *name;    /* as in its file */
    char *loop;    /* the name, there, of the `foreach` or `matrix` that it is of; or NULL */
    char *file;    /* the rmv.yaml it is in */
    char *address; /* what users call it: "train", or "models/rmv.yaml:train" below the root */
    char *wdir;    /* where its command runs; "." for the workspace's root */
    struct rmv_value cmd; /* a string, or a list of strings that run one after the other */
    struct rmv_stage_dep *deps;
    size_t deps_count, deps_capacity;
    /* Dependencies outside the workspace: URLs as they are written, absolute paths, and paths
     * relative to the folder of `file`, which start with "../" then. */
    struct rmv_stage_dep *outside;
    size_t outside_count, outside_capacity;
    struct rmv_stage_out *outs;
    size_t outs_count, outs_capacity;
    struct rmv_stage_params *params;
    size_t params_count, params_capacity;
    bool frozen, always_changed;
    struct rmv_stage_retry retry;
    int64_t timeout_ms; /* of one attempt, all lines of its command; 0: none */
    struct rmv_stage_executor executor;
    struct rmv_value
        env;    /* variables for its command: name → text, sorted; null if there are none */
    char *desc; /* or NULL */
    struct rmv_value meta; /* the user's own; null if there is none */
    uint32_t line, column; /* of its name */
};

/* ---- What else an rmv.yaml declares --------------------------------------------------------- */

/* A column, or field, of a file with data to draw. */
struct rmv_plot_column {
    char *file; /* NULL, of an x only: the file of each y */
    char *name;
};

/* A plot: an entry of the top-level `plots`, or an output of a stage. */
struct rmv_plot {
    char *id;      /* the path of a file or folder, or, with files in `y`, any text */
    bool has_path; /* the former */
    bool is_out;   /* of a stage */
    char *file;    /* the rmv.yaml that declares it */
    struct rmv_plot_column *x, *y; /* no x: count rows; no y: the last column of the file at `id`.
                                      Several x, one per y, belong to the y of the same index */
    size_t x_count, x_capacity, y_count, y_capacity;
    char *title, *x_label, *y_label, *template; /* or NULL */
    bool no_header;                             /* `header: false`: columns have no names */
    uint32_t line, column;
};

/* A model or other file that has a name of its own; nothing depends on it. */
struct rmv_artifact {
    char *name;
    char *path; /* in the workspace, or a URL */
    char *file; /* the rmv.yaml that declares it */
    struct rmv_annotation annotation;
    uint32_t line, column;
};

/* Data from elsewhere with a name of its own. */
struct rmv_named_dataset {
    char *name, *type;
    char *file;             /* the rmv.yaml that declares it */
    struct rmv_value entry; /* all that it says, a map */
    uint32_t line, column;
};

struct rmv_pipeline {
    struct rmv_stage *stages; /* in the order of their files */
    size_t count, capacity;
    struct rmv_map addresses;   /* address → struct rmv_stage * */
    struct rmv_map makers;      /* path of an output → struct rmv_stage * */
    struct rmv_strings files;   /* the rmv.yaml files */
    struct rmv_strings metrics; /* top-level `metrics:` and `params:` */
    struct rmv_strings params;
    struct rmv_strings variables; /* files that the values of templates come from */
    struct rmv_plot *plots; /* those of stages too; per file, its top-level ones behind them */
    size_t plots_count, plots_capacity;
    struct rmv_artifact *artifacts;
    size_t artifacts_count, artifacts_capacity;
    struct rmv_named_dataset *datasets;
    size_t datasets_count, datasets_capacity;
    /* What the commands that run here at once may use; of several files the least; 0: no limit. */
    unsigned jobs_max;
    uint64_t memory_max_bytes;
};

/* What templates need (`vars`, `${NAME}`, `foreach`, `matrix`), besides the text of the file. */
struct rmv_pipeline_reader {
    const char *root; /* of the workspace: absolute paths that lead into it are as good as others;
                         NULL: nobody knows */
    /* Sets `*out`, which the caller frees, to the values of the file at `path`, relative to the
     * workspace. Errors: NOT_FOUND, CORRUPT, IO. */
    const struct rmv_error *(*read)(void *context, const char *path, struct rmv_value *out);
    void *context;
    bool negates_options; /* in a command, {a: false} is "--no-a" instead of nothing */
    bool repeats_options; /* in a command, {a: [1, 2]} is "--a 1 --a 2" instead of "--a 1 2" */
};

void rmv_stage_free(struct rmv_stage *stage);
void rmv_pipeline_free(struct rmv_pipeline *pipeline);

/* Adds the stages of one file; `file` is its path relative to the workspace, `reader` may be NULL
 * if there are no files of variables. Templates have been resolved: a stage with `foreach` or
 * `matrix` has become one called NAME@ITEM per item. Call rmv_pipeline_index() after the last one.
 * Errors: USAGE (wrong or unknown), UNSUPPORTED (of
 * dvc.yaml, but not known to this version), DENIED (paths), CORRUPT (bad YAML), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_parse(const char *file, const char *text, size_t size,
                                           const struct rmv_pipeline_reader *reader,
                                           struct rmv_pipeline *pipeline);
void rmv_pipeline_index(struct rmv_pipeline *pipeline);

/* Reads the files of variables in the work tree, with the settings `parsing.bool` and
 * `parsing.list`, named as DVC's. It lives as long as the workspace. */
struct rmv_pipeline_reader rmv_pipeline_reader_of(struct rmv_workspace *workspace);

/* Reads all rmv.yaml files of the workspace, the root's first; without one the pipeline is empty.
 * Errors: as above, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_read(struct rmv_workspace *workspace,
                                          struct rmv_pipeline *pipeline);

/* The same of these rmv.yaml files, which rmv_tracked_read() or the like has found. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_read_files(struct rmv_workspace *workspace,
                                                const struct rmv_strings *files,
                                                struct rmv_pipeline *pipeline);

/* The same at a Git revision. Errors: as above, NOT_FOUND (revision). */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_read_revision(struct rmv_workspace *workspace,
                                                   const char *revision,
                                                   struct rmv_pipeline *pipeline);

/* Sets `found[i]` for every stage that a user means by `typed`: one by its name in the rmv.yaml of
 * the folder the program was started in, by its address, by "FILE:NAME" or by one of its outputs
 * (paths from that folder); all of a loop by the name in front of the '@'; all of a file; or all
 * that a pattern (*, ?, […]) in place of a name or an address matches. Of several meanings the
 * first counts. The others stay as they are. Errors: NOT_FOUND, with the nearest name. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_find(const struct rmv_workspace *workspace,
                                          const struct rmv_pipeline *pipeline, const char *typed,
                                          bool *found);

/* The same of names of stages and loops alone; false if it is none. */
bool rmv_pipeline_find_named(const struct rmv_workspace *workspace,
                             const struct rmv_pipeline *pipeline, const char *typed, bool *found);
/* The same of names of single stages alone; NULL if it is none. */
struct rmv_stage *rmv_pipeline_find_stage(const struct rmv_workspace *workspace,
                                          const struct rmv_pipeline *pipeline, const char *typed);

/* Sets `found[i]` for the stages of all files in and below a folder, as typed. Errors: NOT_FOUND
 * (there are none). */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_find_below(const struct rmv_workspace *workspace,
                                                const struct rmv_pipeline *pipeline,
                                                const char *folder, bool *found);

/* The stage that makes `path`, or the folder it is in; NULL if none does. */
struct rmv_stage *rmv_pipeline_maker_of(const struct rmv_pipeline *pipeline, const char *path);

/* "models/rmv.yaml" → "models/rmv.lock"; the caller frees it. */
char *rmv_pipeline_lock_path_of(const char *file);

/* What a stage is: command, working folder, dependencies, parameters and outputs as canonical JSON.
 * Comments, descriptions and the order of keys do not count. Its SHA-256 goes into records. */
void rmv_stage_format_definition(const struct rmv_stage *stage, struct rmv_buf *out);

/* ---- Editing -------------------------------------------------------------------------------- */

struct rmv_pipeline_edit {
    const char *file; /* the rmv.yaml, relative to the workspace */
    const struct rmv_pipeline_reader *reader;
    const char *name;              /* of the new stage */
    const struct rmv_value *stage; /* a map as under `stages:` */
    bool replaces;                 /* a stage of that name makes way for it */
};

/* Sets `new_text` to `text`, the content of the file, with the stage added behind the others, or in
 * place of the one that it replaces, which `*replaced` says; every other byte stays. The result
 * has been parsed and checked. Errors: CONFLICT (a stage of that name exists), and those of
 * parsing. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_add_stage(const struct rmv_pipeline_edit *edit,
                                               const struct rmv_buf *text, struct rmv_buf *new_text,
                                               bool *replaced);

/* The other way: with the lines of the stage taken out. Errors: NOT_FOUND, USAGE (written in
 * braces), UNSUPPORTED (others refer to parts of it), those of parsing. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_remove_stage(const char *file, const struct rmv_buf *text,
                                                  const char *name, struct rmv_buf *new_text);

/* Sets `new_text` to `text` with `frozen: true` in the stage, or in what a loop of that name
 * repeats, or without it; every other byte stays. `edit` needs a file and a name only. Errors:
 * NOT_FOUND, USAGE (it is written so that others would change too), those of parsing. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_set_frozen(const struct rmv_pipeline_edit *edit,
                                                const struct rmv_buf *text, bool frozen,
                                                struct rmv_buf *new_text);
