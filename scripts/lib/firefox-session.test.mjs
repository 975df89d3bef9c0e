import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { reasonOf } from './command.mjs';
import { startFirefox } from './firefox-session.mjs';

const folder = mkdtempSync(join(tmpdir(), 'forgelight-stand-in-'));
const report = join(folder, 'report.json');
const executablePath = join(folder, 'firefox');
const standIn = pathToFileURL(join(import.meta.dirname, 'testing/stand-in-firefox.mjs')).href;
writeFileSync(executablePath, `#!${process.execPath}\nimport(${JSON.stringify(standIn)});\n`);
chmodSync(executablePath, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(report, { force: true }));

/** @param {string} behaviour */
function optionsOf(behaviour) {
  const env = { STAND_IN: behaviour, STAND_IN_REPORT: report };
  return { executablePath, env, startTimeoutMs: 20_000, endTimeoutMs: 300 };
}

/** Whether a process is there that is more than an entry of its parent's. @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '');
  } catch {
    return false;
  }
}

/** What is left of the browser that was started last. */
async function expectNothingLeft() {
  const { profile, pids } = JSON.parse(readFileSync(report, 'utf8'));
  await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), { timeout: 10_000 });
  expect(existsSync(profile)).toBe(false);
}

it('a browser is asked, and ends with all of its processes and its profile', async () => {
  const firefox = await startFirefox(optionsOf('well'));
  expect(await firefox.call('() => 1')).toBe('said');
  await firefox.close();
  await expectNothingLeft();
});

it('what goes wrong in a page is told, and errors of its console are kept', async () => {
  const firefox = await startFirefox(optionsOf('complains'));
  await expect(firefox.call('() => 1')).rejects.toThrow('in Firefox: Error: no');
  await expect(firefox.open('http://localhost/')).rejects.toThrow('unknown error: no such page');
  expect(firefox.problems).toEqual(['a error']);
  await firefox.close();
});

it('one that does not listen in time is ended', async () => {
  const started = startFirefox({ ...optionsOf('mute'), startTimeoutMs: 4000 });
  await expect(started).rejects.toThrow('Firefox was not there within 4000 ms');
  await expectNothingLeft();
});

it('one that answers no more is ended all the same, and who waits is told', async () => {
  const firefox = await startFirefox(optionsOf('hangs'));
  const told = firefox.call('() => 1').catch(reasonOf);
  await firefox.close();
  expect(await told).toBe('Firefox has gone.');
  await expectNothingLeft();
});

it('one that died answers nothing later, and is closed', async () => {
  const firefox = await startFirefox(optionsOf('dies'));
  await expect(firefox.call('() => 1')).rejects.toThrow('Firefox has gone.');
  await expect(firefox.open('http://localhost/')).rejects.toThrow('Firefox has gone.');
  await firefox.close();
  await expectNothingLeft();
});

it('one whose program is not there is told, and leaves nothing', async () => {
  const listeners = process.listenerCount('exit');
  const missing = { ...optionsOf('well'), executablePath: join(folder, 'no-such-program') };
  await expect(startFirefox(missing)).rejects.toThrow('Firefox did not start');
  expect(process.listenerCount('exit')).toBe(listeners);
});

it('one ends with who started it, and its profile too', async () => {
  const module = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'firefox-session.mjs')).href);
  const options = JSON.stringify(optionsOf('well'));
  const source = `import { startFirefox } from ${module}; await startFirefox(${options}); process.exit(0);`;
  await once(spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' }), 'exit');
  await expectNothingLeft();
});
