import { ForgelightError } from '../../src/base/errors';
import { formatBytes } from '../../src/base/units';
import { readToEnd } from '../../src/store/read-to-end';
import type { StoredSource } from '../../src/store/stored-source';
import { ProgressLine } from './progress-line';
import type { CommandInput } from './run-cli';

/** Downloads a model into the store, all parts of a split one. What an earlier download left is gone on with. */
export async function pull({ models, host, names, options }: CommandInput): Promise<void> {
  const [reference = ''] = names;
  const { sha256, mirror } = options;
  const parts: StoredSource[] = [];
  const source = models.sourceOf(reference, {
    ...(typeof sha256 === 'string' && { sha256: hashOf(sha256) }),
    mirrors: Array.isArray(mirror) ? mirror.map(String) : [],
    wrapFile: (file, hash) => {
      const part = models.store.source(file, {
        sha256: hash,
        onWatched: ({ loadedBytes, totalBytes }) => line.show(loadedBytes, totalBytes),
      });
      parts.push(part);
      return part;
    },
  });
  const line = new ProgressLine(host, reference);
  try {
    const { stream, sizeBytes, resumedBytes = 0, notes = [] } = await source.open(host.signal);
    for (const note of notes) host.err(`${note}\n`);
    let loadedBytes = 0;
    await readToEnd(stream, (chunkBytes) => {
      loadedBytes += chunkBytes;
      line.show(loadedBytes, sizeBytes ?? 0, resumedBytes);
    });
    line.end();
    const isHere = resumedBytes === loadedBytes;
    const found = (await models.store.list()).filter(
      (entry) =>
        entry.state === 'ok' && parts.some(({ address }) => address !== undefined && entry.names.includes(address)),
    );
    if (options['json'] === true) host.out(`${JSON.stringify(found, null, 2)}\n`);
    else
      host.out(`${isHere ? 'Already here' : 'Kept'}: ${reference}, ${formatBytes(loadedBytes)}, in ${models.folder}\n`);
  } catch (error) {
    line.end();
    if (host.signal.aborted) host.err('Stopped. What was received is kept: the same command goes on from there.\n');
    throw error;
  } finally {
    for (const part of parts) part.close();
  }
}

function hashOf(text: string): string {
  const hash = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text)?.[1];
  if (hash !== undefined) return hash.toLowerCase();
  throw new ForgelightError('invalid-request', `"${text}" is no SHA-256: it has 64 hex digits.`, { param: 'sha256' });
}
