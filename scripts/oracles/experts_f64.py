"""Mixtures of experts in float64 (Shazeer et al. 2017), as Mixtral, Qwen 3 and gpt-oss have them."""
import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Experts:
    count: int
    used: int
    size: int
    softmax_over: str = "all"  # or "chosen"
    normalised: bool = True  # weights of the chosen ones are divided by their sum
    biases: bool = False
    # Which of them are added; for telling what each does.
    biases_seen: tuple[str, ...] = ("ffn_gate_inp", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")
    # Of gpt-oss: gate and up are clamped, the gate's SiLU is steeper and something is added to up.
    gate_limit: float | None = None
    up_limit: float | None = None
    steepness: float = 1.0
    added: float = 0.0


def expert_shapes(experts, hidden):
    """Tensor name → (experts, rows, columns), or (experts, length)."""
    count, size = experts.count, experts.size
    shapes = {"ffn_gate_inp": (count, hidden), "ffn_gate_exps": (count, size, hidden),
              "ffn_up_exps": (count, size, hidden), "ffn_down_exps": (count, hidden, size)}
    if experts.biases:
        shapes |= {"ffn_gate_inp.bias": (count,), "ffn_gate_exps.bias": (count, size),
                   "ffn_up_exps.bias": (count, size), "ffn_down_exps.bias": (count, hidden)}
    return shapes


def softmax(x):
    powers = np.exp(x - x.max())
    return powers / powers.sum()


def mixture(experts, w, x):
    """x [tokens × hidden] → [tokens × hidden]"""
    def bias(name):
        return w[f"{name}.bias"] if experts.biases and name in experts.biases_seen else np.zeros(experts.count)

    logits = x @ w["ffn_gate_inp"].T + bias("ffn_gate_inp")
    out = np.zeros_like(x)
    for token, scores in enumerate(logits):
        chosen = np.argsort(-scores, kind="stable")[:experts.used]
        if experts.softmax_over == "all":
            weights = softmax(scores)[chosen]
            if experts.normalised:
                weights = weights / weights.sum()
        else:
            weights = softmax(scores[chosen])
        for expert, weight in zip(chosen, weights):
            gate = w["ffn_gate_exps"][expert] @ x[token] + bias("ffn_gate_exps")[expert]
            up = w["ffn_up_exps"][expert] @ x[token] + bias("ffn_up_exps")[expert]
            if experts.gate_limit is not None:
                gate = np.minimum(gate, experts.gate_limit)
            if experts.up_limit is not None:
                up = np.clip(up, -experts.up_limit, experts.up_limit)
            gated = gate / (1 + np.exp(-experts.steepness * gate)) * (up + experts.added)
            out[token] += weight * (w["ffn_down_exps"][expert] @ gated + bias("ffn_down_exps")[expert])
    return out
