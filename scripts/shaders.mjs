// Links the shaders to plain WGSL, once, before anything is compiled: one text a kernel and one text a module (block format
// or KV type). They are joined when a pipeline is made, so that not every pair of them ships.
// Writes src/device/webgpu/shaders.generated.ts. `--golden` also rewrites test/golden/shaders.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const shaderFolder = path.join(root, 'shaders');
const outputFile = path.join(root, 'src/device/webgpu/shaders.generated.ts');
const goldenFolder = path.join(root, 'test/golden/shaders');

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

/** `text` without the functions of its interface, and of nothing else. */
function withoutStubs(text, names) {
  const rest = names.reduce((kept, name) => kept.replace(new RegExp(`^fn ${name}\\([^{]*{[^}]*}\\n*`, 'm'), ''), text);
  const wanted = declaredNames(text).filter((name) => !names.includes(name));
  if (declaredNames(rest).join() !== wanted.join()) throw new Error(`${names.join(', ')} cannot be cut out:\n${text}`);
  return rest;
}

/**
 * Throws for texts that cannot be joined: names that both declare, or a module without a function of its interface. The
 * kernel's own mention of a name would otherwise silently mean the module's.
 */
export function checkJoinable(kernelName, kernel, moduleName, module, interfaceNames) {
  const declared = declaredNames(module);
  const missing = interfaceNames.filter((name) => !declared.includes(name));
  if (missing.length > 0) throw new Error(`${moduleName} lacks ${missing.join(', ')}, which ${kernelName} may call`);
  const own = new Set(declaredNames(kernel));
  const both = declared.filter((name) => own.has(name));
  if (both.length > 0) throw new Error(`${kernelName} and ${moduleName} both declare ${both.join(', ')}: rename one`);
}

/**
 * Links kernels and modules. `kernels`: name → its text without the module's functions, and which modules it takes
 * (`'quant'`, `'kv'` or `null`); `modules`: for each of those, name → text. Throws for a pair that cannot be joined.
 */
export async function linkShaders() {
  const { link } = await import('wesl');
  const [ops, lib, stubs] = await Promise.all(['ops', 'lib', 'interface'].map(readFolder));
  const interfaces = new Map([...stubs].map(([kind, text]) => [kind, declaredNames(text)]));
  const weslSrc = {};
  const linkText = async (folder, name, text, virtualLibs = {}) => {
    const rootModuleName = `${folder}/${name}`;
    const { dest } = await link({
      weslSrc: { ...weslSrc, [`${rootModuleName}.wesl`]: text },
      rootModuleName,
      virtualLibs,
    });
    return `${dest.trim()}\n`;
  };
  for (const [name, text] of lib) weslSrc[`lib/${name}.wesl`] = text;
  const modules = {};
  for (const kind of stubs.keys()) {
    modules[kind] = {};
    for (const [name, text] of await readFolder(kind)) modules[kind][name] = await linkText(kind, name, text);
  }
  const kernels = {};
  for (const [name, text] of ops) {
    const takes = [...stubs.keys()].find((kind) => text.includes(`import ${kind}::`)) ?? null;
    const linked = await linkText('ops', name, text, takes === null ? {} : { [takes]: () => stubOf(stubs.get(takes)) });
    const names = takes === null ? [] : interfaces.get(takes);
    kernels[name] = { takes, text: withoutStubs(linked, names) };
    if (takes === null) continue;
    for (const [module, moduleText] of Object.entries(modules[takes])) {
      checkJoinable(name, kernels[name].text, `${takes}/${module}`, moduleText, names);
    }
  }
  return { kernels, modules };
}

export function hashOf(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Every variant as it reaches the device, `kernel` or `kernel.module` → text; the twin of src/device/webgpu/shader-text.ts. */
export function joinedShaders({ kernels, modules }) {
  const variants = new Map();
  for (const [name, { takes, text }] of Object.entries(kernels)) {
    if (takes === null) variants.set(name, text);
    for (const [module, moduleText] of Object.entries(takes === null ? {} : modules[takes])) {
      variants.set(`${name}.${module}`, `${text}\n${moduleText}`);
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

function sourceOf(linked) {
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

async function main() {
  const linked = await linkShaders();
  const source = sourceOf(linked);
  const before = await readFile(outputFile, 'utf8').catch(() => '');
  if (before !== source) await writeFile(outputFile, source);
  if (process.argv.includes('--golden')) await writeGolden(linked);
  console.log(`${joinedShaders(linked).size} shader variants linked${before === source ? ' (unchanged)' : ''}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
