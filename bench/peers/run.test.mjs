import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it.each([
  [['--only', 'forgelight,nobody'], /--only knows .*, and not nobody/],
  // What comes behind it would be refused too: nothing is measured where the first is let through.
  [['--only', 'wllama', '--at-least', '2', '--prompt', '0'], /--at-least compares forgelight/],
  [['--model', 'other'], /--model is smollm2 or gemma3, and not other/],
  [['--prompt', '0'], /--prompt/],
])('what cannot be compared is refused before anything is set up: %j', async (args, words) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run.mjs'), ...args]);
  let told = '';
  child.stderr.on('data', (/** @type {Buffer} */ part) => (told += String(part)));
  const [code] = await once(child, 'close');
  expect([code, told]).toEqual([1, expect.stringMatching(words)]);
});
