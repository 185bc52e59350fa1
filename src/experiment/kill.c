#include "experiment/kill.h"

#include <string.h>
#include <unistd.h>

#include "experiment/snapshot.h"
#include "rmv/base/fs.h"
#include "rmv/base/interrupt.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define LOOK_EVERY_MS 50
#define REQUEST_BYTES_MAX ((size_t)64)
#define AT_ONCE "kill\n"

const struct rmv_error *rmv_kill_path_of(const struct rmv_workspace *workspace, const char *name,
                                         char **path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    const struct rmv_error *err = rmv_experiment_folder(workspace, "kill", &folder);
    if (!err)
        *path = rmv_path_join(folder, name);
    return err;
}

const struct rmv_error *rmv_kill_request(const char *path, bool at_once)
{
    const char *text = at_once ? AT_ONCE : "stop\n";
    return rmv_fs_write_atomic(path, text, strlen(text));
}

/* ---- Watching -------------------------------------------------------------------------------- */

static enum rmv_interrupt read_request(const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    if (!rmv_fs_exists(path))
        return RMV_INTERRUPT_NONE;
    /* One that cannot be read is one all the same. */
    if (rmv_fs_read(path, REQUEST_BYTES_MAX, &text))
        return RMV_INTERRUPT_STOP;
    return strcmp(rmv_buf_string(&text), AT_ONCE) == 0 ? RMV_INTERRUPT_KILL : RMV_INTERRUPT_STOP;
}

static void look(void *context)
{
    struct rmv_kill_watch *watch = context;
    const enum rmv_interrupt ours = rmv_interrupt_of(watch->interrupted);
    const enum rmv_interrupt asked = read_request(watch->path);
    const enum rmv_interrupt how = asked > ours ? asked : ours;
    if (how > rmv_interrupt_of(&watch->how))
        rmv_interrupt_set(&watch->how, how);
}

const struct rmv_error *rmv_kill_watch_open(const struct rmv_workspace *workspace, const char *name,
                                            const volatile sig_atomic_t *interrupted,
                                            struct rmv_kill_watch *watch)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    const struct rmv_error *err = rmv_kill_path_of(workspace, name, &path);
    if (err)
        return err;
    unlink(path);
    *watch = (struct rmv_kill_watch){.interrupted = interrupted, .path = path};
    look(watch);
    if (!rmv_ticker_start(LOOK_EVERY_MS, look, watch, &watch->ticker)) {
        *watch = (struct rmv_kill_watch){0};
        return rmv_error(RMV_ERR_IO, "cannot start a thread for experiment '%s'", name);
    }
    path = NULL;
    return NULL;
}

void rmv_kill_watch_close(struct rmv_kill_watch *watch)
{
    if (!watch->path)
        return;
    rmv_ticker_stop(&watch->ticker);
    unlink(watch->path);
    rmv_str_free(&watch->path);
}
