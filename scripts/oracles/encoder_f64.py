"""Models that make one vector of a text, in float64, straight from the papers. Shares nothing with src/.

BERT (Devlin et al. 2019): learned positions, token types, layer norms (Ba et al. 2016) behind the blocks, GELU, attention
of all to all. Nomic BERT (Nussbaum et al. 2024): RoPE and gated linear units instead. Qwen 3 Embedding (Zhang et al.
2025): the causal decoder, of which the last token's state is taken. Pooling: the mean, the first or the last token.
"""
import dataclasses

import numpy as np

from decoder_f64 import ACTIVATIONS, Rope, norm, rotate


@dataclasses.dataclass(frozen=True)
class Encoder:
    hidden: int
    layers: int
    heads: int
    ffn: int
    kv_heads: int
    head_size: int
    pooling: str
    epsilon: float = 1e-12
    activation: str = "gelu"
    decoder: bool = False  # causal, RMS norms before the blocks and of each head
    gated: bool = False
    biases: bool = True
    positions: int | None = None  # learned ones
    types: int = 2
    rope: Rope | None = None
    halves: bool = True
    causal: bool = False

    def shapes(self, vocabulary):
        """Tensor name → (rows, columns), or (length,)."""
        width, kv_width = self.heads * self.head_size, self.kv_heads * self.head_size
        found = {"token_embd.weight": (vocabulary, self.hidden)}
        if self.decoder:
            found["output_norm.weight"] = (self.hidden,)
        else:
            found |= {"token_types.weight": (self.types, self.hidden), **self.norm("token_embd_norm")}
        if self.positions is not None:
            found["position_embd.weight"] = (self.positions, self.hidden)
        for i in range(self.layers):
            matrices = {"attn_output": (self.hidden, width), "ffn_up": (self.ffn, self.hidden),
                        "ffn_down": (self.hidden, self.ffn)}
            if self.gated:
                matrices["ffn_gate"] = (self.ffn, self.hidden)
            if self.decoder or self.biases:
                matrices |= {"attn_q": (width, self.hidden), "attn_k": (kv_width, self.hidden),
                             "attn_v": (kv_width, self.hidden)}
            else:
                matrices["attn_qkv"] = (width + 2 * kv_width, self.hidden)
            layer = {f"{name}.weight": shape for name, shape in matrices.items()}
            if self.decoder:
                layer |= {"attn_norm.weight": (self.hidden,), "ffn_norm.weight": (self.hidden,),
                          "attn_q_norm.weight": (self.head_size,), "attn_k_norm.weight": (self.head_size,)}
            else:
                layer |= self.norm("attn_output_norm") | self.norm("layer_output_norm")
            if self.biases:
                layer |= {f"{name}.bias": (shape[0],) for name, shape in matrices.items()}
            found |= {f"blk.{i}.{name}": shape for name, shape in layer.items()}
        return found

    def norm(self, name):
        return {f"{name}.weight": (self.hidden,), f"{name}.bias": (self.hidden,)}


def layer_norm(x, w, name, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
    return centred / deviation * w[f"{name}.weight"] + w[f"{name}.bias"]


def linear(x, w, name):
    y = x @ w[f"{name}.weight"].T
    return y + w[f"{name}.bias"] if f"{name}.bias" in w else y


def attention(e, w, x):
    tokens, sizes = len(x), [e.heads, e.kv_heads, e.kv_heads]
    if "attn_qkv.weight" in w:
        parts = np.split(linear(x, w, "attn_qkv"), np.cumsum(sizes)[:2] * e.head_size, -1)
    else:
        parts = [linear(x, w, name) for name in ("attn_q", "attn_k", "attn_v")]
    q, k, v = (part.reshape(tokens, heads, e.head_size) for part, heads in zip(parts, sizes))
    if e.decoder:
        q, k = norm(q, w["attn_q_norm.weight"], e.epsilon), norm(k, w["attn_k_norm.weight"], e.epsilon)
    if e.rope is not None:
        q, k = rotate(q, e.rope, e.halves), rotate(k, e.rope, e.halves)
    k, v = (np.repeat(part, e.heads // e.kv_heads, 1) for part in (k, v))
    scores = np.einsum("qhd,khd->hqk", q, k) * e.head_size**-0.5
    if e.decoder or e.causal:
        scores = np.where(np.triu(np.ones((tokens, tokens), bool), 1), -np.inf, scores)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return linear(np.einsum("hqk,khd->qhd", weights, v).reshape(tokens, -1), w, "attn_output")


def feed_forward(e, w, x):
    if e.gated:
        inner = ACTIVATIONS[e.activation](linear(x, w, "ffn_gate")) * linear(x, w, "ffn_up")
    else:
        inner = ACTIVATIONS[e.activation](linear(x, w, "ffn_up"))
    return linear(inner, w, "ffn_down")


def states(e, weights, ids):
    """What stands at each token after the last layer, [tokens × hidden]."""
    x = weights["token_embd.weight"][ids]
    if not e.decoder:
        if e.types > 0:
            x = x + weights["token_types.weight"][0]
        if e.positions is not None:
            x = x + weights["position_embd.weight"][: len(ids)]
        x = layer_norm(x, weights, "token_embd_norm", e.epsilon)
    for i in range(e.layers):
        start = f"blk.{i}."
        w = {name.removeprefix(start): value for name, value in weights.items() if name.startswith(start)}
        if e.decoder:
            x = x + attention(e, w, norm(x, w["attn_norm.weight"], e.epsilon))
            x = x + feed_forward(e, w, norm(x, w["ffn_norm.weight"], e.epsilon))
        else:
            x = layer_norm(x + attention(e, w, x), w, "attn_output_norm", e.epsilon)
            x = layer_norm(x + feed_forward(e, w, x), w, "layer_output_norm", e.epsilon)
    return norm(x, weights["output_norm.weight"], e.epsilon) if e.decoder else x


def embedding(e, weights, ids):
    """The text's vector, of length 1: [hidden]."""
    rows = states(e, weights, ids)
    pooled = {"mean": rows.mean(0), "cls": rows[0], "last": rows[-1]}[e.pooling]
    return pooled / np.linalg.norm(pooled)
