import { StoreFullError, type FilePath, type ListedFile, type PartFile, type StoreFolder } from '../store-files';
import type { HeldLock } from '../store-locks';
import type { StorePorts } from '../store-ports';
import type { CrashKind, MemoryFile, MemoryGround } from './memory-ground';

/** What goes wrong in one tab, by the number of the operation from 1 on. */
export interface FaultPlan {
  /** The tab ends at this operation: before it has an effect, or after, but before anybody hears of it. */
  readonly crash?: { readonly at: number; readonly when: 'before' | 'after'; readonly kind: CrashKind };
  /** Operations that throw. */
  readonly fail?: { readonly from: number; readonly count: number };
  /** Reads give at most so many bytes. */
  readonly readBytes?: number;
  /** Called before each operation; what it returns is waited for. */
  readonly schedule?: (name: string) => Promise<unknown>;
}

export class PlantedFailure extends Error {
  override readonly name = 'PlantedFailure';
}

/** One tab's view of the ground. Nothing that a dead tab asks for is answered any more. */
export class MemoryTab {
  readonly ports: StorePorts;
  /** Resolves when the tab ends by its plan or by `kill`. */
  readonly died: Promise<void>;
  /** Names of the operations so far. */
  readonly operations: string[] = [];
  persistAsked = 0;
  private onDeath: () => void = () => undefined;
  private isDead = false;

  constructor(
    private readonly ground: MemoryGround,
    private readonly plan: FaultPlan = {},
  ) {
    this.died = new Promise((resolve) => {
      this.onDeath = resolve;
    });
    this.ports = {
      files: this.files(),
      records: this.records(),
      locks: this.locks(),
      channel: this.channel(),
      space: this.space(),
    };
  }

  kill(kind: CrashKind = 'tab'): void {
    if (this.isDead) return;
    this.isDead = true;
    if (kind === 'machine') this.ground.loseUnflushed();
    this.ground.listeners.delete(this);
    this.ground.locks.releaseAll(this);
    this.onDeath();
  }

  private async run<T>(name: string, effect: () => T | Promise<T>): Promise<T> {
    await this.plan.schedule?.(name);
    const { crash, fail } = this.plan;
    if (this.isDead) return never();
    this.operations.push(name);
    const number = this.operations.length;
    if (crash?.at === number && crash.when === 'before') return this.end(crash.kind);
    if (fail !== undefined && number >= fail.from && number < fail.from + fail.count) {
      throw new PlantedFailure(`${name} failed, as planned`);
    }
    const result = await effect();
    if (crash?.at === number) return this.end(crash.kind);
    return this.isDead ? never() : result;
  }

  private end(kind: CrashKind): Promise<never> {
    this.kill(kind);
    return never();
  }

  private files(): StorePorts['files'] {
    const { files } = this.ground;
    return {
      openPart: (path) =>
        this.run(`openPart ${path}`, () => {
          const file = files.get(path) ?? { bytes: new Uint8Array(0), durableBytes: 0 };
          files.set(path, file);
          return this.part(path, file);
        }),
      open: (path) =>
        this.run(`open ${path}`, () => {
          const file = files.get(path);
          return file === undefined ? null : this.reader(path, file);
        }),
      move: (from, to) =>
        this.run(`move ${from}`, () => {
          const file = files.get(from);
          if (file === undefined) return false;
          files.delete(from);
          files.set(to, file);
          return true;
        }),
      remove: (path) => this.run(`remove ${path}`, () => files.delete(path)),
      list: (folder) => this.run(`list ${folder}`, () => listed(files, folder)),
    };
  }

  private reader(path: FilePath, file: MemoryFile): Omit<PartFile, 'append' | 'flush' | 'truncate'> {
    const { readBytes = Number.POSITIVE_INFINITY } = this.plan;
    return {
      get sizeBytes() {
        return file.bytes.length;
      },
      read: (position, maxBytes) =>
        this.run(`read ${path}`, () => file.bytes.slice(position, position + Math.min(maxBytes, readBytes))),
      close: () => this.run(`close ${path}`, () => undefined),
    };
  }

  private part(path: FilePath, file: MemoryFile): PartFile {
    const { ground } = this;
    const write = (bytes: Uint8Array): void => {
      const room = Math.max(0, ground.quotaBytes - ground.usedBytes);
      const written = bytes.subarray(0, room);
      const longer = new Uint8Array(file.bytes.length + written.length);
      longer.set(file.bytes);
      longer.set(written, file.bytes.length);
      file.bytes = longer;
      if (written.length < bytes.length) throw new StoreFullError('no room');
    };
    return Object.assign(this.reader(path, file), {
      append: (bytes: Uint8Array) => this.run(`append ${path}`, () => write(bytes)),
      flush: () =>
        this.run(`flush ${path}`, () => {
          file.durableBytes = file.bytes.length;
        }),
      truncate: (sizeBytes: number) =>
        this.run(`truncate ${path}`, () => {
          file.bytes = file.bytes.slice(0, sizeBytes);
          file.durableBytes = Math.min(file.durableBytes, sizeBytes);
        }),
    });
  }

  private records(): StorePorts['records'] {
    const { records } = this.ground;
    return {
      get: (kind, key) => this.run(`get ${kind}`, () => records.get(`${kind}/${key}`) ?? { state: 'absent' }),
      put: (kind, key, value) =>
        this.run(`put ${kind}`, () => {
          records.set(`${kind}/${key}`, { state: 'there', value: structuredClone(value) });
        }),
      delete: (kind, key) =>
        this.run(`delete ${kind}`, () => {
          records.delete(`${kind}/${key}`);
        }),
      keys: (kind) =>
        this.run(`keys ${kind}`, () =>
          [...records.keys()].filter((name) => name.startsWith(`${kind}/`)).map((name) => name.slice(kind.length + 1)),
        ),
    };
  }

  private locks(): StorePorts['locks'] {
    const { locks } = this.ground;
    return {
      acquire: (name, options) => this.run(`lock ${name}`, () => locks.acquire(this, name, options)),
      tryAcquire: (name, mode) => this.run<HeldLock | null>(`try ${name}`, () => locks.try(this, name, mode)),
    };
  }

  private channel(): StorePorts['channel'] {
    const { listeners } = this.ground;
    return {
      post: (message) => {
        for (const [tab, listener] of listeners) if (tab !== this) listener(structuredClone(message));
      },
      listen: (listener) => {
        listeners.set(this, listener);
        return () => void listeners.delete(this);
      },
    };
  }

  private space(): StorePorts['space'] {
    return {
      persist: () => {
        this.persistAsked += 1;
        return Promise.resolve(true);
      },
      usageBytes: () => Promise.resolve(this.ground.usedBytes),
    };
  }
}

function listed(files: ReadonlyMap<FilePath, MemoryFile>, folder: StoreFolder): ListedFile[] {
  return [...files]
    .filter(([path]) => path.startsWith(`${folder}/`))
    .map(([path, { bytes }]) => ({ name: path.slice(folder.length + 1), sizeBytes: bytes.length }));
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
