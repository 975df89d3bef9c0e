import type { ErrorData } from '../../src/base/errors';
import type { Result } from '../../src/protocol/engine-port';
import type { EngineCall } from './ipc';

interface PendingCall {
  readonly ask: EngineCall;
  readonly answer: (result: Result<unknown>) => void;
  isSent: boolean;
}

/** Calls that wait for an answer, of whichever process gives it: what a dead one was asked is asked again. Owned by the supervisor. */
export class PendingCalls {
  private readonly calls = new Map<number, PendingCall>();
  private last = 0;
  private isReady = false;

  constructor(private readonly send: (call: number, ask: EngineCall) => void) {}

  ask(ask: EngineCall): Promise<Result<unknown>> {
    return new Promise((answer) => {
      this.last += 1;
      this.calls.set(this.last, { ask, answer, isSent: false });
      this.sendWaiting();
    });
  }

  ready(): void {
    this.isReady = true;
    this.sendWaiting();
  }

  /** Requests that were to be cancelled have ended with their process. */
  lost(): void {
    this.isReady = false;
    for (const [call, pending] of this.calls) {
      pending.isSent = false;
      if (pending.ask.method === 'cancel') this.hear(call, { ok: true, value: true });
    }
  }

  hear(call: number, result: Result<unknown>): void {
    const pending = this.calls.get(call);
    this.calls.delete(call);
    pending?.answer(result);
  }

  endAll(error: ErrorData): void {
    this.isReady = false;
    for (const call of [...this.calls.keys()]) this.hear(call, { ok: false, error });
  }

  private sendWaiting(): void {
    if (!this.isReady) return;
    for (const [call, pending] of this.calls) {
      if (pending.isSent) continue;
      pending.isSent = true;
      this.send(call, pending.ask);
    }
  }
}
