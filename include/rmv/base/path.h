/* Paths as text: nothing here asks the filesystem.
 *
 * A *relative path* here is one that stays below the place it starts from: no leading '/', no
 * empty,
 * "." or ".." component, no NUL. Only such paths go into pointer files, lock files and trees. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"

/* `a`/`b`, with one slash between them; `b` alone where `a` is "" or ".", or `b` is absolute. */
char *rmv_path_join(const char *a, const char *b);

/* Removes "." and empty components and resolves ".." lexically; "." for nothing left. */
char *rmv_path_normalize(const char *path);

/* The folder a path is in ("." for a bare name, "/" for one below the root), and its last name. */
char *rmv_path_parent(const char *path);
const char *rmv_path_name(const char *path);

/* How to get from folder `from` to `to`; both normalized, both absolute or both relative to the
 * same place. */
char *rmv_path_relative(const char *from, const char *to);

/* Is `path` equal to `folder` or below it? Both normalized; everything is in ".". */
bool rmv_path_is_in(const char *path, const char *folder);

bool rmv_path_has_suffix(const char *path, const char *suffix);

/* One component as it may stand in a tree, pointer or lock file: not empty, "." or "..", no '/',
 * and not ".git" or ".rmstore" in any case. Errors: DENIED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_path_check_name(const char *name, size_t size);

/* Checks every component of a path that came from a file or a remote. Errors: DENIED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_path_check(const char *path);

/* Is it UTF-8 (RFC 3629)? Names are bytes, so it need not be. */
bool rmv_path_is_utf8(const char *path);

/* `path` quoted for a message or a line of output where it holds control characters, quotes or
 * bytes that are not UTF-8 (C style: "a\nb"), otherwise a plain copy. */
char *rmv_path_quote(const char *path);

/* A path that is not UTF-8 as text: every byte but plain ASCII, and '%' itself, becomes %XX with
 * upper-case digits. Decoding accepts exactly what encoding writes, and is NULL for anything else.
 * The caller frees the results. */
char *rmv_path_encode(const char *path);
char *rmv_path_decode(const char *text);
