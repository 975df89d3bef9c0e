import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readIfThere, writePrivate } from '../state/private-file';

const common = {
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  createdAtMs: v.number(),
  expiresAtMs: v.number(),
};
/** What a grant is good for: `answers`, models and what they are asked; `all`, also what the daemon tells of itself. */
const scope = v.picklist(['answers', 'all']);
const schema = v.object({
  version: v.literal(1),
  grants: v.array(
    v.variant('kind', [
      v.object({ ...common, kind: v.literal('page'), origin: v.string(), scope: v.optional(scope, 'answers') }),
      v.object({ ...common, kind: v.literal('native'), name: v.string(), scope: v.optional(scope, 'all') }),
    ]),
  ),
});

/** What is kept of a token or a key: never itself. Times are those of `Date`. */
export type StoredGrant = v.InferOutput<typeof schema>['grants'][number];

/** Where grants are kept: a file of this user's, written whole. Writes follow one another; the last one says what is there. */
export class AccessFile {
  private readonly path: string;
  private last: Promise<void> = Promise.resolve();

  /** `warn`: hears of a file that could not be read, which is put aside. */
  constructor(
    folder: string,
    private readonly warn: (message: string) => void,
  ) {
    this.path = join(folder, 'access.json');
  }

  async read(): Promise<readonly StoredGrant[]> {
    const text = await readIfThere(this.path);
    if (text === null) return [];
    const result = v.safeParse(schema, parse(text));
    if (result.success) return result.output.grants;
    const aside = `${this.path}.unreadable`;
    await rename(this.path, aside);
    this.warn(`Pairings and keys could not be read, and are put aside as ${aside}: pair again.`);
    return [];
  }

  write(grants: readonly StoredGrant[]): Promise<void> {
    const written = this.last.then(() => writePrivate(this.path, { version: 1, grants }));
    this.last = written.catch(() => undefined); // told to whoever asked for this write, and no reason to leave out the next
    return written;
  }

  settled(): Promise<void> {
    return this.last;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // fits no schema
  }
}
