import type { PropertyValues, TemplateResult } from 'lit';
import { html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { defined } from '../base/assert';
import type { ChatComposer } from '../element/composer';
import { loadMarkdown } from '../element/lazy-markdown';
import type { MessageList } from '../element/message-list';
import { defineParts } from '../element/parts';
import { adviseHere } from './advice';
import { appStyles } from './app-styles';
import type { AppUpdates } from './app-updates';
import { renderHeader } from './app-header';
import { brandStyles } from './brand';
import type { ChatStore } from './chat-store';
import './conversation-panel';
import type { ConversationPanel } from './conversation-panel';
import './context-meter';
import { shownVersions } from './conversations';
import { Drafts } from './drafts';
import { onEvent, type PageEvents } from './events';
import { FileDrop } from './file-drop';
import { hasFilePicker, type FileHandle } from './file-handles';
import { renderGpu } from './gpu-notice';
import type { Library } from './library';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import { choiceOfFiles } from './model-choice';
import './model-card';
import type { ModelCard } from './model-card';
import './model-dialog';
import type { ModelDialog } from './model-dialog';
import { renderMachine } from './machine-button';
import { NarrowWindow } from './narrow-window';
import type { PagePhase, PageState } from './page-state';
import { noticeOf, pagePhase } from './page-state';
import { baseStyles, cardStyles, controlStyles } from '../element/styles';
import type { ParsedLink } from './share-link';
import type { SettingsDialog } from './settings-dialog';
import { actOn, type ShortcutPage } from './shortcut-acts';
import { ShortcutKeys } from './shortcut-keys';
import type { ShortcutSheet } from './shortcut-sheet';
import './update-notice';
import { keepChoice } from './upstream-choice';
import { renderWelcome } from './welcome';
import { applyTheme, keepTheme, nextTheme, readTheme } from './theme';

defineParts();
adviseHere();
// Fetched while the model loads; a message tries again.
void loadMarkdown().catch(() => undefined);

const localStore = (): Storage => window.localStorage;

/** The page: shows the store's state and passes what people do on to it. */
@customElement('app-root')
export class AppRoot extends LitElement {
  static override styles = [baseStyles, controlStyles, cardStyles, brandStyles, appStyles];

  @property({ attribute: false }) store: ChatStore | null = null;
  @property({ attribute: false }) library: Library | null = null;
  @property({ attribute: false }) updates: AppUpdates | null = null;
  /** What the page's address asks for, until the person has answered. */
  @property({ attribute: false }) asked: ParsedLink = { kind: 'none' };
  @state() private theme = readTheme(localStore);
  @query('forgelight-composer') private readonly composer: ChatComposer | null | undefined;
  @state() private importProblem: string | null = null;
  @query('main model-card') private readonly card: ModelCard | null | undefined;
  @query('model-dialog') private readonly dialog: ModelDialog | null | undefined;
  @query('forgelight-message-list') private readonly list: MessageList | null | undefined;
  @query('conversation-panel') private readonly panel: ConversationPanel | null | undefined;
  @query('settings-dialog') private readonly settings: SettingsDialog | null | undefined;
  @query('shortcut-sheet') private readonly sheet: ShortcutSheet | null | undefined;
  readonly #window = new NarrowWindow(this);
  readonly #keys = new ShortcutKeys(this, (id) => actOn(id, this.#page()));
  readonly #drop = new FileDrop(this, {
    model: (files, handles) => this.#loadFiles(files, handles),
    chats: (file) => void this.#import(file),
    stranger: (name) => this.store?.announce(TEXT.model.stranger(name), true),
  });
  readonly #drafts = new Drafts(() => window.sessionStorage);
  #unsubscribe: (() => void) | null = null;
  /** `null`: nothing has been shown. */
  #shownPhase: PagePhase | null = null;
  #shownId: number | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#subscribe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('store')) this.#subscribe();
    if (this.store?.state.refused) void this.#fetched(import('./refused-choice'));
    if (changed.has('asked') && this.asked.kind !== 'none') void this.#fetched(import('./shared-card'));
    if (this.store?.state.model.kind !== 'ready') this.dialog?.close();
  }

  protected override render(): TemplateResult | typeof nothing {
    const state = this.store?.state;
    if (state === undefined) return nothing;
    return html`
      <div
        class=${this.#window.isFolded ? 'page folded' : 'page'}
        @model-chosen=${onEvent('model-chosen', (choice) => this.#load(choice))}
        @refused-read=${onEvent('refused-read', () => this.#refusedRead())}
        @loading-stopped=${onEvent('loading-stopped', () => this.store?.stopLoading())}
        @download-discarded=${onEvent('download-discarded', (choice) => void this.#discard(choice))}
        @handles-opened=${onEvent('handles-opened', (handles) => void this.library?.files.remember(handles))}
        @shared-taken=${onEvent('shared-taken', (taken) => this.#takeShared(taken))}
        @shared-declined=${onEvent('shared-declined', () => (this.asked = { kind: 'none' }))}
        @prompt-sent=${onEvent('prompt-sent', (text) => void this.store?.send(text))}
        @draft-changed=${onEvent('draft-changed', (text) => this.#keepDraft(text === '' ? null : text))}
        @edit-drafted=${onEvent('edit-drafted', ({ id, text }) => this.#keepDraft(text, id))}
        @answer-stopped=${onEvent('answer-stopped', () => this.store?.stop())}
        @answer-retried=${onEvent('answer-retried', (id) => this.#answerAgain(id))}
        @answer-regenerated=${onEvent('answer-regenerated', (id) => this.#answerAgain(id))}
        @question-edited=${onEvent('question-edited', ({ id, text }) => this.#edit(id, text))}
        @version-chosen=${onEvent('version-chosen', (id) => this.#chooseVersion(id))}
        @chat-begun=${onEvent('chat-begun', () => this.#newChat())}
        @chat-chosen=${onEvent('chat-chosen', (id) => this.#showChat(id))}
        @chat-renamed=${onEvent('chat-renamed', ({ id, title }) => this.store?.renameChat(id, title))}
        @chat-deleted=${onEvent('chat-deleted', (id) => this.#deleteChat(id))}
        @chats-exported=${onEvent('chats-exported', (id) => void this.#export(id))}
        @chats-imported=${onEvent('chats-imported', (file) => void this.#import(file))}
        @settings-changed=${onEvent('settings-changed', (settings) => this.store?.changeSettings(settings))}
        @bridge-changed=${onEvent('bridge-changed', () => void this.store?.moveBridge())}
        @announced=${onEvent('announced', (text) => this.store?.announce(text, text === TEXT.chat.copyFailed))}
      >
        <conversation-panel
          .chats=${state.chats}
          .problem=${this.importProblem}
          .announced=${state.announcement}
          ?drawer=${this.#window.hasDrawer}
        ></conversation-panel>
        ${this.#renderHeader(state)} ${this.#renderMain(state)}
        ${
          state.model.kind === 'ready'
            ? html`<model-dialog
                .model=${state.model}
                .library=${this.library}
                .system=${state.chats.settings.system}
                .announced=${state.announcement}
              ></model-dialog>`
            : nothing
        }
        ${this.asked.kind === 'none' ? nothing : html`<shared-card .asked=${this.asked} .library=${this.library} .announced=${state.announcement}></shared-card>`}
        <settings-dialog .settings=${state.chats.settings} .announced=${state.announcement}></settings-dialog>
        <shortcut-sheet platform=${this.#keys.platform} .announced=${state.announcement}></shortcut-sheet>
        <div class="visually-hidden" role="status" data-testid="status">${state.announcement}</div>
        ${this.#drop.active ? html`<div class="drop" aria-hidden="true"><p>${TEXT.model.dropHere}</p></div>` : nothing}
      </div>
    `;
  }

  protected override updated(): void {
    const state = this.store?.state;
    if (state === undefined) return;
    const phase = pagePhase(state);
    if (this.#shownPhase === 'loading' && phase !== 'loading') this.#loadEnded(state);
    if (this.#shownPhase !== null && this.#shownPhase !== phase) void this.card?.focusIfLost();
    this.#shownPhase = phase;
    const shownId = state.chats.shown?.id ?? null;
    if (this.#shownId !== shownId) this.list?.scrollToEnd();
    this.#shownId = shownId;
  }

  #renderHeader({ model, messages }: PageState): TemplateResult {
    const { hasDrawer } = this.#window;
    return renderHeader(
      { model, hasDrawer, isNewChat: messages.length === 0, theme: this.theme },
      {
        showChats: () => this.panel?.open(),
        newChat: () => this.#newChat(),
        showModel: () => this.dialog?.show(),
        showSettings: () => void this.#showSettings(),
        showShortcuts: () => void this.#showShortcuts(),
        changeTheme: () => this.#changeTheme(),
      },
    );
  }

  #renderMain(state: PageState): TemplateResult {
    const { model, messages, chats } = state;
    const phase = pagePhase(state);
    const notice = noticeOf(state);
    const store = defined(this.store, 'the store of what is shown');
    const card =
      model.kind === 'ready'
        ? nothing
        : html`<model-card .model=${model} .former=${state.before} .library=${this.library}></model-card>`;
    const foot =
      model.kind === 'ready' ? nothing : html`<div class="foot">${renderMachine(null, state.announcement)}</div>`;
    return html`
      <main>
        <forgelight-message-list
          .messages=${messages}
          .versions=${chats.shown === null ? new Map() : shownVersions(chats.shown)}
          .drafts=${this.#drafts.editsOf(chats.shown?.id ?? null)}
          .retryable=${phase === 'ready'}
          editable
        >
          ${
            messages.length > 0
              ? nothing
              : html`<div slot="before" class="welcome">
                  ${renderWelcome(model, phase, (text) => this.#suggest(text))} ${card} ${foot}
                </div>`
          }
          ${messages.length > 0 ? html`<div slot="after">${card} ${foot}</div>` : nothing}
        </forgelight-message-list>
        <div class="composer">
          ${notice === '' ? nothing : html`<p class="notice" data-testid="notice">${notice}</p>`}
          <update-notice .updates=${this.updates}></update-notice>
          ${
            model.kind === 'ready'
              ? html`${renderGpu(model, phase === 'generating', store.clock)}
                  <refused-choice .refused=${state.refused} present=${model.choice.name}></refused-choice>
                  <context-meter
                    .messages=${messages}
                    .contextLength=${model.info.model.contextLength}
                  ></context-meter>`
              : nothing
          }
          <forgelight-composer
            .phase=${phase}
            .draft=${this.#drafts.read(chats.shown?.id ?? null) ?? ''}
          ></forgelight-composer>
        </div>
      </main>
    `;
  }

  #loadFiles(files: readonly File[], handles: Promise<readonly FileHandle[]>): void {
    const choice = choiceOfFiles(files);
    if (choice === null) return;
    this.#load(choice);
    if (hasFilePicker()) void handles.then((told) => this.library?.files.remember(told));
  }

  async #discard(choice: ModelChoice): Promise<void> {
    const { kept } = this.library ?? {};
    const text = (await kept?.discardDownloads(choice)) ?? null;
    if (kept?.downloadsOf(choice).length === 0) this.store?.forgetPause();
    if (text !== null) this.store?.announce(text);
  }

  /** What the browser keeps may have changed. Of a paused download the card says how much of it is here. */
  #loadEnded(state: PageState): void {
    if (pagePhase(state) === 'ready') this.#focusComposerIfIdle();
    const isPaused = state.model.kind === 'none' && state.model.paused !== null;
    void (isPaused ? this.library?.kept.lookAfterPause() : this.library?.kept.refresh());
  }

  #takeShared({ choice, system }: PageEvents['shared-taken']): void {
    const { store } = this;
    this.asked = { kind: 'none' };
    if (system !== null && store !== null) {
      // It is for what is asked next, and no conversation's that is here.
      store.newChat();
      store.changeSettings({ ...store.state.chats.settings, system });
    }
    if (choice !== null) this.#load(choice);
  }

  #load(choice: ModelChoice): void {
    this.dialog?.close();
    const { store } = this;
    void store?.choose(choice).then(() => keepChoice(localStore, store.state.model.choice));
  }

  #refusedRead(): void {
    this.store?.forgetRefused();
    this.composer?.focus();
  }

  /** The suggestions vanish with the first message: focus goes where the person writes on. */
  #suggest(text: string): void {
    void this.store?.send(text);
    this.composer?.focus();
  }

  #newChat(): void {
    this.panel?.close();
    this.store?.newChat();
    this.composer?.focus();
  }

  #deleteChat(id: number): void {
    this.store?.deleteChat(id);
    this.#drafts.forget(id);
  }

  /** Rendered anew: what is rendered last must be what is there, for another conversation to replace it. */
  #keepDraft(text: string | null, question: number | null = null): void {
    this.#drafts.write(text, this.store?.state.chats.shown?.id ?? null, question);
    this.requestUpdate();
  }

  #showChat(id: number): void {
    this.panel?.close();
    this.store?.showChat(id);
  }

  #edit(id: number, text: string): void {
    void this.store?.edit(id, text);
    this.composer?.focus();
  }

  /** The button that was pressed gives way to the answer. */
  #answerAgain(id: number): void {
    void this.store?.regenerate(id);
    this.composer?.focus();
  }

  /** A version that is being written, or has failed, may have no button where the last one had the focus. */
  #chooseVersion(id: number): void {
    this.store?.chooseVersion(id);
    void this.updateComplete.then(async () => {
      await this.list?.updateComplete;
      this.#focusComposerIfIdle();
    });
  }

  async #export(id: number | null): Promise<void> {
    const files = import('./chat-files');
    if (this.store !== null && (await this.#fetched(files))) await (await files).exportChats(this.store, id);
  }

  async #import(file: File): Promise<void> {
    const files = import('./chat-files');
    if (this.store === null || !(await this.#fetched(files))) return;
    this.importProblem = await (await files).importChats(this.store, file);
  }

  #changeTheme(): void {
    this.theme = nextTheme(this.theme);
    applyTheme(this.theme, document.documentElement);
    keepTheme(this.theme, localStore);
  }

  #page(): ShortcutPage {
    return {
      store: this.store,
      newChat: () => this.#newChat(),
      showChat: (id) => this.#showChat(id),
      searchChats: () => void this.panel?.focusSearch(),
      toggleChats: () => (this.#window.isNarrow ? this.panel?.open() : this.#window.fold()),
      answerAgain: (id) => this.#answerAgain(id),
      write: () => this.composer?.focus(),
      showSettings: () => void this.#showSettings(),
      showModel: () => this.dialog?.show(),
      showShortcuts: () => void this.#showShortcuts(),
    };
  }

  async #showSettings(): Promise<void> {
    if (await this.#fetched(import('./settings-dialog'))) await this.settings?.show();
  }

  async #showShortcuts(): Promise<void> {
    if (await this.#fetched(import('./shortcut-sheet'))) await this.sheet?.show();
  }

  /** Dialogs are fetched when they are opened first; `false`: the person is told that they could not be. */
  async #fetched(part: Promise<unknown>): Promise<boolean> {
    try {
      await part;
      return true;
    } catch {
      // Offline, or the page was deployed anew: nothing to report for developers.
      this.store?.announce(TEXT.model.partMissing, true);
      return false;
    }
  }

  /** After a load nothing has focus, or the button that stopped it had: writing comes next. */
  #focusComposerIfIdle(): void {
    if (this.shadowRoot?.activeElement === null) this.composer?.focus();
  }

  #subscribe(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = this.store?.subscribe(() => this.requestUpdate()) ?? null;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'app-root': AppRoot;
  }
}
