import type { PropertyValues, TemplateResult } from 'lit';
import { html, LitElement, nothing } from 'lit';
import { property, state } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import { renderFigures, renderLiveRate } from './answer-figures';
import type { Answer, Message, Question, Versions } from './chat-types';
import { isRunning } from './chat-types';
import type { Failure } from './failure';
import { concernsEngine } from './failure';
import { answerDetails } from './format';
import { ICONS } from './icons';
import { adoptProse, loadMarkdown, newMarkdownStream } from './lazy-markdown';
import type { MarkdownStream } from './markdown-stream';
import { renderAction, renderVersions } from './message-actions';
import { nextFrame } from './next-frame';
import { messageStyles } from './message-styles';
import { ERROR_TEXT, TEXT } from './messages';
import { emit, onPart } from './part-events';
import { numbersOf } from './numbers';
import { baseStyles, cardStyles, controlStyles } from './styles';

const COPIED_MS = 2000;
/** UTF-16 units of an answer that one update adds: a long one that is there at once comes in several frames. */
const ADDED_UNITS = 1536;
/** Blocks of an answer that stand together, where long ones count for several: a part costs nothing while all of it is out of sight. */
const PART_WEIGHT = 24;
/** UTF-16 units of a block that count for one more. */
const WEIGHT_UNITS = 256;

/** One message: a question as it was typed, or an answer as sanitised markdown with its figures. */
export class MessageView extends LitElement {
  static override styles = [baseStyles, controlStyles, cardStyles, messageStyles];

  @property({ attribute: false }) message: Message | null = null;
  /** Whether a failed answer can be asked for again now. */
  @property({ type: Boolean }) retryable = false;
  /** Whether the message can be edited or asked for again, where `retryable` allows it; a question can be copied then too. */
  @property({ type: Boolean }) editable = false;
  /** `null`: nothing stands beside it. */
  @property({ attribute: false, hasChanged: areOthers }) versions: Versions | null = null;
  /** Of the question, as it was being written anew. */
  @property({ attribute: false }) draft: string | null = null;
  @state() private editing = false;
  /** The language of the numbers. */
  @property() locale = '';
  @state() private copied = false;
  #markdown: MarkdownStream | null = null;
  /** Of the answer, in UTF-16 units. */
  #shownUnits = 0;

  /** A growing answer is rendered once a frame, however fast its tokens come; one that is there at once in the frame after its place. */
  protected override async scheduleUpdate(): Promise<void> {
    if (this.#isBehind()) await nextFrame();
    await super.scheduleUpdate();
  }

  /** With each answer `retryable` changes twice for all messages, of which hardly any shows it. */
  protected override shouldUpdate(changed: PropertyValues<this>): boolean {
    if (changed.size !== 1 || !changed.has('retryable') || this.editing || this.#isBehind()) return true;
    return this.message?.role === 'assistant' && this.message.status.kind === 'failed';
  }

  /** More of the answer is there than is shown. */
  #isBehind(): boolean {
    return this.message?.role === 'assistant' && this.#shownUnits < this.message.text.length;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('message')) return;
    this.toggleAttribute('data-user', this.message?.role === 'user');
    // Another message in the same place.
    if (changed.get('message')?.id === this.message?.id) return;
    // What was written and not sent is in sight again.
    this.editing = this.draft !== null;
    this.copied = false;
    this.#shownUnits = 0;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { message } = this;
    if (message === null) return nothing;
    if (message.role === 'user') return this.#renderQuestion(message);
    const running = isRunning(message);
    return html`
      <h3 class="visually-hidden">${TEXT.chat.model}</h3>
      <div class=${running ? 'prose running' : 'prose'} part="answer" data-testid="answer" aria-busy=${running}>
        ${this.#renderText(message.text, !running)}
      </div>
      ${this.#renderEnd(message)}
    `;
  }

  #renderQuestion(question: Question): TemplateResult {
    const heading = html`<h3 class="visually-hidden">${TEXT.chat.you}</h3>`;
    if (this.editing) {
      return html`${heading}
        <forgelight-question-editor
          .question=${question}
          .draft=${this.draft}
          .sendable=${this.retryable}
          @question-edited=${() => (this.editing = false)}
          @edit-cancelled=${onPart('edit-cancelled', () => this.#endEditing())}
        ></forgelight-question-editor>`;
    }
    return html`${heading}
      <p class="question" part="question" data-testid="question">${question.text}</p>
      ${this.editable ? this.#renderQuestionActions(question) : nothing}`;
  }

  #renderQuestionActions({ text }: Question): TemplateResult {
    const copyName = this.copied ? TEXT.chat.copied : TEXT.chat.copy;
    return html`
      <div class="actions">
        <div class="tools">
          ${renderAction(copyName, 'copy-question', this.copied ? ICONS.done : ICONS.copy, () => void this.#copy(text))}
          ${renderAction(TEXT.chat.edit, 'edit', ICONS.edit, () => (this.editing = true))}
        </div>
        ${renderVersions(this, this.versions)}
      </div>
    `;
  }

  #endEditing(): void {
    this.editing = false;
    this.draft = null;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[data-testid=edit]')?.focus());
  }

  /** As it is, until it can be rendered; and where that cannot be fetched. */
  #renderText(text: string, isEnded: boolean): readonly TemplateResult[] | TemplateResult {
    if (this.#markdown === null) {
      this.#markdown = newMarkdownStream();
      adoptProse(this.renderRoot, MessageView);
    }
    if (this.#markdown !== null) {
      const elements = this.#markdown.update(this.#nextPart(text));
      if (isEnded && this.#shownUnits === text.length) void this.#mend(this.#markdown);
      return inParts(elements);
    }
    void loadMarkdown().then(
      () => this.requestUpdate(),
      () => undefined,
    );
    return html`<div class="block plain" dir="auto">${text}</div>`;
  }

  /** What had to be cut as it grew is put together. */
  async #mend(markdown: MarkdownStream): Promise<void> {
    if (await markdown.mend()) this.requestUpdate();
  }

  #nextPart(text: string): string {
    this.#shownUnits = Math.min(text.length, this.#shownUnits + ADDED_UNITS);
    if (this.#shownUnits < text.length) void this.updateComplete.then(() => this.requestUpdate());
    return text.slice(0, this.#shownUnits);
  }

  #renderEnd(answer: Answer): TemplateResult | typeof nothing {
    switch (answer.status.kind) {
      case 'reading':
      case 'elsewhere':
        return html`<p class="reading" data-testid=${answer.status.kind}>${TEXT.chat[answer.status.kind]}</p>
          ${renderVersions(this, this.versions)}`;
      case 'writing':
        return html`${renderLiveRate(answer)} ${renderVersions(this, this.versions)}`;
      case 'failed':
        return html`${this.#renderFailure(answer.id, answer.status.failure)} ${renderVersions(this, this.versions)}`;
      case 'finished':
      case 'stopped':
        return html`
          <div class="foot">
            <ul class="details" data-testid="answer-details">
              ${answerDetails(answer, numbersOf(this.locale)).map((detail) => html`<li>${detail}</li>`)}
            </ul>
            <div class="tools">
              ${renderVersions(this, this.versions)} ${this.editable ? this.#renderRegenerate(answer.id) : nothing}
              ${answer.text === '' ? nothing : this.#renderCopy(answer)}
            </div>
            ${renderFigures(answer)}
          </div>
        `;
      default:
        return unreachable(answer.status);
    }
  }

  /** Where the whole engine failed, the model's card has the full words: here one line says why the answer ends. */
  #renderFailure(id: number, failure: Failure): TemplateResult {
    if (concernsEngine(failure) && !this.retryable)
      return html`<p class="broken">${ERROR_TEXT[failure.code].title}</p>`;
    const retry = html`
      <button type="button" data-testid="retry" @click=${() => emit(this, 'answer-retried', id)}>
        ${ICONS.retry} ${TEXT.chat.retry}
      </button>
    `;
    return html`<forgelight-error .failure=${failure}>${this.retryable ? retry : nothing}</forgelight-error>`;
  }

  /** Kept in its place while another answer is written: it may have the focus. */
  #renderRegenerate(id: number): TemplateResult {
    return renderAction(TEXT.chat.regenerate, 'regenerate', ICONS.retry, () => {
      if (this.retryable) emit(this, 'answer-regenerated', id);
    });
  }

  #renderCopy({ text }: Answer): TemplateResult {
    return html`
      <button type="button" class="quiet small" data-testid="copy" @click=${() => this.#copy(text)}>
        ${ICONS.copy} ${this.copied ? TEXT.chat.copied : TEXT.chat.copy}
      </button>
    `;
  }

  async #copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Refused by the browser or its owner's settings: the person is told, and can select the text instead.
      emit(this, 'announced', TEXT.chat.copyFailed);
      return;
    }
    emit(this, 'announced', TEXT.chat.copied);
    this.copied = true;
    setTimeout(() => (this.copied = false), COPIED_MS);
  }
}

function inParts(blocks: readonly HTMLElement[]): readonly TemplateResult[] {
  const parts: HTMLElement[][] = [];
  let weight = PART_WEIGHT;
  for (const block of blocks) {
    if (weight >= PART_WEIGHT) {
      parts.push([]);
      weight = 0;
    }
    parts.at(-1)?.push(block);
    weight += weightOf(block);
  }
  return parts.map((part) => html`<div class="part">${part}</div>`);
}

const weights = new WeakMap<HTMLElement, number>();

/** As it was when it was seen first: what has its place keeps it. */
function weightOf(block: HTMLElement): number {
  const known = weights.get(block);
  if (known !== undefined) return known;
  const weight = 1 + Math.floor((block.textContent ?? '').length / WEIGHT_UNITS);
  weights.set(block, weight);
  return weight;
}

/** They are made anew with each word of an answer. */
function areOthers(versions: Versions | null, before: Versions | null | undefined): boolean {
  return JSON.stringify(versions) !== JSON.stringify(before ?? null);
}

declare global {
  interface HTMLElementTagNameMap {
    'forgelight-message': MessageView;
  }
}
