import type { Simulation } from './simulate';

/** How often the schedules of a run met what they are there for. */
export class Coverage {
  /** How requests ended: the outcome, or the code of the failure. */
  readonly ends = new Map<string, number>();
  readonly counts = {
    preemptions: 0,
    replays: 0,
    forgetfulRows: 0,
    restores: 0,
    reusedPrefixes: 0,
    resumedAnswers: 0,
  };

  add({ counts, journals }: Simulation): void {
    this.counts.preemptions += counts.preemptions;
    this.counts.replays += counts.replays;
    this.counts.forgetfulRows += counts.forgetfulRows;
    this.counts.restores += counts.restores;
    for (const { ended, task } of journals) {
      if (ended === null) continue;
      const { outcome, usage } = ended;
      const end = outcome.kind === 'failed' ? outcome.error.code : outcome.kind;
      this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
      if (usage.cachedTokens > 0) this.counts.reusedPrefixes += 1;
      const isAnswered = outcome.kind === 'stop' || outcome.kind === 'length';
      if (isAnswered && task.kind === 'generate' && task.emittedIds.length > 0) this.counts.resumedAnswers += 1;
    }
  }

  /** `name count` of all that was counted. */
  toString(): string {
    const ends = [...this.ends].toSorted(([a], [b]) => a.localeCompare(b));
    return [...Object.entries(this.counts), ...ends].map(([name, count]) => `${name} ${count}`).join(', ');
  }
}
