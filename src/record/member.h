/* Members of a JSON map, each checked for its kind: what reading a record is made of. All errors
 * are CORRUPT unless said otherwise, and start with the member's name. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/store/object_id.h"

/* "'KEY' PROBLEM" */
RMV_MUST_CHECK
const struct rmv_error *rmv_member_error(const char *key, const char *problem);

/* Refuses members that are not in the NULL-terminated list `known`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_member_check(const struct rmv_value *map, const char *const *known);

/* What is found lives as long as `map`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_member_find(const struct rmv_value *map, const char *key,
                                        enum rmv_value_kind kind, const struct rmv_value **found);

/* A member that is a map with no members but the known ones. */
RMV_MUST_CHECK
const struct rmv_error *rmv_member_find_map(const struct rmv_value *map, const char *key,
                                            const char *const *known,
                                            const struct rmv_value **found);

RMV_MUST_CHECK
const struct rmv_error *rmv_member_find_text(const struct rmv_value *map, const char *key,
                                             const char **text);

/* Sets `*text`, which the caller owns, to a copy; NULL if the member is not there. */
RMV_MUST_CHECK
const struct rmv_error *rmv_member_copy_text(const struct rmv_value *map, const char *key,
                                             char **text);

RMV_MUST_CHECK
const struct rmv_error *rmv_member_copy_count(const struct rmv_value *map, const char *key,
                                              uint64_t *count);

/* A flag that is written only when it is not `otherwise`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_member_copy_flag(const struct rmv_value *map, const char *key,
                                             bool otherwise, bool *flag);

RMV_MUST_CHECK
const struct rmv_error *rmv_member_parse_id(const char *key, const char *text,
                                            struct rmv_object_id *id);

/* A name, decoded if the member `mark` of `marks` says that it is not UTF-8. `*name` is replaced.
 * Errors: also UNSUPPORTED (an encoding that this version does not know). */
RMV_MUST_CHECK
const struct rmv_error *rmv_member_copy_name(const struct rmv_value *map, const char *key,
                                             const struct rmv_value *marks, const char *mark,
                                             char **name);
