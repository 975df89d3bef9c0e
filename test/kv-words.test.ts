import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ShaderTexts } from '../src/device/webgpu/shader-text';

const script = (await import(pathToFileURL(join(resolve(import.meta.dirname, '..'), 'scripts/shaders.mjs')).href)) as {
  linkShaders(): Promise<ShaderTexts>;
};
const texts = await script.linkShaders();

/** Each call of `name`, by the variables of the loops around it, outermost first. Blocks end in a line that is as deep as their first. */
function loopsAround(text: string, name: string): string[][] {
  const open: { readonly depth: number; readonly variable: string }[] = [];
  const found: string[][] = [];
  for (const line of text.replace(/\/\/.*|^fn .*/gm, '').split('\n')) {
    const depth = line.search(/\S/);
    if (depth === -1) continue;
    while ((open.at(-1)?.depth ?? -1) >= depth) open.pop();
    const variable = /^\s*for \(var (\w+)/.exec(line)?.[1];
    if (variable !== undefined) open.push({ depth, variable });
    const calls = line.split(new RegExp(`\\b${name}\\(`)).length - 1;
    for (let i = 0; i < calls; i++) found.push(open.map((loop) => loop.variable));
  }
  return found;
}

describe('the KV bytes that attention reads', () => {
  it('are those that there are: each key and each value once for all query heads that share them', () => {
    // A workgroup is a KV head's, of all ranges or one that no other takes.
    const around = (name: string): string[][] => loopsAround(texts.kernels['attention']?.text ?? '', name);
    // A position's key is read by one thread, four quads a turn, or one where a head has no whole fours.
    expect(around('score_position')).toEqual([['range', 'tile', 'n']]);
    const ofKeys = [['i'], ['i'], ['i'], ['i'], ['i']];
    // Its value by the threads of one lane, a quad each, of four positions a turn where quads read, else of one.
    expect(around('value_quad')).toEqual(Array.from({ length: 4 }, () => ['range', 'tile', 'i']));
    expect(around('load4')).toEqual([[], ...ofKeys, ['range', 'tile', 'i']]);
  });

  it('would be told apart from those of each query head', () => {
    const text =
      'for (var tile = 0u) {\n  a();\n  for (var h = 0u) {\n    let k = load4(a);\n  }\n  load4(b);\n}\nload4(c);\n';
    expect(loopsAround(text, 'load4')).toEqual([['tile', 'h'], ['tile'], []]);
  });
});
