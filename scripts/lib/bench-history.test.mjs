import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addToHistory, lastLike, readHistory } from './bench-history.mjs';

/** @param {string} date @param {string} [adapter] @param {string} [sha256] */
function run(date, adapter = 'an adapter', sha256 = 'aa') {
  const info = { model: { sha256 }, device: { name: adapter } };
  const answers = [{ context: 64, timings: { predicted_n: 17, predicted_ms: 1600, prompt_per_second: 4 } }];
  return /** @type {import('./bench-table.mjs').BenchResult} */ (
    /** @type {unknown} */ ({ date, info, answers, loadSeconds: 1 })
  );
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-history-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('a history begins with its first run, and keeps all in their order', async () => {
  const path = join(folder, 'runs.jsonl');
  expect(await readHistory(path)).toEqual([]);
  await addToHistory(path, run('1'));
  await addToHistory(path, run('2'));
  expect(await readHistory(path)).toEqual([run('1'), run('2')]);
});

it('a run is compared with the last one of its model on its adapter', () => {
  const runs = [run('1'), run('2'), run('3', 'another'), run('4', 'an adapter', 'bb')];
  expect(lastLike(runs, run('5'))?.date).toBe('2');
  expect(lastLike(runs, run('5', 'another', 'bb'))).toBeUndefined();
});

it('a run has a line of its own behind a last line without an end', async () => {
  const path = join(folder, 'runs.jsonl');
  await writeFile(path, `${JSON.stringify(run('1'))}\n\n${JSON.stringify(run('2'))}`);
  await addToHistory(path, run('3'));
  expect((await readHistory(path)).map(({ date }) => date)).toEqual(['1', '2', '3']);
});

it.each([
  ['{"date":', 2],
  ['null', 2],
  ['{"date":"1","info":{}}', 2],
  [JSON.stringify({ ...run('1'), answers: [{ context: 64 }] }), 2],
  [JSON.stringify({ ...run('1'), loadSeconds: null }), 2],
])('is told to be none, with the line: %s', async (line, number) => {
  const path = join(folder, 'runs.jsonl');
  const text = `${JSON.stringify(run('1'))}\n${line}\n`;
  await writeFile(path, text);
  await expect(readHistory(path)).rejects.toMatchObject({
    name: 'SetupError',
    message: `--history "${path}": line ${number} is no run of this command. Take it out, or give another file.`,
  });
  expect(await readFile(path, 'utf8')).toBe(text);
});

it('says so where there is no place for one', async () => {
  await expect(readHistory(folder)).rejects.toMatchObject({ name: 'SetupError' });
  await expect(readHistory(join(folder, 'none', 'runs.jsonl'))).rejects.toMatchObject({
    name: 'SetupError',
    message: expect.stringContaining('cannot be read or made: ENOENT'),
  });
});
