"""Writes test/fixtures/zoo/X.gguf and X.json for architectures that the zoo lacked: random weights, float64 answers.

Run once by hand, in the repository's root:
pip install gguf==0.19.0 numpy==2.4.6 && npm install --prefix ../oracle node-llama-cpp@3.22.1
python scripts/oracles/tiny_models.py ../oracle/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64
Seeded: the same files come out each time. No answer is written before llama.cpp agrees with it, and before each
feature that a model is there for was seen to change them.
"""
import base64
import dataclasses
import hashlib
import json
import pathlib
import sys
import tempfile

import numpy as np
from gguf import GGUFReader, GGUFWriter

from decoder_f64 import Decoder, Rope, Yarn, forward, greedy
from llama_cpp import LlamaCpp

FOLDER = pathlib.Path("test/fixtures/zoo")
VOCABULARY_OF = FOLDER / "llama.gguf"
CONTEXT = 512
STEPS = 24
LOGITS_STD = 3.5
# What rounding to f32 may do; with GELU, rounding to the halves of llama.cpp's table.
AGREED = {"silu": 2e-4, "gelu": 1e-3}
# A feature has to change some logit by at least this, far above every tolerance of the tests.
SEEN = 0.3
# Rounding may choose another token where the best two are as close as this.
CLOSE = 0.05


@dataclasses.dataclass(frozen=True)
class Model:
    architecture: str
    seed: int
    decoder: Decoder
    # Keys of the architecture besides the sizes; llama.cpp reads them, the float64 decoder does not.
    keys: dict
    # What the model is there for: the decoder without it.
    without: dict[str, dict]


SMALL = {"hidden": 64, "heads": 4, "kv_heads": 2, "head_size": 16, "ffn": 64}
EVERY_OTHER = lambda layer: 8 if layer % 2 == 0 else None
ALL_BUT_FOURTH = lambda layer: 8 if layer % 4 != 3 else None
# llama.cpp reads keys of other betas for few architectures only, so none are written here.
OLMO3_YARN = Rope(yarn=Yarn(factor=8, original_context=256))

MODELS = {
    "gemma2": Model(
        "gemma2", 2,
        Decoder(
            hidden=64, layers=4, heads=3, kv_heads=1, head_size=32, ffn=32, epsilon=1e-6, halves=True,
            norms_behind=True, activation="gelu", window=EVERY_OTHER, score_cap=6.0, logit_cap=10.0,
            embedding_scale=8.0,
        ),
        {"attention.key_length": 32, "attention.value_length": 32, "attention.sliding_window": 8,
         "attn_logit_softcapping": 6.0, "final_logit_softcapping": 10.0},
        {"window": {"window": lambda layer: None}, "which layers": {"window": lambda layer: EVERY_OTHER(layer + 1)},
         "score cap": {"score_cap": None}, "logit cap": {"logit_cap": None}, "GELU": {"activation": "silu"},
         "embedding scale": {"embedding_scale": 1.0}},
    ),
    "olmo2": Model(
        "olmo2", 13,
        Decoder(**SMALL, layers=3, halves=True, tied=False, norms_before=False, norms_behind=True,
                norms_of_heads=True, epsilon=1e-6, rope=lambda layer: Rope(500_000.0)),
        {"rope.freq_base": 500_000.0},
        {"pairs of halves": {"halves": False}, "RoPE base": {"rope": lambda layer: Rope()}},
    ),
    "olmo3": Model(
        "olmo2", 4,
        Decoder(**(SMALL | {"ffn": 32}), layers=4, halves=True, tied=False, norms_before=False, norms_behind=True,
                norms_of_heads=True, epsilon=1e-6, window=ALL_BUT_FOURTH,
                rope=lambda layer: OLMO3_YARN if ALL_BUT_FOURTH(layer) is None else Rope()),
        {"attention.sliding_window": 8, "attention.sliding_window_pattern": [True, True, True, False],
         "rope.scaling.type": "yarn", "rope.scaling.factor": 8.0, "rope.scaling.original_context_length": 256},
        {"window": {"window": lambda layer: None}, "YaRN": {"rope": lambda layer: Rope()},
         "plain RoPE in windows": {"rope": lambda layer: OLMO3_YARN}},
    ),
    "granite": Model(
        "granite", 5,
        Decoder(**SMALL, layers=3, embedding_scale=6.0, residual_scale=0.4, score_scale=0.6, logit_divisor=4.0),
        {"embedding_scale": 6.0, "residual_scale": 0.4, "attention.scale": 0.6, "logit_scale": 4.0},
        {"embedding scale": {"embedding_scale": 1.0}, "residual scale": {"residual_scale": 1.0},
         "score scale": {"score_scale": None}, "logit scale": {"logit_divisor": 1.0}},
    ),
    "smollm3": Model(
        "smollm3", 6,
        Decoder(**(SMALL | {"ffn": 32}), layers=5, epsilon=1e-6,
                rope=lambda layer: None if layer == 3 else Rope(5_000_000.0)),
        {"rope.freq_base": 5_000_000.0},
        {"layers without RoPE": {"rope": lambda layer: Rope(5_000_000.0)}},
    ),
    # As many layers as the 32B model has: the number tells that there are windows.
    "exaone4": Model(
        "exaone4", 10,
        Decoder(hidden=32, layers=64, heads=2, kv_heads=1, head_size=16, ffn=32, halves=True, norms_before=False,
                norms_behind=True, norms_of_each_head=True, window=ALL_BUT_FOURTH,
                rope=lambda layer: Rope(1_000_000.0) if ALL_BUT_FOURTH(layer) else None),
        {"rope.freq_base": 1_000_000.0, "attention.sliding_window": 8},
        {"window": {"window": lambda layer: None}, "which layers": {"window": lambda layer: ALL_BUT_FOURTH(layer + 1)},
         "norms of heads": {"norms_of_each_head": False}, "RoPE base": {"rope": lambda layer: Rope()},
         "layers without RoPE": {"rope": lambda layer: Rope(1_000_000.0)}},
    ),
    "llama-yarn": Model(
        "llama", 7,
        Decoder(hidden=64, layers=2, heads=2, kv_heads=1, head_size=32, ffn=64,
                rope=lambda layer: Rope(yarn=Yarn(factor=4, original_context=512, attention_factor=0.8))),
        {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 512,
         "rope.scaling.attn_factor": 0.8},
        {"YaRN": {"rope": lambda layer: Rope()}, "the ramp": {"rope": lambda layer: Rope(linear=4.0)},
         "magnitude": {"rope": lambda layer: Rope(yarn=Yarn(4, 512, attention_factor=1 / 1.1386))}},
    ),
    "llama-linear": Model(
        "llama", 28,
        Decoder(hidden=64, layers=2, heads=2, kv_heads=2, head_size=32, ffn=64, rope=lambda layer: Rope(linear=4.0)),
        {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
        {"linear scaling": {"rope": lambda layer: Rope()}},
    ),
}


def draw(model, vocabulary):
    """Weights as the file holds them: matrices of halves, norms of singles."""
    random = np.random.default_rng(model.seed)
    decoder = model.decoder
    head_gain = LOGITS_STD * decoder.logit_divisor
    gains = {"attn_q": 1.6, "attn_k": 1.6, "ffn_gate": 1.5, "token_embd": head_gain if decoder.tied else 8.0,
             "output": head_gain}
    weights = {}
    for name, shape in decoder.shapes(vocabulary).items():
        drawn = random.standard_normal(shape)
        if len(shape) == 1:
            weights[name] = (1 + 0.2 * drawn).astype(np.float32)
        else:
            weights[name] = (gains.get(name.split(".")[-1], 1.0) * drawn / np.sqrt(shape[1])).astype(np.float16)
    return weights


def write_gguf(path, name, model, weights, vocabulary_file):
    writer = GGUFWriter(path, model.architecture)
    d = model.decoder
    sizes = {"context_length": 2048, "embedding_length": d.hidden, "block_count": d.layers,
             "feed_forward_length": d.ffn, "attention.head_count": d.heads, "attention.head_count_kv": d.kv_heads,
             "attention.layer_norm_rms_epsilon": d.epsilon, "rope.dimension_count": d.head_size}
    writer.add_name(f"zoo {name}")
    for key, value in (sizes | model.keys).items():
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
               list: writer.add_array}[type(value)]
        add(f"{model.architecture}.{key}", value)
    for key, field in vocabulary_file.fields.items():
        if key.startswith("tokenizer."):
            writer.add_key_value(key, field.contents(), *field.types[:2])
    for tensor, values in weights.items():
        writer.add_tensor(f"{tensor}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def largest(difference):
    return float(np.abs(difference).max())


def compare(llama, name, model, weights, exact, ids, vocabulary_file):
    """The largest differences between llama.cpp, on weights widened to f32 and on the file itself, and the answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "f32.gguf"
        wide = {tensor: value.astype(np.float32) for tensor, value in weights.items()}
        write_gguf(path, name, model, wide, vocabulary_file)
        ref = llama.logits(path, ids, exact.shape[1], CONTEXT)
    native = llama.logits(FOLDER / f"{name}.gguf", ids, exact.shape[1], CONTEXT)
    differences = {"positions": len(ids), "ref_vs_exact": largest(ref - exact),
                   "native_vs_exact": largest(native - exact)}
    if model.decoder.activation == "gelu":
        of_halves = dataclasses.replace(model.decoder, activation="gelu of halves")
        differences["ref_vs_exact_with_f16_gelu_table"] = largest(ref - forward(of_halves, doubles(weights), ids))
    return differences


def doubles(weights):
    return {name: value.astype(np.float64) for name, value in weights.items()}


def encoded(logits):
    return base64.b64encode(logits.astype("<f4").tobytes()).decode()


def answers(model, weights, prompts):
    decoder, exact = model.decoder, doubles(weights)
    logits = {name: forward(decoder, exact, ids) for name, ids in prompts.items()}
    tokens, margins = greedy(decoder, exact, prompts["p40"], STEPS)
    return {
        "last": {name: {"logits_b64": encoded(rows[-1])} for name, rows in logits.items()},
        "p3_all_logits_b64": encoded(logits["p3"]),
        "greedy24": tokens,
        "greedy24_margins": [round(margin, 6) for margin in margins],
    }


def make(llama, name, model, vocabulary_file):
    vocabulary = len(vocabulary_file.fields["tokenizer.ggml.tokens"].contents())
    random = np.random.default_rng(1000 + model.seed)
    prompts = {"p40": random.integers(0, 500, 40).tolist(), "p3": random.integers(0, 500, 3).tolist()}
    weights = draw(model, vocabulary)
    path = FOLDER / f"{name}.gguf"
    write_gguf(path, name, model, weights, vocabulary_file)

    found = answers(model, weights, prompts)
    ids = prompts["p40"] + found["greedy24"]
    exact = forward(model.decoder, doubles(weights), ids)
    difference = compare(llama, name, model, weights, exact, ids, vocabulary_file)
    effects = {
        what: largest(exact - forward(dataclasses.replace(model.decoder, **change), doubles(weights), ids))
        for what, change in model.without.items()
    }
    close = next((i for i, margin in enumerate(found["greedy24_margins"]) if margin < CLOSE), STEPS)
    print(name, f"{path.stat().st_size} bytes, std {exact.std():.2f}", difference, effects,
          f"{close} sure steps")
    agreed = difference.get("ref_vs_exact_with_f16_gelu_table", difference["ref_vs_exact"])
    assert agreed < AGREED[model.decoder.activation], f"{name}: llama.cpp says otherwise"
    assert min(effects.values()) > SEEN, f"{name}: a feature is not seen"
    assert close >= STEPS // 2, f"{name}: another seed, for a continuation that rounding does not decide"
    record = {
        "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "arch": model.architecture,
        "n_vocab": vocabulary, "n_embd": model.decoder.hidden, "n_ctx": CONTEXT,
        "made_by": "scripts/oracles/tiny_models.py", "checked_with": "llama.cpp v0.5.0 of node-llama-cpp 3.22.1",
        "prompts": prompts, "exact": found, "diff": difference, "without": effects,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


def main():
    llama = LlamaCpp(sys.argv[1])
    vocabulary_file = GGUFReader(VOCABULARY_OF)
    for name in sys.argv[2:] or MODELS:
        make(llama, name, MODELS[name], vocabulary_file)


if __name__ == "__main__":
    main()
