import { badGguf } from '../gguf/bad-gguf';
import { architectureKey, getBoolean, getCount, getCountPerLayer, getNumber, getString } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';

/** Typed access to an architecture's keys, `<architecture>.<name>`. */
export class Keys {
  constructor(private readonly file: GgufFile) {}

  number(name: string, fallback?: number): number {
    const key = architectureKey(this.file.metadata, name);
    return fallback === undefined ? getNumber(this.file.metadata, key) : getNumber(this.file.metadata, key, fallback);
  }

  count(name: string, fallback?: number): number {
    const key = architectureKey(this.file.metadata, name);
    return fallback === undefined ? getCount(this.file.metadata, key) : getCount(this.file.metadata, key, fallback);
  }

  /** A count that is above 0 in every model, and at most `most`: each layer has a tensor, so their number is bounded. */
  positive(name: string, most = Infinity): number {
    const value = this.count(name);
    if (value >= 1 && value <= most) return value;
    const reason = value < 1 ? 'it must be at least 1' : `the file has only ${most} tensors`;
    throw badGguf(`${architectureKey(this.file.metadata, name)} is ${value}, but ${reason}`, 'metadata');
  }

  has(name: string): boolean {
    return this.file.metadata.has(architectureKey(this.file.metadata, name));
  }

  boolean(name: string, fallback: boolean): boolean {
    return getBoolean(this.file.metadata, architectureKey(this.file.metadata, name), fallback);
  }

  text(name: string, fallback: string): string {
    return getString(this.file.metadata, architectureKey(this.file.metadata, name), fallback);
  }

  countPerLayer(name: string, layers: number, fallback?: readonly number[]): readonly number[] {
    const key = architectureKey(this.file.metadata, name);
    return fallback === undefined
      ? getCountPerLayer(this.file.metadata, key, layers)
      : getCountPerLayer(this.file.metadata, key, layers, fallback);
  }
}
