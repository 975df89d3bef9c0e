import type { Clock } from '../../base/clock';
import { MIB } from '../../base/units';
import {
  StoreFullError,
  type FilePath,
  type ListedFile,
  type PartFile,
  type StoredFile,
  type StoreFiles,
  type StoreFolder,
} from '../store-files';
import { named, onceFree, syncHandle, unlessMissing, type OpfsFileHandle, type SyncAccessHandle } from './opfs-handles';

const COPY_BYTES = 4 * MIB;

/** The store's files in the origin's private file system. What writes is for dedicated workers; all else for any page. */
export class OpfsFiles implements StoreFiles {
  constructor(
    private readonly root: () => Promise<FileSystemDirectoryHandle>,
    private readonly clock: Clock,
  ) {}

  async openPart(path: FilePath): Promise<PartFile> {
    const { folder, name } = await this.place(path);
    const file: OpfsFileHandle = await folder.getFileHandle(name, { create: true });
    return new OpfsPart(await syncHandle(file, this.clock));
  }

  async open(path: FilePath): Promise<StoredFile | null> {
    const { folder, name } = await this.place(path);
    const file = await unlessMissing(folder.getFileHandle(name).then((handle) => handle.getFile()));
    if (file === null) return null;
    return {
      sizeBytes: file.size,
      read: async (position, maxBytes) => new Uint8Array(await file.slice(position, position + maxBytes).arrayBuffer()),
      close: () => Promise.resolve(),
    };
  }

  async move(from: FilePath, to: FilePath): Promise<boolean> {
    const [source, target] = [await this.place(from), await this.place(to)];
    const file: OpfsFileHandle | null = await unlessMissing(source.folder.getFileHandle(source.name));
    if (file === null) return false;
    if (file.move === undefined) return this.copy(file, from, to);
    return onceFree(
      this.clock,
      async () =>
        (await unlessMissing(file.move?.(target.folder, target.name).then(() => true) ?? Promise.resolve(true))) ??
        false,
    );
  }

  async remove(path: FilePath): Promise<boolean> {
    const { folder, name } = await this.place(path);
    return onceFree(this.clock, async () => (await unlessMissing(folder.removeEntry(name).then(() => true))) ?? false);
  }

  async list(folder: StoreFolder): Promise<readonly ListedFile[]> {
    const directory = await this.folder(folder);
    const listed: ListedFile[] = [];
    for await (const name of directory.keys()) {
      const file = await unlessMissing(directory.getFileHandle(name).then((handle) => handle.getFile()));
      if (file !== null) listed.push({ name, sizeBytes: file.size });
    }
    return listed;
  }

  /** Where files cannot be moved. The source is removed last: a crash leaves it, and what is half there has no record. */
  private async copy(file: OpfsFileHandle, from: FilePath, to: FilePath): Promise<boolean> {
    const source = await file.getFile();
    const part = await this.openPart(to);
    try {
      await part.truncate(0);
      for (let position = 0; position < source.size; position += COPY_BYTES) {
        await part.append(new Uint8Array(await source.slice(position, position + COPY_BYTES).arrayBuffer()));
      }
      await part.flush();
    } finally {
      await part.close();
    }
    return this.remove(from);
  }

  private async folder(folder: StoreFolder): Promise<FileSystemDirectoryHandle> {
    return (await this.root()).getDirectoryHandle(folder, { create: true });
  }

  private async place(path: FilePath): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
    const [folder, name] = split(path);
    return { folder: await this.folder(folder), name };
  }
}

class OpfsPart implements PartFile {
  constructor(private readonly handle: SyncAccessHandle) {}

  /** Asked each time: private windows have been seen to cut files off. */
  get sizeBytes(): number {
    return this.handle.getSize();
  }

  read(position: number, maxBytes: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(Math.max(0, Math.min(maxBytes, this.sizeBytes - position)));
    return attempt(() => buffer.subarray(0, this.handle.read(buffer, { at: position })));
  }

  append(bytes: Uint8Array): Promise<void> {
    return attempt(() => {
      const end = this.sizeBytes;
      let written = 0;
      while (written < bytes.length) {
        const count = this.handle.write(bytes.subarray(written), { at: end + written });
        if (count === 0) throw new StoreFullError('Nothing more can be written.');
        written += count;
      }
    });
  }

  flush(): Promise<void> {
    return attempt(() => this.handle.flush());
  }

  truncate(sizeBytes: number): Promise<void> {
    return attempt(() => this.handle.truncate(sizeBytes));
  }

  close(): Promise<void> {
    return attempt(() => this.handle.close());
  }
}

async function attempt<T>(work: () => T): Promise<T> {
  try {
    return await Promise.resolve(work());
  } catch (error) {
    throw named(error);
  }
}

function split(path: FilePath): [StoreFolder, string] {
  const slash = path.indexOf('/');
  const folder = path.slice(0, slash);
  const name = path.slice(slash + 1);
  return [folder === 'parts' || folder === 'quarantine' ? folder : 'blobs', name];
}
