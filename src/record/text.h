/* The words of a record's JSON that both writing and reading need; docs/FORMATS.md explains them.
 */
#pragma once

#include "rmv/record/record.h"

#define RECORD_STATEMENT "https://in-toto.io/Statement/v1"
#define RECORD_PREDICATE "https://slsa.dev/provenance/v1"
#define RECORD_BUILDER "urn:rmv:builder:v1"
#define RECORD_ENCODING "percent" /* of names that are not UTF-8 */

/* "urn:rmv:build:stage:v1" and so on. */
const char *rmv_record_build_type(enum rmv_record_kind kind);
