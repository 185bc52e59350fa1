/* Placeholders in the commands of runs; what they mean says rmv/pipeline/run.h. */
#pragma once

/* A command of DataLad, in which all braces are doubled but those of placeholders, as ours: without
 * placeholders it has no doubled braces. The caller frees it. */
char *rmv_run_command_of_datalad(const char *cmd);
