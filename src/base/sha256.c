/* OpenSSL 3 would rather be called through EVP, which allocates and hides its state.
 * SHA256_Update() runs the same machine code on a state of ours. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "rmv/base/sha256.h"

#include <openssl/sha.h>
#include <stdatomic.h>
#include <string.h>

#include "base/sha256_ni.h"

#define BLOCK_SIZE 64

/* Asking the processor is slow, in a virtual machine above all. */
static bool has_instructions(void)
{
    enum { UNKNOWN, NO, YES };
    static _Atomic int answer = UNKNOWN;

    int known = atomic_load_explicit(&answer, memory_order_relaxed);
    if (known == UNKNOWN) {
        known = rmv_sha256_ni_is_here() ? YES : NO;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == YES;
}

static void compress(uint32_t words[8], const uint8_t *blocks, size_t count)
{
    if (has_instructions()) {
        rmv_sha256_ni_compress(words, blocks, count);
        return;
    }
    SHA256_CTX context = {.md_len = SHA256_DIGEST_LENGTH};
    memcpy(context.h, words, sizeof(context.h));
    SHA256_Update(&context, blocks, count * BLOCK_SIZE);
    memcpy(words, context.h, sizeof(context.h));
}

static void compress_pair(uint32_t a_words[8], const uint8_t *a_blocks, uint32_t b_words[8],
                          const uint8_t *b_blocks, size_t count)
{
    if (has_instructions()) {
        rmv_sha256_ni_compress_pair(a_words, a_blocks, b_words, b_blocks, count);
        return;
    }
    compress(a_words, a_blocks, count);
    compress(b_words, b_blocks, count);
}

void rmv_sha256_start(struct rmv_sha256_state *state)
{
    *state = (struct rmv_sha256_state){
        .words = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                  0x1f83d9ab, 0x5be0cd19},
    };
}

/* Completes the block that was begun and returns how many of the bytes that took. */
static size_t fill_tail(struct rmv_sha256_state *state, const uint8_t *bytes, size_t size)
{
    const size_t used = state->size % BLOCK_SIZE;
    if (used == 0)
        return 0;
    const size_t taken = size < BLOCK_SIZE - used ? size : BLOCK_SIZE - used;
    memcpy(state->tail + used, bytes, taken);
    state->size += taken;
    if (used + taken == BLOCK_SIZE)
        compress(state->words, state->tail, 1);
    return taken;
}

/* Takes whole blocks, and keeps what is left of the bytes for later. The tail is empty. */
static void take_blocks(struct rmv_sha256_state *state, const uint8_t *bytes, size_t size)
{
    const size_t left = size % BLOCK_SIZE;
    if (size >= BLOCK_SIZE)
        compress(state->words, bytes, size / BLOCK_SIZE);
    if (left > 0)
        memcpy(state->tail, bytes + size - left, left);
    state->size += size;
}

void rmv_sha256_update(struct rmv_sha256_state *state, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    const uint8_t *next = bytes;
    const size_t taken = fill_tail(state, next, size);
    if (taken < size)
        take_blocks(state, next + taken, size - taken);
}

void rmv_sha256_update_pair(struct rmv_sha256_state *a, const void *a_bytes,
                            struct rmv_sha256_state *b, const void *b_bytes, size_t size)
{
    if (size == 0)
        return;
    const size_t a_taken = fill_tail(a, a_bytes, size), b_taken = fill_tail(b, b_bytes, size);
    const uint8_t *a_next = (const uint8_t *)a_bytes + a_taken;
    const uint8_t *b_next = (const uint8_t *)b_bytes + b_taken;

    const size_t most = a_taken > b_taken ? a_taken : b_taken;
    const size_t both = (size - most) / BLOCK_SIZE * BLOCK_SIZE;
    if (both > 0) {
        compress_pair(a->words, a_next, b->words, b_next, both / BLOCK_SIZE);
        a->size += both;
        b->size += both;
    }
    rmv_sha256_update(a, a_next + both, size - a_taken - both);
    rmv_sha256_update(b, b_next + both, size - b_taken - both);
}

static void append_big_endian(uint64_t number, size_t size, uint8_t *out)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
}

/* Sets what is to be hashed last, the rest of the message and its size; returns how many blocks
 * that takes. */
static size_t pad(const struct rmv_sha256_state *state, uint8_t padding[2 * BLOCK_SIZE])
{
    const size_t used = state->size % BLOCK_SIZE;
    const size_t blocks = used < BLOCK_SIZE - 8 ? 1 : 2;

    memcpy(padding, state->tail, used);
    memset(padding + used, 0, blocks * BLOCK_SIZE - used);
    padding[used] = 0x80;
    append_big_endian(state->size * 8, 8, padding + blocks * BLOCK_SIZE - 8);
    return blocks;
}

static void set_digest(const struct rmv_sha256_state *state, uint8_t digest[RMV_SHA256_SIZE])
{
    for (size_t i = 0; i < 8; i++)
        append_big_endian(state->words[i], 4, digest + 4 * i);
}

void rmv_sha256_finish(struct rmv_sha256_state *state, uint8_t digest[RMV_SHA256_SIZE])
{
    uint8_t padding[2 * BLOCK_SIZE];
    const size_t blocks = pad(state, padding);
    compress(state->words, padding, blocks);
    set_digest(state, digest);
}

void rmv_sha256_finish_pair(struct rmv_sha256_state *a, uint8_t a_digest[RMV_SHA256_SIZE],
                            struct rmv_sha256_state *b, uint8_t b_digest[RMV_SHA256_SIZE])
{
    uint8_t a_padding[2 * BLOCK_SIZE], b_padding[2 * BLOCK_SIZE];
    const size_t a_blocks = pad(a, a_padding), b_blocks = pad(b, b_padding);
    compress_pair(a->words, a_padding, b->words, b_padding, 1);
    if (a_blocks > 1)
        compress(a->words, a_padding + BLOCK_SIZE, 1);
    if (b_blocks > 1)
        compress(b->words, b_padding + BLOCK_SIZE, 1);
    set_digest(a, a_digest);
    set_digest(b, b_digest);
}

void rmv_sha256(const void *bytes, size_t size, uint8_t digest[RMV_SHA256_SIZE])
{
    struct rmv_sha256_state state;
    rmv_sha256_start(&state);
    rmv_sha256_update(&state, bytes, size);
    rmv_sha256_finish(&state, digest);
}

void rmv_sha256_pair(const void *const bytes[2], const size_t sizes[2],
                     uint8_t digests[2][RMV_SHA256_SIZE])
{
    struct rmv_sha256_state states[2];
    const size_t both = sizes[0] < sizes[1] ? sizes[0] : sizes[1];

    rmv_sha256_start(&states[0]);
    rmv_sha256_start(&states[1]);
    rmv_sha256_update_pair(&states[0], bytes[0], &states[1], bytes[1], both);
    for (int i = 0; i < 2; i++)
        if (sizes[i] > both)
            rmv_sha256_update(&states[i], (const uint8_t *)bytes[i] + both, sizes[i] - both);
    rmv_sha256_finish_pair(&states[0], digests[0], &states[1], digests[1]);
}

void rmv_sha256_to_hex(const uint8_t digest[RMV_SHA256_SIZE], char hex[RMV_SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < RMV_SHA256_SIZE; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[RMV_SHA256_HEX_SIZE - 1] = '\0';
}
