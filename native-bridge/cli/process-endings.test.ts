import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ProcessEndings, type EndingProcess } from './process-endings';

/** What is written to it waits until it is read. */
class FakeOutput extends EventEmitter {
  isRead = true;
  private readonly waiting: (() => void)[] = [];

  write(_text: string, done: () => void): void {
    if (this.isRead) done();
    else this.waiting.push(done);
  }

  read(): void {
    for (const done of this.waiting) done();
  }
}

class FakeProcess extends EventEmitter implements EndingProcess {
  readonly pid = 7;
  readonly stdout = new FakeOutput();
  readonly stderr = new FakeOutput();
  readonly ends: unknown[] = [];

  constructor(readonly platform: NodeJS.Platform = 'linux') {
    super();
  }

  exit(code: number): void {
    this.ends.push(code);
  }

  kill(pid: number, signal: NodeJS.Signals): boolean {
    this.ends.push([pid, signal, this.listenerCount(signal)]);
    return true;
  }
}

const failure = (code: string) => Object.assign(new Error(code), { code });

function endings({
  platform = 'linux',
  interrupt = () => false,
}: { platform?: NodeJS.Platform; interrupt?: () => boolean } = {}) {
  const process = new FakeProcess(platform);
  return { process, endings: new ProcessEndings(process, interrupt) };
}

describe('ProcessEndings', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends in order at the first %s, at once at the second, and with %i', (name, code) => {
    const { process, endings: heard } = endings();
    process.emit(name);
    expect(heard.signal.reason).toMatchObject({ name: 'AbortError', message: `Stopped by ${name}.` });
    expect(process.ends).toEqual([]);
    // What stopped says 130, whatever stopped it; what ended in order says 0.
    expect([heard.codeOf(130), heard.codeOf(0)]).toEqual([code, 0]);
    process.emit(name);
    expect(process.ends).toEqual([code]);
  });

  it('leaves SIGINT to whoever hears of it, as often as he does', () => {
    let answers = 2;
    const { process, endings: heard } = endings({ interrupt: () => (answers -= 1) >= 0 });
    process.emit('SIGINT');
    process.emit('SIGINT');
    expect(heard.signal.aborted).toBe(false);
    process.emit('SIGINT');
    expect(heard.signal.aborted).toBe(true);
  });

  it('ends in order however many SIGHUP come, and by that signal when all is closed', async () => {
    const { process, endings: heard } = endings();
    for (const name of ['SIGHUP', 'SIGHUP', 'SIGHUP']) process.emit(name);
    process.stdout.emit('error', failure('EIO'));
    expect(heard.signal.aborted).toBe(true);
    expect([heard.codeOf(130), process.ends]).toEqual([130, []]);
    await heard.finish(130);
    expect(process.ends).toEqual([[7, 'SIGHUP', 0]]);
  });

  it('keeps its exit code where no terminal was closed, and on Windows', async () => {
    const [closed, stopped] = [endings({ platform: 'win32' }), endings()];
    closed.process.emit('SIGHUP');
    stopped.process.emit('SIGTERM');
    for (const { endings: heard } of [closed, stopped]) await heard.finish(130);
    expect([closed.process.ends, stopped.process.ends]).toEqual([[130], [143]]);
  });

  it.each(['stdout', 'stderr'] as const)('waits until %s is read, however long', async (name) => {
    const { process, endings: heard } = endings();
    process[name].isRead = false;
    const finished = heard.finish(1);
    await new Promise(setImmediate);
    expect(process.ends).toEqual([]);
    process[name].read();
    await finished;
    expect(process.ends).toEqual([1]);
  });

  it('waits for no reader that takes nothing once it was told to end', async () => {
    const [before, after] = [endings(), endings()];
    for (const { process } of [before, after]) process.stderr.isRead = false;
    before.process.emit('SIGTERM');
    const finished = [before, after].map(({ endings: heard }) => heard.finish(130));
    after.process.emit('SIGTERM');
    await Promise.all(finished);
    expect([before.process.ends, after.process.ends]).toEqual([[143], [143]]);
  });

  it('ends in order, and as no failure, when nobody reads what it prints; complaints may go unread', () => {
    const { process, endings: heard } = endings();
    process.stderr.emit('error', failure('EPIPE'));
    expect(heard.signal.aborted).toBe(false);
    process.stdout.emit('error', failure('EPIPE'));
    expect(heard.signal.aborted).toBe(true);
    expect([heard.codeOf(130), process.ends]).toEqual([0, []]);
    for (const output of [process.stdout, process.stderr]) {
      expect(() => output.emit('error', failure('ENOSPC'))).toThrow('ENOSPC');
    }
  });
});
