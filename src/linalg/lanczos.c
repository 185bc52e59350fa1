#include "linalg/lanczos.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/linalg/dense.h"

/* A vector has converged when what AᵀA adds to its direction is below this, relative to the largest
 * eigenvalue. The singular values are then good to far more, as the error enters squared. */
#define TOLERANCE 1e-12

/* A new direction this small, relative to the largest eigenvalue, is rounding. */
#define NOTHING_LEFT 1e-13

#define RESTARTS_MAX 2000
#define CHECK_STEPS 30 /* from a random vector, in search of what was missed */
#define ROOM_EXTRA 30
#define PASSES_MAX 4 /* of orthogonalisation; two are enough but for directions out of rounding */
#define RANDOM_ORIGIN UINT64_C(0x9e3779b97f4a7c15)

struct lanczos {
    const struct rmv_sparse *matrix;
    const struct rmv_sparse *transposed;
    int size;          /* of a basis vector */
    int wanted, room;  /* eigenvectors to find; basis vectors at most */
    int count;         /* basis vectors that AᵀA was applied to */
    double beta;       /* length of what lay outside of the basis at the last step */
    double scale;      /* the largest eigenvalue as far as known */
    double *basis;     /* size × (room + 1), column-major; the last column is the next direction */
    double *spare;     /* size × room, for restarts */
    double *projected; /* room × room, column-major, upper half: basisᵀ·AᵀA·basis */
    double *eigenvectors; /* room × room, column-major, ascending as LAPACK leaves them */
    double *eigenvalues;  /* room */
    double *overlaps;     /* room + 1 */
    double *image;        /* of a basis vector under A */
    uint64_t random;
};

static void lanczos_free(struct lanczos *l)
{
    free(l->basis);
    free(l->spare);
    free(l->projected);
    free(l->eigenvectors);
    free(l->eigenvalues);
    free(l->overlaps);
    free(l->image);
}

static void *doubles(size_t rows, size_t columns)
{
    return rmv_calloc(rows * columns + 1, sizeof(double));
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static void lanczos_open(struct lanczos *l, const struct rmv_sparse *matrix,
                         const struct rmv_sparse *transposed, size_t wanted)
{
    *l = (struct lanczos){.matrix = matrix, .transposed = transposed, .random = RANDOM_ORIGIN};
    l->size = (int)matrix->columns;
    l->wanted = (int)wanted;
    l->room = smaller(l->size, 2 * l->wanted + ROOM_EXTRA);
    const size_t size = matrix->columns;
    const size_t room = (size_t)l->room;
    l->basis = doubles(size, room + 1);
    l->spare = doubles(size, room);
    l->projected = doubles(room, room);
    l->eigenvectors = doubles(room, room);
    l->eigenvalues = doubles(room, 1);
    l->overlaps = doubles(room + 1, 1);
    l->image = doubles(matrix->rows, 1);
}

static double *basis_vector(const struct lanczos *l, int i)
{
    return l->basis + (size_t)i * (size_t)l->size;
}

/* SplitMix64 (Steele, Lea, Flood 2014), mapped to [-1, 1). */
static double random_number(struct lanczos *l)
{
    l->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = l->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-52 - 1;
}

/* Takes out of `vector` what lies in the first `count` basis vectors, and adds it to `taken`, if
 * that is not NULL. Returns the length of what remains. */
static double orthogonalize(struct lanczos *l, double *vector, int count, double *taken)
{
    double before = cblas_dnrm2(l->size, vector, 1);
    for (int pass = 0; count > 0 && pass < PASSES_MAX; pass++) {
        cblas_dgemv(CblasColMajor, CblasTrans, l->size, count, 1, l->basis, l->size, vector, 1, 0,
                    l->overlaps, 1);
        cblas_dgemv(CblasColMajor, CblasNoTrans, l->size, count, -1, l->basis, l->size, l->overlaps,
                    1, 1, vector, 1);
        if (taken)
            cblas_daxpy(count, 1, l->overlaps, 1, taken, 1);
        const double after = cblas_dnrm2(l->size, vector, 1);
        const bool enough = after > 0.7 * before;
        before = after;
        if (enough)
            break;
    }
    return before;
}

/* Makes the basis vector at `position` a random direction outside of those before it. */
static void set_random_vector(struct lanczos *l, int position)
{
    double *vector = basis_vector(l, position);
    double length = 0;
    while (length < 1e-6) {
        for (int i = 0; i < l->size; i++)
            vector[i] = random_number(l);
        cblas_dscal(l->size, 1 / cblas_dnrm2(l->size, vector, 1), vector, 1);
        length = orthogonalize(l, vector, position, NULL);
    }
    cblas_dscal(l->size, 1 / length, vector, 1);
    /* Once more: dividing by a small length has enlarged what was left of the others. */
    length = orthogonalize(l, vector, position, NULL);
    cblas_dscal(l->size, 1 / length, vector, 1);
}

/* Applies AᵀA to basis vector `j`, notes its projection and makes the remainder the next vector. */
static void step(struct lanczos *l, int j)
{
    double *next = basis_vector(l, j + 1);
    const double *current = basis_vector(l, j);
    double *column = l->projected + (size_t)j * (size_t)l->room;
    rmv_sparse_times_vector(l->matrix, current, l->image);
    rmv_sparse_times_vector(l->transposed, l->image, next);

    /* The own direction, mostly the largest part, goes first: then one full pass is enough. */
    const double own = cblas_ddot(l->size, current, 1, next, 1);
    cblas_daxpy(l->size, -own, current, 1, next, 1);
    memset(column, 0, (size_t)l->room * sizeof(double));
    l->beta = orthogonalize(l, next, j + 1, column);
    column[j] += own;
    l->scale = fmax(l->scale, column[j]);
    l->count = j + 1;

    if (l->count == l->size) {
        l->beta = 0;
    } else if (l->beta <= NOTHING_LEFT * l->scale) {
        l->beta = 0;
        set_random_vector(l, j + 1);
    } else {
        cblas_dscal(l->size, 1 / l->beta, next, 1);
    }
}

/* The eigenvalues and eigenvectors of AᵀA within the basis. */
static const struct rmv_error *solve_projected(struct lanczos *l)
{
    for (int j = 0; j < l->count; j++)
        memcpy(l->eigenvectors + (size_t)j * (size_t)l->room,
               l->projected + (size_t)j * (size_t)l->room, (size_t)l->room * sizeof(double));
    const lapack_int info = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', l->count, l->eigenvectors,
                                           l->room, l->eigenvalues);
    if (info != 0)
        return rmv_error(RMV_ERR_FAILED, "dsyevd gave up on a matrix of %d (info %d)", l->count,
                         (int)info);
    l->scale = fmax(l->scale, l->eigenvalues[l->count - 1]);
    return NULL;
}

/* Eigenvector `i` of the projected matrix, counted from the largest eigenvalue. */
static const double *projected_vector(const struct lanczos *l, int i)
{
    return l->eigenvectors + (size_t)(l->count - 1 - i) * (size_t)l->room;
}

static int count_converged(const struct lanczos *l)
{
    int n = 0;
    while (n < smaller(l->wanted, l->count) &&
           l->beta * fabs(projected_vector(l, n)[l->count - 1]) <= TOLERANCE * l->scale)
        n++;
    return n;
}

/* Replaces the basis by the `kept` leading eigenvectors within it. The direction that comes next
 * stays what it was. */
static void compress(struct lanczos *l, int kept)
{
    const double *leading = projected_vector(l, kept - 1);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, l->size, kept, l->count, 1, l->basis,
                l->size, leading, l->room, 0, l->spare, l->size);
    const double *next = basis_vector(l, l->count);
    memmove(basis_vector(l, kept), next, (size_t)l->size * sizeof(double));
    memset(l->projected, 0, (size_t)l->room * (size_t)l->room * sizeof(double));
    for (int i = 0; i < kept; i++) {
        const double *from = l->spare + (size_t)(kept - 1 - i) * (size_t)l->size;
        memcpy(basis_vector(l, i), from, (size_t)l->size * sizeof(double));
        l->projected[(size_t)i * (size_t)l->room + (size_t)i] = l->eigenvalues[l->count - 1 - i];
    }
    l->count = kept;
}

/* Expands and restarts until the wanted vectors have converged; they are then the first of the
 * basis. */
static const struct rmv_error *converge(struct lanczos *l)
{
    for (int restart = 0; restart < RESTARTS_MAX; restart++) {
        for (int j = l->count; j < l->room; j++)
            step(l, j);
        const struct rmv_error *err = solve_projected(l);
        if (err)
            return err;
        const int converged = count_converged(l);
        const int kept = smaller(l->wanted + (l->room - l->wanted) / 2, l->room - 1);
        if (converged == l->wanted) {
            compress(l, l->room == l->size ? l->wanted : kept);
            return NULL;
        }
        compress(l, kept);
    }
    return rmv_error(RMV_ERR_FAILED, "no convergence after %d restarts", RESTARTS_MAX);
}

/* Makes the direction in which the search found more than the `wanted` vectors it started with the
 * next one, behind those. */
static void follow(struct lanczos *l)
{
    int best = 0;
    double weight = -1;
    for (int i = 0; i < l->wanted; i++) {
        const double *y = projected_vector(l, i);
        const double outside = cblas_dnrm2(l->count - l->wanted, y + l->wanted, 1);
        if (outside > weight) {
            weight = outside;
            best = i;
        }
    }
    double *found = l->spare;
    cblas_dgemv(CblasColMajor, CblasNoTrans, l->size, l->count - l->wanted, 1,
                basis_vector(l, l->wanted), l->size, projected_vector(l, best) + l->wanted, 1, 0,
                found, 1);
    memcpy(basis_vector(l, l->wanted), found, (size_t)l->size * sizeof(double));
    const double length = orthogonalize(l, basis_vector(l, l->wanted), l->wanted, NULL);
    cblas_dscal(l->size, 1 / length, basis_vector(l, l->wanted), 1);
    l->count = l->wanted;
}

/* Looks for what the start vector could not see: locks the converged vectors, deflates the ones
 * behind them too, and goes on from a random one. */
static const struct rmv_error *check_multiplicity(struct lanczos *l, bool *complete)
{
    const double smallest =
        l->projected[(size_t)(l->wanted - 1) * (size_t)l->room + (size_t)(l->wanted - 1)];
    const int end = smaller(l->room, l->count + CHECK_STEPS);
    set_random_vector(l, l->count);
    for (int j = l->count; j < end; j++)
        step(l, j);
    const struct rmv_error *err = solve_projected(l);
    if (err)
        return err;
    *complete = l->eigenvalues[l->count - l->wanted] <= smallest + 1e3 * TOLERANCE * l->scale;
    if (!*complete)
        follow(l);
    return NULL;
}

const struct rmv_error *rmv_lanczos(const struct rmv_sparse *matrix,
                                    const struct rmv_sparse *transposed, size_t wanted,
                                    double *vectors)
{
    rmv_dense_use_one_thread();
    RMV_CLEANUP(lanczos_free) struct lanczos l;
    lanczos_open(&l, matrix, transposed, wanted);
    set_random_vector(&l, 0);

    bool complete = false;
    while (!complete) {
        const struct rmv_error *err = converge(&l);
        if (err)
            return err;
        if (l.room == l.size)
            break; /* the basis is the whole space: nothing can be missing */
        err = check_multiplicity(&l, &complete);
        if (err)
            return err;
    }
    memcpy(vectors, l.basis, (size_t)l.size * wanted * sizeof(double));
    return NULL;
}
