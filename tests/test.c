#include "test.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"

static char folder[64];

void test_check_ok(const struct rmv_error *err, const char *text, const char *file, int line)
{
    if (err)
        print_message("# %s gave code %d: %s\n", text, (int)err->code, err->message);
    _assert_true(err == NULL, text, file, line);
}

void test_check_fails(const struct rmv_error *err, enum rmv_error_code code, const char *text,
                      const char *file, int line)
{
    if (!err || err->code != code)
        print_message("# %s gave code %d: %s\n", text, err ? (int)err->code : 0,
                      err ? err->message : "success");
    _assert_true(err && err->code == code, text, file, line);
}

void test_check_says(const struct rmv_error *err, enum rmv_error_code code, const char *message,
                     const char *file, int line)
{
    test_check_fails(err, code, message, file, line);
    const bool is_said = err && strstr(err->message, message);
    if (err && !is_said)
        print_message("# '%s' is not in: %s\n", message, err->message);
    _assert_true(is_said, message, file, line);
}

int test_enter(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/rmv-test-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int test_leave(void **state)
{
    (void)state;
    return chdir("/") == 0 && nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -1;
}

void test_write(const char *path, const char *content)
{
    CHECK_OK(rmv_fs_write_atomic(path, content, strlen(content)));
}
