/* For tests that need what only other programs make: Git repositories above all. */
#pragma once

/* Runs lines of shell that must succeed, in a Git setup of their own: nothing of the user's
 * settings counts. In them `commit MESSAGE` commits everything there is, one minute after the last
 * time; setting `time` moves that clock. */
void test_shell(const char *script);
