#include "rmv/recomart/tracking.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/buf.h"
#include "rmv/base/csv.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/time.h"
#include "rmv/base/value.h"
#include "rmv/base/yaml.h"

#define EXPERIMENT "0"
#define EXPERIMENT_NAME "Default"
#define ID_BYTES 16
#define GIT_ID_BYTES_MAX ((size_t)200)
#define ARTIFACT_BYTES_MAX ((size_t)1 << 40)

enum run_status { RUN_RUNNING = 1, RUN_FINISHED = 3, RUN_FAILED = 4 };

struct rmv_tracking {
    char *experiment; /* folder, absolute */
    char *folder;     /* of the run */
    char id[2 * ID_BYTES + 1];
    char *name;
    char *source;
    char *user;
    int64_t started_ms;
    struct rmv_error *failure; /* the first one; nothing is written after it */
};

static void keep(struct rmv_tracking *run, const struct rmv_error *err)
{
    if (err && !run->failure)
        run->failure = rmv_error_take(err);
}

static int64_t now_ms(void)
{
    return rmv_time_now_ns() / 1000000;
}

/* Writes a file of the run. Not made durable: a record beside the work need not survive a power
 * cut, and dozens of small files would cost more than a training run. */
static const struct rmv_error *write_file(const char *path, const void *bytes, size_t size)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", path);
    return rmv_fd_write(fd, path, bytes, size);
}

static void write_run_file(struct rmv_tracking *run, const char *kind, const char *key,
                           const char *text)
{
    if (run->failure)
        return;
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(run->folder, kind);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, key);
    keep(run, write_file(path, text, strlen(text)));
}

static void set_text(struct rmv_value *map, const char *key, const char *text)
{
    rmv_value_set_text(rmv_value_add(map, key), text);
}

static void set_int(struct rmv_value *map, const char *key, int64_t number)
{
    rmv_value_set_int(rmv_value_add(map, key), number);
}

/* A file: URI; what a path may not hold in one is written as %XX. */
static char *uri_of(const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf uri = {0};
    rmv_buf_append_string(&uri, "file://");
    for (const char *c = path; *c; c++) {
        if (strchr("/-_.~", *c) || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
            (*c >= 'A' && *c <= 'Z'))
            rmv_buf_append(&uri, c, 1);
        else
            rmv_buf_append_format(&uri, "%%%02X", (unsigned char)*c);
    }
    return rmv_buf_take(&uri);
}

static const struct rmv_error *write_yaml(const char *path, const struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_yaml_format(value, &text);
    return write_file(path, text.data, text.size);
}

static const struct rmv_error *write_experiment(const struct rmv_tracking *run)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value meta = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(run->experiment, "meta.yaml");
    RMV_CLEANUP(rmv_str_free) char *uri = uri_of(run->experiment);
    if (rmv_fs_exists(path))
        return NULL;
    set_text(&meta, "artifact_location", uri);
    set_int(&meta, "creation_time", run->started_ms);
    set_text(&meta, "experiment_id", EXPERIMENT);
    set_int(&meta, "last_update_time", run->started_ms);
    set_text(&meta, "lifecycle_stage", "active");
    set_text(&meta, "name", EXPERIMENT_NAME);
    return write_yaml(path, &meta);
}

static const struct rmv_error *write_run(const struct rmv_tracking *run, enum run_status status)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value meta = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(run->folder, "meta.yaml");
    RMV_CLEANUP(rmv_str_free) char *artifacts = rmv_path_join(run->folder, "artifacts");
    RMV_CLEANUP(rmv_str_free) char *uri = uri_of(artifacts);
    set_text(&meta, "artifact_uri", uri);
    if (status == RUN_RUNNING)
        rmv_value_add(&meta, "end_time");
    else
        set_int(&meta, "end_time", now_ms());
    set_text(&meta, "entry_point_name", "");
    set_text(&meta, "experiment_id", EXPERIMENT);
    set_text(&meta, "lifecycle_stage", "active");
    set_text(&meta, "run_id", run->id);
    set_text(&meta, "run_name", run->name);
    set_text(&meta, "run_uuid", run->id);
    set_text(&meta, "source_name", "");
    set_int(&meta, "source_type", 4);
    set_text(&meta, "source_version", "");
    set_int(&meta, "start_time", run->started_ms);
    set_int(&meta, "status", status);
    rmv_value_set_list(rmv_value_add(&meta, "tags"));
    set_text(&meta, "user_id", run->user);
    return write_yaml(path, &meta);
}

/* "brave-heron-417", as MLflow names its runs. */
static char *name_of(const uint8_t random[3])
{
    static const char *const adjectives[] = {"able",  "brave", "calm",  "deep",  "eager", "fair",
                                             "grand", "happy", "keen",  "lucky", "merry", "noble",
                                             "proud", "quick", "quiet", "wise"};
    static const char *const animals[] = {"ant",   "bear",  "crane", "deer",  "eagle", "finch",
                                          "goose", "heron", "ibis",  "koala", "lynx",  "mole",
                                          "newt",  "otter", "panda", "wren"};
    return rmv_str_format("%s-%s-%d", adjectives[random[0] % 16], animals[random[1] % 16],
                          100 + random[2] * 3);
}

static char *user_name(void)
{
    const struct passwd *entry = getpwuid(geteuid());
    return rmv_str_copy(entry ? entry->pw_name : "unknown");
}

/* Where runs go; the caller frees it. */
static char *root_of(const char *folder)
{
    const char *uri = getenv("MLFLOW_TRACKING_URI");
    if (!folder && uri && strncmp(uri, "file://", 7) == 0)
        folder = uri + 7;
    else if (!folder && uri && *uri && !strstr(uri, "://"))
        folder = uri;
    if (!folder)
        folder = RMV_TRACKING_FOLDER_DEFAULT;
    if (folder[0] == '/')
        return rmv_path_normalize(folder);
    RMV_CLEANUP(rmv_free) char *here = getcwd(NULL, 0);
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(here ? here : ".", folder);
    return rmv_path_normalize(joined);
}

static const struct rmv_error *refuse_server(const char *folder)
{
    const char *uri = getenv("MLFLOW_TRACKING_URI");
    if (folder || !uri || !strstr(uri, "://") || strncmp(uri, "file://", 7) == 0)
        return NULL;
    /* Not which: there may be a password in it. */
    return rmv_error(RMV_ERR_UNSUPPORTED,
                     "this version writes runs to files only, not to the server that "
                     "MLFLOW_TRACKING_URI names");
}

/* The commit that is checked out, if this is a Git repository with one and there is a git. */
static void tag_commit(struct rmv_tracking *run)
{
    static const char *const argv[] = {"git", "rev-parse", "--verify", "--quiet", "HEAD", NULL};
    const struct rmv_process_options options = {.argv = argv};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf commit = {0};
    int status = 0;
    const struct rmv_error *err = rmv_process_output(&options, GIT_ID_BYTES_MAX, &commit, &status);
    if (err || status != 0 || commit.size == 0)
        return;
    commit.size = strcspn(rmv_buf_string(&commit), "\n");
    rmv_tracking_tag(run, "mlflow.source.git.commit", rmv_buf_string(&commit));
}

void rmv_tracking_start(const char *folder, const char *source, struct rmv_tracking **run)
{
    uint8_t random[ID_BYTES + 3] = {0};
    RMV_CLEANUP(rmv_str_free) char *root = root_of(folder);
    struct rmv_tracking *started = rmv_calloc(1, sizeof(*started));
    *run = started;
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        keep(started, rmv_error_errno("cannot make a run id"));
    for (size_t i = 0; i < ID_BYTES; i++)
        snprintf(started->id + 2 * i, 3, "%02x", random[i]);
    started->experiment = rmv_path_join(root, EXPERIMENT);
    started->folder = rmv_path_join(started->experiment, started->id);
    started->name = name_of(random + ID_BYTES);
    started->source = rmv_str_copy(source);
    started->user = user_name();
    started->started_ms = now_ms();
    keep(started, refuse_server(folder));
    if (started->failure)
        return;
    keep(started, write_experiment(started));
    keep(started, write_run(started, RUN_RUNNING));
    rmv_tracking_tag(started, "mlflow.runName", started->name);
    rmv_tracking_tag(started, "mlflow.source.name", source);
    rmv_tracking_tag(started, "mlflow.source.type", "LOCAL");
    rmv_tracking_tag(started, "mlflow.user", started->user);
    tag_commit(started);
}

void rmv_tracking_param(struct rmv_tracking *run, const char *key, const char *value)
{
    write_run_file(run, "params", key, value);
}

void rmv_tracking_tag(struct rmv_tracking *run, const char *key, const char *value)
{
    write_run_file(run, "tags", key, value);
}

void rmv_tracking_metric(struct rmv_tracking *run, const char *key, double value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    rmv_buf_append_format(&line, "%lld ", (long long)now_ms());
    rmv_csv_append_double(&line, value);
    rmv_buf_append_string(&line, " 0\n");
    write_run_file(run, "metrics", key, rmv_buf_string(&line));
}

void rmv_tracking_artifact(struct rmv_tracking *run, const char *path)
{
    if (run->failure)
        return;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    RMV_CLEANUP(rmv_str_free)
    char *to = rmv_str_format("%s/artifacts/%s", run->folder, rmv_path_name(path));
    const struct rmv_error *err = rmv_fs_read(path, ARTIFACT_BYTES_MAX, &content);
    if (!err)
        err = write_file(to, content.data, content.size);
    keep(run, err);
}

const char *rmv_tracking_id(const struct rmv_tracking *run)
{
    return run->id;
}

static void tracking_free(struct rmv_tracking **run)
{
    rmv_str_free(&(*run)->experiment);
    rmv_str_free(&(*run)->folder);
    rmv_str_free(&(*run)->name);
    rmv_str_free(&(*run)->source);
    rmv_str_free(&(*run)->user);
    rmv_error_free(&(*run)->failure);
    rmv_free(run);
}

const struct rmv_error *rmv_tracking_finish(struct rmv_tracking **run, bool succeeded)
{
    if (!*run)
        return NULL;
    if (!(*run)->failure)
        keep(*run, write_run(*run, succeeded ? RUN_FINISHED : RUN_FAILED));
    struct rmv_error *failure = (*run)->failure;
    (*run)->failure = NULL;
    tracking_free(run);
    return failure ? rmv_error_context(rmv_error_raise(&failure), "tracking") : NULL;
}
