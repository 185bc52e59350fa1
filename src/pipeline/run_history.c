#include "rmv/pipeline/run_history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/run_history_text.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/sha256.h"
#include "rmv/base/time.h"

#define HISTORY_FOLDER RMV_WORKSPACE_FOLDER "/runs"
#define HISTORY_PATH HISTORY_FOLDER "/history"
#define LIVING_PATH HISTORY_FOLDER "/living"
#define HISTORY_NAME "history"
#define READ_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define REWRITE_SIZE ((off_t)512 * 1024) /* from here on old runs go */
#define KEPT_SIZE ((size_t)256 * 1024)
#define NS_PER_MS 1000000
/* Bytes of `living`: one per run, at the number that is its id; and this, shared by those that
 * append and locked by who writes the history anew. */
#define REWRITE_BYTE ((off_t)1 << 32)

void rmv_run_entry_free(struct rmv_run_entry *entry)
{
    rmv_str_free(&entry->failure);
    rmv_strings_free(&entry->arguments);
    rmv_fd_close(&entry->living_fd);
}

void rmv_run_entries_free(struct rmv_run_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        rmv_run_entry_free(&entries->items[i]);
    rmv_free(&entries->items);
    *entries = (struct rmv_run_entries){0};
}

void rmv_run_entry_start(struct rmv_run_entry *entry)
{
    uint8_t digest[RMV_SHA256_SIZE];
    char hex[RMV_SHA256_HEX_SIZE];
    const int64_t now_ns = rmv_time_now_ns();
    const int64_t seed[] = {now_ns, getpid()};

    rmv_sha256(seed, sizeof(seed), digest);
    rmv_sha256_to_hex(digest, hex);
    memcpy(entry->id, hex, RMV_RUN_ID_SIZE - 1);
    entry->id[RMV_RUN_ID_SIZE - 1] = '\0';
    entry->state = RMV_RUN_RUNNING;
    entry->start_ms = now_ns / NS_PER_MS;
}

/* ---- Locks ---------------------------------------------------------------------------------- */

static off_t byte_of(const struct rmv_run_entry *entry)
{
    return (off_t)strtoul(entry->id, NULL, 16);
}

static bool lock_byte(int fd, int command, short type, off_t byte)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    while (fcntl(fd, command, &lock) < 0)
        if (errno != EINTR)
            return false;
    return true;
}

static bool is_living(int living_fd, const struct rmv_run_entry *entry)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte_of(entry), .l_len = 1};
    return fcntl(living_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static int compare_starts(const void *a, const void *b)
{
    const struct rmv_run_entry *one = a, *other = b;
    if (one->start_ms != other->start_ms)
        return one->start_ms < other->start_ms ? -1 : 1;
    return strcmp(one->id, other->id);
}

/* Later lines of a run win. */
static void add_entry(struct rmv_run_entries *entries, struct rmv_map *known,
                      struct rmv_run_entry *entry)
{
    const size_t at = (size_t)(uintptr_t)rmv_map_find(known, entry->id);
    if (at) {
        rmv_run_entry_free(&entries->items[at - 1]);
        entries->items[at - 1] = *entry;
        return;
    }
    entries->items =
        rmv_grow(entries->items, entries->count, &entries->capacity, sizeof(entries->items[0]));
    entries->items[entries->count++] = *entry;
    rmv_map_set(known, entry->id, (void *)(uintptr_t)entries->count);
}

static void read_lines(const struct rmv_buf *text, struct rmv_run_entries *entries)
{
    RMV_CLEANUP(rmv_map_free) struct rmv_map known = {0};
    const char *end = text->data + text->size;

    for (const char *line = text->data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        struct rmv_run_entry entry = {.living_fd = -1};
        if (stop && rmv_run_history_parse(line, (size_t)(stop - line), &entry))
            add_entry(entries, &known, &entry);
        else
            rmv_run_entry_free(&entry);
        line = stop ? stop + 1 : end;
    }
    if (entries->count)
        qsort(entries->items, entries->count, sizeof(entries->items[0]), compare_starts);
}

static const struct rmv_error *read_all(int folder_fd, struct rmv_run_entries *entries)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err =
        rmv_beneath_open(folder_fd, HISTORY_NAME, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (!err)
        err = rmv_fd_read(fd, HISTORY_PATH, READ_SIZE_MAX, &text);
    if (!err)
        err = rmv_run_history_check_head(text.data, text.size, HISTORY_PATH);
    if (!err)
        read_lines(&text, entries);
    return err;
}

static void find_killed(struct rmv_workspace *workspace, struct rmv_run_entries *entries)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const bool is_there =
        !rmv_beneath_open(workspace->root_fd, LIVING_PATH, O_RDONLY | O_NONBLOCK, 0, &fd);
    for (size_t i = 0; i < entries->count; i++)
        if (entries->items[i].state == RMV_RUN_RUNNING &&
            !(is_there && is_living(fd, &entries->items[i])))
            entries->items[i].state = RMV_RUN_KILLED;
}

static void forget_oldest(struct rmv_run_entries *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rmv_run_entry_free(&entries->items[i]);
    entries->count -= count;
    if (count)
        memmove(entries->items, entries->items + count, entries->count * sizeof(*entries->items));
}

const struct rmv_error *rmv_run_history_read(struct rmv_workspace *workspace,
                                             struct rmv_run_entries *entries)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, HISTORY_FOLDER, O_RDONLY | O_DIRECTORY, 0, &folder_fd);
    if (!err)
        err = read_all(folder_fd, entries);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    if (entries->count > RMV_RUN_HISTORY_COUNT_MAX)
        forget_oldest(entries, entries->count - RMV_RUN_HISTORY_COUNT_MAX);
    find_killed(workspace, entries);
    return NULL;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static const struct rmv_error *rewrite(int folder_fd)
{
    RMV_CLEANUP(rmv_run_entries_free) struct rmv_run_entries entries = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    size_t size = 0, first;

    const struct rmv_error *err = read_all(folder_fd, &entries);
    if (err)
        return err;
    for (first = entries.count; first > 0; first--) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
        rmv_run_history_format(&entries.items[first - 1], &line);
        size += line.size;
        if (size > KEPT_SIZE || entries.count - first == RMV_RUN_HISTORY_COUNT_MAX)
            break;
    }
    rmv_buf_append_string(&text, RMV_RUN_HISTORY_HEAD);
    for (size_t i = first; i < entries.count; i++)
        rmv_run_history_format(&entries.items[i], &text);
    return rmv_fs_write_atomic_at(folder_fd, HISTORY_NAME, text.data, text.size, 0666);
}

/* What is to stand before the next line: a head, or the end of a torn one. */
static const struct rmv_error *find_start(int fd, off_t size, const char **start)
{
    char head[sizeof(RMV_RUN_HISTORY_HEAD) + 16], last = '\n';

    const ssize_t got = pread(fd, head, sizeof(head), 0);
    if (got < 0 || (size && pread(fd, &last, 1, size - 1) < 0))
        return rmv_error_errno("cannot read '%s'", HISTORY_PATH);
    *start = !size ? RMV_RUN_HISTORY_HEAD : last != '\n' ? "\n" : "";
    return size ? rmv_run_history_check_head(head, (size_t)got, HISTORY_PATH) : NULL;
}

static const struct rmv_error *append_line(int folder_fd, const struct rmv_run_entry *entry,
                                           bool *is_long)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct stat status;
    const char *start = "";

    const struct rmv_error *err =
        rmv_beneath_open(folder_fd, HISTORY_NAME, O_RDWR | O_APPEND | O_CREAT, 0666, &fd);
    if (err)
        return err;
    if (fstat(fd, &status) < 0)
        return rmv_error_errno("cannot look at '%s'", HISTORY_PATH);
    err = find_start(fd, status.st_size, &start);
    if (err)
        return err;
    rmv_buf_append_string(&text, start);
    rmv_run_history_format(entry, &text);
    *is_long = status.st_size > REWRITE_SIZE;
    return rmv_fd_write(fd, HISTORY_PATH, text.data, text.size);
}

static const struct rmv_error *append(int folder_fd, const struct rmv_run_entry *entry)
{
    bool is_long = false;
    if (!lock_byte(entry->living_fd, F_OFD_SETLKW, F_RDLCK, REWRITE_BYTE))
        return rmv_error_errno("cannot lock '%s'", LIVING_PATH);
    const struct rmv_error *err = append_line(folder_fd, entry, &is_long);
    /* Somebody else who appends right now makes it wait for the next run. */
    if (!err && is_long && lock_byte(entry->living_fd, F_OFD_SETLK, F_WRLCK, REWRITE_BYTE))
        err = rewrite(folder_fd);
    (void)lock_byte(entry->living_fd, F_OFD_SETLK, F_UNLCK, REWRITE_BYTE);
    return err;
}

static const struct rmv_error *open_folder(const struct rmv_workspace *workspace,
                                           struct rmv_run_entry *entry, int *folder_fd)
{
    const char *name = NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, LIVING_PATH, true, folder_fd, &name);
    if (!err && entry->living_fd < 0)
        err = rmv_beneath_open(*folder_fd, name, O_RDWR | O_CREAT, 0666, &entry->living_fd);
    return err;
}

const struct rmv_error *rmv_run_history_begin(struct rmv_workspace *workspace,
                                              struct rmv_run_entry *entry)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const struct rmv_error *err = open_folder(workspace, entry, &folder_fd);
    if (err)
        return err;
    if (!lock_byte(entry->living_fd, F_OFD_SETLK, F_WRLCK, byte_of(entry)))
        return rmv_error_errno("cannot lock '%s'", LIVING_PATH);
    return append(folder_fd, entry);
}

const struct rmv_error *rmv_run_history_end(struct rmv_workspace *workspace,
                                            struct rmv_run_entry *entry)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    entry->end_ms = rmv_time_now_ns() / NS_PER_MS;
    const struct rmv_error *err = open_folder(workspace, entry, &folder_fd);
    return err ? err : append(folder_fd, entry);
}
