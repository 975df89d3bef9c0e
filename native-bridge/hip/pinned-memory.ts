import { defined } from '../../src/base/assert';
import { roundUp } from '../../src/base/units';
import { HIP, type HipApi } from './hip-api';

/** Memory of the host that the GPU copies from and to by itself. Owned by who made it, until `free`. */
export class PinnedMemory {
  readonly pointer: bigint;
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(
    private readonly api: HipApi,
    readonly sizeBytes: number,
  ) {
    this.pointer = api.make('hipHostMalloc', sizeBytes, 0);
    this.bytes = new Uint8Array(api.library.view(this.pointer, sizeBytes));
  }

  free(): void {
    this.api.code('hipHostFree', this.pointer);
  }
}

/** Holds the candidates of a step's outputs, so that a larger batch seldom needs another buffer. */
const MIN_READBACK_BYTES = 4096;

/** What results are read back through: as many as steps are in flight, then used again. Owned by the device. */
export class ReadbackPool {
  private readonly idle: PinnedMemory[] = [];
  private readonly all = new Set<PinnedMemory>();

  constructor(
    private readonly api: HipApi,
    private readonly onCreate: () => void,
  ) {}

  take(sizeBytes: number): PinnedMemory {
    const fitting = this.idle.findIndex((memory) => memory.sizeBytes >= sizeBytes);
    const [found] = fitting < 0 ? [] : this.idle.splice(fitting, 1);
    if (found !== undefined) return found;
    const made = new PinnedMemory(this.api, roundUp(Math.max(sizeBytes, 1), MIN_READBACK_BYTES));
    this.all.add(made);
    this.onCreate();
    return made;
  }

  giveBack(memory: PinnedMemory): void {
    this.idle.push(memory);
    this.idle.sort((a, b) => a.sizeBytes - b.sizeBytes);
  }

  releaseIdle(): void {
    for (const memory of this.idle.splice(0)) {
      this.all.delete(memory);
      memory.free();
    }
  }

  free(): void {
    for (const memory of this.all) memory.free();
    this.all.clear();
    this.idle.length = 0;
  }
}

const CHUNK_BYTES = 2 ** 20;
const CHUNKS = 4;

interface Chunk {
  readonly memory: PinnedMemory;
  /** Recorded behind the last copy out of it. */
  readonly event: bigint;
  inUse: boolean;
}

/**
 * What is written goes through here: chunks of pinned memory in a ring, each filled again only when the GPU has copied all of it. Where the GPU is behind, who
 * writes waits. Owned by the device.
 */
export class UploadRing {
  private readonly chunks: Chunk[] = [];
  private turn = 0;
  private used = 0;

  constructor(
    private readonly api: HipApi,
    private readonly stream: bigint,
    private readonly onCreate: () => void,
  ) {}

  /** Copies the bytes to the device's memory in the order of the stream. They may be reused at once. */
  write(to: bigint, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const chunk = this.chunkWithRoom();
      const size = Math.min(bytes.length - at, CHUNK_BYTES - this.used);
      chunk.memory.bytes.set(bytes.subarray(at, at + size), this.used);
      const from = chunk.memory.pointer + BigInt(this.used);
      this.api.call('hipMemcpyAsync', to + BigInt(at), from, size, HIP.hostToDevice, this.stream);
      this.used += roundUp(size, 16);
      at += size;
    }
  }

  private chunkWithRoom(): Chunk {
    if (this.chunks.length === 0) this.makeChunks();
    const now = defined(this.chunks[this.turn], 'a chunk');
    if (this.used < CHUNK_BYTES) return now;
    this.api.call('hipEventRecord', now.event, this.stream);
    now.inUse = true;
    this.turn = (this.turn + 1) % CHUNKS;
    this.used = 0;
    const next = defined(this.chunks[this.turn], 'a chunk');
    if (next.inUse) this.api.call('hipEventSynchronize', next.event);
    next.inUse = false;
    return next;
  }

  private makeChunks(): void {
    for (let i = 0; i < CHUNKS; i++) {
      const event = this.api.make('hipEventCreateWithFlags', HIP.eventWithoutTiming);
      this.chunks.push({ memory: new PinnedMemory(this.api, CHUNK_BYTES), event, inUse: false });
      this.onCreate();
    }
  }

  free(): void {
    for (const { memory, event } of this.chunks.splice(0)) {
      this.api.code('hipEventDestroy', event);
      memory.free();
    }
  }
}
