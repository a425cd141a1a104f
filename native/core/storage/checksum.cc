#include "storage/checksum.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#define SEGVEC_CHECKSUM_SSE2 1
#include <emmintrin.h>
#endif
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace segvec {
namespace {

// Names and values are the specification's.
constexpr uint64_t kPrime32_1 = 0x9E3779B1u, kPrime32_2 = 0x85EBCA77u, kPrime32_3 = 0xC2B2AE3Du;
constexpr uint64_t kPrime64_1 = 0x9E3779B185EBCA87u, kPrime64_2 = 0xC2B2AE3D27D4EB4Fu;
constexpr uint64_t kPrime64_3 = 0x165667B19E3779F9u, kPrime64_4 = 0x85EBCA77C2B2AE63u;
constexpr uint64_t kPrime64_5 = 0x27D4EB2F165667C5u;
constexpr uint64_t kPrimeMx1 = 0x165667919E3779F9u, kPrimeMx2 = 0x9FB21C651E98DF25u;

alignas(64) constexpr uint8_t kSecret[192] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
    0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
    0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
    0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
    0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
    0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
    0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
    0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
    0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
    0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
    0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
};

constexpr size_t kStripeBytes = 64;
constexpr size_t kStripesPerBlock = (sizeof(kSecret) - kStripeBytes) / 8;

uint32_t Read32(const uint8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}
uint64_t Read64(const uint8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}
uint64_t SwapBytes(uint64_t value) {
  value = (value >> 8 & 0x00FF00FF00FF00FFu) | (value & 0x00FF00FF00FF00FFu) << 8;
  value = (value >> 16 & 0x0000FFFF0000FFFFu) | (value & 0x0000FFFF0000FFFFu) << 16;
  return value >> 32 | value << 32;
}

// The halves of the 128-bit product, combined.
uint64_t MultiplyAndFold(uint64_t a, uint64_t b) {
#if defined(_MSC_VER) && !defined(__clang__)
  return a * b ^ __umulh(a, b);
#else
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
#endif
}

uint64_t Avalanche(uint64_t hash) {
  hash = (hash ^ hash >> 37) * kPrimeMx1;
  return hash ^ hash >> 32;
}

uint64_t AvalancheOfXxh64(uint64_t hash) {
  hash = (hash ^ hash >> 33) * kPrime64_2;
  hash = (hash ^ hash >> 29) * kPrime64_3;
  return hash ^ hash >> 32;
}

uint64_t Mix16(const uint8_t* input, const uint8_t* secret) {
  return MultiplyAndFold(Read64(input) ^ Read64(secret), Read64(input + 8) ^ Read64(secret + 8));
}

uint64_t ChecksumUpTo16(const uint8_t* input, size_t size) {
  if (size > 8) {
    const uint64_t low = Read64(input) ^ Read64(kSecret + 24) ^ Read64(kSecret + 32);
    const uint64_t high = Read64(input + size - 8) ^ Read64(kSecret + 40) ^ Read64(kSecret + 48);
    return Avalanche(size + SwapBytes(low) + high + MultiplyAndFold(low, high));
  }
  if (size >= 4) {
    const uint64_t words = Read32(input + size - 4) + (uint64_t{Read32(input)} << 32);
    uint64_t hash = words ^ Read64(kSecret + 8) ^ Read64(kSecret + 16);
    hash = (hash ^ std::rotl(hash, 49) ^ std::rotl(hash, 24)) * kPrimeMx2;
    hash = (hash ^ ((hash >> 35) + size)) * kPrimeMx2;
    return hash ^ hash >> 28;
  }
  if (size == 0) return AvalancheOfXxh64(Read64(kSecret + 56) ^ Read64(kSecret + 64));
  const uint32_t combined = uint32_t{input[0]} << 16 | uint32_t{input[size >> 1]} << 24 | input[size - 1] |
                            static_cast<uint32_t>(size) << 8;
  return AvalancheOfXxh64(combined ^ (Read32(kSecret) ^ Read32(kSecret + 4)));
}

uint64_t ChecksumUpTo128(const uint8_t* input, size_t size) {
  uint64_t hash = size * kPrime64_1;
  for (size_t pair = (size - 1) / 32 + 1; pair-- > 0;) {
    hash += Mix16(input + 16 * pair, kSecret + 32 * pair);
    hash += Mix16(input + size - 16 * (pair + 1), kSecret + 32 * pair + 16);
  }
  return Avalanche(hash);
}

uint64_t ChecksumUpTo240(const uint8_t* input, size_t size) {
  uint64_t hash = size * kPrime64_1;
  for (size_t i = 0; i < 8; ++i) hash += Mix16(input + 16 * i, kSecret + 16 * i);
  hash = Avalanche(hash);
  for (size_t i = 8; i < size / 16; ++i) hash += Mix16(input + 16 * i, kSecret + 16 * (i - 8) + 3);
  return Avalanche(hash + Mix16(input + size - 16, kSecret + 136 - 17));
}

// Eight running sums, as large as a stripe.
struct Lanes {
  alignas(16) uint64_t sums[8] = {kPrime32_3, kPrime64_1, kPrime64_2, kPrime64_3,
                                  kPrime64_4, kPrime32_2, kPrime64_5, kPrime32_1};
};

// Compilers do not find the widening multiplication of the plain loop in SSE2, which is all that every x64
// has.
#ifdef SEGVEC_CHECKSUM_SSE2

void AddStripes(Lanes& lanes, const uint8_t* input, const uint8_t* secret, size_t count) {
  __m128i sums[4];
  for (size_t i = 0; i < 4; ++i) sums[i] = _mm_load_si128(reinterpret_cast<const __m128i*>(lanes.sums) + i);
  for (size_t stripe = 0; stripe < count; ++stripe) {
    const uint8_t* data_at = input + stripe * kStripeBytes;
    const uint8_t* secret_at = secret + stripe * 8;
    for (size_t i = 0; i < 4; ++i) {
      const __m128i data = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data_at) + i);
      const __m128i key =
          _mm_xor_si128(data, _mm_loadu_si128(reinterpret_cast<const __m128i*>(secret_at) + i));
      const __m128i product = _mm_mul_epu32(key, _mm_shuffle_epi32(key, _MM_SHUFFLE(0, 3, 0, 1)));
      const __m128i swapped = _mm_shuffle_epi32(data, _MM_SHUFFLE(1, 0, 3, 2));
      sums[i] = _mm_add_epi64(sums[i], _mm_add_epi64(product, swapped));
    }
  }
  for (size_t i = 0; i < 4; ++i) _mm_store_si128(reinterpret_cast<__m128i*>(lanes.sums) + i, sums[i]);
}

#else

void AddStripes(Lanes& lanes, const uint8_t* input, const uint8_t* secret, size_t count) {
  for (size_t stripe = 0; stripe < count; ++stripe) {
    for (size_t i = 0; i < 8; ++i) {
      const uint64_t data = Read64(input + stripe * kStripeBytes + 8 * i);
      const uint64_t key = data ^ Read64(secret + stripe * 8 + 8 * i);
      lanes.sums[i ^ 1] += data;
      lanes.sums[i] += (key & 0xFFFFFFFFu) * (key >> 32);
    }
  }
}

#endif

void Scramble(Lanes& lanes) {
  const uint8_t* secret = kSecret + sizeof(kSecret) - kStripeBytes;
  for (size_t i = 0; i < 8; ++i) {
    lanes.sums[i] = (lanes.sums[i] ^ lanes.sums[i] >> 47 ^ Read64(secret + 8 * i)) * kPrime32_1;
  }
}

uint64_t ChecksumOfLong(const uint8_t* input, size_t size) {
  constexpr size_t kLongBlockBytes = kStripesPerBlock * kStripeBytes;
  Lanes lanes;
  const size_t block_count = (size - 1) / kLongBlockBytes;
  for (size_t block = 0; block < block_count; ++block) {
    AddStripes(lanes, input + block * kLongBlockBytes, kSecret, kStripesPerBlock);
    Scramble(lanes);
  }
  const size_t rest = (size - 1) - block_count * kLongBlockBytes;
  AddStripes(lanes, input + block_count * kLongBlockBytes, kSecret, rest / kStripeBytes);
  AddStripes(lanes, input + size - kStripeBytes, kSecret + sizeof(kSecret) - kStripeBytes - 7, 1);
  uint64_t hash = size * kPrime64_1;
  for (size_t i = 0; i < 4; ++i) {
    hash += MultiplyAndFold(lanes.sums[2 * i] ^ Read64(kSecret + 11 + 16 * i),
                            lanes.sums[2 * i + 1] ^ Read64(kSecret + 11 + 16 * i + 8));
  }
  return Avalanche(hash);
}

}  // namespace

uint64_t Checksum(std::span<const std::byte> bytes) {
  const uint8_t* input = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t size = bytes.size();
  if (size <= 16) return ChecksumUpTo16(input, size);
  if (size <= 128) return ChecksumUpTo128(input, size);
  if (size <= 240) return ChecksumUpTo240(input, size);
  return ChecksumOfLong(input, size);
}

}  // namespace segvec
