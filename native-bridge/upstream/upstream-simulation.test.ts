import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { ForgelightError } from '../../src/base/errors';
import { chunkFrame, FakeUpstreams, type Reply } from './testing/fake-upstreams';
import { UpstreamBackend } from './upstream-backend';
import { upstreamAddress } from './upstream-url';

const ORIGINS = ['http://u0:1', 'http://u1:1', 'http://u2:1'];
const STALL_MS = 2_000;
const LONGEST_PATIENCE_MS = 20_000;

/** One answer of an upstream; tokens are numbered later. */
type Plan =
  | { readonly kind: 'refused' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS: number | null }
  | { readonly kind: 'stream'; readonly tokens: number; readonly end: 'done' | 'close' | 'break' | 'silence' };

const plan: fc.Arbitrary<Plan> = fc.oneof(
  fc.constant({ kind: 'refused' as const }),
  fc.record({
    kind: fc.constant('status' as const),
    status: fc.constantFrom(400, 401, 404, 429, 500, 502, 503, 504),
    retryAfterS: fc.option(fc.constantFrom(0, 1, 5, 60)),
  }),
  fc.record({
    kind: fc.constant('stream' as const),
    tokens: fc.nat(3),
    end: fc.constantFrom('done' as const, 'close' as const, 'break' as const, 'silence' as const),
  }),
);
const MAY_PASS = [502, 503, 504];

/** What the client does: reads to the end, leaves after some tokens, or its socket breaks after some steps of the network. */
type Client = { readonly leavesAfter: number | null; readonly abortsAtStep: number | null };
const clientPlan: fc.Arbitrary<Client> = fc.record({
  leavesAfter: fc.option(fc.nat(2)),
  abortsAtStep: fc.option(fc.nat(20)),
});

interface Run {
  readonly scheduler: fc.Scheduler;
  readonly scripts: readonly (readonly Plan[])[];
  readonly clients: readonly Client[];
  readonly random: readonly number[];
}

const tick = () => new Promise(setImmediate);

/** The world: upstreams by their scripts, clients who come at once, time that passes when nothing else can happen. */
async function simulate({ scheduler, scripts, clients, random }: Run): Promise<void> {
  const clock = new FakeClock();
  const servers = new FakeUpstreams(
    (origin, index) => replyOf(origin, index, scripts),
    () => clock.now(),
    () => scheduler.schedule(Promise.resolve()),
  );
  servers.onCheck = () => ((clock.now() / 7) % 3 > 2 ? { kind: 'refused' } : { kind: 'json', body: { data: [] } });
  let drawn = 0;
  const backend = new UpstreamBackend({
    addresses: scripts.map((_, i) => upstreamAddress(ORIGINS[i] ?? '')),
    clock,
    fetch: servers.fetch,
    random: () => random[drawn++ % random.length] ?? 0,
    firstMs: STALL_MS,
    stallMs: STALL_MS,
    checkEveryMs: 4_000,
  });
  const told = clients.map((client, i) => new SimulatedClient(i, client));
  const all = told.map((client) => client.run(backend));
  const isOver = () => told.every(({ outcome }) => outcome !== null);
  for (let step = 0; !isOver(); step++) {
    expect(step, 'steps until all have an end').toBeLessThan(5_000);
    for (const client of told) client.step(step);
    if (scheduler.count() > 0) await scheduler.waitOne();
    else clock.advance(100);
    await tick();
  }
  await Promise.all(all);
  for (const client of told) holdsItsPromises(client, servers, scripts);
  await backend.close();
  while (scheduler.count() > 0) await scheduler.waitOne();
  await tick();
  expect([servers.open, clock.waiting], 'sockets and timers that are left').toEqual([0, 0]);
  const metrics = backend.metrics();
  const ends = ['answered', 'failed', 'cancelled'].map((end) => metrics[`upstream_${end}_total`] ?? 0);
  expect(ends.reduce((sum, count) => sum + count, 0)).toBe(clients.length);
}

class SimulatedClient {
  readonly tokens: string[] = [];
  outcome: 'whole' | 'left' | { readonly error: unknown } | null = null;
  private readonly abort = new AbortController();

  constructor(
    readonly number: number,
    private readonly plan: Client,
  ) {}

  async run(backend: UpstreamBackend): Promise<void> {
    try {
      const body = { stream: true, user: String(this.number) };
      const chunks = await backend.chat(body, { signal: this.abort.signal, asks: 'native' });
      for await (const chunk of chunks as AsyncIterable<{ choices: { delta: { content?: string } }[] }>) {
        const text = chunk.choices[0]?.delta.content;
        if (text !== undefined) this.tokens.push(text);
        if (this.plan.leavesAfter !== null && this.tokens.length > this.plan.leavesAfter) {
          this.outcome = 'left';
          return;
        }
      }
      this.outcome = 'whole';
    } catch (error) {
      this.outcome = { error };
    }
  }

  step(step: number): void {
    if (step === this.plan.abortsAtStep) this.abort.abort();
  }

  get wasAborted(): boolean {
    return this.abort.signal.aborted;
  }
}

function planOf(origin: string, index: number, scripts: Run['scripts']): Plan {
  return scripts[ORIGINS.indexOf(origin)]?.[index] ?? { kind: 'stream', tokens: 2, end: 'done' };
}

function replyOf(origin: string, index: number, scripts: Run['scripts']): Reply {
  const planned = planOf(origin, index, scripts);
  switch (planned.kind) {
    case 'refused':
      return planned;
    case 'status': {
      const { status, retryAfterS } = planned;
      return { kind: 'status', status, ...(retryAfterS !== null && { retryAfter: String(retryAfterS) }) };
    }
    case 'stream': {
      const tokens = tokensOf(origin, index, planned.tokens).map((content) => chunkFrame({ content }));
      const frames = [chunkFrame({ role: 'assistant' }), ...tokens];
      if (planned.end === 'done') return { kind: 'stream', frames: [...frames, 'data: [DONE]\n\n'], end: 'close' };
      return { kind: 'stream', frames, end: planned.end };
    }
  }
}

const tokensOf = (origin: string, index: number, count: number) =>
  [...Array(count).keys()].map((token) => `${origin}#${index}#${token}`);

function holdsItsPromises(client: SimulatedClient, servers: FakeUpstreams, scripts: Run['scripts']): void {
  const { outcome, tokens } = client;
  const asked = servers.requests
    .map((request) => {
      const { origin } = new URL(request.url);
      const index = servers.requests.filter(({ url }) => new URL(url).origin === origin).indexOf(request);
      return { request, origin, planned: planOf(origin, index, scripts), index };
    })
    .filter(({ request }) => (request.body as { user: string }).user === String(client.number));
  const last = asked.at(-1);
  // All tokens are the last one's: nobody is asked once a token was told.
  const all = last?.planned.kind === 'stream' ? tokensOf(last.origin, last.index, last.planned.tokens) : [];
  expect(tokens).toEqual(all.slice(0, tokens.length));
  for (const [i, { origin, planned, request }] of asked.entries()) {
    expect(asked.filter((each) => each.origin === origin).length, 'tries with one upstream').toBeLessThanOrEqual(4);
    const again = asked.slice(i + 1).find((each) => each.origin === origin);
    if (again === undefined) continue;
    expect(mayBeAskedAgain(planned), JSON.stringify(planned)).toBe(true);
    if (planned.kind === 'status' && planned.retryAfterS !== null) {
      expect(again.request.atMs - request.atMs).toBeGreaterThanOrEqual(planned.retryAfterS * 1000);
    }
  }
  if (outcome === 'whole') {
    expect(last?.planned).toMatchObject({ kind: 'stream', end: 'done' });
    expect(tokens).toEqual(all);
  } else if (outcome !== 'left' && outcome !== null) {
    if (client.wasAborted && outcome.error instanceof DOMException) return;
    expect(outcome.error).toBeInstanceOf(ForgelightError);
    expect(String(outcome.error)).toContain(`Upstream ${last?.origin} `);
    expect(last?.planned).not.toMatchObject({ kind: 'stream', end: 'done' });
    if (tokens.length === 0) expectAllTried(asked, scripts.length);
  }
}

function mayBeAskedAgain(planned: Plan): boolean {
  switch (planned.kind) {
    case 'refused':
      return true;
    case 'status':
      return MAY_PASS.includes(planned.status) || (planned.status === 429 && planned.retryAfterS !== null);
    case 'stream':
      return planned.tokens === 0 && (planned.end === 'close' || planned.end === 'break');
  }
}

/** Whoever gives up has a reason: a failure that no upstream would mend, or each was tried as often as it may be. */
function expectAllTried(asked: readonly { readonly origin: string; readonly planned: Plan }[], count: number): void {
  const last = asked.at(-1)?.planned;
  if (last?.kind === 'status' && (last.status === 400 || last.status === 500)) return;
  if (last?.kind === 'stream' && last.end === 'silence') return;
  for (const origin of ORIGINS.slice(0, count)) {
    const own = asked.filter((each) => each.origin === origin);
    const final = own.at(-1)?.planned;
    expect(final, `${origin} was never asked`).toBeDefined();
    if (final === undefined || !mayBeAskedAgain(final)) continue;
    const patienceMs = final.kind === 'status' ? (final.retryAfterS ?? 0) * 1000 : 0;
    const rounds = Math.max(...ORIGINS.map((each) => asked.filter((one) => one.origin === each).length));
    if (patienceMs <= LONGEST_PATIENCE_MS && own.length < rounds) expect(patienceMs).toBeGreaterThan(0);
    if (asked.every(({ planned }) => planned.kind !== 'status' || planned.retryAfterS === null)) {
      expect(own).toHaveLength(4);
    }
  }
}

describe('UpstreamBackend under a schedule of its own', () => {
  it('never mixes answers, asks no more often than it may, and leaves nothing open', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          scheduler: fc.scheduler(),
          scripts: fc.array(fc.array(plan, { maxLength: 6 }), { minLength: 1, maxLength: 3 }),
          clients: fc.array(clientPlan, { minLength: 1, maxLength: 3 }),
          random: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 4 }),
        }),
        simulate,
      ),
      { numRuns: 80, seed: 9 },
    );
  });
});
