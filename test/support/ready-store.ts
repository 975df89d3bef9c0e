import { defined } from '../../src/base/assert';
import type { BridgePairing } from '../../src/client/index';
import { ChatStore } from '../../src/page/chat-store';
import type { ModelChoice } from '../../src/page/model-choice';
import { FakeClock } from './fake-clock';
import { MemoryConversations, type MemoryTab } from './memory-conversations';
import { ScriptedHeaders } from './scripted-headers';
import { type ScriptedAnswer, ScriptedEngines, type ScriptedLoad } from './scripted-engine';

export const CHOICE: ModelChoice = {
  reference: 'https://example.org/a.gguf',
  name: 'a.gguf',
  local: false,
  sha256: 'ab',
};

/** The page's store with everything around it in the test's hands. */
export interface StoreParts {
  readonly store: ChatStore;
  readonly engines: ScriptedEngines;
  readonly headers: ScriptedHeaders;
  readonly reported: unknown[];
  readonly clock: FakeClock;
  readonly shared: MemoryConversations;
  readonly tab: MemoryTab;
  /** What this browser keeps of a pairing. */
  readonly pairing: { now: BridgePairing | null };
}

/** `shown`: the conversation that the tab showed before it was loaded anew, or all of the tab then. */
export function setUp(shared = new MemoryConversations(), shown: number | MemoryTab | null = null): StoreParts {
  const engines = new ScriptedEngines();
  const headers = new ScriptedHeaders();
  const reported: unknown[] = [];
  const clock = new FakeClock();
  const tab =
    typeof shown === 'object' && shown !== null
      ? shared.tab(undefined, shown.shown, shown.newSettings)
      : shared.tab(undefined, shown);
  const pairing: { now: BridgePairing | null } = { now: null };
  const store = new ChatStore(
    {
      createEngine: engines.createEngine,
      readHeader: headers.readHeader,
      clock,
      conversations: tab,
      pairing: () => pairing.now,
      reportError: (error) => reported.push(error),
    },
    CHOICE,
  );
  return { store, engines, headers, reported, clock, shared, tab, pairing };
}

/** Lets everything that is already settled be handled. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const loadAt = (engines: ScriptedEngines, index: number): ScriptedLoad => defined(engines.loads[index], 'load');
export const answerAt = (engines: ScriptedEngines, index: number): ScriptedAnswer =>
  defined(engines.answers[index], 'answer');

export async function readyStore(shared?: MemoryConversations, shown?: number | null): Promise<StoreParts> {
  const parts = setUp(shared, shown);
  const loading = parts.store.load(CHOICE);
  await settle();
  loadAt(parts.engines, 0).finish();
  await loading;
  return parts;
}
