import type { FileHandle } from '../../src/page/file-handles';

/** A file on disk, as a browser hands it out. */
export class FakeHandle implements FileHandle {
  /** It has been moved. */
  gone = false;
  permission: PermissionState = 'prompt';
  /** What the person says when asked. */
  answer: PermissionState = 'granted';
  asked = 0;
  readonly file: File;

  constructor(readonly name: string) {
    this.file = new File(['GGUF'], name);
  }

  async getFile(): Promise<File> {
    if (this.gone) throw new DOMException('A requested file could not be found.', 'NotFoundError');
    if (this.permission !== 'granted') throw new DOMException('It may not be read.', 'NotAllowedError');
    return this.file;
  }

  async isSameEntry(other: FileHandle): Promise<boolean> {
    return other.name === this.name;
  }

  async queryPermission(): Promise<PermissionState> {
    return this.permission;
  }

  async requestPermission(): Promise<PermissionState> {
    this.asked += 1;
    this.permission = this.answer;
    return this.answer;
  }
}

export function fakeHandle(name: string): FakeHandle {
  return new FakeHandle(name);
}
