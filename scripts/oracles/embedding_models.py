"""Writes test/fixtures/zoo/X.gguf and X.json for models that make embeddings: random weights, float64 answers.

Run once by hand, in the repository's root:
pip install gguf==0.19.0 numpy==2.4.6 && npm install --prefix ../oracle node-llama-cpp@3.22.1
python scripts/oracles/embedding_models.py ../oracle/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64
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
from gguf import GGMLQuantizationType as T
from gguf import GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

from decoder_f64 import Rope
from encoder_f64 import Encoder, embedding
from llama_cpp import LlamaCpp

FOLDER = pathlib.Path("test/fixtures/zoo")
TEXTS = [
    "The server returns the embedding of this text.",
    "Hi",
    "Un été à Zürich: naïve café — 中文, emoji 🙂!",
    " ".join(f"Line {i}: isn't it a long text?" for i in range(6)),
]
POOLING = {"mean": 1, "cls": 2, "last": 3}
# What rounding to f32 may do to a vector of length 1; GELU is compared through llama.cpp's table of halves.
AGREED = 1e-5
# A feature has to change some element by at least this, far above every tolerance of the tests.
SEEN = 0.01


@dataclasses.dataclass(frozen=True)
class Model:
    architecture: str
    seed: int
    vocabulary_of: str
    encoder: Encoder
    # Matrices that the file holds in blocks.
    quantised: tuple[str, ...]
    # Keys besides the sizes; llama.cpp reads them, the float64 encoder does not.
    keys: dict
    # What the model is there for: the encoder without it.
    without: dict[str, dict]


MODELS = {
    "bert-cls": Model(
        "bert", 31, "minilm",
        Encoder(hidden=64, layers=2, heads=4, kv_heads=4, head_size=16, ffn=128, pooling="cls", positions=512),
        ("attn_v", "ffn_down"),
        {"bert.attention.causal": False, "bert.attention.layer_norm_epsilon": 1e-12},
        {"the first token": {"pooling": "mean"}, "GELU": {"activation": "silu"}, "positions": {"positions": None},
         "token types": {"types": 0},
         "what follows": {"causal": True}},
    ),
    "nomic-bert": Model(
        "nomic-bert", 32, "minilm",
        Encoder(hidden=64, layers=3, heads=2, kv_heads=2, head_size=32, ffn=96, pooling="mean", activation="silu",
                gated=True, biases=False, rope=Rope(1_000.0)),
        ("token_embd", "ffn_gate", "ffn_up", "attn_qkv"),
        {"nomic-bert.attention.causal": False, "nomic-bert.attention.layer_norm_epsilon": 1e-12,
         "nomic-bert.rope.freq_base": 1_000.0},
        {"the mean": {"pooling": "cls"}, "SiLU": {"activation": "gelu"}, "RoPE": {"rope": None},
         "RoPE base": {"rope": Rope(10_000.0)}, "pairs of halves": {"halves": False}, "what follows": {"causal": True}},
    ),
    "qwen3-embedding": Model(
        "qwen3", 33, "qwen3",
        Encoder(hidden=64, layers=2, heads=4, kv_heads=2, head_size=32, ffn=96, pooling="last", epsilon=1e-6,
                activation="silu", decoder=True, gated=True, biases=False, rope=Rope(1_000_000.0)),
        (),
        {"qwen3.attention.key_length": 32, "qwen3.attention.value_length": 32, "qwen3.rope.freq_base": 1_000_000.0,
         "qwen3.attention.layer_norm_rms_epsilon": 1e-6, "tokenizer.ggml.add_eos_token": True},
        {"the last token": {"pooling": "mean"}, "RoPE base": {"rope": Rope(10_000.0)}},
    ),
}


def draw(model, vocabulary):
    """Tensors as the file holds them, (bytes or values, block format or None), and their values in doubles."""
    random = np.random.default_rng(model.seed)
    gains = {"attn_q": 1.6, "attn_k": 1.6, "attn_qkv": 1.5, "ffn_gate": 1.5, "token_embd": 8.0, "position_embd": 8.0,
             "token_types": 4.0}
    tensors, exact = {}, {}
    for name, shape in model.encoder.shapes(vocabulary).items():
        drawn, part = random.standard_normal(shape), name.split(".")[-2]
        kind = None
        if len(shape) == 1:
            held = (1 + 0.2 * drawn if "norm.weight" in name else 0.2 * drawn).astype(np.float32)
        else:
            wide = (gains.get(part, 1.0) * drawn / np.sqrt(shape[1])).astype(np.float32)
            kind = T.Q8_0 if part in model.quantised else None
            held = quantize(wide, kind) if kind else wide if part == "token_types" else wide.astype(np.float16)
        tensors[name] = (held, kind)
        exact[name] = (dequantize(held, kind) if kind else held).astype(np.float64)
    return tensors, exact


def write_gguf(path, name, model, tensors, vocabulary_file):
    writer = GGUFWriter(path, model.architecture)
    e = model.encoder
    sizes = {"context_length": 512, "embedding_length": e.hidden, "block_count": e.layers,
             "feed_forward_length": e.ffn, "attention.head_count": e.heads, "attention.head_count_kv": e.kv_heads,
             "pooling_type": POOLING[e.pooling]}
    keys = {f"{model.architecture}.{key}": value for key, value in sizes.items()} | model.keys
    writer.add_name(f"zoo {name}")
    for key, value in keys.items():
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32}[type(value)]
        add(key, value)
    for key, field in vocabulary_file.fields.items():
        if key.startswith("tokenizer.") and key not in keys:
            writer.add_key_value(key, field.contents(), *field.types[:2])
    for tensor, (held, kind) in tensors.items():
        writer.add_tensor(tensor, held, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def largest(difference):
    return float(np.abs(difference).max())


def compare(llama, name, model, exact, texts, vocabulary_file):
    """How far llama.cpp is from the answers: on weights widened to f32, and on the file itself."""
    as_llama = model.encoder
    if as_llama.activation == "gelu":
        as_llama = dataclasses.replace(as_llama, activation="gelu of halves")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "f32.gguf"
        wide = {tensor: (value.astype(np.float32), None) for tensor, value in exact.items()}
        write_gguf(path, name, model, wide, vocabulary_file)
        refs = [llama.embedding(path, ids, model.encoder.hidden) for ids in texts]
    natives = [llama.embedding(FOLDER / f"{name}.gguf", ids, model.encoder.hidden) for ids in texts]
    answers = [embedding(model.encoder, exact, ids) for ids in texts]
    mirrored = [embedding(as_llama, exact, ids) for ids in texts]
    return {
        "ref_vs_exact": max(largest(ref - answer) for ref, answer in zip(refs, answers)),
        "ref_vs_exact_as_llama_computes": max(largest(ref - answer) for ref, answer in zip(refs, mirrored)),
        "native_vs_exact": max(largest(native - answer) for native, answer in zip(natives, answers)),
    }


def make(llama, name, model):
    vocabulary_file = GGUFReader(FOLDER / f"{model.vocabulary_of}.gguf")
    vocabulary = len(vocabulary_file.fields["tokenizer.ggml.tokens"].contents())
    tensors, exact = draw(model, vocabulary)
    path = FOLDER / f"{name}.gguf"
    write_gguf(path, name, model, tensors, vocabulary_file)

    texts = [llama.tokens(path, text) for text in TEXTS]
    answers = [embedding(model.encoder, exact, ids) for ids in texts]
    difference = compare(llama, name, model, exact, texts, vocabulary_file)
    effects = {
        what: largest(answers[-1] - embedding(dataclasses.replace(model.encoder, **change), exact, texts[-1]))
        for what, change in model.without.items()
    }
    print(name, f"{path.stat().st_size} bytes", [len(ids) for ids in texts], difference, effects)
    assert difference["ref_vs_exact_as_llama_computes"] < AGREED, f"{name}: llama.cpp says otherwise"
    assert min(effects.values()) > SEEN, f"{name}: a feature is not seen"
    record = {
        "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "arch": model.architecture,
        "n_vocab": vocabulary, "n_embd": model.encoder.hidden, "pooling": POOLING[model.encoder.pooling],
        "made_by": "scripts/oracles/embedding_models.py", "checked_with": "llama.cpp v0.5.0 of node-llama-cpp 3.22.1",
        "embeddings": [
            {"text": text, "ids": ids, "exact_b64": base64.b64encode(answer.astype("<f4").tobytes()).decode()}
            for text, ids, answer in zip(TEXTS, texts, answers)
        ],
        "diff": difference, "without": effects,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def main():
    llama = LlamaCpp(sys.argv[1])
    for name in sys.argv[2:] or MODELS:
        make(llama, name, MODELS[name])


if __name__ == "__main__":
    main()
