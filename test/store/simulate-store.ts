import { assert } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import { MemoryGround } from '../../src/store/testing/memory-ground';
import { PlantedFailure } from '../../src/store/testing/memory-tab';
import { content, sha256Of, Visit } from '../../src/store/testing/visits';
import { ScriptedServer } from '../support/scripted-server';
import { CHUNK_BYTES, GRAIN_BYTES, type ScriptedVisit, type StoreScenario } from './store-scenario';

const ADDRESSES = ['https://host/model.gguf', 'https://mirror/copy.gguf'] as const;
/** What a load may end with; everything else is a bug. */
const CODES: readonly string[] = ['network', 'range-unsupported', 'corrupt-model', 'quota-exceeded'];
const USUAL: ScriptedVisit = {
  name: 0,
  damage: 'none',
  server: 'same',
  cuts: [],
  crash: null,
  fail: null,
  readBytes: 1_000,
  quotaBytes: null,
  abortAfterBytes: null,
  deletes: false,
};

/** How often what happened, so that a test can say that the schedules reach it. */
export type StoreCounts = Record<
  'loaded' | 'resumed' | 'restarted' | 'died' | 'quota' | 'corrupt' | 'failed' | 'stored',
  number
>;

type Outcome =
  | { readonly kind: 'died' }
  | { readonly kind: 'loaded'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Runs one scenario and throws where the store breaks a promise. */
export async function simulateStore(scenario: StoreScenario): Promise<StoreCounts> {
  const simulation = new StoreSimulation(scenario);
  for (const visit of scenario.visits) await simulation.visit(visit);
  await simulation.end();
  return simulation.counts;
}

class StoreSimulation {
  readonly counts: StoreCounts = {
    loaded: 0,
    resumed: 0,
    restarted: 0,
    died: 0,
    quota: 0,
    corrupt: 0,
    failed: 0,
    stored: 0,
  };
  private readonly ground = new MemoryGround();
  /** Every content that the server ever had. */
  private readonly versions: Uint8Array[] = [];
  /** By name: so many bytes, from the first on, do not have to be fetched again. */
  private readonly promised = new Map<string, number>();
  private wasDamaged = false;
  /** Off after bytes were damaged: that is told when they have been read to the end, and until then nobody knows. */
  private isPromising = true;
  private state: number;

  constructor(private readonly scenario: StoreScenario) {
    this.state = scenario.seed;
    this.ground.random = () => this.random();
    this.versions.push(content(scenario.sizeBytes, scenario.seed));
  }

  async visit(script: ScriptedVisit): Promise<Outcome> {
    const { ground } = this;
    this.damage(script.damage);
    ground.quotaBytes = script.quotaBytes ?? Number.POSITIVE_INFINITY;
    const server = this.server(script);
    const { crash, fail, readBytes } = script;
    const visit = new Visit(
      ground,
      { ...(crash === null ? {} : { crash }), ...(fail === null ? {} : { fail }), readBytes },
      GRAIN_BYTES,
    );
    const address = ADDRESSES[script.name];
    const options =
      script.abortAfterBytes === null ? { address } : { address, abortAfterBytes: script.abortAfterBytes };
    const outcome = await Promise.race([
      visit.tab.died.then((): Outcome => ({ kind: 'died' })),
      visit.load(server, options).then(
        (bytes): Outcome => ({ kind: 'loaded', bytes }),
        (error: unknown): Outcome => ({ kind: 'failed', error }),
      ),
    ]);
    this.count(outcome, visit);
    this.checkOutcome(outcome, script);
    this.checkPromise(visit, script, server);
    this.promise(outcome, visit, script);
    visit.source?.close();
    if (script.deletes && outcome.kind !== 'died') await this.deleteAll(visit, script);
    assert(
      ground.locks.heldNames.length === 0,
      `nobody is there, and these are locked: ${ground.locks.heldNames.join()}`,
    );
    visit.tab.kill();
    await this.checkModels();
    return outcome;
  }

  /** May end in the middle, as all else. */
  private async deleteAll({ store, tab }: Visit, script: ScriptedVisit): Promise<void> {
    this.promised.clear();
    const deleting = async (): Promise<void> => {
      for (const entry of await store.list()) if ('sha256' in entry) await store.delete(entry.sha256);
    };
    const failure = await Promise.race([tab.died, deleting().catch((error: unknown) => error)]);
    const isPlanned = failure === undefined || (failure instanceof PlantedFailure && script.fail !== null);
    assert(isPlanned, `a deletion ended with ${String(failure)}`);
  }

  /** When nothing fails any more, everything can be loaded, is kept, and can be removed. */
  async end(): Promise<void> {
    for (const name of [0, 1] as const) {
      let outcome: Outcome = { kind: 'died' };
      // Each kind of damage may be told once.
      for (let attempt = 0; attempt < 4 && outcome.kind !== 'loaded'; attempt += 1) {
        outcome = await this.visit({ ...USUAL, name });
      }
      assert(outcome.kind === 'loaded', 'nothing fails any more, and it cannot be loaded');
    }
    const { store } = new Visit(this.ground);
    await store.sweep();
    const list = await store.list();
    for (const entry of list) {
      if ('address' in entry) await store.discard(entry.address);
      if ('sha256' in entry) await store.delete(entry.sha256);
    }
    await store.sweep();
    assert(this.ground.files.size === 0 && this.ground.records.size === 0, 'something is left that nobody can remove');
  }

  private damage(kind: ScriptedVisit['damage']): void {
    const { ground } = this;
    const done =
      kind === 'blob'
        ? ground.damage('blobs')
        : kind === 'part'
          ? ground.damage('parts')
          : kind === 'torn model'
            ? ground.tear('models')
            : kind === 'torn part' && ground.tear('parts');
    if (!done) return;
    this.wasDamaged = true;
    this.isPromising &&= kind !== 'blob' && kind !== 'part';
    this.promised.clear();
  }

  private server({ server: kind, cuts }: ScriptedVisit): ScriptedServer {
    if (kind === 'changed') this.change();
    const body = this.versions.at(-1) ?? new Uint8Array(0);
    const server = new ScriptedServer(body);
    server.chunkBytes = CHUNK_BYTES;
    server.etag = `"${this.versions.length}"`;
    server.cuts.push(...cuts);
    if (kind === 'no ranges') server.ranges = false;
    if (kind === 'weak') server.etag = null;
    if (kind === 'promising') server.headers = { 'x-linked-etag': `"${sha256Of(body)}"` };
    const answers = kind === 'failing' ? 1 + Math.floor(this.random() * 7) : 0;
    for (let answer = 0; answer < answers; answer += 1)
      server.replies.set(answer, () => new Response(null, { status: 503 }));
    if (kind === 'wrong range') {
      const headers = { 'content-range': `bytes 1-${body.length - 1}/${body.length}`, etag: server.etag ?? '' };
      server.replies.set(0, () => new Response(body.slice(1), { status: 206, headers }));
    }
    return server;
  }

  /** Another file on the server: what is there of the one before is of use only if it is whole. */
  private change(): void {
    const { sizeBytes, seed } = this.scenario;
    this.versions.push(content(sizeBytes, seed + this.versions.length));
    for (const [name, bytes] of this.promised) if (bytes < sizeBytes) this.promised.delete(name);
  }

  private count(outcome: Outcome, { opened }: Visit): void {
    const { counts } = this;
    counts[outcome.kind] += 1;
    const resumedBytes = opened?.resumedBytes ?? 0;
    if (resumedBytes > 0 && resumedBytes < this.scenario.sizeBytes) counts.resumed += 1;
    if (resumedBytes === this.scenario.sizeBytes) counts.stored += 1;
    if ((opened?.notes ?? []).length > 0) counts.restarted += 1;
    if (outcome.kind !== 'failed' || !(outcome.error instanceof ForgelightError)) return;
    if (outcome.error.code === 'quota-exceeded') counts.quota += 1;
    if (outcome.error.code === 'corrupt-model') counts.corrupt += 1;
  }

  /** What was loaded is a file that the server once had, whole; what failed says why. */
  private checkOutcome(outcome: Outcome, script: ScriptedVisit): void {
    if (outcome.kind === 'loaded') {
      const isVersion = this.versions.some((version) => sha256Of(version) === sha256Of(outcome.bytes));
      assert(isVersion, 'a load gave bytes that no server ever had');
    }
    if (outcome.kind !== 'failed') return;
    const { error } = outcome;
    const isKnown =
      (error instanceof ForgelightError && CODES.includes(error.code)) ||
      (error instanceof PlantedFailure && script.fail !== null) ||
      (error instanceof DOMException && script.abortAfterBytes !== null);
    assert(isKnown, `a load ended with ${String(error)}`);
    const isCorrupt = error instanceof ForgelightError && error.code === 'corrupt-model';
    assert(!isCorrupt || this.wasDamaged, `nothing was damaged, and yet: ${String(error)}`);
  }

  /** What is promised is not fetched again. */
  private checkPromise({ opened }: Visit, script: ScriptedVisit, server: ScriptedServer): void {
    const promised = this.promised.get(ADDRESSES[script.name]) ?? 0;
    if (!this.isPromising || opened === null || (script.server !== 'same' && script.server !== 'failing')) return;
    const resumedBytes = opened.resumedBytes ?? 0;
    assert(resumedBytes >= promised, `${resumedBytes} bytes were used again, of ${promised} that were there`);
    assert(promised < this.scenario.sizeBytes || server.requests.length === 0, 'what is stored was fetched');
  }

  private promise(outcome: Outcome, { received, opened }: Visit, script: ScriptedVisit): void {
    const address = ADDRESSES[script.name];
    const { server, crash, fail } = script;
    const isSame = server === 'same' || server === 'failing' || server === 'promising';
    const before = isSame ? (this.promised.get(address) ?? 0) : 0;
    const isRefused =
      outcome.kind === 'failed' && outcome.error instanceof ForgelightError && outcome.error.code === 'corrupt-model';
    const isOrderly = crash === null && fail === null;
    const grain = isOrderly ? 0 : GRAIN_BYTES + CHUNK_BYTES;
    const now = opened === null || server === 'weak' ? 0 : received.length - grain;
    // The other name's may have been the same copy.
    if (isRefused) this.promised.clear();
    else if (outcome.kind === 'loaded') this.promised.set(address, this.scenario.sizeBytes);
    // Whoever has it whole does not lose it by a visit that fails.
    else this.promised.set(address, Math.max(before, now));
  }

  /** What calls itself sound is, unless the world damaged it; and nothing else damages. */
  private async checkModels(): Promise<void> {
    const { store, tab } = new Visit(this.ground);
    for (const entry of await store.list()) {
      if (!('sha256' in entry)) continue;
      assert(entry.state === 'ok' || this.wasDamaged, `nothing was damaged, and yet: ${String(entry.reason)}`);
      if (this.wasDamaged || entry.state !== 'ok') continue;
      const bytes = this.ground.files.get(`blobs/${entry.sha256}.gguf`)?.bytes ?? new Uint8Array(0);
      assert(sha256Of(bytes) === entry.sha256, 'a model has other bytes than its name says');
    }
    tab.kill();
  }

  /** A small generator, so that a scenario is the same each time. */
  private random(): number {
    this.state = (Math.imul(this.state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return this.state / 0x8000_0000;
  }
}
