#include "rmv/base/sha256.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static uint8_t *random_bytes(size_t size, unsigned seed)
{
    uint8_t *bytes = rmv_calloc(size, 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(rand_r(&seed) >> 7);
    return bytes;
}

static void check_against_openssl(const void *bytes, size_t size,
                                  const uint8_t digest[RMV_SHA256_SIZE])
{
    uint8_t expected[RMV_SHA256_SIZE];
    assert_int_equal(EVP_Digest(bytes, size, expected, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(digest, expected, RMV_SHA256_SIZE);
}

static void the_standard_s_example_gives_its_digest(void **state)
{
    uint8_t digest[RMV_SHA256_SIZE];
    char hex[RMV_SHA256_HEX_SIZE];

    (void)state;
    rmv_sha256("abc", 3, digest);
    rmv_sha256_to_hex(digest, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    rmv_sha256(NULL, 0, digest);
    rmv_sha256_to_hex(digest, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void every_length_up_to_4096_agrees_with_openssl(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes(4097, 1);
    for (size_t size = 0; size <= 4096; size++) {
        uint8_t digest[RMV_SHA256_SIZE];
        rmv_sha256(bytes + 1, size, digest); /* not aligned */
        check_against_openssl(bytes + 1, size, digest);
    }
}

static void large_messages_agree_with_openssl(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 4; seed++) {
        uint8_t digest[RMV_SHA256_SIZE];
        const size_t size = (((size_t)1 << 20) + 17) * seed;
        RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes(size, seed);
        rmv_sha256(bytes, size, digest);
        check_against_openssl(bytes, size, digest);
    }
}

static void every_split_of_a_message_gives_the_same_digest(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes(300, 2);
    for (size_t size = 0; size <= 300; size += 1 + size / 40) {
        for (size_t cut = 0; cut <= size; cut++) {
            struct rmv_sha256_state sha;
            uint8_t digest[RMV_SHA256_SIZE];
            rmv_sha256_start(&sha);
            rmv_sha256_update(&sha, bytes, cut);
            rmv_sha256_update(&sha, bytes + cut, size - cut);
            rmv_sha256_finish(&sha, digest);
            check_against_openssl(bytes, size, digest);
        }
    }
}

static void many_small_pieces_give_the_same_digest(void **state)
{
    struct rmv_sha256_state sha;
    uint8_t digest[RMV_SHA256_SIZE];
    unsigned seed = 3;

    (void)state;
    RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes(100000, 3);
    rmv_sha256_start(&sha);
    for (size_t done = 0; done < 100000;) {
        size_t piece = (size_t)rand_r(&seed) % 200;
        piece = piece < 100000 - done ? piece : 100000 - done;
        rmv_sha256_update(&sha, bytes + done, piece);
        done += piece;
    }
    rmv_sha256_finish(&sha, digest);
    check_against_openssl(bytes, 100000, digest);
}

static void check_pair(const uint8_t *bytes, const size_t sizes[2])
{
    const void *const messages[2] = {bytes, bytes + sizes[0]};
    uint8_t digests[2][RMV_SHA256_SIZE];
    rmv_sha256_pair(messages, sizes, digests);
    check_against_openssl(messages[0], sizes[0], digests[0]);
    check_against_openssl(messages[1], sizes[1], digests[1]);
}

static void pairs_of_any_two_lengths_agree_with_openssl(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes(8192, 4);
    for (size_t a = 0; a <= 4096; a += 1 + a / 20)
        for (size_t b = 0; b <= 4096; b += 1 + b / 20)
            check_pair(bytes, (const size_t[2]){a, b});
}

static void every_length_in_a_pair_agrees_with_openssl(void **state)
{
    (void)state;
    unsigned seed = 6;
    RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes(8192, 6);
    for (size_t size = 0; size <= 4096; size++) {
        check_pair(bytes, (const size_t[2]){size, size});
        check_pair(bytes, (const size_t[2]){size, (size_t)rand_r(&seed) % 4096});
    }
}

static void large_messages_in_a_pair_agree_with_openssl(void **state)
{
    (void)state;
    unsigned seed = 7;
    RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes((size_t)6 << 20, 7);
    for (int i = 0; i < 20; i++) {
        const size_t first = (size_t)rand_r(&seed) % ((size_t)3 << 20);
        check_pair(bytes, (const size_t[2]){first, (size_t)rand_r(&seed) % ((size_t)3 << 20)});
    }
}

static void two_states_at_different_places_take_bytes_in_step(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_free) uint8_t *bytes = random_bytes(2000, 5);
    for (size_t before = 0; before <= 130; before++) {
        for (size_t size = 0; size < 700; size += 13) {
            struct rmv_sha256_state whole, part;
            uint8_t digest[RMV_SHA256_SIZE];
            rmv_sha256_start(&whole);
            rmv_sha256_start(&part);
            rmv_sha256_update(&whole, bytes, before);
            rmv_sha256_update_pair(&whole, bytes + before, &part, bytes + before, size);
            rmv_sha256_finish(&whole, digest);
            check_against_openssl(bytes, before + size, digest);
            rmv_sha256_finish(&part, digest);
            check_against_openssl(bytes + before, size, digest);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_standard_s_example_gives_its_digest),
        TEST(every_length_up_to_4096_agrees_with_openssl),
        TEST(large_messages_agree_with_openssl),
        TEST(every_split_of_a_message_gives_the_same_digest),
        TEST(many_small_pieces_give_the_same_digest),
        TEST(pairs_of_any_two_lengths_agree_with_openssl),
        TEST(every_length_in_a_pair_agrees_with_openssl),
        TEST(large_messages_in_a_pair_agree_with_openssl),
        TEST(two_states_at_different_places_take_bytes_in_step),
    };
    return RUN_TESTS(tests);
}
