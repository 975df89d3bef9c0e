// Blocks as they lie in a file → a main plane of whole words a block, and a side plane of the bytes that stand out.
// step [records × 4] u32 · source [bytes / 4] u32 · planes [words of both planes × 1] u32; a word of a plane is one thread's
// grid: (⌈words / 1024⌉)
#pragma once

namespace relayout {

constexpr u32 THREADS = 64u;
constexpr u32 GROUP_WORDS = 1024u;

struct Params {
  u32 block_bytes;
  u32 side_offset;
  u32 side_bytes;
  u32 record;
};

// `step`, of each record: the words at which its blocks begin in the source, in the main plane and in the side plane, and their number.
#define ARGUMENTS Params params, IN(u32) step, IN(u32) source, OUT(u32) planes
#define PASSED params, step, source, planes

FN u32 byte_at(const u32 *source, u32 first, u32 at) {
  return (source[first + at / 4u] >> (8u * (at % 4u))) & 0xffu;
}

// The word of bytes `at` … `at + 3` behind word `first`. Blocks have any number of bytes, so that they begin anywhere in a word.
FN u32 bytes_at(const u32 *source, u32 first, u32 at) {
  const u32 shift = 8u * (at % 4u);
  const u32 o = first + at / 4u;
  if (shift == 0u) return source[o]; // the next word may not be there
  return (source[o] >> shift) | (source[o + 1u] << (32u - shift));
}

// Word `word` of a plane that has `bytes` bytes of each block: those from `offset` on, from byte `gap` of them on those behind the side.
FN u32 gathered(const Params &params, const u32 *source, u32 first, u32 blocks, u32 word, u32 bytes, u32 offset, u32 gap) {
  u32 block = 4u * word / bytes;
  u32 of_block = 4u * word - block * bytes;
  u32 value = 0u;
  for (u32 i = 0u; i < 4u && block < blocks; i++) {
    const u32 at = block * params.block_bytes + offset + of_block + (of_block >= gap ? params.side_bytes : 0u);
    value |= byte_at(source, first, at) << (8u * i);
    of_block++;
    if (of_block == bytes) {
      of_block = 0u;
      block++;
    }
  }
  return value;
}

FN void run(ARGUMENTS) {
  const u32 group = workgroup_id().x;
  const u32 record = 4u * params.record;
  const u32 first = step[record];
  const u32 to_main = step[record + 1u];
  const u32 to_side = step[record + 2u];
  const u32 blocks = step[record + 3u];
  const u32 main_bytes = params.block_bytes - params.side_bytes;
  const u32 main_words = (blocks * main_bytes + 3u) / 4u;
  const u32 words = main_words + (blocks * params.side_bytes + 3u) / 4u;
  const u32 end = min(words, (group + 1u) * GROUP_WORDS);
  const u32 main_end = min(main_words, end);
  const bool are_neighbours = (main_bytes | params.side_offset) % 4u == 0u; // a word's bytes, in one block
  u32 i = group * GROUP_WORDS + local_invocation_index();
  for (; are_neighbours && i < main_end; i += THREADS) {
    const u32 block = 4u * i / main_bytes;
    const u32 of_block = 4u * i - block * main_bytes;
    const u32 behind = of_block >= params.side_offset ? params.side_bytes : 0u;
    planes[to_main + i] = bytes_at(source, first, block * params.block_bytes + of_block + behind);
  }
  for (; i < main_end; i += THREADS) {
    planes[to_main + i] = gathered(params, source, first, blocks, i, main_bytes, 0u, params.side_offset);
  }
  for (; i < end; i += THREADS) {
    const u32 word = i - main_words;
    planes[to_side + word] = gathered(
      params, source, first, blocks, word, params.side_bytes, params.side_offset, params.side_bytes
    );
  }
}

KERNEL(relayout, run)

#undef ARGUMENTS
#undef PASSED
} // namespace relayout
