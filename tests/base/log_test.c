#include "rmv/base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "test.h"

#define LINES_EACH 2000

/* The file's text with the time of each line, "2025-01-01 10:30:45,123", checked and cut off. */
static char *read_without_times(const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0}, rest = {0};
    CHECK_OK(rmv_fs_read(path, 1 << 24, &text));
    for (const char *line = rmv_buf_string(&text); *line; line = strchr(line, '\n') + 1) {
        static const char pattern[] = "dddd-dd-dd dd:dd:dd,ddd - ";
        for (size_t i = 0; pattern[i]; i++)
            assert_true(pattern[i] == 'd' ? line[i] >= '0' && line[i] <= '9'
                                          : line[i] == pattern[i]);
        const char *message = line + sizeof(pattern) - 1;
        rmv_buf_append(&rest, message, strcspn(message, "\n") + 1);
    }
    return rmv_buf_take(&rest);
}

static void lines_have_a_time_a_level_and_perhaps_a_stage(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_log_close) struct rmv_log *plain = NULL, *staged = NULL;
    CHECK_OK(rmv_log_open("logs/deep/a.log", NULL, &plain));
    CHECK_OK(rmv_log_open("logs/deep/a.log", "ingestion", &staged));
    rmv_log_write(plain, RMV_LOG_INFO, "read %d rows", 3);
    rmv_log_write(staged, RMV_LOG_WARNING, "%s", "odd");
    rmv_log_write(staged, RMV_LOG_ERROR, "bad");
    rmv_log_write(plain, RMV_LOG_DEBUG, "not yet");
    rmv_log_set_level(plain, RMV_LOG_DEBUG);
    rmv_log_write(plain, RMV_LOG_DEBUG, "now");
    RMV_CLEANUP(rmv_str_free) char *text = read_without_times("logs/deep/a.log");
    assert_string_equal(text, "INFO - read 3 rows\ningestion - WARNING - odd\n"
                              "ingestion - ERROR - bad\nDEBUG - now\n");
}

static void one_message_is_one_line(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_log_close) struct rmv_log *log = NULL;
    CHECK_OK(rmv_log_open("a.log", NULL, &log));
    rmv_log_write(log, RMV_LOG_INFO, "a\nb\r\x1b[31m\tü");
    rmv_log_write(log, RMV_LOG_INFO, "%5000s", "x");
    RMV_CLEANUP(rmv_str_free) char *text = read_without_times("a.log");
    static const char expected[] = "INFO - a\\nb\\x0d\\x1b[31m\tü\nINFO -  ";
    assert_memory_equal(text, expected, sizeof(expected) - 1);
    assert_int_equal(strlen(strchr(text, '\n') + 1), 5000 + strlen("INFO - \n"));
}

static void *write_many(void *path)
{
    struct rmv_log *log = NULL;
    if (rmv_log_open(path, NULL, &log))
        return path;
    for (int i = 0; i < LINES_EACH; i++)
        rmv_log_write(log, RMV_LOG_INFO, "%0200d", i);
    rmv_log_close(&log);
    return NULL;
}

static void lines_of_several_threads_and_processes_do_not_mix(void **state)
{
    (void)state;
    char path[] = "a.log";
    pthread_t threads[2];
    void *failed;
    int status;

    const pid_t pid = fork();
    if (pid == 0)
        _exit(write_many(path) != NULL);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, path), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);

    RMV_CLEANUP(rmv_str_free) char *text = read_without_times(path);
    const size_t line_size = strlen("INFO - \n") + 200;
    assert_int_equal(strlen(text), (size_t)3 * LINES_EACH * line_size);
    for (size_t i = 0; i < (size_t)3 * LINES_EACH; i++)
        assert_int_equal(strcspn(text + i * line_size, "\n"), line_size - 1);
}

static void keep_message(void *context, enum rmv_log_level level, const char *message)
{
    snprintf(context, 100, "%d %s", (int)level, message);
}

static void a_sink_gets_the_bare_message(void **state)
{
    (void)state;
    char kept[100] = "";
    RMV_CLEANUP(rmv_log_close) struct rmv_log *log = NULL;
    rmv_log_open_sink(keep_message, kept, &log);
    rmv_log_write(log, RMV_LOG_WARNING, "two\nlines");
    assert_string_equal(kept, "2 two\nlines");
    rmv_log_set_level(log, RMV_LOG_ERROR);
    rmv_log_write(log, RMV_LOG_WARNING, "dropped");
    assert_string_equal(kept, "2 two\nlines");
}

static void no_log_and_no_folder_are_handled(void **state)
{
    (void)state;
    struct rmv_log *log = NULL;
    rmv_log_write(log, RMV_LOG_ERROR, "nowhere");
    rmv_log_set_level(log, RMV_LOG_DEBUG);
    rmv_log_close(&log);
    test_write("file", "");
    assert_non_null(rmv_log_open("file/a.log", NULL, &log));
    assert_null(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_have_a_time_a_level_and_perhaps_a_stage),
        TEST(one_message_is_one_line),
        TEST(lines_of_several_threads_and_processes_do_not_mix),
        TEST(a_sink_gets_the_bare_message),
        TEST(no_log_and_no_folder_are_handled),
    };
    return RUN_TESTS(tests);
}
