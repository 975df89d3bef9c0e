import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { drawnFile, FaultyServer } from './faulty-server';

// The built package as its users get it: installed into a project that has nothing else.
const execute = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '..');
const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
};
const commands = Object.values(packageJson.bin).map((path) => `./${path}`);
const exported = Object.values(packageJson.exports).flatMap((entry) =>
  typeof entry === 'string' ? [entry] : Object.values(entry),
);

const USE = `
import { createEngine, ForgelightError, loadTokenizer, type Engine } from 'forgelight';
import 'forgelight/worker';
import 'forgelight/element/define';
import { ForgelightChat, type ExportedChat } from 'forgelight/element';

export async function use(): Promise<Engine> {
  const engine = await createEngine({ model: 'hf:owner/repo/file.gguf', onProgress: ({ loaded }) => loaded.toFixed() });
  const messages = [{ role: 'user', content: 'Hello' }] as const;
  const stream = await engine.chat.completions.create({ messages, stream: true });
  for await (const chunk of stream) chunk.choices[0]?.delta.content?.trim();
  const answer = await engine.chat.completions.create({ messages });
  answer.choices[0]?.message.content.trim();
  (await loadTokenizer('https://example.org/x.gguf')).vocabularySize.toFixed();
  return engine;
}

export async function chat(tag: ForgelightChat): Promise<ExportedChat> {
  tag.addEventListener('forgelight-delta', ({ detail }) => detail.text.trim());
  const made = document.createElement('forgelight-chat');
  made.engine = tag.engine ?? (await use());
  return (await new ForgelightChat().send('Hello')) === '' ? tag.exportChat() : made.exportChat();
}

export const codeOf = (error: unknown) => (error instanceof ForgelightError ? error.code : null);
`;

/** Of the frameworks, which their users have installed. */
const REACT = `
import type {} from 'forgelight/element/react';

export const right = <forgelight-chat src="hf:owner/repo:Q4_K_M" onforgelight-delta={({ detail }) => detail.text.trim()} />;
// @ts-${'exp'}ect-error
export const wrong = <forgelight-chat loading="soon" />;
`;
const VUE = `
import type {} from 'forgelight/element/vue';
import type { GlobalComponents } from 'vue';

type Props = InstanceType<GlobalComponents['forgelight-chat']>['$props'];
export const right: Props = { src: 'hf:owner/repo:Q4_K_M', 'onForgelight-delta': ({ detail }) => detail.text.trim() };
// @ts-${'exp'}ect-error
export const wrong: Props = { loading: 'soon' };
`;
const FRAMEWORKS = ['react', '@types/react', 'vue'];

let project = '';

test.beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'forgelight-package-'));
  const installed = join(project, 'node_modules/forgelight');
  for (const path of ['package.json', 'dist/bin', 'dist/lib']) {
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    cpSync(join(ROOT, path), join(installed, path), { recursive: true });
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'use.ts'), USE);
  writeFileSync(join(project, 'use-react.tsx'), REACT);
  writeFileSync(join(project, 'use-vue.ts'), VUE);
  mkdirSync(join(project, 'node_modules/@types'));
  for (const name of FRAMEWORKS) {
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name), 'junction');
  }
});

test.afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

test('every export is there and is packed', async () => {
  const named = [...exported, ...commands];
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const npm = process.env['npm_execpath'];
  const [program, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { stdout } = await execute(program, [...args, 'pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
  });
  // npm lists the packages, or names them, depending on its age.
  const [packed] = Object.values(
    JSON.parse(stdout) as Record<string, { readonly files: readonly { readonly path: string }[] }>,
  );
  const paths = packed?.files.map(({ path }) => `./${path}`) ?? [];
  expect(named.filter((path) => !paths.includes(path))).toEqual([]);
  expect(
    paths.filter(
      (path) =>
        !/^\.\/(dist\/(bin|lib|page)\/|(package\.json|README\.md|CHANGELOG\.md|LICENSE|native-bridge\/systemd\/forgelight\.service)$)/.test(
          path,
        ),
    ),
  ).toEqual([]);
});

/** What the compiler says of `files`. */
async function complaints(files: readonly string[], flags: readonly string[]): Promise<string> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const language = ['--noEmit', '--strict', '--target', 'es2023', '--lib', 'es2023,dom', '--types', ''];
  const run = execute(process.execPath, [compiler, ...language, ...flags, ...files], { cwd: project });
  return await run.then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

for (const [module, resolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const) {
  test(`its types are found and strict (${resolution})`, async () => {
    expect(await complaints(['use.ts'], ['--module', module, '--moduleResolution', resolution])).toBe('');
  });
}

test('React and Vue find the types of its element', async () => {
  const flags = ['--module', 'esnext', '--moduleResolution', 'bundler', '--jsx', 'react-jsx', '--skipLibCheck'];
  expect(await complaints(['use-react.tsx', 'use-vue.ts'], flags)).toBe('');
});

test('it loads in Node, with nothing else installed', async () => {
  const source = "import * as forgelight from 'forgelight'; console.log(Object.keys(forgelight).sort().join());";
  const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', source], { cwd: project });
  expect(stdout.trim().split(',')).toEqual(
    expect.arrayContaining(['ForgelightError', 'createEngine', 'loadTokenizer']),
  );
});

test('its element loads where there is no document, and registers nothing there', async () => {
  const source = `
    const { ForgelightChat } = await import('forgelight/element');
    const { ForgelightChat: defined } = await import('forgelight/element/define');
    console.log([ForgelightChat === defined, typeof document, ForgelightChat.observedAttributes.includes('src')].join(' '));`;
  const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', source], { cwd: project });
  expect(stdout.trim()).toBe('true undefined true');
});

test('its element keeps to its budget of bytes before worker and markdown', () => {
  const budgets = JSON.parse(readFileSync(join(ROOT, 'test/budgets/sizes.json'), 'utf8')) as {
    readonly element: number;
  };
  const folder = join(ROOT, 'dist/lib/element');
  const seen = new Set(['define.js']);
  // What is imported at once, and not what is fetched later.
  for (const name of seen) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const [, next = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([\w.-]+)["'`]/g)) seen.add(next);
  }
  expect(seen).toContain('element.js');
  expect(seen).not.toContain('markdown-stream.js');
  const sizes = [...seen].map((name) => gzipSync(readFileSync(join(folder, name))).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(budgets.element);
});

test('its command keeps models, with nothing else installed', async () => {
  const command = join(project, 'node_modules/forgelight/dist/bin/forgelight.js');
  const env = { ...process.env, FORGELIGHT_MODELS: join(project, 'models') };
  const server = await FaultyServer.start();
  try {
    const { bytes } = drawnFile(100_000, 1);
    bytes.set(new TextEncoder().encode('GGUF')); // nothing else is kept
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const address = server.put('/drawn.gguf', bytes);
    await execute(process.execPath, [command, 'pull', address, '--sha256', sha256], { cwd: project, env });
    const { stdout } = await execute(process.execPath, [command, 'list', '--json'], { cwd: project, env });
    expect(JSON.parse(stdout)).toMatchObject([{ state: 'ok', sha256, sizeBytes: 100_000, names: [address] }]);
  } finally {
    await server.close();
  }
});
