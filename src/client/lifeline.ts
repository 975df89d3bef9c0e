import { ForgelightError } from '../base/errors';

/**
 * Whether the engine can still answer, and who waits for it. A worker that is gone settles nothing, so every call that waits on it is
 * guarded here and rejected when the engine ends.
 */
export class Lifeline {
  private ending: ForgelightError | null = null;
  private readonly listeners = new Set<(error: ForgelightError) => void>();

  /** Ends the engine, once: all that waits is rejected with `error`, and so is what comes later. False if it had ended before. */
  end(error: ForgelightError): boolean {
    if (this.ending !== null) return false;
    this.ending = error;
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const listener of listeners) listener(error);
    return true;
  }

  throwIfEnded(): void {
    if (this.ending !== null) throw this.ending;
  }

  /** Calls `listener` when the engine ends; the returned function takes it back. */
  onEnd(listener: (error: ForgelightError) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** The outcome of `call`, or a rejection when the engine ends first. Throws at once when it has ended. */
  async guard<T extends PromiseLike<unknown>>(call: () => T): Promise<Awaited<T>> {
    this.throwIfEnded();
    let forget = (): void => undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      forget = this.onEnd(reject);
    });
    try {
      return await Promise.race([call(), ended]);
    } finally {
      forget();
    }
  }

  /** For calls whose answer nobody needs: a host that fails them is broken, which ends the engine. */
  watch(call: PromiseLike<unknown>): void {
    call.then(undefined, (error: unknown) => this.end(engineBroke(error)));
  }
}

/** The error of an engine whose worker failed in a way that no request caused. */
export function engineBroke(cause: unknown): ForgelightError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new ForgelightError('closed', `The engine stopped after an internal error (${words}). Create a new engine.`, {
    cause,
  });
}

/** The error of an engine whose page was left, and came back. */
export function pageLeft(): ForgelightError {
  return new ForgelightError(
    'closed',
    'The engine was closed when its page was left, to give its GPU memory back. Create a new one to go on.',
  );
}

export function engineClosed(): ForgelightError {
  return new ForgelightError('closed', 'The engine is closed. Create a new one to go on.');
}
