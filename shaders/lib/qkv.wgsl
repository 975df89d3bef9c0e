// What ends the dot products of a pair of neighbouring rows of stacked Q, K and V: RoPE, and the store into q or the cache.
import kv::store2;
import package::lib::kv::{ kv_address_of, BLOCK_TOKENS };
import package::lib::rope::rotate;
import package::lib::step::{ row_position, row_block, rope_cos_sin };

struct Params {
  heads: u32, // query heads
  kv_heads: u32, // no constants, so that one pipeline serves all layers, and the self-test before them
  head_size: u32,
  units: u32, // columns / 32
  plane: u32, // word at which the weights' side plane begins
  pairs: u32, // rotated pairs a head; 0: no rotation
  table: u32, // which of the step's cos/sin tables
  v_plane: u32, // elements from a key to its value
  pool: u32, // which of the row's block tables
  epsilon: f32, // of the norm, in shapes that take one
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(6) var<storage, read_write> q: array<vec2f>;

// Pairs of the matrix's rows.
fn pair_count() -> u32 { return (params.heads + 2u * params.kv_heads) * params.head_size / 2u; }

// `v`: what weight rows 2·pair and 2·pair + 1 give for row `row` of the step.
fn finish(pair: u32, row: u32, v: vec2f) {
  let half = params.head_size / 2u;
  let head = pair / half;
  let place = pair % half; // in the head
  let is_value = head >= params.heads + params.kv_heads;
  var turned = v;
  if (!is_value && place < params.pairs) { turned = rotate(v, rope_cos_sin(row, params.table, place, params.pairs)); }
  if (head < params.heads) {
    q[row * params.heads * half + pair] = turned;
  } else {
    let position = row_position(row);
    let block = row_block(row, params.pool, position, BLOCK_TOKENS);
    let key = kv_address_of(params.kv_heads, params.head_size, block, (head - params.heads) % params.kv_heads, position);
    store2(key + select(0u, params.v_plane, is_value) + 2u * place, turned);
  }
}
