import type { PlantedBug } from './planted-bug';

const seenBy = {
  file: 'native-bridge/upstream/upstream-simulation.test.ts',
  test: 'UpstreamBackend under a schedule of its own never mixes answers, asks no more often than it may, and leaves nothing open',
};

/** Mistakes about servers elsewhere: who answers, how often one is asked, and who hangs up. */
export const UPSTREAM_BUGS: readonly PlantedBug[] = [
  {
    name: 'the first chunk is taken for the first token',
    file: 'native-bridge/upstream/answer-stream.ts',
    find: '      if (!isPrelude(chunk)) return;\n',
    replace: '      return;\n',
    why: 'an upstream that dies while it reads the prompt is not replaced',
    seenBy,
  },
  {
    name: 'who leaves early leaves the socket open',
    file: 'native-bridge/upstream/upstream-request.ts',
    find: `      this.end('cancelled');
      stream.close();`,
    replace: `      this.end('cancelled');`,
    why: 'the upstream computes for nobody',
    seenBy,
  },
  {
    name: 'Retry-After is not heeded',
    file: 'native-bridge/upstream/retry.ts',
    find: '(error.retryAfterMs ?? 0)',
    replace: '0',
    why: 'a server with too much to do is asked even more often',
    seenBy,
  },
  {
    name: 'one that refuses the key is asked again',
    file: 'native-bridge/upstream/retry.ts',
    find: "candidate.isOut = error.remedy === 'elsewhere';",
    replace: '',
    why: 'a wrong key is sent again and again, and accounts are locked',
    seenBy,
  },
];
