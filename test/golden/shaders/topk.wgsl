

struct Params {
  size: u32,
  first: u32, // 1: input is logits
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> input: array<u32>;

@group(0) @binding(3) var<storage, read_write> output: array<vec2u>;

const SLICE = 1024u;

const KEEP = 64u;

const THREADS = 256u;

var<workgroup> sorted: array<vec2u, SLICE>;

fn candidate(row: u32, index: u32) -> vec2u {
  if (index >= params.size) {
    return vec2u(0u, 0xffffffffu);
  }
  let at = row * params.size + index;
  if (params.first == 1u) {
    return vec2u(order_key(input[at]), index);
  }
  return vec2u(input[at * 2u], input[at * 2u + 1u]);
}

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  for (var i = local; i < SLICE; i += THREADS) {
    sorted[i] = candidate(group.y, group.x * SLICE + i);
  }
  workgroupBarrier();
  for (var run = 2u; run <= SLICE; run *= 2u) {
    for (var gap = run / 2u; gap > 0u; gap /= 2u) {
      for (var i = local; i < SLICE / 2u; i += THREADS) {
        let a = (i / gap) * gap * 2u + i % gap;
        let b = a + gap;
        let ascending = (a & run) == 0u;
        if (before(sorted[b], sorted[a]) == ascending) {
          let swap = sorted[a];
          sorted[a] = sorted[b];
          sorted[b] = swap;
        }
      }
      workgroupBarrier();
    }
  }
  if (local < KEEP) {
    output[(group.y * groups.x + group.x) * KEEP + local] = sorted[local];
  }
}

fn order_key(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return NAN_KEY;
  }
  if (bits == 0x80000000u) {
    return 0x80000000u;
  }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

// Logits as u32 keys in the order of the floats, so that NaN and ties are decided by integers: no compiler may assume
// them away. NaN becomes the greatest key; -0 equals 0.
const NAN_KEY: u32 = 0xffffffffu;

// Whether candidate (key, id) a comes before b: greater key first, then the lower id.
fn before(a: vec2u, b: vec2u) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}