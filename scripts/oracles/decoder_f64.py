"""A decoder in float64, straight from the papers: what engines must come close to. Shares nothing with src/.

RMS norm (Zhang & Sennrich 2019), RoPE (Su et al. 2021) with linear scaling (Chen et al. 2023) and YaRN (Peng et al.
2023), grouped-query attention (Ainslie et al. 2023), gated linear units (Shazeer 2020), soft caps and norms behind the
blocks (Gemma 2), norms of all heads at once (OLMo 2), multipliers (Granite), layers without RoPE (SmolLM 3).
"""
import dataclasses
import math
from typing import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Rope:
    base: float = 10_000.0
    linear: float = 1.0
    yarn: "Yarn | None" = None


@dataclasses.dataclass(frozen=True)
class Yarn:
    factor: float
    original_context: int
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    attention_factor: float = 1.0


@dataclasses.dataclass(frozen=True)
class Decoder:
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    ffn: int
    epsilon: float = 1e-5
    halves: bool = False  # which elements are a pair: (i, i + pairs), or neighbours
    tied: bool = True
    norms_before: bool = True
    norms_behind: bool = False
    norms_of_heads: bool = False
    norms_of_each_head: bool = False
    activation: str = "silu"
    rope: Callable[[int], Rope | None] = lambda layer: Rope()
    window: Callable[[int], int | None] = lambda layer: None
    score_scale: float | None = None
    score_cap: float | None = None
    logit_cap: float | None = None
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logit_divisor: float = 1.0

    def shapes(self, vocabulary):
        """Tensor name → (rows, columns), or (length,)."""
        width, kv_width = self.heads * self.head_size, self.kv_heads * self.head_size
        found = {"token_embd": (vocabulary, self.hidden), "output_norm": (self.hidden,)}
        if not self.tied:
            found["output"] = (vocabulary, self.hidden)
        for i in range(self.layers):
            layer = {
                "attn_q": (width, self.hidden), "attn_k": (kv_width, self.hidden), "attn_v": (kv_width, self.hidden),
                "attn_output": (self.hidden, width), "ffn_gate": (self.ffn, self.hidden),
                "ffn_up": (self.ffn, self.hidden), "ffn_down": (self.hidden, self.ffn),
            }
            if self.norms_before:
                layer |= {"attn_norm": (self.hidden,), "ffn_norm": (self.hidden,)}
            if self.norms_behind:
                layer |= {"post_attention_norm": (self.hidden,), "post_ffw_norm": (self.hidden,)}
            if self.norms_of_heads:
                layer |= {"attn_q_norm": (width,), "attn_k_norm": (kv_width,)}
            if self.norms_of_each_head:
                layer |= {"attn_q_norm": (self.head_size,), "attn_k_norm": (self.head_size,)}
            found |= {f"blk.{i}.{name}": shape for name, shape in layer.items()}
        return found


def gelu_of_halves(x):
    """The table that llama.cpp looks GELU up in: f16 in, f16 out, and the ends cut off."""
    rounded = gelu(x.astype(np.float16).astype(np.float64)).astype(np.float16).astype(np.float64)
    return np.where(x <= -10, 0, np.where(x >= 10, x, rounded))


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {"silu": lambda x: x / (1 + np.exp(-x)), "gelu": gelu, "gelu of halves": gelu_of_halves}


def norm(x, weight, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def cap(x, limit):
    return x if limit is None else limit * np.tanh(x / limit)


def frequencies(rope, pairs):
    """Radians a position of each pair, and what cos and sin are multiplied with."""
    plain = rope.base ** (-np.arange(pairs) / pairs)
    if rope.yarn is None:
        return plain / rope.linear, 1.0
    yarn = rope.yarn

    def pair_that_turns(times):
        return pairs * math.log(yarn.original_context / (times * 2 * math.pi)) / math.log(rope.base)

    low = max(math.floor(pair_that_turns(yarn.beta_fast)), 0)
    high = min(math.ceil(pair_that_turns(yarn.beta_slow)), 2 * pairs - 1)
    stretched = np.clip((np.arange(pairs) - low) / max(high - low, 0.001), 0, 1)
    magnitude = (1 + 0.1 * math.log(yarn.factor)) * yarn.attention_factor
    return plain * (1 - stretched) + plain / yarn.factor * stretched, magnitude


def rotate(x, rope, halves):
    """x [tokens × heads × head size], the token's index is its position."""
    pairs = x.shape[-1] // 2
    speed, magnitude = frequencies(rope, pairs)
    angle = np.arange(len(x))[:, None, None] * speed
    turn = magnitude * np.exp(1j * angle)
    if halves:
        turned = (x[..., :pairs] + 1j * x[..., pairs:]) * turn
        return np.concatenate([turned.real, turned.imag], -1)
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * turn
    return np.stack([turned.real, turned.imag], -1).reshape(x.shape)


def attend(d, layer, q, k, v):
    """q [tokens × heads × size], k and v [tokens × KV heads × size] → [tokens × heads·size]."""
    tokens = len(q)
    share = d.heads // d.kv_heads
    k, v = np.repeat(k, share, 1), np.repeat(v, share, 1)
    scale = d.head_size**-0.5 if d.score_scale is None else d.score_scale
    scores = cap(np.einsum("qhd,khd->hqk", q, k) * scale, d.score_cap)
    ago = np.arange(tokens)[:, None] - np.arange(tokens)[None, :]
    window = d.window(layer)
    hidden = (ago < 0) | (ago >= (tokens if window is None else window))
    scores = np.where(hidden, -np.inf, scores)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", weights, v).reshape(tokens, -1)


def forward(d, weights, ids):
    """Logits of every position, [tokens × vocabulary]."""
    x = d.embedding_scale * weights["token_embd"][ids]
    for i in range(d.layers):
        w = {name.split(".")[2]: value for name, value in weights.items() if name.startswith(f"blk.{i}.")}
        before = norm(x, w["attn_norm"], d.epsilon) if d.norms_before else x
        q, k, v = (before @ w[name].T for name in ("attn_q", "attn_k", "attn_v"))
        if d.norms_of_heads:
            q, k = norm(q, w["attn_q_norm"], d.epsilon), norm(k, w["attn_k_norm"], d.epsilon)
        q, k, v = (part.reshape(len(ids), -1, d.head_size) for part in (q, k, v))
        if d.norms_of_each_head:
            q, k = norm(q, w["attn_q_norm"], d.epsilon), norm(k, w["attn_k_norm"], d.epsilon)
        rope = d.rope(i)
        if rope is not None:
            q, k = rotate(q, rope, d.halves), rotate(k, rope, d.halves)
        out = attend(d, i, q, k, v) @ w["attn_output"].T
        x = x + d.residual_scale * (norm(out, w["post_attention_norm"], d.epsilon) if d.norms_behind else out)
        before = norm(x, w["ffn_norm"], d.epsilon) if d.norms_before else x
        out = (ACTIVATIONS[d.activation](before @ w["ffn_gate"].T) * (before @ w["ffn_up"].T)) @ w["ffn_down"].T
        x = x + d.residual_scale * (norm(out, w["post_ffw_norm"], d.epsilon) if d.norms_behind else out)
    head = weights["token_embd" if d.tied else "output"]
    return cap(norm(x, weights["output_norm"], d.epsilon) @ head.T / d.logit_divisor, d.logit_cap)


def greedy(d, weights, ids, steps):
    """The best tokens one after the other, and how far each is before the second best."""
    ids, margins = list(ids), []
    for _ in range(steps):
        logits = forward(d, weights, ids)[-1]
        second, first = np.sort(logits)[-2:]
        margins.append(float(first - second))
        ids.append(int(logits.argmax()))
    return ids[-steps:], margins
