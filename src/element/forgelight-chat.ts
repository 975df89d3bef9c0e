import type { PropertyValues, TemplateResult } from 'lit';
import { LitElement } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { ForgelightError } from '../base/errors';
import { systemClock } from '../base/system-clock';
import type { CompletionUsage, Engine, EngineOptions, FitOptions, FitReport, ModelReference } from '../client/index';
import { checkFit, createEngine } from '../client/index';
import type { ForgelightChatElement } from './chat-element';
import type { ChatEvent, ChatState } from './chat-events';
import type { AnswerOptions } from './chat-session';
import { ChatSession, questionIn } from './chat-session';
import { chatStyles, themeStyles } from './chat-styles';
import type { ChatActions } from './chat-view';
import { renderChat } from './chat-view';
import type { ChatComposer } from './composer';
import type { ChatEntry, ExportedChat } from './exported-chat';
import { exportOf, parseExport, parseMessages } from './exported-chat';
import { choiceConverter, numberConverter, textConverter } from './attributes';
import { FirstSight } from './first-sight';
import type { ModelFacts } from './model-facts';
import { askSize, catalogueFacts, factsOf } from './model-facts';
import { loadMarkdown } from './lazy-markdown';
import { defineParts } from './parts';
import type { Persistence } from './persistence';
import { KeptChat } from './persistence';
import { PosterFit, savesData } from './poster-fit';
import { baseStyles, controlStyles } from './styles';
import { onTexts } from './texts';
import { elementWorkerUrl } from './worker-url';

/**
 * `<forgelight-chat>`, whose members `ForgelightChatElement` describes: a chat with a language model that runs in this page. It loads nothing large before somebody asks for it, unless
 * `loading` says so. As a form control its value is the last answer; a form that is restored restores the conversation, and one that is
 * reset clears it. `custom-elements.json` describes attributes, events, slots, parts and custom properties.
 */
export class ForgelightChat extends LitElement implements ForgelightChatElement {
  static readonly formAssociated = true;
  static override styles = [baseStyles, controlStyles, themeStyles, chatStyles];

  @property({ converter: choiceConverter(['manual', 'lazy', 'eager']) }) loading: 'manual' | 'lazy' | 'eager' =
    'manual';
  @property({ converter: textConverter }) system = '';
  @property({ converter: textConverter }) placeholder = '';
  @property({ attribute: 'context-length', converter: numberConverter }) contextLength: number | null = null;
  @property({ converter: numberConverter }) temperature: number | null = null;
  @property({ type: Boolean, reflect: true }) disabled = false;
  @property({ converter: choiceConverter(['auto', 'light', 'dark']), reflect: true, useDefault: true })
  theme: 'auto' | 'light' | 'dark' = 'auto';
  @property({ reflect: true, converter: textConverter }) override lang = '';
  @property({ reflect: true, converter: textConverter }) name = '';
  @property({ converter: choiceConverter(['none', 'session', 'local']) }) persist: Persistence = 'none';
  @property({ attribute: 'worker-url', converter: textConverter }) workerUrl = '';
  @property({ converter: choiceConverter(['auto', 'webgpu', 'bridge']) }) device: 'auto' | 'webgpu' | 'bridge' = 'auto';
  @property({ attribute: 'bridge-url', converter: textConverter }) bridgeUrl = '';
  @property({ attribute: false }) bridgeToken = '';
  /** A fieldset around it is disabled. */
  @state() private formDisabled = false;
  @state() private facts: ModelFacts | null = null;
  @query('forgelight-composer') private readonly composer: ChatComposer | null | undefined;
  @query('[part~=load-button]') private readonly loadButton: HTMLButtonElement | null | undefined;

  #src = '';
  readonly #internals: ElementInternals;
  readonly #sight = new FirstSight(this, () => this.#begin());
  readonly #posterSight = new FirstSight(this, () => this.#lookWhetherItFits());
  readonly #fit = new PosterFit(
    (model, options) => this.askFit(model, options),
    () => this.requestUpdate(),
  );
  readonly #session = new ChatSession({
    createEngine: (options) => this.startEngine(options),
    clock: systemClock,
    tell: (event) => this.#tell(event),
    changed: () => this.requestUpdate(),
    reportError: (error) => globalThis.reportError(error),
  });
  readonly #kept = new KeptChat(this, (messages) => {
    this.#session.set(messages);
    this.#tellForm();
  });
  readonly #actions: ChatActions = {
    load: () => {
      this.#loadQuietly();
      this.#focusNext();
    },
    stopLoading: () => {
      this.unload();
      this.#focusNext();
    },
    send: (text) => void this.send(text).catch(() => undefined), // told by an event, and shown
    stop: () => this.stop(),
    retry: (id) => void this.#session.retry(id, this.#options).catch(() => undefined), // as above
    announce: (text) => this.#session.announce(text),
  };
  #restored = false;
  /** It has loaded without being asked. What the person stopped then begins again for another `src` or `loading`, or after it was gone. */
  #begun = false;
  #forgetTexts: () => void = () => undefined;

  constructor() {
    super();
    defineParts();
    this.#internals = this.attachInternals();
    this.#internals.states.add(this.state);
    this.#takeEarly('messages');
    this.#takeEarly('engine');
  }

  @property({ reflect: true, converter: textConverter })
  get src(): string {
    return this.#src;
  }

  /** Lets the model go at once, not with the next update: what is called then is meant for the other one. */
  set src(src: string) {
    const before = this.#src;
    this.#src = src;
    // What an element was given before it was given a name of a model stays.
    if (before !== '' && before !== src) this.unload();
  }

  get messages(): readonly ChatEntry[] {
    return this.#session.entries;
  }

  set messages(messages: readonly ChatEntry[]) {
    this.#session.set(parseMessages(messages));
    this.#keep();
  }

  get engine(): Engine | null {
    return this.#session.keeper.engine;
  }

  set engine(engine: Engine | null) {
    // Frameworks take a property away by `undefined`.
    this.#session.keeper.adopt((engine as Engine | null | undefined) ?? null);
  }

  get state(): ChatState {
    return this.#session.state;
  }

  get usage(): CompletionUsage | null {
    return this.#session.usage;
  }

  get value(): string {
    return this.messages.findLast(({ role }) => role === 'assistant')?.content ?? '';
  }

  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  async load(): Promise<void> {
    if (this.src === '' && this.engine === null) {
      throw new ForgelightError('invalid-request', 'src names no model: set src or engine.', {
        param: 'src',
      });
    }
    // Fetched meanwhile; a message tries again.
    void loadMarkdown().catch(() => undefined);
    this.#fit.giveUp();
    await this.#session.keeper.load(this.#engineOptions);
  }

  unload(): void {
    this.#session.keeper.unload();
  }

  async send(text: string): Promise<string> {
    questionIn(text); // nothing is fetched for what cannot be asked
    await this.load();
    return await this.#session.send(text, this.#options);
  }

  stop(): void {
    this.#session.stop();
  }

  async regenerate(): Promise<string> {
    void this.#session.lastQuestion; // as above
    await this.load();
    return await this.#session.regenerate(this.#options);
  }

  clear(): void {
    this.#session.clear();
    this.#keep();
  }

  exportChat(): ExportedChat {
    return exportOf(this.messages, this.system);
  }

  importChat(chat: ExportedChat | string): void {
    const { messages, system } = parseExport(chat);
    this.system = system ?? '';
    this.#session.set(messages);
    this.#keep();
  }

  /** Where writing goes on; before that, the button that loads. */
  override focus(options?: FocusOptions): void {
    if (this.loadButton) this.loadButton.focus(options);
    else this.composer?.focus(options);
  }

  formDisabledCallback(disabled: boolean): void {
    this.formDisabled = disabled;
  }

  formResetCallback(): void {
    this.clear();
  }

  formStateRestoreCallback(kept: unknown): void {
    if (typeof kept === 'string') this.importChat(kept);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#kept.watch();
    this.#sight.watch();
    this.#posterSight.watch();
    this.#forgetTexts = onTexts(() => renderAgain(this));
    window.addEventListener('pageshow', this.#pageShown);
    if (this.hasUpdated) this.#loadIfEager();
  }

  /** One that only moves is back before the microtask; one that is gone needs no GPU. */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#kept.forget();
    this.#sight.forget();
    this.#posterSight.forget();
    this.#forgetTexts();
    window.removeEventListener('pageshow', this.#pageShown);
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#begun = false;
      this.#fit.giveUp();
      this.stop();
      this.unload();
    });
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('src')) this.#showModel();
    this.#restore();
  }

  protected override render(): TemplateResult {
    const { announcement, keeper, messages, phase } = this.#session;
    const { disabled, formDisabled, placeholder, lang: locale } = this;
    const { state: fit } = this.#fit;
    // An engine that was given has no poster to go back to.
    const facts = this.src === '' ? null : this.facts;
    return renderChat(
      {
        ...{ status: keeper.status, phase, messages, announcement, facts, fit, locale, placeholder },
        disabled: disabled || formDisabled,
      },
      this.#actions,
    );
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('src') || changed.has('loading')) {
      this.#begun = false;
      this.#loadIfEager();
    }
    this.#posterSight.wanted =
      this.loading === 'manual' && this.src !== '' && this.state === 'idle' && this.#fit.isOpen && !savesData();
  }

  /** How an engine comes to be; tests put another one here. */
  protected startEngine(options: EngineOptions): Promise<Engine> {
    return createEngine(options);
  }

  /** Whether a model fits; tests say so themselves. */
  protected askFit(model: ModelReference, options?: FitOptions): Promise<FitReport> {
    return checkFit(model, options);
  }

  /** What a page has set before the tag was registered hides the accessor. */
  #takeEarly(name: 'messages' | 'engine'): void {
    const early = Object.getOwnPropertyDescriptor(this, name);
    if (early === undefined || !Reflect.deleteProperty(this, name)) return;
    Reflect.set(this, name, early.value);
  }

  get #options(): AnswerOptions {
    return { system: this.system, temperature: this.temperature };
  }

  get #loadOptions(): Pick<EngineOptions, 'workerUrl' | 'contextLength'> {
    const { contextLength, workerUrl } = this;
    return {
      workerUrl: workerUrl === '' ? elementWorkerUrl() : workerUrl,
      ...(contextLength === null ? {} : { contextLength }),
    };
  }

  get #engineOptions(): EngineOptions {
    const { src: model, device, bridgeUrl, bridgeToken } = this;
    return {
      ...{ model, device, ...this.#loadOptions },
      ...(bridgeUrl && { bridgeUrl }),
      ...(bridgeToken && { bridgeToken }),
    };
  }

  #showModel(): void {
    const { src } = this;
    this.#fit.forget();
    this.facts = src === '' ? null : factsOf(src);
    if (src !== '') void this.#learnFacts(src);
  }

  async #learnFacts(src: string): Promise<void> {
    const known = await catalogueFacts(src);
    const isAsked = known === null && this.loading === 'manual';
    const sizeBytes = isAsked ? await askSize(src, document.baseURI, (...request) => fetch(...request)) : null;
    if (this.src === src) this.facts = known ?? { ...factsOf(src), sizeBytes };
  }

  #loadIfEager(): void {
    const wanted = this.src !== '' && !this.#begun;
    this.#sight.wanted = this.loading === 'lazy' && wanted;
    if (this.loading === 'eager' && wanted && this.isConnected && this.state === 'idle') this.#begin();
  }

  #begin(): void {
    this.#begun = true;
    this.#sight.wanted = false;
    this.#loadQuietly();
  }

  /** The button that was pressed is gone: focus must not fall to the page. */
  #focusNext(): void {
    void this.updateComplete.then(() => this.focus());
  }

  /** A load that nobody waits for: what goes wrong is told by an event, and shown. */
  #loadQuietly(): void {
    void this.load().catch(() => undefined);
  }

  #lookWhetherItFits(): void {
    void this.#fit.ask(this.src, this.#loadOptions);
  }

  /** One without a model of its own gets that of an element it shared with: the others go first. */
  readonly #pageShown = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted) return;
    const comeBack = (): void => {
      void this.#session.keeper.comeBack(this.#engineOptions).catch(() => undefined); // as #loadQuietly
    };
    if (this.src === '') setTimeout(comeBack);
    else comeBack();
  };

  /** Once, and never over what the page has put there itself. */
  #restore(): void {
    if (this.#restored) return;
    this.#restored = true;
    if (this.#session.messages.length > 0) return;
    const kept = this.#kept.read();
    if (kept === null) return;
    this.#session.set(kept.messages);
    this.#keep();
  }

  #keep(): void {
    this.#kept.keep();
    this.#tellForm();
  }

  #tellForm(): void {
    this.#internals.setFormValue(this.value || null, JSON.stringify(this.exportChat()));
  }

  #tell({ name, detail }: ChatEvent): void {
    if (name === 'forgelight-message') this.#keep();
    if (name === 'forgelight-state') {
      this.#internals.states.clear();
      this.#internals.states.add(detail.state);
    }
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** The texts are others now: everything in `element` is rendered anew. */
function renderAgain(element: LitElement): void {
  element.requestUpdate();
  for (const part of element.renderRoot.querySelectorAll('*')) if (part instanceof LitElement) renderAgain(part);
}
