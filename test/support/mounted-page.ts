/// <reference types="vite/client" />
import { page, userEvent } from 'vitest/browser';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { defined } from '../../src/base/assert';
import { GIB } from '../../src/base/units';
import { ForgelightError } from '../../src/base/errors';
import type { ErrorCode } from '../../src/base/errors';
import type { AppRoot } from '../../src/page/app-root';
import '../../src/page/app-root';
import { ChatStore } from '../../src/page/chat-store';
import { SAVE_EVERY_MS } from '../../src/page/conversation-saver';
import { rateCatalogue, type FitReport } from '../../src/client/index';
import type { HubModel, HubPorts } from '../../src/page/hub-list';
import { Library } from '../../src/page/library';
import { TEXT } from '../../src/page/messages';
import type { ModelChoice } from '../../src/page/model-choice';
import { pagePhase } from '../../src/page/page-state';
import type { RecentFile } from '../../src/page/recent-files';
import '../../src/page/page.css';
import { storedModels } from '../../src/store/stored-models';
import { deepFocus, until } from './browser-waits';
import { FakeClock } from './fake-clock';
import { FakeModelStore, unfinished } from './fake-model-store';
import { MemoryConversations } from './memory-conversations';
import { ScriptedHeaders } from './scripted-headers';
import type { ScriptedAnswer, ScriptedLoad } from './scripted-engine';
import { ScriptedEngines } from './scripted-engine';

export { deepFocus, until };

const CHOICE = { reference: 'https://example.org/a.gguf', name: 'a.gguf', local: false, sizeBytes: 98_362_432 };
const FITS: FitReport = {
  verdict: 'fits',
  sizeBytes: 98_362_432,
  weightBytes: 98_000_000,
  kvBytes: 1,
  scratchBytes: 1,
  contextLength: 8192,
  largestContextLength: 8192,
  memoryBudgetBytes: 2 * GIB,
  reason: 'It fits with a context of 8,192 tokens.',
};
const TOO_BIG: FitReport = {
  ...FITS,
  verdict: 'too-big',
  reason: 'It needs 3.1 GB, and this device has about 2.1 GB.',
};
const DOWNLOAD = { phase: 'download', loaded: 40, total: 98, bytesPerSecond: 12, etaSeconds: 4.6, resumed: 0 } as const;

const HUB_MODELS: readonly HubModel[] = (['fits', 'too-big', null] as const).map((fits, index) => ({
  model: `hf:owner/name-GGUF/name-Q${index + 4}_K_M.gguf`,
  path: `name-Q${index + 4}_K_M.gguf`,
  sizeBytes: 400_000_000 * (index + 1),
  quantisation: fits === null ? null : `Q${index + 4}_K_M`,
  sha256: null,
  fits,
}));

/** An answer with one of everything that markdown can hold. */
export const ANSWER =
  '# Rain\n\nIt **falls** in three ways:\n\n1. drizzle\n2. showers\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n' +
  '```js\nconst x = 1;\n```\n\n> quoted `code` and [a link](https://example.org/)\n';

/** The page under test, with an engine that the test steps by hand. */
export class MountedPage {
  readonly engines = new ScriptedEngines();
  /** Of models that are to take the place of one. */
  readonly headers = new ScriptedHeaders();
  readonly clock = new FakeClock();
  /** Mistakes of ours that the page reported. */
  readonly reported: unknown[] = [];
  readonly root: AppRoot = document.createElement('app-root');
  readonly models = new FakeModelStore();
  /** Stores that were opened. */
  opened = 0;
  /** Copies of models that were asked for. */
  readonly saved: string[] = [];
  /** What the next check says. */
  fit: FitReport = FITS;
  /** What a check waits for. */
  header: Promise<void> = Promise.resolve();
  /** References whose headers were looked at. */
  readonly checked: string[] = [];
  /** Files that were remembered. */
  recent: readonly RecentFile[] = [];
  /** What the hub answers. */
  listHub: HubPorts['list'] = async () => HUB_MODELS;
  readonly library = new Library({
    kept: {
      openModelStore: async () => {
        this.opened += 1;
        return this.models;
      },
      models: storedModels,
      save: async (fileName, _sizeBytes, open) => {
        this.saved.push(await new Response((await open()).stream as ReadableStream<BufferSource>).text());
        return TEXT.kept.exported(fileName);
      },
      clock: this.clock,
      reportError: (error) => this.reported.push(error),
    },
    fit: {
      rated: async () => {
        const budgetBytes = 2 * GIB;
        return { entries: rateCatalogue(budgetBytes), budgetBytes };
      },
      checkFit: async (model) => {
        this.checked.push(model);
        await this.header;
        return this.fit;
      },
      reportError: (error) => this.reported.push(error),
    },
    hub: {
      list: async (reference, options) => await this.listHub(reference, options),
      reportError: (error) => this.reported.push(error),
    },
    files: {
      load: async () => this.recent,
      save: async (recent) => void (this.recent = recent),
      reportError: (error) => this.reported.push(error),
    },
  });
  readonly conversations = new MemoryConversations();
  readonly ports = {
    createEngine: this.engines.createEngine,
    readHeader: this.headers.readHeader,
    clock: this.clock,
    conversations: this.conversations.tab(),
    pairing: () => null,
    reportError: (error: unknown) => void this.reported.push(error),
  };
  readonly store = new ChatStore(this.ports, CHOICE);

  get load(): ScriptedLoad {
    return defined(this.engines.loads.at(-1), 'a load');
  }

  get answer(): ScriptedAnswer {
    return defined(this.engines.answers.at(-1), 'an answer');
  }

  /** What the status node says. */
  get status(): string {
    return page.getByTestId('status').element().textContent;
  }

  async phase(phase: string): Promise<void> {
    await until(() => pagePhase(this.store.state) === phase);
  }

  async startLoading(): Promise<void> {
    const count = this.engines.loads.length;
    void this.store.load(CHOICE);
    await until(() => this.engines.loads.length > count);
  }

  async showDownload(): Promise<void> {
    await this.startLoading();
    this.load.options.onProgress?.(DOWNLOAD);
  }

  async failLoading(code: ErrorCode): Promise<void> {
    await this.startLoading();
    this.load.fail(new ForgelightError(code, 'at offset 17'));
    await this.phase('error');
  }

  async becomeReady(): Promise<void> {
    await this.startLoading();
    this.load.finish();
    await this.phase('ready');
  }

  /** Another model is chosen in place of one that is ready, and its header says that it is none. */
  async refuse(choice: ModelChoice): Promise<void> {
    await this.becomeReady();
    this.headers.failure = new ForgelightError('bad-gguf', 'at offset 17');
    await this.store.choose(choice);
    await until(() => page.getByTestId('refused-close').elements().length > 0);
  }

  /** Another model took the place of one that was ready, and fails later. */
  async failAnother(choice: ModelChoice): Promise<void> {
    await this.becomeReady();
    const count = this.engines.loads.length;
    void this.store.choose(choice);
    await until(() => this.engines.loads.length > count);
    this.load.fail(new ForgelightError('out-of-memory', 'no room'));
    await this.phase('error');
  }

  /** Types a question and sends it. */
  async ask(text: string): Promise<void> {
    const count = this.engines.answers.length;
    await userEvent.fill(page.getByTestId('prompt'), text);
    await userEvent.keyboard('{Enter}');
    await until(() => this.engines.answers.length > count);
  }

  async beginAnswer(): Promise<void> {
    await this.becomeReady();
    await this.ask('How does rain form?');
    this.answer.write(ANSWER);
    await until(() => page.getByTestId('answer').elements()[0]?.textContent.includes('Rain') === true);
  }

  async converse(): Promise<void> {
    await this.beginAnswer();
    this.answer.finish();
    await this.phase('ready');
  }

  /** Another tab writes an answer in the conversation that is shown here. */
  async answerElsewhere(): Promise<void> {
    await this.becomeReady();
    const engines = new ScriptedEngines();
    const there = new ChatStore(
      { ...this.ports, createEngine: engines.createEngine, conversations: this.conversations.tab() },
      CHOICE,
    );
    const loading = there.load(CHOICE);
    await until(() => engines.loads.length > 0);
    defined(engines.loads[0], 'a load').finish();
    await loading;
    void there.send('How does rain form?');
    await until(() => engines.answers.length > 0);
    defined(engines.answers[0], 'an answer').write(ANSWER);
    await until(() => this.store.state.chats.all.length > 0);
    this.store.showChat(defined(there.state.chats.shown, 'the one there').id);
    this.clock.advance(SAVE_EVERY_MS);
    await this.phase('elsewhere');
    await until(() => page.getByTestId('elsewhere').elements().length > 0);
  }

  /** Another answer to the last question, and a second conversation that is being written, beside the shown one. */
  async fillConversations(): Promise<void> {
    await this.converse();
    const id = defined(this.store.state.chats.shown, 'the shown one').id;
    await userEvent.click(page.getByTestId('regenerate').last());
    this.answer.write('It falls.');
    this.answer.finish();
    await this.phase('ready');
    this.store.newChat();
    this.clock.advance(1000);
    await this.ask('Write a poem about the sea, the wind and a ship that never comes home');
    this.answer.write('The waves');
    this.store.showChat(id);
    await until(() => page.getByTestId('version').elements().length > 0);
  }

  /** Where the window is narrow the conversations are in a drawer. */
  async showConversations(): Promise<void> {
    const [button] = page.getByTestId('chats-button').elements();
    if (button === undefined) return;
    await userEvent.click(button);
    await until(() => page.getByTestId('chats').element().checkVisibility());
  }

  async failAnswering(code: ErrorCode): Promise<void> {
    await this.becomeReady();
    await this.ask('Hello');
    this.answer.fail(new ForgelightError(code, 'at token 17'));
  }

  /** The GPU goes under an answer, and the next load has begun. */
  async loseGpu(): Promise<void> {
    await this.beginAnswer();
    this.load.enter('lost');
    this.load.options.onProgress?.(DOWNLOAD);
  }

  /** The GPU goes for good under an answer, with what the engine says of it. */
  async endEngine(code: ErrorCode, message: string): Promise<void> {
    await this.loseGpu();
    this.answer.fail(new ForgelightError(code, message));
    this.load.enter('gone', { error: { code, message } });
    await this.phase('error');
  }

  async pause(): Promise<void> {
    this.models.entries = [unfinished({ address: CHOICE.reference, fileName: 'a.gguf', receivedBytes: 39_000_000 })];
    await this.showDownload();
    await userEvent.click(page.getByTestId('stop-loading'));
    await until(() => page.getByTestId('discard').elements().length > 0);
  }

  async openDialog(button: string, content: string): Promise<void> {
    await userEvent.click(page.getByTestId(button));
    await until(() =>
      page
        .getByTestId(content)
        .elements()
        .some((element) => element.checkVisibility()),
    );
  }

  async unfold(section: 'kept' | 'catalogue'): Promise<void> {
    await userEvent.click(page.getByTestId(`section-${section}`).element().querySelector('summary') as Element);
    const content = section === 'kept' ? 'kept-total' : 'catalogue-entry';
    await until(() => page.getByTestId(content).elements().length > 0);
  }

  tooBig(): void {
    this.fit = TOO_BIG;
  }

  async askBeforeLoading(): Promise<void> {
    this.tooBig();
    await this.unfold('catalogue');
    await userEvent.click(page.getByTestId('catalogue-load').nth(3));
    await until(() => page.getByTestId('fit-question').elements().length > 0);
  }

  async listRepository(): Promise<void> {
    await userEvent.fill(page.getByTestId('model-url'), 'hf:owner/name-GGUF');
    await userEvent.click(page.getByTestId('load-url'));
    await until(
      () => page.getByTestId('hub-model').elements().length + page.getByTestId('hub-problem').elements().length > 0,
    );
  }

  async typeBadAddress(): Promise<void> {
    await userEvent.fill(page.getByTestId('model-url'), 'ftp://x');
    await userEvent.click(page.getByTestId('load-url'));
  }
}

/** Mounts a fresh page before each test of the file and takes it away after; a mistake that it reported fails the test. */
export function mountBeforeEach(): () => MountedPage {
  // Nothing here waits for a model: what hangs should say so soon.
  vi.setConfig({ testTimeout: 20_000 });
  let mounted: MountedPage | null = null;
  beforeEach(async () => {
    document.documentElement.lang = 'en';
    document.title = TEXT.documentTitle;
    window.sessionStorage.clear();
    await page.viewport(1000, 700);
    mounted = new MountedPage();
    mounted.root.store = mounted.store;
    mounted.root.library = mounted.library;
    document.body.append(mounted.root);
    await mounted.root.updateComplete;
  });
  afterEach(() => {
    mounted?.root.remove();
    delete document.documentElement.dataset['theme'];
    expect(mounted?.reported).toEqual([]);
  });
  return () => defined(mounted, 'the mounted page');
}

/** All elements under `element`, through shadow roots. */
export function* allElements(element: Element): Generator<Element> {
  for (const child of [...(element.shadowRoot?.children ?? []), ...element.children]) {
    yield child;
    yield* allElements(child);
  }
}
