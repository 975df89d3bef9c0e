"""Writes the grids of the IQ formats, which are data of the formats: src/quant/iq-grid-data.ts, shaders/lib/iq_grids.wgsl and
native-bridge/kernels/lib/iq_grids.h.

Run once by hand, in the repository's root: pip install gguf==0.19.0 && python scripts/oracles/iq_grids.py
A point of a grid is 16 bits: two bits for each of 8 elements, or four for each of 4 (IQ3), the first element lowest.
"""
import base64
import pathlib

from gguf import quants

GRIDS = {
    "IQ2_XXS": quants.IQ2_XXS,
    "IQ2_XS": quants.IQ2_XS,
    "IQ2_S": quants.IQ2_S,
    "IQ3_XXS": quants.IQ3_XXS,
    "IQ3_S": quants.IQ3_S,
    "IQ1": quants.IQ1_S,
}
ABOUT = "// The grids of the IQ formats, two points of 16 bits a word, the lower first."
WRITTEN_BY = "// Written by scripts/oracles/iq_grids.py: do not edit."


def lines(text, width):
    return [text[i : i + width] for i in range(0, len(text), width)]


def typescript(packed):
    parts = [WRITTEN_BY, "/** Points of 16 bits, little-endian, in base64. */", "export const IQ_GRID_DATA = {"]
    for name, data in packed.items():
        text = "".join(f"    '{line}',\n" for line in lines(base64.b64encode(data).decode(), 112))
        parts.append(f"  {name}: [\n{text}  ].join(''),")
    return "\n".join([*parts, "};", ""])


def words_of(data):
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


def rows_of(words):
    return ["  " + ", ".join(f"0x{word:x}" for word in words[i : i + 11]) + "," for i in range(0, len(words), 11)]


def wgsl(packed):
    parts = [ABOUT, WRITTEN_BY]
    for name, data in packed.items():
        words = words_of(data)
        parts += ["", f"const {name}_GRID = array<u32, {len(words)}>(", *rows_of(words), ");"]
    return "\n".join([*parts, ""])


def header(packed):
    parts = [f"{ABOUT} GPUs have them in constant memory.", WRITTEN_BY, "#pragma once"]
    for name, data in packed.items():
        words = words_of(data)
        parts += ["", f"constexpr u32 {name}_GRID[{len(words)}] = {{", *rows_of(words), "};"]
    return "\n".join([*parts, ""])


def main():
    packed = {name: bytes.fromhex(grid.grid_hex.decode()) for name, grid in GRIDS.items()}
    pathlib.Path("src/quant/iq-grid-data.ts").write_text(typescript(packed))
    pathlib.Path("shaders/lib/iq_grids.wgsl").write_text(wgsl(packed))
    pathlib.Path("native-bridge/kernels/lib/iq_grids.h").write_text(header(packed))


main()
