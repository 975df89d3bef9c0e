import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, runNode } from './command.mjs';
import { ROOT } from './paths.mjs';

describe('run', () => {
  it('gives the exit code and, when quiet, the output', async () => {
    expect(
      await runNode(['-e', 'console.log(process.env.A); process.exit(3)'], { quiet: true, env: { A: 'b' } }),
    ).toEqual({
      code: 3,
      output: 'b\n',
    });
  });

  it('gives 127 for a program that does not exist', async () => {
    expect((await run('no-such-program-of-forgelight', [])).code).toBe(127);
  });

  it('ends a child that takes too long, and says so', async () => {
    const { code, output } = await runNode(['-e', 'console.log(1); setInterval(() => {}, 1000)'], {
      quiet: true,
      timeoutMs: 300,
    });
    expect([code, output]).toEqual([124, expect.stringMatching(/took longer than 300 ms\.$/)]);
    expect(await runNode(['-e', ''], { timeoutMs: 60_000 })).toEqual({ code: 0, output: '' });
  });

  it('ends the child at the signal and waits for it', async () => {
    const controller = new AbortController();
    const child = runNode(['-e', 'setInterval(() => {}, 1000)'], { signal: controller.signal });
    controller.abort();
    await expect(child).rejects.toThrow('Interrupted');
  });
});

describe('a script that is given what it does not know', () => {
  it.each(['start', 'serve', 'build', 'check', 'simulation', 'model', 'bench'])(
    '%s says so, and does nothing',
    async (name) => {
      const script = spawn(process.execPath, [join(ROOT, 'scripts', `${name}.mjs`), '--nonsense']);
      let told = '';
      script.stderr.on('data', (/** @type {Buffer} */ part) => (told += String(part)));
      const [code] = await once(script, 'close');
      expect([code, told]).toEqual([1, expect.stringMatching(/'--nonsense'.*\n.*(takes no options|Options: )/s)]);
    },
  );
});

describe('a child that Ctrl+C ended first', () => {
  it.each([`process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 1000)`, 'process.exit(130)'])(
    'is an interruption: %s',
    async (source) => {
      await expect(runNode(['-e', source])).rejects.toThrow('Interrupted');
    },
  );
});

describe('runScript', () => {
  /** Runs a script whose `main` is given, sends it `signalName` once it prints something. @param {string} main @param {string} [code] */
  function script(main, code = '') {
    const module = JSON.stringify(join(ROOT, 'scripts/lib/command.mjs'));
    const source = `import { runScript, runNode, SetupError } from ${module}; await runScript(${main}${code})`;
    return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it.each([
    ['SIGINT', 0],
    ['SIGTERM', 0],
    ['SIGTERM', 130],
  ])('ends by %s with code %i, its child gone', async (signalName, code) => {
    const child = script(
      `async (signal) => { await runNode(['-e', 'console.log(process.pid); setInterval(() => {}, 1000)'], { signal }); return 1; }`,
      `, ${code}`,
    );
    const [pid] = await once(child.stdout, 'data');
    child.kill(/** @type {NodeJS.Signals} */ (signalName));
    expect(await once(child, 'close')).toEqual([code, null]);
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });

  it('prints a plain failure without a stack and ends with 1', async () => {
    const child = script(`async () => { throw new SetupError('Do this and that.'); }`);
    let output = '';
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(output.trim()).toBe('Do this and that.');
  });
});
