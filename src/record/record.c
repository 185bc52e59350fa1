#include "rmv/record/record.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/base/version.h"

#define INVOCATION_BYTES 16
#define PASSWD_BYTES_MAX ((size_t)1024 * 1024)

static void free_artifacts(struct rmv_record_artifacts *artifacts)
{
    for (size_t i = 0; i < artifacts->count; i++)
        rmv_str_free(&artifacts->items[i].path);
    free(artifacts->items);
    *artifacts = (struct rmv_record_artifacts){0};
}

struct rmv_record_artifact *rmv_record_artifacts_add(struct rmv_record_artifacts *artifacts)
{
    artifacts->items = rmv_grow(artifacts->items, artifacts->count, &artifacts->capacity,
                                sizeof(artifacts->items[0]));
    struct rmv_record_artifact *added = &artifacts->items[artifacts->count++];
    *added = (struct rmv_record_artifact){0};
    return added;
}

const struct rmv_record_artifact *
rmv_record_artifacts_find(const struct rmv_record_artifacts *artifacts, const char *path)
{
    for (size_t i = 0; i < artifacts->count; i++)
        if (strcmp(artifacts->items[i].path, path) == 0)
            return &artifacts->items[i];
    return NULL;
}

void rmv_record_free(struct rmv_record *record)
{
    rmv_str_free(&record->name);
    rmv_value_free(&record->cmd);
    rmv_value_free(&record->params);
    rmv_str_free(&record->source);
    free_artifacts(&record->outs);
    free_artifacts(&record->deps);
    rmv_str_free(&record->invocation);
    rmv_str_free(&record->host);
    rmv_str_free(&record->user);
    rmv_str_free(&record->system);
    rmv_str_free(&record->tool_version);
    rmv_str_free(&record->git_commit);
    rmv_str_free(&record->git_branch);
    *record = (struct rmv_record){0};
}

static int compare_paths(const void *a, const void *b)
{
    const struct rmv_record_artifact *left = a, *right = b;
    return strcmp(left->path, right->path);
}

static void sort(struct rmv_record_artifacts *artifacts)
{
    if (artifacts->count > 1)
        qsort(artifacts->items, artifacts->count, sizeof(artifacts->items[0]), compare_paths);
}

void rmv_record_sort(struct rmv_record *record)
{
    sort(&record->outs);
    sort(&record->deps);
}

/* ---- Who, where and with what --------------------------------------------------------------- */

/* Unique: random, and with the time in front should the system have no randomness yet. */
static char *new_invocation(void)
{
    unsigned char bytes[INVOCATION_BYTES] = {0};
    struct rmv_buf text = {0};

    const ssize_t n = getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);
    if (n < (ssize_t)sizeof(bytes)) {
        const int64_t seed[2] = {rmv_time_monotonic_ns(), getpid()};
        memcpy(bytes, seed, sizeof(bytes));
    }
    rmv_buf_append_format(&text, "%llx-", (unsigned long long)rmv_time_now_ns());
    for (size_t i = 0; i < sizeof(bytes); i++)
        rmv_buf_append_format(&text, "%02x", bytes[i]);
    return rmv_buf_take(&text);
}

static char *find_user(void)
{
    struct passwd entry, *found = NULL;

    for (size_t size = 1024; size <= PASSWD_BYTES_MAX; size *= 2) {
        RMV_CLEANUP(rmv_str_free) char *text = rmv_calloc(size, 1);
        const int status = getpwuid_r(geteuid(), &entry, text, size, &found);
        if (found)
            return rmv_str_copy(found->pw_name);
        if (status != ERANGE)
            break;
    }
    return rmv_str_format("uid %u", (unsigned)geteuid());
}

void rmv_record_identify(struct rmv_record *record)
{
    struct utsname system = {0};

    rmv_str_free(&record->invocation);
    record->invocation = new_invocation();
    rmv_str_free(&record->user);
    record->user = find_user();
    rmv_str_free(&record->system);
    if (uname(&system) == 0) {
        rmv_str_set(&record->host, system.nodename);
        record->system = rmv_str_format("%s %s %s", system.sysname, system.release, system.machine);
    }
    rmv_str_set(&record->tool_version, rmv_version());
}
