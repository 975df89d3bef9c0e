import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { SCRIPTED_INFO, SCRIPTED_USAGE, ScriptedEngines } from '../../test/support/scripted-engine';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import type { Engine } from '../client/index';
import type { ChatEvent } from './chat-events';
import { ChatSession } from './chat-session';

const MODEL = { model: 'https://example.org/a.gguf' };
const PLAIN = { system: '', temperature: null };

/** A session on engines that the test steps by hand, and what it told. */
class SetUp {
  readonly events: ChatEvent[] = [];
  readonly reported: unknown[] = [];
  readonly session: ChatSession;

  constructor(readonly engines = new ScriptedEngines()) {
    this.session = new ChatSession({
      createEngine: engines.createEngine,
      clock: new FakeClock(),
      tell: (event) => this.events.push(event),
      changed: () => undefined,
      reportError: (error) => this.reported.push(error),
    });
  }

  get answer() {
    return defined(this.engines.answers.at(-1), 'an answer');
  }

  get load() {
    return defined(this.engines.loads.at(-1), 'a load');
  }

  get states(): readonly string[] {
    return this.events.flatMap((event) => (event.name === 'forgelight-state' ? [event.detail.state] : []));
  }

  named(name: ChatEvent['name']): readonly unknown[] {
    return this.events.flatMap((event) => (event.name === name ? [event.detail] : []));
  }

  async loaded(): Promise<this> {
    const loading = this.session.keeper.load(MODEL);
    this.load.finish();
    await loading;
    return this;
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const codeOf = (error: unknown): unknown => (error instanceof ForgelightError ? error.code : error);

describe('an answer', () => {
  it('knows what wrote it', async () => {
    const at = await new SetUp().loaded();
    const sending = at.session.send('Hi', PLAIN);
    at.answer.write('Hel', { kind: 'hip', name: 'Radeon' });
    at.answer.write('lo', { kind: 'webgpu', name: 'GPU' });
    at.answer.finish();
    await sending;
    expect(at.session.messages.at(-1)).toMatchObject({ devices: [{ name: 'Radeon' }, { name: 'GPU' }] });
  });

  it('is told as it comes, and once more when it has ended', async () => {
    const at = await new SetUp().loaded();
    const sending = at.session.send(' Hi ', { system: 'Be brief.', temperature: 0 });
    at.answer.write('Hel');
    at.answer.write('lo');
    at.answer.finish();
    expect(await sending).toBe('Hello');
    expect(at.answer.body).toMatchObject({
      temperature: 0,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
    });
    expect(at.named('forgelight-delta')).toEqual([{ text: 'Hel' }, { text: 'lo' }]);
    expect(at.named('forgelight-message')).toEqual([
      { message: { role: 'user', content: 'Hi' } },
      { message: { role: 'assistant', content: 'Hello' } },
    ]);
    expect(at.named('forgelight-finish')).toMatchObject([{ reason: 'stop', usage: SCRIPTED_USAGE }]);
    expect(at.states).toEqual(['loading', 'ready', 'generating', 'ready']);
    expect(at.session.usage).toEqual(SCRIPTED_USAGE);
  });

  it('that is stopped keeps what it has, and what its stream still gives is not news', async () => {
    const at = await new SetUp().loaded();
    const sending = at.session.send('Hi', PLAIN);
    at.answer.write('Half');
    await settle();
    at.answer.write(' more');
    at.session.stop();
    expect(await sending).toBe('Half');
    expect(at.answer.signal?.aborted).toBe(true);
    expect(at.session.entries.at(-1)).toEqual({ role: 'assistant', content: 'Half' });
    await settle();
    expect(at.named('forgelight-delta')).toEqual([{ text: 'Half' }]);
    expect(at.named('forgelight-finish')).toMatchObject([{ reason: 'stopped', usage: null }]);
  });

  it('that fails rejects, and leaves the model ready', async () => {
    const at = await new SetUp().loaded();
    const sending = at.session.send('Hi', PLAIN).catch(codeOf);
    at.answer.fail(new ForgelightError('context-overflow', 'too long'));
    expect(await sending).toBe('context-overflow');
    expect(at.named('forgelight-error')).toMatchObject([{ error: { code: 'context-overflow' } }]);
    expect(at.session.state).toBe('ready');
  });

  it('that fails with its engine is told once, and needs a load', async () => {
    const at = await new SetUp().loaded();
    const sending = at.session.send('Hi', PLAIN).catch(codeOf);
    const error = { code: 'device-lost', message: 'gone' } as const;
    at.load.enter('gone', { error });
    at.answer.fail(new ForgelightError(error.code, error.message));
    expect(await sending).toBe('device-lost');
    expect(at.session.state).toBe('error');
    expect(at.named('forgelight-error')).toHaveLength(1);
    await at.loaded();
    expect(at.session.state).toBe('ready');
  });

  it('is the only one: a second is refused, and so is one without text or model', async () => {
    const at = new SetUp();
    expect(await at.session.send('Hi', PLAIN).catch(codeOf)).toBe('closed');
    await at.loaded();
    void at.session.send('Hi', PLAIN);
    expect(await at.session.send('Ho', PLAIN).catch(codeOf)).toBe('busy');
    at.session.stop();
    expect(await at.session.send('  ', PLAIN).catch(codeOf)).toBe('invalid-request');
    expect(await at.session.send(undefined as unknown as string, PLAIN).catch(codeOf)).toBe('invalid-request');
    for (const none of [{}, 'an engine']) {
      const refused = expect.objectContaining({ code: 'invalid-request', param: 'engine' });
      expect(() => at.session.keeper.adopt(none as unknown as Engine)).toThrow(refused);
    }
    expect(at.session.state).toBe('ready');
  });

  it('that is asked for again takes the place of the last', async () => {
    const at = await new SetUp().loaded();
    at.session.set([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'No' },
    ]);
    const sending = at.session.regenerate(PLAIN);
    at.answer.write('Yes');
    at.answer.finish();
    await sending;
    expect(at.answer.body.messages).toEqual([{ role: 'user', content: 'Hi' }]);
    expect(at.session.entries.map(({ content }) => content)).toEqual(['Hi', 'Yes']);
  });
});

describe('a question without an answer', () => {
  const question = (content: string) => ({ role: 'user', content }) as const;
  const REPLY = { role: 'assistant', content: 'Yes' } as const;

  it.each([
    ['the last', [question('Lost')], []],
    ['between others', [question('Lost'), question('Hi'), REPLY, question('Lost')], [question('Hi'), REPLY]],
  ])('in a conversation that is set is kept from the model: %s', async (_, entries, told) => {
    const at = await new SetUp().loaded();
    at.session.set(entries);
    const sending = at.session.send('And now?', PLAIN);
    at.answer.finish();
    await sending;
    expect(at.answer.body.messages).toEqual([...told, question('And now?')]);
  });

  it('is shown as stopped, read as it was set, and can be asked again', async () => {
    const at = await new SetUp().loaded();
    at.session.set([question('Lost')]);
    expect(at.session.messages.at(-1)).toMatchObject({ role: 'assistant', status: { kind: 'stopped' } });
    expect(at.session.entries).toEqual([question('Lost')]);
    const sending = at.session.regenerate(PLAIN);
    at.answer.write('Found');
    at.answer.finish();
    await sending;
    expect(at.session.entries).toEqual([question('Lost'), { role: 'assistant', content: 'Found' }]);
  });
});

describe('a load', () => {
  it('tells what it does', async () => {
    const at = new SetUp();
    const loading = at.session.keeper.load(MODEL);
    const progress = { phase: 'download', loaded: 1, total: 2, bytesPerSecond: 1, etaSeconds: 1, resumed: 0 } as const;
    at.load.options.onProgress?.(progress);
    at.load.options.onProgress?.({ ...progress, phase: 'warmup' });
    at.load.finish();
    await loading;
    expect(at.states).toEqual(['loading', 'downloading', 'loading', 'ready']);
    expect(at.named('forgelight-progress')).toHaveLength(2);
    expect(at.named('forgelight-ready')).toEqual([{ info: SCRIPTED_INFO }]);
  });

  it('that runs is the one that a second call waits for', async () => {
    const at = new SetUp();
    const both = [at.session.keeper.load(MODEL), at.session.keeper.load(MODEL)];
    at.load.finish();
    await Promise.all(both);
    expect(at.engines.loads).toHaveLength(1);
  });

  it('that is given up and comes to its end all the same is closed', async () => {
    const at = new SetUp();
    at.engines.ignoreAborts = true;
    const loading = at.session.keeper.load(MODEL).catch((error: unknown) => (error as Error).name);
    at.session.keeper.unload();
    at.load.finish();
    expect(await loading).toBe('AbortError');
    expect(at.engines.closed).toBe(1);
    expect(at.session.state).toBe('idle');
  });

  it('after the loss of the GPU leaves a running answer alone', async () => {
    const at = await new SetUp().loaded();
    const sending = at.session.send('Hi', PLAIN);
    at.load.enter('lost');
    expect([at.session.state, at.session.phase]).toEqual(['generating', 'generating']);
    at.answer.finish();
    await sending;
    expect([at.session.state, at.session.phase]).toEqual(['loading', 'recovering']);
    at.load.enter('ready');
    expect(at.session.state).toBe('ready');
  });
});

describe('an engine of several elements', () => {
  it('is closed by the last that holds it', async () => {
    const one = await new SetUp().loaded();
    const two = new SetUp(one.engines);
    two.session.keeper.adopt(one.session.keeper.engine);
    expect(two.session.state).toBe('ready');
    one.session.keeper.unload();
    expect(one.engines.closed).toBe(0);
    two.session.keeper.unload();
    expect(one.engines.closed).toBe(1);
  });

  it('is the page’s to close where the page has made it', async () => {
    const engines = new ScriptedEngines();
    const making = engines.createEngine(MODEL);
    engines.loads[0]?.finish();
    const at = new SetUp(engines);
    at.session.keeper.adopt(await making);
    at.session.keeper.unload();
    expect(engines.closed).toBe(0);
    expect(at.session.state).toBe('idle');
  });

  it('that is closed elsewhere is let go', async () => {
    const at = await new SetUp().loaded();
    at.load.enter('closed');
    expect(at.session.state).toBe('idle');
  });

  it('is closed once, and by nobody who still holds it, in whatever order they come and go', async () => {
    const step = fc.record({ who: fc.nat(2), act: fc.constantFrom('give', 'take away', 'load') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const engines = new ScriptedEngines();
        const all = [new SetUp(engines), new SetUp(engines), new SetUp(engines)];
        for (const { who, act } of steps) {
          const { keeper } = defined(all[who], 'who').session;
          if (act === 'take away') keeper.unload();
          else if (act === 'give') keeper.adopt(defined(all[(who + 1) % 3], 'neighbour').session.keeper.engine);
          else {
            const loading = keeper.load(MODEL);
            engines.loads.at(-1)?.finish();
            await loading;
          }
          const held = new Set(all.flatMap(({ session }) => session.keeper.engine ?? []));
          expect(engines.closed).toBe(engines.loads.length - held.size);
        }
      }),
      { seed: 11, numRuns: 200 },
    );
  });
});
