import { defined } from '../base/assert';
import type { ByteStream } from '../base/byte-stream';
import { ForgelightError } from '../base/errors';
import { badGguf, quoted } from '../gguf/bad-gguf';
import { mergeParts, type MergedParts } from '../gguf/merge-parts';
import { readGgufHeader } from '../gguf/read-header';
import type { GgufFile } from '../gguf/types';
import { hashedOnce } from './hashing';
import type { ModelSource, OpenedModel } from './source';
import { splitIdentity } from './split-identity';

export interface SplitSet {
  /** Names the whole in messages and progress. */
  readonly label: string;
  /** What the whole is called: `<stem>.gguf`. */
  readonly fileName: string;
  /** Where the parts come from, in their order. */
  readonly parts: readonly ModelSource[];
}

/**
 * A model in several files as one: its bytes are those of one GGUF with the tensors of all of them, so that nobody behind it
 * knows. The headers are read first (the first part's transfer goes on, the others' end and begin again later), then the
 * data of one part after the other. What a part's source promises of its SHA-256 is held against it; `digest` is made of those of
 * all parts (`splitIdentity`), not of the merged bytes.
 *
 * Rejects as the parts' sources do, with `bad-gguf` where they are not the parts of one model in order, and with
 * `corrupt-model` for a part that is not what was promised.
 */
export function splitSource({ label, fileName, parts }: SplitSet): ModelSource {
  return {
    label,
    async open(signal) {
      const opened: OpenPart[] = [];
      try {
        for (const source of parts) {
          const part = await openPart(source, signal);
          opened.push(part);
          if (opened.length > 1) await part.rest.cancel(HEADER_WANTED);
        }
        const merged = mergeParts(opened.map(({ file, fileName: name }) => ({ file, name })));
        const notes = opened.slice(1).flatMap((part) => part.notes);
        const stream = new PartsStream({ parts, opened, merged, signal, notes });
        const { sizeBytes } = merged;
        const promised = opened.flatMap(({ sha256 }) => sha256 ?? []);
        const sha256 = promised.length === parts.length ? await splitIdentity(promised) : null;
        const digest = (): string => stream.digest();
        return { stream, sizeBytes, sha256, fileName, resumedBytes: resumedBytes(opened, merged), notes, digest };
      } catch (error) {
        await opened[0]?.rest.cancel(error);
        throw error;
      }
    },
  };
}

const HEADER_WANTED = new DOMException('the header is all that was wanted', 'AbortError');

/** A part whose header is read. */
interface OpenPart extends Pick<OpenedModel, 'fileName' | 'sizeBytes' | 'sha256' | 'resumedBytes'> {
  readonly file: GgufFile;
  /** From `file.dataOffsetBytes` on. */
  readonly rest: ByteStream;
  /** Its SHA-256. Throws `corrupt-model` unless the bytes are those that were promised. Only after their end. */
  readonly verified: () => string;
  /** Whole at its end. */
  readonly notes: readonly string[];
}

async function openPart(source: ModelSource, signal: AbortSignal): Promise<OpenPart> {
  const opened = await source.open(signal);
  const { sizeBytes, sha256, fileName, resumedBytes: resumed = 0, notes = [] } = opened;
  const about = { fileName, sizeBytes, sha256, resumedBytes: resumed, notes };
  const hashed = await hashedOnce(opened);
  const verified = (): string => {
    const found = hashed.digest();
    if (sha256 === null || found === sha256) return found;
    const message = `The part ${quoted(fileName)} has the SHA-256 ${found}, expected ${sha256}: it is damaged or another file. Download it again.`;
    throw new ForgelightError('corrupt-model', message);
  };
  return { ...(await readGgufHeader(hashed, sizeBytes ?? undefined)), ...about, verified };
}

/** Of the whole, from its first byte on: what was in the store before. */
function resumedBytes(opened: readonly OpenPart[], { header, data }: MergedParts): number {
  let bytes = 0;
  for (const [i, { resumedBytes: resumed = 0, sizeBytes, file }] of opened.entries()) {
    const { sizeBytes: dataBytes = 0, paddingBytes = 0 } = data[i] ?? {};
    if (resumed !== sizeBytes) {
      bytes += Math.min(dataBytes, Math.max(0, resumed - file.dataOffsetBytes));
      break;
    }
    bytes += dataBytes + paddingBytes;
  }
  return bytes === 0 ? 0 : header.length + bytes;
}

interface PartsOptions {
  readonly parts: readonly ModelSource[];
  /** Their headers; the first one's transfer goes on. */
  readonly opened: readonly OpenPart[];
  readonly merged: MergedParts;
  readonly signal: AbortSignal;
  /** Gets what is to be said of the parts. */
  readonly notes: string[];
}

/** The merged header, then the data of the parts, each opened when its turn comes. */
class PartsStream implements ByteStream {
  private readonly stop = new AbortController();
  private header: Uint8Array | null;
  private index = 0;
  private current: OpenPart | null;
  /** Bytes of the current part that are still to come. */
  private left: number;
  /** Of the parts that have come. */
  private readonly hashes: string[] = [];
  private identity: string | null = null;

  constructor(private readonly options: PartsOptions) {
    const { merged, opened } = options;
    this.header = merged.header;
    this.current = opened[0] ?? null;
    this.left = merged.data[0]?.sizeBytes ?? 0;
  }

  async read(): Promise<Uint8Array | null> {
    this.stop.signal.throwIfAborted();
    this.options.signal.throwIfAborted();
    const { header } = this;
    this.header = null;
    if (header !== null) return header;
    try {
      return await this.readData();
    } catch (error) {
      await this.cancel(error);
      throw this.stop.signal.reason;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.stop.abort(reason);
    await this.current?.rest.cancel(reason);
  }

  digest(): string {
    return defined(this.identity, 'the hash of a set is known at its end');
  }

  private async readData(): Promise<Uint8Array | null> {
    for (;;) {
      const padding = this.options.merged.data[this.index]?.paddingBytes;
      if (padding === undefined) {
        this.identity ??= await splitIdentity(this.hashes);
        return null;
      }
      const part = (this.current ??= await this.reopen());
      const chunk = await part.rest.read();
      if (chunk === null) {
        this.finish(part);
        if (padding > 0) return new Uint8Array(padding);
        continue;
      }
      // What lies behind the last tensor counts for the part's hash only.
      const wanted = chunk.subarray(0, this.left);
      this.left -= wanted.length;
      if (wanted.length > 0) return wanted;
    }
  }

  private async reopen(): Promise<OpenPart> {
    const { parts, opened, signal } = this.options;
    const source = parts[this.index];
    const known = opened[this.index];
    if (source === undefined || known === undefined) throw badGguf('a part is missing', `part ${this.index + 1}`);
    const part = await openPart(source, AbortSignal.any([signal, this.stop.signal]));
    if (this.stop.signal.aborted) {
      await part.rest.cancel(this.stop.signal.reason);
      throw this.stop.signal.reason;
    }
    if (isSameHeader(part, known)) return part;
    const error = new ForgelightError(
      'network',
      `Could not load ${source.label}: the file changed during the download. Load the model again to get the new one.`,
    );
    await part.rest.cancel(error);
    throw error;
  }

  private finish(part: OpenPart): void {
    if (this.left > 0) {
      throw badGguf(`the part ends ${this.left} bytes before its last tensor does`, `part ${quoted(part.fileName)}`);
    }
    this.hashes.push(part.verified());
    const { notes } = this.options;
    notes.push(...part.notes.filter((note) => !notes.includes(note)));
    this.index += 1;
    this.current = null;
    this.left = this.options.merged.data[this.index]?.sizeBytes ?? 0;
  }
}

/** Between a look at its header and its turn the file may have been replaced. */
function isSameHeader(one: OpenPart, other: OpenPart): boolean {
  const { file } = one;
  return (
    one.sizeBytes === other.sizeBytes &&
    file.dataOffsetBytes === other.file.dataOffsetBytes &&
    JSON.stringify(file.tensors) === JSON.stringify(other.file.tensors)
  );
}
