import type { ChatCompletionChunk, Engine, EngineOptions } from '../client/types';

/** Types that the client's own carry, by name. */
export type EngineInfo = Engine['info'];
export type LoadProgress = Parameters<NonNullable<EngineOptions['onProgress']>>[0];
export type Timings = NonNullable<ChatCompletionChunk['timings']>;
export type CreateEngine = (options: EngineOptions) => Promise<Engine>;
