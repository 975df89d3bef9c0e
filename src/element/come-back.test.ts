import { describe, expect, it } from 'vitest';
import { ScriptedEngines } from '../../test/support/scripted-engine';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { EngineKeeper } from './engine-keeper';

const MODEL = { model: 'https://example.org/a.gguf' };
const NO_MODEL = { model: '' };
const LEFT = new ForgelightError('closed', 'The engine was closed when its page was left.');

function keeperOf(engines: ScriptedEngines): EngineKeeper {
  const reportError = (error: unknown): void => {
    throw error;
  };
  return new EngineKeeper({ createEngine: engines.createEngine, tell: () => undefined, reportError });
}

const loadAt = (engines: ScriptedEngines, index: number) => defined(engines.loads[index], `load ${index}`);

async function loaded(engines: ScriptedEngines): Promise<EngineKeeper> {
  const keeper = keeperOf(engines);
  const loading = keeper.load(MODEL);
  loadAt(engines, engines.loads.length - 1).finish();
  await loading;
  return keeper;
}

/** The engine of load `index` ends with its page, and says so. */
const leave = (engines: ScriptedEngines, index: number): void =>
  loadAt(engines, index).enter('gone', { error: { code: 'closed', message: LEFT.message } });

describe('an element on a page that comes back', () => {
  it.each([true, false])('loads its model again, whether or not it has heard of the end (%s)', async (heard) => {
    const engines = new ScriptedEngines();
    const keeper = await loaded(engines);
    const before = keeper.engine;
    if (heard) leave(engines, 0);
    const back = keeper.comeBack(MODEL);
    expect(keeper.status.kind).toBe('loading');
    loadAt(engines, 1).finish();
    await back;
    expect(keeper.status.kind).toBe('ready');
    expect(keeper.engine).not.toBe(before);
    expect(engines.closed).toBe(1);
  });

  it('begins a load anew that was running', async () => {
    const engines = new ScriptedEngines();
    const keeper = keeperOf(engines);
    const loading = keeper.load(MODEL).catch((error: unknown) => error);
    loadAt(engines, 0).fail(LEFT);
    expect(await loading).toBe(LEFT);
    const back = keeper.comeBack(MODEL);
    loadAt(engines, 1).finish();
    await back;
    expect(keeper.status.kind).toBe('ready');
  });

  it('loads nothing that was not wanted', async () => {
    const engines = new ScriptedEngines();
    const keeper = keeperOf(engines);
    await keeper.comeBack(MODEL);
    const loading = keeper.load(MODEL).catch(() => undefined);
    loadAt(engines, 0).fail(new ForgelightError('bad-gguf', 'This file is not a GGUF.'));
    await loading;
    await keeper.comeBack(MODEL);
    expect([engines.loads.length, keeper.status.kind]).toEqual([1, 'failed']);
  });

  it('leaves an engine to the page that has made it', async () => {
    const engines = new ScriptedEngines();
    const making = engines.createEngine(MODEL);
    loadAt(engines, 0).finish();
    const keeper = keeperOf(engines);
    keeper.adopt(await making);
    leave(engines, 0);
    await keeper.comeBack(MODEL);
    expect([engines.loads.length, keeper.status.kind]).toEqual([1, 'failed']);
  });
});

describe('elements that shared an engine', () => {
  it('share the one that takes its place, also where one names no model', async () => {
    const engines = new ScriptedEngines();
    const one = await loaded(engines);
    const [two, three] = [keeperOf(engines), keeperOf(engines)];
    two.adopt(one.engine);
    three.adopt(one.engine);
    leave(engines, 0);
    const back = [one.comeBack(MODEL), two.comeBack(MODEL), three.comeBack(NO_MODEL)];
    expect(engines.loads).toHaveLength(2);
    loadAt(engines, 1).finish();
    await Promise.all(back);
    expect([two.engine, three.engine]).toEqual([one.engine, one.engine]);
    expect(engines.closed).toBe(1);
    for (const keeper of [one, two, three]) keeper.unload();
    expect(engines.closed).toBe(2);
  });

  it('load by themselves where that fails, and without a model wait for somebody to give one', async () => {
    const engines = new ScriptedEngines();
    const one = await loaded(engines);
    const [two, three] = [keeperOf(engines), keeperOf(engines)];
    two.adopt(one.engine);
    three.adopt(one.engine);
    leave(engines, 0);
    const failing = one.comeBack(MODEL).catch(() => undefined);
    const back = [two.comeBack(MODEL), three.comeBack(NO_MODEL)];
    loadAt(engines, 1).fail(new ForgelightError('network', 'There is none.'));
    await failing;
    await back[1];
    expect(three.status.kind).toBe('none');
    loadAt(engines, 2).finish();
    await back[0];
    expect([one.status.kind, two.status.kind]).toEqual(['failed', 'ready']);
  });
});
