// Element addresses of one layer's paged KV cache: [K, V][block][kv head][token in block][head size].
override KV_HEADS: u32 = 1u;
override HEAD_SIZE: u32 = 64u;
override BLOCK_TOKENS: u32 = 16u;

// The first element of the key of `head` at `position`, which lies in `block`; values lie the K plane's size further on.
fn kv_address(block: u32, head: u32, position: u32) -> u32 {
  return kv_address_of(KV_HEADS, HEAD_SIZE, block, head, position);
}

fn kv_address_of(kv_heads: u32, head_size: u32, block: u32, head: u32, position: u32) -> u32 {
  return ((block * kv_heads + head) * BLOCK_TOKENS + position % BLOCK_TOKENS) * head_size;
}
