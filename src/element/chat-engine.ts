import { ForgelightError } from '../base/errors';
import type { createEngine, Engine, EngineInfo, EngineOptions } from '../client/index';
import { NO_CHAT } from './failure';

/** As `createEngine`, for a chat: a model that makes embeddings is closed again, and refused. */
export async function chatEngine(create: typeof createEngine, options: EngineOptions): Promise<Engine> {
  const engine = await create(options);
  try {
    requireChat(engine.info.model);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}

/** Throws `invalid-request` about a model that is known to make embeddings: it would fail at the first question. */
export function requireChat({ name, purpose }: Pick<EngineInfo['model'], 'name' | 'purpose'>, param = 'model'): void {
  if (purpose !== 'embedding') return;
  const message = `${name} makes embeddings and cannot chat: load a model that writes text. createEngine() takes it.`;
  throw new ForgelightError('invalid-request', message, { param, cause: NO_CHAT });
}
