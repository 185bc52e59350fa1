#include "rmv/ask.h"

#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/screen.h"
#include "rmv/interrupts.h"

static bool says_yes_to_all;

static void print_question(const struct rmv_stage *stage, const char *why)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf words = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_buf_append_format(&words,
                          "Run stage '%s' (%s)? [y]es, [n]o, [a]ll, [q]uit: ", stage->address, why);
    rmv_screen_append_safe(rmv_buf_string(&words), true, &text);
    fwrite(text.data, 1, text.size, stderr);
}

/* One line of standard input; NULL at its end or at an interrupt. */
static const char *read_answer(char *line, size_t size)
{
    if (cli_interrupted || !fgets(line, (int)size, stdin) || cli_interrupted)
        return NULL;
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

const struct rmv_error *cli_ask_stage(struct rmv_live *live, const struct rmv_stage *stage,
                                      const char *why, bool *yes)
{
    char line[64];

    *yes = says_yes_to_all;
    while (!*yes) {
        rmv_live_pause(live);
        print_question(stage, why);
        const char *answer = read_answer(line, sizeof(line));
        rmv_live_resume(live);
        if (!answer || strcmp(answer, "q") == 0 || strcmp(answer, "quit") == 0)
            return rmv_error(RMV_ERR_INTERRUPTED, "stopped before stage '%s'%s", stage->address,
                             answer ? "" : ": there was no answer");
        if (strcmp(answer, "n") == 0 || strcmp(answer, "no") == 0)
            return NULL;
        says_yes_to_all = strcmp(answer, "a") == 0 || strcmp(answer, "all") == 0;
        *yes = says_yes_to_all || strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0;
    }
    return NULL;
}
