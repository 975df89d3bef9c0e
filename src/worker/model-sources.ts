import { ForgelightError } from '../base/errors';
import { systemClock as clock } from '../base/system-clock';
import { MIB } from '../base/units';
import type { LoadOptions } from '../protocol/engine-port';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import type { ModelStore } from '../store/model-store';
import { fileSource, modelSource } from '../store/open-model';
import type { ModelSource } from '../store/source';
import { storedModel } from '../store/stored-model';
import type { StoredSource } from '../store/stored-source';

export type SourceOptions = Pick<LoadOptions, 'model' | 'timeouts' | 'sha256' | 'mirrors' | 'hubToken'>;

/** A source, and what it holds in the store: the models stay there until `close`. */
export interface HeldSource {
  readonly source: ModelSource;
  /** One for each file, once it is opened. */
  readonly files: readonly StoredSource[];
  close(): void;
}

interface StoreUse {
  /** `null`: there is none, or nothing is to be kept. */
  readonly store: ModelStore | null;
  /** There is none, and something was to be kept: a note says so. */
  readonly isMissed?: boolean;
  /** `false`: what is not there is not kept either. */
  readonly keep?: boolean;
  /** Only the header is to be read. */
  readonly isForHeader?: boolean;
  /** Hears how far another tab is, which downloads the same file. */
  readonly onWatched: (progress: { readonly loadedBytes: number; readonly totalBytes: number }) => void;
  /** Where there is no room: an error, or by default on without keeping. */
  readonly whenFull?: 'fail' | 'pass';
}

const SCHEME = 'sha256:';
/** Of a header; one with a large vocabulary has up to 16 MiB. */
const FIRST_BYTES = MIB;
const STORED = /^sha256:[0-9a-f]{64}$/i;

/** A model that has to be in the store. */
export function isStored(model: LoadOptions['model']): model is string {
  return typeof model === 'string' && STORED.test(model);
}

/** Where a model comes from, with the store before it. Throws `invalid-request` about the reference. */
export function heldSource(
  options: SourceOptions,
  { store, isMissed = false, keep = true, isForHeader = false, onWatched, whenFull = 'pass' }: StoreUse,
): HeldSource {
  const { model, timeouts, sha256, mirrors, hubToken } = options;
  const files: StoredSource[] = [];
  const held = (file: StoredSource): StoredSource => {
    files.push(file);
    return file;
  };
  const close = (): void => files.forEach((file) => file.close());
  if (isStored(model)) {
    if (store === null) throw noStore(model);
    return { source: storedModel(store, model.slice(SCHEME.length).toLowerCase(), held), files, close };
  }
  const source = modelSource(model, {
    clock,
    random: Math.random,
    stallMs: timeouts.stallMs,
    ...(isForHeader ? { firstBytes: FIRST_BYTES } : {}),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(mirrors === undefined ? {} : { mirrors }),
    ...(hubToken === undefined ? {} : { hubToken }),
    ...(store === null
      ? {}
      : {
          wrapFile: (file, hash) => held(store.source(file, { sha256: hash, keep, onWatched, whenFull })),
          kept: (addressStart) => store.kept(addressStart),
        }),
  });
  const passOver = (error: unknown): boolean => {
    const isPassed = source.passOver?.(error) === true;
    if (isPassed) close(); // what was loaded in vain is nobody's any more
    return isPassed;
  };
  const whole = isMissed ? unkept(source) : source;
  return { source: passingOver(whole, passOver), files, close };
}

function passingOver(source: ModelSource, passOver: (error: unknown) => boolean): ModelSource {
  const { label, address } = source;
  return { label, ...(address !== undefined && { address }), open: (...args) => source.open(...args), passOver };
}

function unkept(source: ModelSource): ModelSource {
  const note =
    'This browser keeps no models for this page (storage is switched off, or the window is a private one): this one will be ' +
    'downloaded again next time.';
  return {
    ...source,
    async open(...args: Parameters<ModelSource['open']>) {
      const opened = await source.open(...args);
      return { ...opened, notes: [note, ...(opened.notes ?? [])] };
    },
  };
}

/** The one file at an address that the store knows, though its name may say that it is a part of a split model. */
export function repairSource(address: string): ModelSource {
  return fileSource(address, { clock, random: Math.random, stallMs: DEFAULT_TIMEOUTS.stallMs });
}

function noStore(model: string): ForgelightError {
  const message = `The model "${model}" cannot be read: this browser keeps no models for this page. Give its address or its file instead.`;
  return new ForgelightError('invalid-request', message, { param: 'model' });
}
