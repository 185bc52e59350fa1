#include "shell.h"

#include <stdlib.h>

#include "rmv/base/mem.h"
#include "test.h"

static const char prelude[] =
    "set -e\n"
    "export HOME=$PWD/.home XDG_CONFIG_HOME=$PWD/.home GIT_CONFIG_NOSYSTEM=1\n"
    "export GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=Ann "
    "GIT_COMMITTER_EMAIL=a@x\n"
    "unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE\n"
    "mkdir -p .home\n"
    "printf '[init]\\ndefaultBranch=main\\n[protocol \"file\"]\\nallow=always\\n' "
    ">.home/.gitconfig\n"
    "time=1700000000\n"
    "commit() {\n"
    "  time=$((time + 60))\n"
    "  git add -A . && GIT_AUTHOR_DATE=\"$time +0000\" GIT_COMMITTER_DATE=\"$time +0000\" \\\n"
    "    git commit -qm \"$1\"\n"
    "}\n"
    "exec >/dev/null 2>.home/log\n";

void test_shell(const char *script)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%s%s\n", prelude, script);
    const int status = system(text);
    if (status != 0)
        print_message("# failed: %s\n", script);
    assert_int_equal(status, 0);
}
