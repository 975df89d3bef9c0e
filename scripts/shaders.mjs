// Links the shaders to plain WGSL, once, before anything is compiled: one text a kernel and one text a module (block format
// or KV type). They are joined when a pipeline is made, so that not every choice of them ships.
// Writes src/device/webgpu/shaders.generated.ts, and the twins of kernels with f16 that tests run on adapters without it.
// `--golden` also rewrites test/golden/shaders.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const shaderFolder = path.join(root, 'shaders');
const outputFile = path.join(root, 'src/device/webgpu/shaders.generated.ts');
const twinsFile = path.join(root, 'test/kernels/f32-twins.generated.ts');
const goldenFolder = path.join(root, 'test/golden/shaders');

/** What some files of shaders/ops are linked with: a kernel for each ending, and its conditions. */
const FORMS = new Map([['rounded', { int8: {}, f16: { HALVES: true, F16: true } }]]);
const NO_CONDITIONS = { HALVES: false, F16: false };

/** A declaration of a linked text, whose bodies are indented. */
const DECLARATION = /^(?:@\w+(?:\([^)]*\))? )*(?:fn|struct|alias|const|override|var(?:<[^>]*>)?) (\w+)/gm;

/** The texts of a folder of shaders/, by name. */
async function readFolder(name) {
  const folder = path.join(shaderFolder, name);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.wgsl')).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return new Map(files.map((file, i) => [file.slice(0, -'.wgsl'.length), texts[i]]));
}

/** What a linked text declares at its outermost level. */
function declaredNames(text) {
  return [...text.matchAll(DECLARATION)].map(([, name]) => name);
}

/** The interface's text as the linker is to see it: its comments would stay behind in the kernels. */
function stubOf(text) {
  return text.replace(/^\/\/.*\n/gm, '');
}

/** `text` without the declarations of its interfaces, and of nothing else. */
function withoutStubs(text, names) {
  const cut = (kept, name) =>
    kept.replace(new RegExp(`^(?:(?:fn|struct) ${name}\\b[^{]*{[^}]*}|const ${name}\\b[^;]*;)\\n*`, 'm'), '');
  const rest = names.reduce(cut, text);
  const wanted = declaredNames(text).filter((name) => !names.includes(name));
  if (declaredNames(rest).join() !== wanted.join()) throw new Error(`${names.join(', ')} cannot be cut out:\n${text}`);
  return rest;
}

/** A linked kernel's text without stubs, and what that names of modules of each kind, in the order of `interfaces`. */
function kernelOf(linked, interfaces) {
  const declared = new Set(declaredNames(linked));
  const stubs = [...interfaces].map(([kind, names]) => [kind, names.filter((name) => declared.has(name))]);
  const text = withoutStubs(
    linked,
    stubs.flatMap(([, names]) => names),
  );
  const named = stubs.map(([kind, names]) => [kind, names.filter((name) => new RegExp(`\\b${name}\\b`).test(text))]);
  return { takes: Object.fromEntries(named.filter(([, names]) => names.length > 0)), text };
}

/**
 * Throws where some of the texts of a pipeline, by name, declare one name: a mention of it would otherwise silently mean the
 * other's.
 */
export function checkJoinable(texts) {
  const owners = new Map();
  for (const [owner, text] of Object.entries(texts)) {
    for (const name of declaredNames(text)) {
      if (owners.has(name)) throw new Error(`${owners.get(name)} and ${owner} both declare ${name}: rename one`);
      owners.set(name, owner);
    }
  }
}

/** Every choice of modules that have what a kernel calls: a name of each kind that it takes. */
export function choicesOf({ takes }, modules) {
  let choices = [{}];
  for (const [kind, calls] of Object.entries(takes)) {
    const fitting = Object.entries(modules[kind]).filter(([, text]) => {
      const declared = declaredNames(text);
      return calls.every((name) => declared.includes(name));
    });
    choices = choices.flatMap((choice) => fitting.map(([name]) => ({ ...choice, [kind]: name })));
  }
  return choices;
}

/**
 * Links kernels and modules. `kernels`: name → its text without the functions of its modules, and what it calls of them, by
 * kind (`quant`, `kv`); `modules`: for each kind, name → text; `twins`: kernels with f16, with f32 in its place. Throws for texts that cannot be joined, and for a module that
 * no kernel can take.
 */
export async function linkShaders() {
  const { link } = await import('wesl');
  const [ops, lib, stubs] = await Promise.all(['ops', 'lib', 'interface'].map(readFolder));
  // The block format comes first, ways of reading last.
  const kinds = ['quant', 'kv', 'reads'];
  const interfaces = new Map(kinds.map((kind) => [kind, declaredNames(stubs.get(kind))]));
  const virtualLibs = Object.fromEntries(kinds.map((kind) => [kind, () => stubOf(stubs.get(kind))]));
  const weslSrc = {};
  const linkText = async (folder, name, text, conditions = {}) => {
    const rootModuleName = `${folder}/${name}`;
    const { dest } = await link({
      weslSrc: { ...weslSrc, [`${rootModuleName}.wesl`]: text },
      rootModuleName,
      virtualLibs,
      conditions: { ...NO_CONDITIONS, ...conditions },
    });
    return `${dest.trim()}\n`;
  };
  for (const [name, text] of lib) weslSrc[`lib/${name}.wesl`] = text;
  const modules = {};
  for (const kind of kinds) {
    modules[kind] = {};
    for (const [name, text] of await readFolder(kind)) modules[kind][name] = await linkText(kind, name, text);
  }
  for (const [name, text] of Object.entries(modules.quant)) {
    const declared = declaredNames(text);
    const rest = [
      ...(declared.includes('GROUP_UNITS') ? [] : ['ungrouped']),
      ...(declared.includes('byte32') ? ['ungrouped_bytes'] : []),
    ];
    modules.quant[name] = [text, ...rest.map((part) => stubOf(lib.get(part)))].join('\n');
  }
  const kernels = {};
  const twins = {};
  for (const [file, text] of ops) {
    for (const [name, conditions] of formsOf(file)) {
      const linked = async (given) => kernelOf(await linkText('ops', name, text, given), interfaces);
      kernels[name] = await linked(conditions);
      if (conditions.F16) twins[name] = await linked({ ...conditions, F16: false });
    }
  }
  checkAll(kernels, modules);
  return { kernels, modules, twins };
}

/** The kernels that a file of shaders/ops is linked as, with their conditions. */
function formsOf(file) {
  const [, stem, ending] = /^(.*)_(\w+)$/.exec(file) ?? [];
  const forms = FORMS.get(ending);
  return forms === undefined ? [[file, {}]] : Object.entries(forms).map(([form, given]) => [`${stem}_${form}`, given]);
}

function checkAll(kernels, modules) {
  const idle = new Set(
    Object.entries(modules).flatMap(([kind, of]) => Object.keys(of).map((name) => `${kind}/${name}`)),
  );
  for (const [name, kernel] of Object.entries(kernels)) {
    for (const choice of choicesOf(kernel, modules)) {
      const parts = Object.entries(choice).map(([kind, module]) => [`${kind}/${module}`, modules[kind][module]]);
      checkJoinable({ [name]: kernel.text, ...Object.fromEntries(parts) });
      for (const [part] of parts) idle.delete(part);
    }
  }
  if (idle.size > 0) throw new Error(`${[...idle].join(', ')} lacks what kernels call: see shaders/interface`);
}

export function hashOf(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** `text` with its directives before all else, where WGSL wants them. */
function enabledFirst(text) {
  const directives = text.match(/^enable \w+;\n/gm) ?? [];
  return [...directives, text.replace(/^enable \w+;\n/gm, '')].join('');
}

/** Every variant as it reaches the device, kernel and modules → text; the twin of src/device/webgpu/shader-text.ts. */
export function joinedShaders({ kernels, modules }) {
  const variants = new Map();
  for (const [name, kernel] of Object.entries(kernels)) {
    for (const choice of choicesOf(kernel, modules)) {
      const parts = Object.entries(choice).map(([kind, module]) => modules[kind][module]);
      variants.set([name, ...Object.values(choice)].join('.'), enabledFirst([kernel.text, ...parts].join('\n')));
    }
  }
  return variants;
}

async function writeGolden(linked) {
  await mkdir(goldenFolder, { recursive: true });
  for (const [name, { text }] of Object.entries(linked.kernels)) {
    await writeFile(path.join(goldenFolder, `${name}.wgsl`), text);
  }
  const hashes = Object.fromEntries([...joinedShaders(linked)].map(([key, text]) => [key, hashOf(text)]));
  await writeFile(path.join(goldenFolder, 'hashes.json'), `${JSON.stringify(hashes, null, 2)}\n`);
}

function sourceOf({ kernels, modules }) {
  const linked = { kernels, modules };
  return [
    '// Generated by scripts/shaders.mjs from shaders/: do not edit.',
    "import type { ShaderTexts } from './shader-text';",
    '',
    `export const SHADERS: ShaderTexts = ${JSON.stringify(linked, null, 2)};`,
    '',
    '/** Changes with any shader: part of the system fingerprint and of the variant cache key. */',
    `export const SHADER_BUILD = '${hashOf(JSON.stringify(linked))}';`,
    '',
  ].join('\n');
}

function twinsOf({ twins }) {
  return [
    '// Generated by scripts/shaders.mjs from shaders/: do not edit.',
    "import type { KernelText } from '../../src/device/webgpu/shader-text';",
    '',
    '/** Kernels with f16, with f32 in its place. */',
    `export const F32_TWINS: Readonly<Record<string, KernelText>> = ${JSON.stringify(twins, null, 2)};`,
    '',
  ].join('\n');
}

/** Whether it had to be written. */
async function writeChanged(file, source) {
  const before = await readFile(file, 'utf8').catch(() => '');
  if (before !== source) await writeFile(file, source);
  return before !== source;
}

async function main() {
  const linked = await linkShaders();
  const written = [await writeChanged(outputFile, sourceOf(linked)), await writeChanged(twinsFile, twinsOf(linked))];
  if (process.argv.includes('--golden')) await writeGolden(linked);
  console.log(`${joinedShaders(linked).size} shader variants linked${written.includes(true) ? '' : ' (unchanged)'}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
