import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { installedFirefoxes, softwareAdapter, webGpuProblem } from './firefox.mjs';

const folder = mkdtempSync(join(tmpdir(), 'forgelight-firefoxes-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('a program that a second folder is a name of is tried once', () => {
  const [own, other] = [join(folder, 'bin'), join(folder, 'other')];
  mkdirSync(own);
  symlinkSync(own, other);
  writeFileSync(join(own, 'firefox'), '');
  expect(installedFirefoxes({ PATH: [own, other].join(delimiter) })[0]).toBe(join(own, 'firefox'));
  expect(installedFirefoxes({ PATH: [own, other].join(delimiter) })).not.toContain(join(other, 'firefox'));
});

it('a browser that never says whether it has WebGPU is not waited for', async () => {
  const executablePath = join(folder, 'firefox-that-hangs');
  const standIn = pathToFileURL(join(import.meta.dirname, 'testing/stand-in-firefox.mjs')).href;
  const settings = JSON.stringify({ STAND_IN: 'waits', STAND_IN_REPORT: join(folder, 'report.json') });
  writeFileSync(
    executablePath,
    `#!${process.execPath}\nObject.assign(process.env, ${settings});\nimport(${JSON.stringify(standIn)});\n`,
  );
  chmodSync(executablePath, 0o755);
  const { signal } = new AbortController();
  expect(await webGpuProblem(executablePath, signal, 200)).toBe('it says nothing within 200 ms');
});

it('the software adapter is beside Chromium, and found before the libraries of the environment', () => {
  const [chromium, libraries] = [join(folder, 'chromium'), join(folder, 'libraries')];
  mkdirSync(chromium);
  const files = ['chrome', 'vk_swiftshader_icd.json', 'libvulkan.so.1'].map((name) => join(chromium, name));
  for (const file of files) writeFileSync(file, '');
  const [program, driver, loader = ''] = files;
  const found = () => softwareAdapter(program, { LD_LIBRARY_PATH: '/own' }, libraries);
  const isLinux = process.platform === 'linux';
  const variables = { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: `${libraries}:/own` };
  expect(found()).toEqual(isLinux ? variables : {});
  if (!isLinux) return;
  const link = join(libraries, 'libvulkan.so.1');
  const { ino } = lstatSync(link);
  found();
  // Another Firefox may be about to follow it.
  expect(lstatSync(link).ino).toBe(ino);
  expect(realpathSync(link)).toBe(realpathSync(loader));
});
