import { open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FilePath, ListedFile, PartFile, StoredFile, StoreFiles, StoreFolder } from '../store-files';
import { makeFolder, orFull, syncFolder, unlessMissing } from './durable';

/** The store's files below one folder. */
export class NodeFiles implements StoreFiles {
  constructor(private readonly root: string) {}

  async openPart(path: FilePath): Promise<PartFile> {
    const place = this.place(path);
    await makeFolder(dirname(place));
    const existing = await unlessMissing(open(place, 'r+'));
    const handle = existing ?? (await orFull(open(place, 'wx+')));
    // The file's name has to be as durable as its bytes will be.
    if (existing === null) await syncFolder(dirname(place));
    return new NodePart(handle, (await handle.stat()).size);
  }

  async open(path: FilePath): Promise<StoredFile | null> {
    const handle = await unlessMissing(open(this.place(path), 'r'));
    return handle === null ? null : new NodeFile(handle, (await handle.stat()).size);
  }

  async move(from: FilePath, to: FilePath): Promise<boolean> {
    const [source, target] = [this.place(from), this.place(to)];
    await makeFolder(dirname(target));
    if ((await unlessMissing(rename(source, target).then(() => true))) === null) return false;
    await syncFolder(dirname(target));
    await syncFolder(dirname(source));
    return true;
  }

  async remove(path: FilePath): Promise<boolean> {
    const place = this.place(path);
    if ((await unlessMissing(unlink(place).then(() => true))) === null) return false;
    await syncFolder(dirname(place));
    return true;
  }

  async list(folder: StoreFolder): Promise<readonly ListedFile[]> {
    const names = (await unlessMissing(readdir(join(this.root, folder)))) ?? [];
    const listed: ListedFile[] = [];
    for (const name of names) {
      const found = await unlessMissing(stat(join(this.root, folder, name)));
      if (found?.isFile() === true) listed.push({ name, sizeBytes: found.size });
    }
    return listed;
  }

  private place(path: FilePath): string {
    return join(this.root, path);
  }
}

class NodeFile implements StoredFile {
  constructor(
    protected readonly handle: FileHandle,
    protected size: number,
  ) {}

  get sizeBytes(): number {
    return this.size;
  }

  async read(position: number, maxBytes: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(Math.max(0, Math.min(maxBytes, this.size - position)));
    if (buffer.length === 0) return buffer;
    const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, position);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

class NodePart extends NodeFile implements PartFile {
  async append(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await orFull(
        this.handle.write(bytes, written, bytes.length - written, this.size + written),
      );
      written += bytesWritten;
    }
    this.size += written;
  }

  async flush(): Promise<void> {
    await orFull(this.handle.datasync());
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.handle.truncate(sizeBytes);
    this.size = sizeBytes;
  }
}
