import type { ModelChoice } from '../../src/page/model-choice';

/** What reading the header of a chosen model comes to: a test says it. */
export class ScriptedHeaders {
  readonly read: ModelChoice[] = [];
  readonly signals: AbortSignal[] = [];
  failure: Error | null = null;
  /** What the next one waits for. */
  before: Promise<void> = Promise.resolve();

  readonly readHeader = async (choice: ModelChoice, signal: AbortSignal): Promise<void> => {
    this.read.push(choice);
    this.signals.push(signal);
    await this.before;
    if (this.failure !== null) throw this.failure;
  };
}
