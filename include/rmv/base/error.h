/* Errors: one return type for every function that can fail.
 *
 * NULL means success. Anything else tells the caller what happened (code) and the user where
 * (message). The record belongs to the thread: nothing to free, and it stays valid until the next
 * failure on the same thread. To carry one to another thread, or past other calls that may fail,
 * take a copy with rmv_error_take() and bring it back with rmv_error_raise(). */
#pragma once

#define RMV_MUST_CHECK __attribute__((warn_unused_result))
#define RMV_PRINTF(string, first) __attribute__((format(printf, string, first)))

/* The values are the exit statuses of the programs. */
enum rmv_error_code {
    RMV_ERR_FAILED =
        1, /* the work was done and the answer is no: a stage failed, a check found damage */
    RMV_ERR_USAGE,     /* the request itself is wrong, or this is not a workspace */
    RMV_ERR_NOT_FOUND, /* something that was named does not exist */
    RMV_ERR_CONFLICT,  /* exists already, changed underneath us, or would overwrite unsaved data */
    RMV_ERR_CORRUPT,   /* bytes on disk or wire are not what they claim to be */
    RMV_ERR_LIMIT,     /* bigger than we agree to handle */
    RMV_ERR_IO,        /* the system refused: see the message */
    RMV_ERR_LOCKED,    /* somebody else is at work */
    RMV_ERR_UNSUPPORTED, /* a newer format, or something this build cannot do */
    RMV_ERR_DENIED,      /* refused for safety: a path that leaves the workspace, say */
    RMV_ERR_INTERRUPTED, /* stopped by the user */
};

#define RMV_ERROR_MESSAGE_SIZE 6000

struct rmv_error {
    enum rmv_error_code code;
    char message[RMV_ERROR_MESSAGE_SIZE];
};

/* Makes an error. The result is never NULL. */
const struct rmv_error *rmv_error(enum rmv_error_code code, const char *format, ...)
    RMV_PRINTF(2, 3);

/* Makes an error out of errno: ENOENT and ENOTDIR become NOT_FOUND, everything else IO. */
const struct rmv_error *rmv_error_errno(const char *format, ...) RMV_PRINTF(1, 2);

/* Prepends "context: " to an error on its way up. Returns the same error. */
const struct rmv_error *rmv_error_context(const struct rmv_error *err, const char *format, ...)
    RMV_PRINTF(2, 3);

/* Appends a line "hint: …" that says what to do about it. Returns the same error. */
const struct rmv_error *rmv_error_hint(const struct rmv_error *err, const char *format, ...)
    RMV_PRINTF(2, 3);

/* This thread's last error, whether or not it is still on its way up: for a destructor that may
 * fail itself and must not write over it. Never NULL. */
const struct rmv_error *rmv_error_last(void);

/* A copy that later failures leave alone; the caller frees it with rmv_error_free(). */
struct rmv_error *rmv_error_take(const struct rmv_error *err);

/* Makes `*taken` this thread's last error, frees it and returns it. NULL in, NULL out. */
const struct rmv_error *rmv_error_raise(struct rmv_error **taken);
void rmv_error_free(struct rmv_error **taken);
