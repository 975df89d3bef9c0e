import type { CompletionBody, Engine, TextCompletion } from '../src/client/types';
import type { EngineStats } from '../src/protocol/engine-port';

/** An answer as far as its stream told it. */
export interface Told {
  readonly text: string;
  /** Of every token, where the body asks for them. */
  readonly logprobs: readonly number[];
  /** `null`: it did not come to its end. */
  readonly finish: string | null;
}

export interface CrowdPlan {
  readonly bodies: readonly CompletionBody[];
  /** Streams that run together, or wait for their place. */
  readonly streams: number;
  /** Requests to cancel before the crowd goes home. */
  readonly cancels: number;
  readonly seed: number;
}

export interface CrowdReport {
  /** Of every request in the order of their submission; `body` is an index into the plan's. */
  readonly answers: readonly (Told & { readonly body: number; readonly end: string; readonly ends: number })[];
  /** The state in which each cancelled request was, as the page knew it. */
  readonly cancelledIn: Readonly<Record<string, number>>;
  readonly cancelledBy: Readonly<Record<string, number>>;
  /** How often a request lost its place. */
  readonly preemptions: number;
  /** Before the first request and after the last. */
  readonly stats: readonly [EngineStats, EngineStats];
}

/** What `installCrowd` leaves in the page. */
export interface Crowd {
  /** One answer after the other. */
  solo(engine: Engine, bodies: readonly CompletionBody[]): Promise<Told[]>;
  /** Streams without a pause, of which some are cancelled at moments that `seed` chooses. Needs an engine that had no request yet. */
  run(engine: Engine, plan: CrowdPlan): Promise<CrowdReport>;
  read(stream: AsyncIterable<TextCompletion>, onChunk?: (told: Told) => void): Promise<Told>;
}

/** Runs in the page, and must not name anything outside of itself. */
export function installCrowd(): void {
  const read: Crowd['read'] = async (stream, onChunk = () => undefined) => {
    const told = { text: '', logprobs: [] as number[], finish: null as string | null };
    try {
      for await (const { choices } of stream) {
        told.text += choices[0]?.text ?? '';
        told.logprobs.push(...(choices[0]?.logprobs?.token_logprobs ?? []));
        told.finish = choices[0]?.finish_reason ?? told.finish;
        onChunk(told);
      }
    } catch (error) {
      throw Object.assign(error as Error, { told });
    }
    return told;
  };

  const solo: Crowd['solo'] = async (engine, bodies) => {
    const answers: Told[] = [];
    for (const body of bodies) answers.push(await read(await engine.completions.create({ ...body, stream: true })));
    return answers;
  };

  interface Victim {
    readonly controller: AbortController;
    /** It is cancelled in this state, `patience` events of the engine later. */
    readonly state: string;
    patience: number;
  }

  /** Mulberry32: the same numbers for the same seed. */
  const randomOf = (seed: number) => (): number => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  const run: Crowd['run'] = async (engine, { bodies, streams, cancels, seed }) => {
    const random = randomOf(seed);
    const answers: CrowdReport['answers'][number][] = [];
    const cancelledIn: Record<string, number> = {};
    const cancelledBy: Record<string, number> = { signal: 0, id: 0 };
    const states = new Map<number, string>();
    const ends = new Map<number, number>();
    const victims = new Map<number, Victim>();
    // Whole rows of logits are read back through larger buffers, made when they are first asked for: that is now.
    const rows = Array.from({ length: 40 }, (_, id) => id);
    await engine.evaluate(rows, { positions: 'all' });
    const before = await engine.stats();
    let [created, cancelled, preemptions] = [1, 0, 0];

    const strike = (id: number, { controller }: Victim): void => {
      victims.delete(id);
      cancelled += 1;
      const state = states.get(id) ?? '';
      cancelledIn[state] = (cancelledIn[state] ?? 0) + 1;
      const way = random() < 0.5 ? 'signal' : 'id';
      cancelledBy[way] = (cancelledBy[way] ?? 0) + 1;
      if (way === 'signal') controller.abort();
      else void engine.cancel(id).then(async (wasAlive) => wasAlive && engine.cancel(id));
    };

    /** Something happened: whoever has been in its fatal state for as many events as it may is cancelled. */
    const tick = (): void => {
      for (const [id, victim] of victims) {
        if (cancelled < cancels && states.get(id) === victim.state && (victim.patience -= 1) < 0) strike(id, victim);
      }
    };

    engine.on('request', ({ requestId, state }) => {
      if (state === 'queued' && states.has(requestId)) preemptions += 1;
      if (state === 'ended') ends.set(requestId, (ends.get(requestId) ?? 0) + 1);
      states.set(requestId, state);
      tick();
    });

    const ask = async (index: number, mayBeCancelled: boolean): Promise<void> => {
      const body = bodies[index];
      if (body === undefined) throw new RangeError(`there is no body ${index}`);
      const id = (created += 1); // the client numbers its requests as they come
      const controller = new AbortController();
      const state = ['queued', 'prefilling', 'decoding'][Math.floor(random() * 3)] ?? '';
      if (mayBeCancelled) victims.set(id, { controller, state, patience: Math.floor(random() * 24) });
      const answer = { text: '', logprobs: [] as readonly number[], finish: null as string | null, body: index };
      let end = 'answered';
      try {
        const asked = engine.completions.create({ ...body, stream: true }, { signal: controller.signal });
        Object.assign(answer, await read(await asked, tick));
      } catch (error) {
        end = (error as Error).name;
        Object.assign(answer, (error as { told?: Told }).told);
      }
      victims.delete(id);
      answers[id - 2] = { ...answer, end, ends: 0 };
    };

    const stream = async (): Promise<void> => {
      do await ask(Math.floor(random() * bodies.length), random() < 0.8);
      while (cancelled < cancels);
    };
    await Promise.all(Array.from({ length: streams }, stream));
    await engine.completions.create({ prompt: [1], max_tokens: 1 }); // all that came before it has ended when it has
    return {
      answers: answers.map((answer, index) => ({ ...answer, ends: ends.get(index + 2) ?? 0 })),
      cancelledIn,
      cancelledBy,
      preemptions,
      stats: [before, await engine.stats()],
    };
  };

  Object.assign(globalThis, { crowd: { read, solo, run } satisfies Crowd });
}
