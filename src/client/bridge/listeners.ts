import type { EngineEvent } from '../../protocol/engine-events';
import { tellPage } from '../tell-page';

/** Who hears of an engine that lives in the page itself. */
export class Listeners {
  private readonly all = new Set<{ readonly type: EngineEvent['type']; readonly tell: (event: never) => void }>();

  on<Type extends EngineEvent['type']>(
    type: Type,
    tell: (event: Extract<EngineEvent, { type: Type }>) => void,
  ): () => void {
    const own = { type, tell };
    this.all.add(own);
    return () => void this.all.delete(own);
  }

  tell(event: EngineEvent): void {
    for (const { type, tell } of [...this.all])
      if (type === event.type) tellPage(tell as (told: EngineEvent) => void, event);
  }
}
