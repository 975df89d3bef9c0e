import { describe, expect, it } from 'vitest';
import { SCRIPTED_INFO, ScriptedEngines } from '../../test/support/scripted-engine';
import { defined } from '../base/assert';
import type { Engine } from '../client/index';
import { chatEngine, requireChat } from './chat-engine';
import { EngineKeeper, type EngineNews } from './engine-keeper';
import { failureOf } from './failure';
import { ERROR_TEXT } from './messages';

const EMBEDDING: Engine['info'] = {
  ...SCRIPTED_INFO,
  model: { ...SCRIPTED_INFO.model, name: 'MiniLM', purpose: 'embedding' },
};

const loaded = (engines: ScriptedEngines, info: Engine['info']): void => {
  const load = defined(engines.loads.at(-1), 'a load');
  load.info = info;
  load.finish();
};

const REFUSED = { code: 'invalid-request', message: expect.stringMatching(/^MiniLM makes embeddings.*cannot chat/) };

describe('a model that makes embeddings', () => {
  it('is no chat’s: its engine is closed, and the error is shown in words of its own', async () => {
    const engines = new ScriptedEngines();
    const loading = chatEngine(engines.createEngine, { model: 'm' });
    loaded(engines, EMBEDDING);
    const error: unknown = await loading.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ ...REFUSED, param: 'model' });
    expect(engines.closed).toBe(1);
    expect(failureOf(error)).toEqual({ code: 'no-chat', detail: REFUSED.message });
    expect(ERROR_TEXT['no-chat'].title).toMatch(/embeddings/);
  });

  it.each(['text', undefined] as const)('is not one that says %s', async (purpose) => {
    const engines = new ScriptedEngines();
    const loading = chatEngine(engines.createEngine, { model: 'm' });
    loaded(engines, { ...SCRIPTED_INFO, model: { ...SCRIPTED_INFO.model, ...(purpose && { purpose }) } });
    expect((await loading).info.model.name).toBe('Scripted 1B');
    expect(engines.closed).toBe(0);
    expect(() => requireChat({ name: 'x', ...(purpose && { purpose }) })).not.toThrow();
  });

  it('fails the element’s load, and is not taken as an engine that is given', async () => {
    const engines = new ScriptedEngines();
    const told: EngineNews[] = [];
    const reportError = (error: unknown): never => {
      throw error;
    };
    const keeper = new EngineKeeper({
      createEngine: engines.createEngine,
      tell: (news) => told.push(news),
      reportError,
    });
    const loading = keeper.load({ model: 'm' });
    loaded(engines, EMBEDDING);
    await expect(loading).rejects.toMatchObject(REFUSED);
    expect(keeper.status).toMatchObject({ kind: 'failed', failure: { code: 'no-chat' } });
    expect(told.map(({ type }) => type)).not.toContain('ready');

    const making = engines.createEngine({ model: 'm' });
    loaded(engines, EMBEDDING);
    const engine = await making;
    expect(() => keeper.adopt(engine)).toThrow(expect.objectContaining({ ...REFUSED, param: 'engine' }));
    expect([keeper.engine, engines.closed]).toEqual([null, 1]);
  });
});
