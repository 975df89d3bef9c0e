// Element addresses of one layer's paged KV cache: [K, V][block][kv head][token in block][head size].
#pragma once

// Codes of the types, for kernels that choose at run time: KV_TYPE_CODES of native-bridge/hip/kernel-table.ts.
constexpr u32 KV_F16 = 0u;
constexpr u32 KV_F32 = 1u;

// The first element of the key of `head` at `position`, which lies in `block`; values lie the K plane's size further on.
FN u32 kv_address(u32 kv_heads, u32 head_size, u32 block_tokens, u32 block, u32 head, u32 position) {
  return ((block * kv_heads + head) * block_tokens + position % block_tokens) * head_size;
}
