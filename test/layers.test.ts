import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** The table of ARCHITECTURE.md, written down a second time on purpose. `device` and `store` mean the ports. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  gguf: ['base'],
  quant: ['base', 'gguf'],
  tokenizer: ['base'],
  sampling: ['base'],
  device: ['base'],
  'device/webgpu': ['base', 'device'],
  'device/reference': ['base', 'device', 'quant', 'kernels'],
  kernels: ['base', 'device', 'quant'],
  models: ['base', 'device', 'kernels', 'quant', 'gguf'],
  store: ['base', 'protocol', 'gguf'],
  'store/opfs': ['base', 'store'],
  'store/node-fs': ['base', 'store'],
  engine: ['base', 'models', 'sampling', 'tokenizer', 'device', 'store', 'protocol'],
  client: ['base', 'protocol', 'gguf', 'tokenizer', 'store'],
  element: ['base', 'client'],
  page: ['base', 'element', 'client'],
};
const PLACES = [...Object.keys(MAY_IMPORT), 'worker'];
const HOST_FREE = PLACES.filter((place) => !/^(store\/|client|element|page|worker)/.test(place));

interface Finding {
  readonly filename: string;
  readonly message: string;
  readonly code: string;
  readonly help?: string;
}

describe('the linter', () => {
  let project = '';

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'forgelight-layers-'));
    // The folders of a configuration are those beside it.
    const rules = pathToFileURL(join(ROOT, 'oxlint.config.mjs')).href;
    write('oxlint.config.mjs', `export { default } from '${rules}';\n`);
  });

  afterEach(() => {
    rmSync(project, { recursive: true });
  });

  function write(path: string, source: string): void {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), source);
  }

  /** Findings of this repository's rules in the project. */
  function lint(): Promise<Finding[]> {
    const program = join(ROOT, 'node_modules/oxlint/bin/oxlint');
    const args = [program, '-c', 'oxlint.config.mjs', '--format=json', '.'];
    return new Promise((done, fail) => {
      execFile(process.execPath, args, { cwd: project, maxBuffer: 1 << 26 }, (error, stdout) => {
        if (stdout === '') fail(error ?? new Error('the linter said nothing'));
        else done((JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics);
      });
    });
  }

  async function refusedFiles(rule: RegExp): Promise<string[]> {
    const findings = (await lint()).filter(({ code }) => rule.test(code));
    return [...new Set(findings.map(({ filename }) => filename.replace(/^\.\//, '')))].sort();
  }

  it('refuses exactly the imports that the table does not allow', async () => {
    const refused: string[] = [];
    for (const from of PLACES) {
      for (const to of PLACES.filter((place) => place !== from)) {
        const path = `src/${from}/to-${to.replace('/', '-')}.ts`;
        const up = '../'.repeat(from.split('/').length);
        const specifier = to.startsWith(`${from}/`) ? `.${to.slice(from.length)}/x` : `${up}${to}/x`;
        write(path, `import { x } from '${specifier}';\nexport const y = x;\n`);
        if (from !== 'worker' && !MAY_IMPORT[from]?.includes(to)) refused.push(path);
      }
    }
    expect(await refusedFiles(/no-restricted-imports/)).toEqual(refused.sort());
  });

  it('names the layer in what it says', async () => {
    write('src/engine/x.ts', "import { y } from '../client/y';\nexport const x = y;\n");
    const finding = (await lint()).find(({ code }) => /no-restricted-imports/.test(code));
    expect(finding?.filename).toContain('src/engine/x.ts');
    expect(finding?.help).toContain('engine may import: base, models, sampling');
  });

  it('sees every way of importing', async () => {
    const ways = [
      "export * from '../page/y';",
      "export { y } from '../page/y';",
      "import type { y } from '../page/y';\nexport type x = y;",
      "export const x = () => import('../page/y');",
      "export type x = import('../page/y').y;",
    ];
    ways.forEach((source, index) => write(`src/client/way-${index}.ts`, `${source}\n`));
    const refused = await refusedFiles(/no-restricted-imports|consistent-type-imports/);
    expect(refused).toEqual(ways.map((_, index) => `src/client/way-${index}.ts`));
  });

  it('refuses the names of the host in the engine and below', async () => {
    const sources = [
      'export const x = self.origin;',
      'export const x = typeof window;',
      'export const x = document.title;',
      'export const x = navigator.gpu;',
      'export const x = globalThis.navigator;',
      "export const x = new Worker('x.js');",
      'export let x: Worker;',
      "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;",
      "import { readFileSync } from 'fs';\nexport const x = readFileSync;",
    ];
    const paths: string[] = [];
    for (const place of HOST_FREE) {
      sources.forEach((source, index) => {
        write(`src/${place}/name-${index}.ts`, `${source}\n`);
        paths.push(`src/${place}/name-${index}.ts`);
      });
    }
    expect(await refusedFiles(/no-restricted-(imports|globals|properties|types)/)).toEqual(paths.sort());
  });

  it('lets tests wire what they need, and keeps their helpers to them', async () => {
    const source = "import { x } from '../client/x';\nimport { y } from 'node:fs';\nexport const z = [x, y, self];\n";
    write('src/engine/x.test.ts', source);
    write('src/engine/testing/x.ts', source);
    write('src/engine/y.ts', "import { z } from './testing/x';\nexport const a = z;\n");
    expect(await refusedFiles(/no-restricted/)).toEqual(['src/engine/y.ts']);
  });

  it.each(['bench/peers/report.mjs', 'native-bridge/main'])('lets nobody import %s', async (path) => {
    const places = PLACES.filter((place) => place !== 'worker');
    for (const place of places) {
      const up = '../'.repeat(place.split('/').length + 1);
      write(`src/${place}/x.ts`, `import { x } from '${up}${path}';\nexport const y = x;\n`);
    }
    expect(await refusedFiles(/no-restricted-imports/)).toEqual(places.map((place) => `src/${place}/x.ts`).sort());
  });
});

it('every folder of the sources is a layer of the table', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).map(({ name }) => name);
  expect(folders.filter((name) => !PLACES.includes(name))).toEqual([]);
});
