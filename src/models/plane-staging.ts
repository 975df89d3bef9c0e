import { assert, defined } from '../base/assert';
import type { Device, DeviceBuffer, PreparedPlan } from '../device/device';
import { relayout, relayoutRecord, RELAYOUT_RECORD_WORDS, relayoutWords } from '../kernels/relayout';
import type { PlaneLayout } from '../quant/planes';
import type { QuantFormat } from '../quant/format';

/** What it makes on the device is called so. */
const LABEL = 'upload';

/** Whether what has this label on a device is there only while weights are uploaded. */
export function isStaging(label: string): boolean {
  return label.startsWith(LABEL);
}

/** Where the blocks of one part of a file go. */
export interface StagedPart {
  readonly format: QuantFormat;
  /** Of the whole matrix in `buffer`. */
  readonly planes: PlaneLayout;
  readonly buffer: DeviceBuffer;
}

/** Blocks of one part that lie in the staging buffer, one behind the other. */
interface Run {
  readonly part: number;
  readonly sourceBytes: number;
  readonly firstBlock: number;
  blocks: number;
}

/**
 * Takes blocks as they lie in the file through one buffer on the device, where a kernel moves them into the planes of their matrices. What is
 * staged is sent when the buffer is full or when told; writes and submissions are in order, so that the buffer is then free at once.
 * Owns that buffer, the records of the kernel and a plan for each part that is open, until `free`.
 */
export class PlaneStaging {
  private readonly source: DeviceBuffer;
  private readonly records: DeviceBuffer;
  private readonly plans = new Map<number, Promise<PreparedPlan>>();
  private readonly ready = new Map<number, PreparedPlan>();
  private readonly ended = new Set<number>();
  private runs: Run[] = [];
  private filledBytes = 0;
  private sent: Promise<unknown>[] = [];

  /** `capacityBytes`: the most that one `add` may bring. The pipeline, one for all formats, begins to be made. */
  constructor(
    private readonly device: Device,
    private readonly parts: readonly StagedPart[],
    capacityBytes: number,
  ) {
    this.source = device.createBuffer(LABEL, capacityBytes - (capacityBytes % 4));
    this.records = device.createBuffer(`${LABEL} records`, parts.length * RELAYOUT_RECORD_WORDS * 4);
    this.prepare(0).catch(() => undefined); // heard by whoever opens the part
  }

  /** Resolves when blocks of the part may come. Rejects as the device's `prepare`. */
  async open(part: number): Promise<void> {
    if (!this.ready.has(part)) this.ready.set(part, await this.prepare(part));
  }

  /** Stages blocks of an open part, which follow those before. `bytes`: whole words of whole blocks; what lies behind the last one fills its word. */
  add(part: number, firstBlock: number, blocks: number, bytes: Uint8Array): void {
    assert(bytes.byteLength <= this.source.sizeBytes, 'what is staged at once fits');
    if (this.filledBytes + bytes.byteLength > this.source.sizeBytes) this.send();
    this.device.write(this.source, this.filledBytes, bytes);
    const last = this.runs.at(-1);
    if (last?.part === part) last.blocks += blocks;
    else this.runs.push({ part, sourceBytes: this.filledBytes, firstBlock, blocks });
    this.filledBytes += bytes.byteLength;
  }

  /** Nothing more of the part will come. */
  end(part: number): void {
    this.ended.add(part);
  }

  /** Gives the device what is staged. */
  send(): void {
    if (this.runs.length > 0) this.submit(this.runs);
    this.runs = [];
    this.filledBytes = 0;
    for (const part of this.ended) this.close(part);
  }

  /** Resolves when all that was sent until now has been moved. Rejects with `device-lost`. */
  async moved(): Promise<void> {
    const { sent } = this;
    this.sent = [];
    await Promise.all(sent);
  }

  /** After `send`: every part has ended. */
  free(): void {
    this.device.destroyBuffer(this.source);
    this.device.destroyBuffer(this.records);
  }

  private prepare(part: number): Promise<PreparedPlan> {
    const known = this.plans.get(part);
    if (known !== undefined) return known;
    const { format, buffer } = this.partOf(part);
    const dispatch = relayout({ source: this.source, planes: buffer, format, record: part });
    const made = this.device.prepare({ label: LABEL, stepInput: this.records, dispatches: [dispatch] });
    this.plans.set(part, made);
    return made;
  }

  private submit(runs: readonly Run[]): void {
    this.writeRecords(runs);
    const steps = runs.map(({ part, blocks }) => ({
      plan: defined(this.ready.get(part), 'the plan of an open part'),
      rows: relayoutWords(this.partOf(part).format, blocks),
    }));
    const sent = this.device.submit(steps, { buffer: this.records, sizeBytes: 4 });
    sent.catch(() => undefined); // heard by whoever awaits what was sent
    this.sent.push(sent);
  }

  /** In one write: parts come in order, so that these records are neighbours. */
  private writeRecords(runs: readonly Run[]): void {
    const firstPart = runs[0]?.part ?? 0;
    const words = new Uint32Array(((runs.at(-1)?.part ?? 0) - firstPart + 1) * RELAYOUT_RECORD_WORDS);
    for (const { part, sourceBytes, firstBlock, blocks } of runs) {
      const { format, planes } = this.partOf(part);
      const sideBytes = planes.sideOffsetBytes + firstBlock * (format.side?.sizeBytes ?? 0);
      const record = relayoutRecord.encode({
        sourceWord: sourceBytes / 4,
        mainWord: (firstBlock * planes.mainBlockBytes) / 4,
        sideWord: sideBytes / 4,
        blocks,
      });
      words.set(record, (part - firstPart) * RELAYOUT_RECORD_WORDS);
    }
    this.device.write(this.records, firstPart * RELAYOUT_RECORD_WORDS * 4, words);
  }

  private close(part: number): void {
    const plan = this.ready.get(part);
    if (plan !== undefined) this.device.release(plan);
    this.ready.delete(part);
    this.plans.delete(part);
    this.ended.delete(part);
  }

  private partOf(part: number): StagedPart {
    return defined(this.parts[part], 'a staged part');
  }
}
