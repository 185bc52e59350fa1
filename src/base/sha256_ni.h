/* SHA-256's compression function with the SHA instructions of x86 processors. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does this processor have them? The other functions may be called only then. */
bool rmv_sha256_ni_is_here(void);

/* Takes `count` blocks of 64 bytes into the state `words`. */
void rmv_sha256_ni_compress(uint32_t words[8], const uint8_t *blocks, size_t count);

/* The same for two messages in step: an instruction of one fills the time that the other waits. */
void rmv_sha256_ni_compress_pair(uint32_t a_words[8], const uint8_t *a_blocks, uint32_t b_words[8],
                                 const uint8_t *b_blocks, size_t count);
