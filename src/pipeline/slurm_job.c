#include "pipeline/slurm_job.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/runner.h"
#include "pipeline/slurm.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/interrupt.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/sha256.h"
#include "rmv/base/time.h"

#define FOLDER "jobs"
#define HEADER "rmv-job 1"
#define BYTES_MAX ((size_t)4096)
#define NAME_SIZE_MAX 40
#define CANCEL_LOOKS 60
#define CANCEL_LOOK_US 500000
#define ANSWER_SIZE_MAX ((size_t)1 << 16)

void rmv_slurm_job_free(struct rmv_slurm_job *job)
{
    rmv_str_free(&job->key);
    rmv_str_free(&job->name);
    job->id = 0;
}

/* Letters and digits alone, for a name that goes into lists and patterns of Slurm's. */
void rmv_slurm_job_init(const struct rmv_stage *stage, const char *key, struct rmv_slurm_job *job)
{
    char readable[NAME_SIZE_MAX + 1];
    size_t size = 0;
    for (const char *at = stage->name; *at && size < NAME_SIZE_MAX; at++)
        readable[size++] = isalnum((unsigned char)*at) ? *at : '_';
    readable[size] = '\0';
    *job = (struct rmv_slurm_job){.key = rmv_str_copy(key),
                                  .name =
                                      rmv_str_format("%s-%.8s-%" PRIx64 "%x", readable, key,
                                                     rmv_time_now_ns() / 1000, (unsigned)getpid())};
}

char *rmv_slurm_job_path_of(const struct rmv_slurm_job *job, const char *suffix)
{
    return rmv_str_format("%s/" FOLDER "/%s%s", RMV_WORKSPACE_FOLDER, job->name, suffix);
}

static char *state_path_of(const struct rmv_stage *stage)
{
    return rmv_runner_path_of(stage, FOLDER, ".job");
}

/* ---- Its file ------------------------------------------------------------------------------- */

static void checksum_of(const char *text, size_t size, char hex[RMV_SHA256_HEX_SIZE])
{
    uint8_t digest[RMV_SHA256_SIZE];
    rmv_sha256(text, size, digest);
    rmv_sha256_to_hex(digest, hex);
}

static bool parse(const char *text, struct rmv_slurm_job *job)
{
    char key[RMV_SHA256_HEX_SIZE], name[256], check[RMV_SHA256_HEX_SIZE], hex[RMV_SHA256_HEX_SIZE];
    uint64_t id;
    int body_size = 0, size = 0;
    if (sscanf(text,
               HEADER "\nkey %64[0-9a-f]\nname %255[A-Za-z0-9_-]\nid %" SCNu64 "\n%nsha256 "
                      "%64[0-9a-f]\n%n",
               key, name, &id, &body_size, check, &size) != 4 ||
        text[size])
        return false;
    checksum_of(text, (size_t)body_size, hex);
    if (strcmp(hex, check) != 0)
        return false;
    *job = (struct rmv_slurm_job){.key = rmv_str_copy(key), .name = rmv_str_copy(name), .id = id};
    return true;
}

const struct rmv_error *rmv_slurm_job_read(const struct rmv_workspace *workspace,
                                           const struct rmv_stage *stage, struct rmv_slurm_job *job)
{
    RMV_CLEANUP(rmv_str_free) char *path = state_path_of(stage);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_fd_close) int fd = -1;

    *job = (struct rmv_slurm_job){0};
    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    err = rmv_fd_read(fd, path, BYTES_MAX, &text);
    if (err || parse(rmv_buf_string(&text), job))
        return err;
    return rmv_error_hint(
        rmv_error(RMV_ERR_CORRUPT, "'%s' is damaged, or of a newer version", path),
        "make sure that no job of stage '%s' runs any more, and remove it", stage->address);
}

const struct rmv_error *rmv_slurm_job_write(const struct rmv_workspace *workspace,
                                            const struct rmv_stage *stage,
                                            const struct rmv_slurm_job *job)
{
    RMV_CLEANUP(rmv_str_free) char *path = state_path_of(stage);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    char hex[RMV_SHA256_HEX_SIZE];

    rmv_buf_append_format(&text, HEADER "\nkey %s\nname %s\nid %" PRIu64 "\n", job->key, job->name,
                          job->id);
    checksum_of(text.data, text.size, hex);
    rmv_buf_append_format(&text, "sha256 %s\n", hex);
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, true, &folder_fd, &name);
    if (err)
        return err;
    rmv_fs_clear_temporaries(folder_fd);
    return rmv_fs_write_atomic_at(folder_fd, name, text.data, text.size, 0666);
}

/* ---- What lies beside it -------------------------------------------------------------------- */

static const struct rmv_error *write_file(const struct rmv_workspace *workspace,
                                          const struct rmv_slurm_job *job, const char *suffix,
                                          const struct rmv_buf *content)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_slurm_job_path_of(job, suffix);
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;

    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, true, &folder_fd, &name);
    return err ? err : rmv_fs_write_atomic_at(folder_fd, name, content->data, content->size, 0666);
}

const struct rmv_error *rmv_slurm_job_write_script(const struct rmv_workspace *workspace,
                                                   const struct rmv_stage *stage,
                                                   const struct rmv_slurm_job *job)
{
    RMV_CLEANUP(rmv_str_free) char *relative = rmv_slurm_job_path_of(job, "");
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(workspace->root, relative);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf script = {0};

    rmv_slurm_format_script(&stage->cmd, path, &script);
    const struct rmv_error *err = write_file(workspace, job, ".sh", &script);
    return err ? err : write_file(workspace, job, ".ticket", &(struct rmv_buf){0});
}

static bool has_file(const struct rmv_workspace *workspace, const struct rmv_slurm_job *job,
                     const char *suffix)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_slurm_job_path_of(job, suffix);
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    return !rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
}

bool rmv_slurm_job_has_begun(const struct rmv_workspace *workspace, const struct rmv_slurm_job *job)
{
    return !has_file(workspace, job, ".ticket");
}

bool rmv_slurm_job_has_begun_again(const struct rmv_workspace *workspace,
                                   const struct rmv_slurm_job *job)
{
    return has_file(workspace, job, ".again");
}

bool rmv_slurm_job_has_ended(const struct rmv_workspace *workspace, const struct rmv_slurm_job *job)
{
    return has_file(workspace, job, ".exit");
}

bool rmv_slurm_job_read_status(const struct rmv_workspace *workspace,
                               const struct rmv_slurm_job *job, int *status)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_slurm_job_path_of(job, ".exit");
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    if (rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd) ||
        rmv_fd_read(fd, path, 16, &text))
        return false;
    char *end = NULL;
    const char *start = rmv_buf_string(&text);
    const long code = strtol(start, &end, 10);
    if (end == start || *end != '\n' || code < 0 || code > 255)
        return false;
    *status = rmv_slurm_status_of((int)code);
    return true;
}

/* Files in the way are a nuisance, never a danger: their names are not used again. */
static void remove_file(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    if (!rmv_beneath_open_parent(workspace->root_fd, path, false, &folder_fd, &name) &&
        unlinkat(folder_fd, name, 0) < 0)
        errno = 0;
}

void rmv_slurm_job_remove(const struct rmv_workspace *workspace, const struct rmv_stage *stage,
                          const struct rmv_slurm_job *job)
{
    static const char *const suffixes[] = {".ticket", ".sh",   ".again",   ".out",
                                           ".err",    ".exit", ".exit.new"};
    RMV_CLEANUP(rmv_str_free) char *state = state_path_of(stage);
    remove_file(workspace, state);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_slurm_job_path_of(job, suffixes[i]);
        remove_file(workspace, path);
    }
}

/* ---- Ending one ----------------------------------------------------------------------------- */

static const struct rmv_error *ask(const char *const *argv, struct rmv_buf *answer)
{
    int status = 0;
    const struct rmv_process_options options = {.argv = argv, .new_group = true};
    const struct rmv_error *err = rmv_process_output(&options, ANSWER_SIZE_MAX, answer, &status);
    if (!err && status != 0) {
        RMV_CLEANUP(rmv_str_free) char *how = rmv_process_describe(status);
        err = rmv_error(RMV_ERR_FAILED, "%s failed: %s", argv[0], how);
    }
    return err;
}

const struct rmv_error *rmv_slurm_job_cancel(const struct rmv_workspace *workspace,
                                             const struct rmv_stage *stage,
                                             const struct rmv_slurm_job *job,
                                             const volatile sig_atomic_t *interrupted)
{
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("--jobname=%s", job->name);
    RMV_CLEANUP(rmv_str_free) char *of_name = rmv_str_format("--name=%s", job->name);
    const char *const cancel[] = {"scancel", name, NULL};
    const char *const look[] = {"squeue", "--noheader", "--format=%i", of_name, NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf answer = {0};

    const struct rmv_error *err = ask(cancel, &answer);
    for (int i = 0; !err && i < CANCEL_LOOKS; i++) {
        answer.size = 0;
        err = ask(look, &answer);
        if (!err && answer.size == 0) {
            rmv_slurm_job_remove(workspace, stage, job);
            return NULL;
        }
        if (rmv_interrupt_of(interrupted))
            return rmv_error(RMV_ERR_INTERRUPTED, "interrupted while job %s was being cancelled",
                             job->name);
        usleep(CANCEL_LOOK_US);
    }
    if (!err)
        err = rmv_error(RMV_ERR_FAILED, "it does not end");
    return rmv_error_hint(
        rmv_error_context(err, "cannot cancel job %s, which an earlier run of stage '%s' submitted",
                          job->name, stage->address),
        "it may still write the outputs; cancel it by hand, and try again");
}
