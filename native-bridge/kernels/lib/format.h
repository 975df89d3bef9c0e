// What every block format in quant/ declares: `dequant32(weights, unit, plane)`, and GROUP_UNITS, Words, group_words and dequant_unit, which
// formats whose units share few words have from lib/ungrouped.h. Formats whose weights are bytes with a scale define BYTE_UNITS, and
// have `byte_unit` besides. shaders/interface/quant.wgsl says what they mean. Files of ops/ that include this are compiled once a format.
#pragma once

#ifndef BLOCK_FORMAT
#error "scripts/lib/hip-build.mjs compiles this with one of quant/*.hip"
#endif
