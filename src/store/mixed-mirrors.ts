import { ForgelightError } from '../base/errors';
import type { KeptFile } from './hub-source';
import { isOther, mirroredSource, passedOver } from './mirrored-source';
import type { ModelSource, OpenedModel, ResumePoint } from './source';
import { splitIdentity } from './split-identity';

/** One of several sources of a model. */
export interface Mirror {
  readonly source: ModelSource;
  /** Of the files that it stands for, as far as they are known. */
  readonly addresses: ReadonlySet<string>;
  /** The same without a store before it and in a hurry: what its server says of it. */
  readonly asked: ModelSource;
}

/** Where a mirror stands, the best first. `kept`: what is wanted is in the store, so that anything else is damage, which is told. */
const RANKS = ['kept', 'said', 'unsaid', 'other'] as const;
type Rank = (typeof RANKS)[number];

const HEARD = new DOMException('What the server says is all that was wanted.', 'AbortError');

/** See `MixedMirrors`. */
export function mixedMirrors(
  mirrors: readonly Mirror[],
  sha256: string,
  kept: () => Promise<readonly KeptFile[]>,
): ModelSource {
  const mixed = new MixedMirrors(mirrors, sha256, kept);
  return {
    label: mirrors[0]?.source.label ?? '',
    open: (signal, from) => mixed.open(signal, from),
    passOver: (error) => mixed.passOver(error),
  };
}

/**
 * Mirrors of which some are one file and some are parts. These have different hashes, which their servers need not tell, and once a mirror has
 * begun no other form can go on. So whom the store has with the hash that is wanted comes first, then whose server says that it has it; whoever
 * has another one comes last, because its file may have been replaced since. Where nobody says anything the end tells: `passOver` then leaves a
 * mirror out.
 */
class MixedMirrors {
  private readonly wrong = new Set<Mirror>();
  private readonly notes: string[] = [];
  /** What was opened last, and how much was known of it. */
  private current: { readonly mirror: Mirror; readonly rank: Rank } | null = null;

  constructor(
    private readonly mirrors: readonly Mirror[],
    private readonly sha256: string,
    private readonly kept: () => Promise<readonly KeptFile[]>,
  ) {}

  async open(signal: AbortSignal, from?: ResumePoint): Promise<OpenedModel> {
    const ranked = await this.ranked(signal);
    const sources = ranked.map(({ mirror, rank }) => ({
      ...namesOf(mirror.source),
      open: (...args: Parameters<ModelSource['open']>) => {
        this.current = { mirror, rank };
        return mirror.source.open(...args);
      },
    }));
    return mirroredSource(sources, this.sha256, this.notes).open(signal, from);
  }

  passOver(error: unknown): boolean {
    const { current, mirrors, wrong } = this;
    if (!isOther(error) || current === null) return false;
    if (current.rank === 'kept' || wrong.size + 1 >= mirrors.length) return false;
    wrong.add(current.mirror);
    this.notes.push(passedOver(current.mirror.source));
    return true;
  }

  private async ranked(signal: AbortSignal): Promise<readonly { readonly mirror: Mirror; readonly rank: Rank }[]> {
    const kept = await this.kept();
    const left = this.mirrors.filter((mirror) => !this.wrong.has(mirror));
    const ranked = await Promise.all(left.map(async (mirror) => ({ mirror, rank: await this.rankOf(mirror, kept) })));
    // One after the other: the first that has it is enough.
    for (const [i, { mirror, rank }] of ranked.entries()) {
      if (left.length === 1 || ranked.some((each) => each.rank === 'kept' || each.rank === 'said')) break;
      if (rank === 'unsaid') ranked[i] = { mirror, rank: await this.hear(mirror, signal) };
    }
    return ranked.toSorted((a, b) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank));
  }

  private async rankOf({ addresses: all }: Mirror, kept: readonly KeptFile[]): Promise<Rank> {
    const addresses = [...all];
    // A single file is found under whatever name it has.
    if (addresses.length === 1 && kept.some((file) => file.sha256 === this.sha256)) return 'kept';
    const hashes = addresses.flatMap((address) => kept.find((file) => file.address === address)?.sha256 ?? []);
    const [first] = hashes;
    if (first === undefined || hashes.length < addresses.length) return 'unsaid';
    const identity = hashes.length === 1 ? first : await splitIdentity(hashes);
    return identity === this.sha256 ? 'kept' : 'other';
  }

  /** A mirror that does not answer is asked again when its turn comes, and fails then. */
  private async hear({ asked }: Mirror, signal: AbortSignal): Promise<Rank> {
    try {
      const { stream, sha256 } = await asked.open(signal);
      await stream.cancel(HEARD);
      if (sha256 === null) return 'unsaid';
      return sha256 === this.sha256 ? 'said' : 'other';
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ForgelightError) return 'unsaid';
      throw error;
    }
  }
}

function namesOf({ label, address }: ModelSource): Pick<ModelSource, 'label' | 'address'> {
  return address === undefined ? { label } : { label, address };
}
