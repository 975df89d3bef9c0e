"""Writes test/fixtures/quant/<type>.json: blocks of each format and their values by the Python package `gguf`.

Run once by hand, in the repository's root: pip install gguf==0.19.0 numpy==2.4.6 && python scripts/oracles/quant_blocks.py
Seeded: the same files come out each time. `bytes` is hexadecimal, as in a GGUF file; `values` are f32, exactly.
"""
import json
import pathlib

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

FOLDER = pathlib.Path("test/fixtures/quant")
BLOCKS = 12


def random_halves(random, shape):
    """Halves of every finite exponent, subnormal ones and both signs included."""
    bits = random.integers(0, 0x7C00, shape, dtype=np.uint16)
    return bits | (random.integers(0, 2, shape, dtype=np.uint16) << 15)


def raw_blocks(kind, random):
    """Blocks that no quantiser would make: any scale, any quants."""
    if kind == T.F32:
        return random.standard_normal((1, 32)).astype(np.float32).view(np.uint8)
    halves = random_halves(random, (BLOCKS, 32 if kind == T.F16 else 2)).view(np.uint8)
    if kind == T.F16:
        return halves.reshape(1, -1)
    if kind == T.Q4_1:
        return np.concatenate([halves, random.integers(0, 256, (BLOCKS, 16), dtype=np.uint8)], axis=1)
    return np.concatenate([halves[:, :2], random.integers(0, 256, (BLOCKS, 32), dtype=np.uint8)], axis=1)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in (T.F32, T.F16, T.Q4_1, T.Q8_0):
        random = np.random.default_rng(int(kind) + 1)
        weights = (random.standard_normal((BLOCKS, 32)) * 10.0 ** random.uniform(-6, 3, (BLOCKS, 1))).astype(np.float32)
        groups = {"quantized": quantize(weights, kind), "raw": raw_blocks(kind, random)}
        cases = {}
        for name, blocks in groups.items():
            data = np.ascontiguousarray(blocks).view(np.uint8)
            values = dequantize(data, kind).reshape(-1).astype(np.float32)
            cases[name] = {"bytes": data.tobytes().hex(), "values": [float(v) for v in values]}
        (FOLDER / f"{kind.name}.json").write_text(json.dumps(cases) + "\n")


main()
