"""Writes test/fixtures/quant/<type>.json: blocks of each format and their values by the Python package `gguf`.

Run once by hand, in the repository's root: pip install gguf==0.19.0 numpy==2.4.6 && python scripts/oracles/quant_blocks.py
Seeded: the same files come out each time. `bytes` is hexadecimal, as in a GGUF file; `values` are little-endian f32 in
base64, exactly.
"""
import base64
import json
import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

FOLDER = pathlib.Path("test/fixtures/quant")
BLOCKS = 12

# Where the half scales of a block lie. All other bytes may have any value.
HALVES = {
    T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0],
    T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
    T.IQ4_NL: [0], T.IQ4_XS: [0], T.MXFP4: [], T.NVFP4: [],
    T.IQ3_S: [0], T.IQ3_XXS: [0], T.IQ2_S: [0], T.IQ2_XS: [0], T.IQ2_XXS: [0], T.IQ1_S: [0], T.IQ1_M: [],
    T.TQ1_0: [52], T.TQ2_0: [64],
}


def random_halves(random, shape):
    """Halves of every finite exponent, subnormal ones and both signs included."""
    bits = random.integers(0, 0x7C00, shape, dtype=np.uint16)
    return bits | (random.integers(0, 2, shape, dtype=np.uint16) << 15)


def raw_blocks(kind, random):
    """Blocks that no quantiser would make: any scale, any quants."""
    if kind == T.F32:
        return random.standard_normal((1, 32)).astype(np.float32).view(np.uint8)
    if kind == T.BF16:
        return (random.standard_normal((1, 64)).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
    if kind == T.F16:
        return random_halves(random, (BLOCKS, 32)).view(np.uint8).reshape(1, -1)
    blocks = random.integers(0, 256, (BLOCKS, GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
    for offset in HALVES[kind]:
        blocks[:, offset : offset + 2] = random_halves(random, (BLOCKS, 1)).view(np.uint8)
    if kind == T.IQ1_M:  # a half of four nibbles, the highest of four u16 each
        half = random_halves(random, BLOCKS)
        for i in range(4):
            at = 49 + 2 * i
            blocks[:, at] = (blocks[:, at] & 0x0F) | ((half >> (4 * i) & 0xF) << 4).astype(np.uint8)
    if kind == T.MXFP4:  # 255 stands for no number
        blocks[:, 0] = np.append([0, 1, 2, 3, 250], random.integers(100, 150, BLOCKS - 5)).astype(np.uint8)
    if kind == T.NVFP4:  # zero, subnormal, the least normal, the largest, no number, and what the highest bit hides
        blocks[:2, :4] = [[0, 1, 7, 8], [126, 127, 128, 255]]
    return blocks


def quantized_blocks(kind, random):
    """Blocks of the quantiser, or `None` where the package has none."""
    width = GGML_QUANT_SIZES[kind][0] if GGML_QUANT_SIZES[kind][0] > 1 else 32
    weights = random.standard_normal((BLOCKS, width)) * 10.0 ** random.uniform(-6, 3, (BLOCKS, 1))
    try:
        return quantize(weights.astype(np.float32), kind)
    except NotImplementedError:
        return None


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in (T.F32, T.F16, T.BF16, *HALVES):
        random = np.random.default_rng(int(kind) + 1)
        groups = {"quantized": quantized_blocks(kind, random), "raw": raw_blocks(kind, random)}
        cases = {}
        for name, blocks in groups.items():
            if blocks is None:
                continue
            data = np.ascontiguousarray(blocks).view(np.uint8)
            values = dequantize(data, kind).reshape(-1).astype("<f4")
            cases[name] = {"bytes": data.tobytes().hex(), "values": base64.b64encode(values.tobytes()).decode()}
        (FOLDER / f"{kind.name}.json").write_text(json.dumps(cases) + "\n")


main()
