// Blocks as they lie in a file → a main plane of whole words a block, and a side plane of the bytes that stand out.
// step [records × 4] u32 · source [bytes / 4] u32 · planes [words of both planes × 1] u32; a word of a plane is one thread's
// grid: (⌈words / 1024⌉)
struct Params {
  block_bytes: u32,
  side_offset: u32,
  side_bytes: u32,
  record: u32,
}


@group(0) @binding(0) var<uniform> params: Params;

// Of each record: the words at which its blocks begin in the source, in the main plane and in the side plane, and their number.
@group(0) @binding(1) var<storage, read> step: array<u32>;

@group(0) @binding(2) var<storage, read> source: array<u32>;

@group(0) @binding(3) var<storage, read_write> planes: array<u32>;

const THREADS: u32 = 64u;

// A group for few words costs a software adapter more than the words do.
const GROUP_WORDS: u32 = 1024u;

fn byte_at(first: u32, at: u32) -> u32 {
  return (source[first + at / 4u] >> (8u * (at % 4u))) & 0xffu;
}

// The word of bytes `at` … `at + 3` behind word `first`. Blocks have any number of bytes, so that they begin anywhere in a word.
fn bytes_at(first: u32, at: u32) -> u32 {
  let shift = 8u * (at % 4u);
  let o = first + at / 4u;
  return (source[o] >> shift) | ((source[o + 1u] << (31u - shift)) << 1u);
}

// Word `word` of a plane that has `bytes` bytes of each block: those from `offset` on, from byte `gap` of them on those behind the side.
fn gathered(first: u32, blocks: u32, word: u32, bytes: u32, offset: u32, gap: u32) -> u32 {
  var block = 4u * word / bytes;
  var of_block = 4u * word - block * bytes;
  var value = 0u;
  for (var i = 0u; i < 4u && block < blocks; i++) {
    let at = block * params.block_bytes + offset + of_block + select(0u, params.side_bytes, of_block >= gap);
    value |= byte_at(first, at) << (8u * i);
    of_block++;
    let is_end = of_block == bytes;
    of_block = select(of_block, 0u, is_end);
    block += select(0u, 1u, is_end);
  }
  return value;
}

// Each kind of word has a loop of its own: a software adapter runs through branches that it does not take.
@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let record = 4u * params.record;
  let first = step[record];
  let to_main = step[record + 1u];
  let to_side = step[record + 2u];
  let blocks = step[record + 3u];
  let main_bytes = params.block_bytes - params.side_bytes;
  let main_words = (blocks * main_bytes + 3u) / 4u;
  let words = main_words + (blocks * params.side_bytes + 3u) / 4u;
  let end = min(words, (group.x + 1u) * GROUP_WORDS);
  let main_end = min(main_words, end);
  let are_neighbours = (main_bytes | params.side_offset) % 4u == 0u; // a word's bytes, in one block
  var i = group.x * GROUP_WORDS + thread;
  for (; are_neighbours && i < main_end; i += THREADS) {
    let block = 4u * i / main_bytes;
    let of_block = 4u * i - block * main_bytes;
    let behind = select(0u, params.side_bytes, of_block >= params.side_offset);
    planes[to_main + i] = bytes_at(first, block * params.block_bytes + of_block + behind);
  }
  for (; i < main_end; i += THREADS) {
    planes[to_main + i] = gathered(first, blocks, i, main_bytes, 0u, params.side_offset);
  }
  for (; i < end; i += THREADS) {
    let word = i - main_words;
    planes[to_side + word] = gathered(first, blocks, word, params.side_bytes, params.side_offset, params.side_bytes);
  }
}
