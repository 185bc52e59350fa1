/* The recommender: a truncated SVD of the users × items matrix of interaction strength, in a file
 * that is mapped, checked and used in place (docs/FORMATS.md, "Model file").
 *
 * A user's scores are a·V·Vᵀ, with a the user's row and V the right singular vectors: nothing but
 * the row is needed to score a user whom training never saw. The model is uncentred. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/sha256.h"
#include "rmv/linalg/dense.h"
#include "rmv/recomart/preferences.h"
#include "rmv/recomart/ranking.h"

#define RMV_MODEL_RANK_MAX 10000
#define RMV_MODEL_VERSION_BYTES 16 /* of a feature version's name, with the NUL */

/* What becomes of a total strength before it is factored and scored. */
enum rmv_model_weighting {
    RMV_MODEL_SUM,    /* stays as it is */
    RMV_MODEL_BINARY, /* 1 */
    RMV_MODEL_LOG1P,  /* ln(1 + strength) */
};

struct rmv_model_options {
    size_t rank; /* at most RMV_MODEL_RANK_MAX; cut to the smaller side of the matrix */
    enum rmv_model_weighting weighting;
    double popularity_scale; /* s of A·diag(degree⁻ˢ), which is factored; 0 for plain SVD */
};

/* A model file, mapped or in memory. Everything points into it. */
struct rmv_model {
    struct rmv_model_options options;
    char features_version[RMV_MODEL_VERSION_BYTES];
    uint8_t features_id[RMV_SHA256_SIZE]; /* of the features it was trained on */

    size_t users_count, items_count, rank;
    const double *values;      /* singular values, descending */
    const double *right;       /* V, items × rank, row-major */
    const int64_t *items;      /* product numbers, ascending */
    const uint32_t *popular;   /* item indexes, most popular first */
    const uint64_t *user_ends; /* users + 1: user i is text [user_ends[i], user_ends[i + 1] − 1) */
    const char *user_text;     /* ids, each with a NUL behind it, in bytewise order */
    const uint64_t *starts;    /* users + 1: entries of user i are [starts[i], starts[i + 1]) */
    const uint32_t *indexes;   /* the item of each entry, ascending per user */
    const double *strengths;   /* weighted, of each entry */

    const void *mapping; /* what close() unmaps, or NULL */
    size_t mapping_size;
};

/* The features a model comes from. */
struct rmv_model_source {
    const char *features_version;
    uint8_t features_id[RMV_SHA256_SIZE];
};

/* Trains and appends the model file to `bytes`. The same interactions give the same bytes.
 * Errors: USAGE (bad options), FAILED (no interactions). */
RMV_MUST_CHECK
const struct rmv_error *rmv_model_train(const struct rmv_preferences *preferences,
                                        const struct rmv_model_options *options,
                                        const struct rmv_model_source *source,
                                        struct rmv_buf *bytes);

/* Checks every field of a model in memory, which must stay as long as the model; `name` is for
 * messages, `bytes` is aligned to 8. Errors: CORRUPT, UNSUPPORTED (a newer format). */
RMV_MUST_CHECK
const struct rmv_error *rmv_model_parse(const char *name, const void *bytes, size_t size,
                                        struct rmv_model *model);

/* Maps and checks a file; close() unmaps it. Errors: as above, NOT_FOUND, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_model_open(const char *path, struct rmv_model *model);
void rmv_model_close(struct rmv_model *model);

const char *rmv_model_user(const struct rmv_model *model, size_t index);

/* The index of a user, or RMV_NOT_FOUND. */
size_t rmv_model_find_user(const struct rmv_model *model, const char *user);

/* The items a user is known to have touched. */
struct rmv_ranking_set rmv_model_known_items(const struct rmv_model *model, size_t user);

/* Interactions of anybody: item indexes and total strengths, not yet weighted. */
struct rmv_model_row {
    const uint32_t *indexes;
    const double *strengths;
    size_t count;
};

/* Scores all items for a row; `scores` holds items_count numbers. */
void rmv_model_score_row(const struct rmv_model *model, const struct rmv_model_row *row,
                         double *scores);

/* Scores all items for users [first, first + count): `scores` becomes count × items_count. */
void rmv_model_score_many(const struct rmv_model *model, size_t first, size_t count,
                          struct rmv_dense *scores);

/* Item indexes by popularity: most events first, then the better average rating, then the higher
 * item number. Writes matrix.columns of them. */
void rmv_model_rank_popularity(const struct rmv_preferences *preferences, uint32_t *order);

/* "sum", "binary", "log1p", and back. Errors: USAGE. */
const char *rmv_model_weighting_name(enum rmv_model_weighting weighting);
RMV_MUST_CHECK
const struct rmv_error *rmv_model_weighting_parse(const char *name,
                                                  enum rmv_model_weighting *weighting);
