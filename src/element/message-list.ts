import type { PropertyValues, TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { isRunning, type Message, type Versions } from './chat-types';
import { ICONS } from './icons';
import { TEXT } from './messages';
import { nextFrame } from './next-frame';
import { baseStyles, controlStyles } from './styles';

/** So near to the end, in CSS pixels, counts as being there. */
const END_MARGIN = 48;
/** A long conversation that is there at once comes in several frames, from its end: so many messages, or UTF-16 units, in each. */
const SLICE = { messages: 6, units: 4096 };

/**
 * The conversation's scrolling area. It follows what grows at the end only while the person is there; who has scrolled up stays, and gets a
 * button back. Slots: `before` and `after` the messages.
 */
export class MessageList extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      :host {
        position: relative;
        min-height: 0;
      }
      .scroller {
        height: 100%;
        overflow-y: auto;
        overscroll-behavior: contain;
        scrollbar-gutter: stable both-edges;
        scrollbar-width: thin;
        scrollbar-color: var(--line-strong) transparent;
      }
      .scroller:focus-visible {
        outline-offset: -2px;
      }
      .column {
        display: flex;
        flex-direction: column;
        gap: 1.6rem;
        min-height: 100%;
        max-width: calc(var(--column) + 2 * var(--gutter));
        margin: 0 auto;
        padding: 1.6rem var(--gutter);
      }
      ol {
        display: flex;
        flex-direction: column;
        gap: 1.6rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        min-width: 0;
      }
      .jump {
        position: absolute;
        bottom: 0.8rem;
        left: 50%;
        translate: -50% 0;
        box-shadow: var(--shadow);
      }
    `,
  ];

  @property({ attribute: false }) messages: readonly Message[] = [];
  /** Whether a failed answer can be asked for again now. */
  @property({ type: Boolean }) retryable = false;
  /** Whether questions can be edited and answers asked for again, where `retryable` allows it; questions can be copied then too. */
  @property({ type: Boolean }) editable = false;
  /** Messages that have others beside them. */
  @property({ attribute: false }) versions: ReadonlyMap<number, Versions> = new Map();
  /** Of questions that are being written anew. */
  @property({ attribute: false }) drafts: { get(id: number): string | undefined } = new Map<number, string>();
  /** The language of the numbers. */
  @property() locale = '';
  @state() private atEnd = true;
  @query('.scroller') private readonly scroller: HTMLElement | null | undefined;
  #lastTop = 0;
  /** Messages above that are not rendered yet. */
  #above = 0;
  /** Another version of a message was chosen, and is yet to come. */
  #isStepping = false;
  /** What grows under the button that chose it leaves the reader there. */
  #isHeld = false;
  readonly #growth = new ResizeObserver(() => this.#follow());

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#growth.disconnect();
  }

  /** Shows the end, and follows it again. */
  scrollToEnd(): void {
    this.atEnd = true;
    this.#isHeld = false;
    this.#follow();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('messages');
    const { messages } = this;
    // The first message stays while a conversation grows.
    const isOther = before !== undefined && before[0] !== messages[0] && !this.#isStepping;
    if (isOther || this.#above > messages.length) this.#above = messages.length;
    let left = SLICE;
    while (this.#above > 0 && left.messages > 0 && left.units > 0) {
      this.#above -= 1;
      left = { messages: left.messages - 1, units: left.units - (messages[this.#above]?.text.length ?? 0) };
    }
    if (this.#above > 0) void nextFrame().then(() => this.requestUpdate());
  }

  protected override render(): TemplateResult {
    const filled = this.messages.length > 0;
    return html`
      <div
        class="scroller"
        role=${filled ? 'region' : nothing}
        aria-label=${filled ? TEXT.chat.title : nothing}
        tabindex=${filled ? '0' : nothing}
        @scroll=${this.#scrolled}
      >
        <div class="column">
          <slot name="before"></slot>
          ${filled ? this.#renderMessages() : nothing}
          <slot name="after"></slot>
        </div>
      </div>
      ${
        filled && !this.atEnd
          ? html`<button
              type="button"
              class="icon jump"
              aria-label=${TEXT.chat.jump}
              data-testid="jump"
              @click=${this.#jump}
            >
              ${ICONS.down}
            </button>`
          : nothing
      }
    `;
  }

  /** One view for each place: where another version is chosen, the focus stays on the button that chose it. */
  #renderMessages(): TemplateResult {
    return html`
      <h2 class="visually-hidden">${TEXT.chat.title}</h2>
      <ol data-testid="messages" @version-chosen=${() => (this.#isStepping = this.#isHeld = true)}>
        ${this.messages.map((message, index) =>
          index < this.#above
            ? nothing
            : html`<li>
                <forgelight-message
                  exportparts="question, answer"
                  .message=${message}
                  .retryable=${this.retryable}
                  .editable=${this.editable}
                  .versions=${this.versions.get(message.id) ?? null}
                  .draft=${this.drafts.get(message.id) ?? null}
                  .locale=${this.locale}
                ></forgelight-message>
              </li>`,
        )}
      </ol>
    `;
  }

  protected override updated(changed: PropertyValues<this>): void {
    for (const element of this.renderRoot.querySelectorAll('.scroller, .column')) this.#growth.observe(element);
    const before = changed.get('messages');
    if (before === undefined) return;
    const last = this.messages.at(-1);
    const isNewAnswer = last !== undefined && isRunning(last) && last.id !== before.at(-1)?.id;
    const isNews = this.messages[0]?.id !== before[0]?.id || isNewAnswer;
    if (isNews && !this.#isStepping) this.scrollToEnd();
    this.#isStepping = false;
  }

  /** Only a person scrolls up. That the end has moved away from where we last followed it to is no reason to stop. */
  #scrolled(): void {
    const { scroller } = this;
    if (!scroller) return;
    const { scrollTop } = scroller;
    if (isNearEnd(scroller)) {
      this.atEnd = true;
      if (scrollTop > this.#lastTop) this.#isHeld = false;
    } else if (scrollTop < this.#lastTop) this.atEnd = false;
    this.#lastTop = scrollTop;
  }

  #follow(): void {
    const { scroller } = this;
    // A browser would hold on to what stands below the answer, and move the reader with it.
    if (scroller) scroller.style.overflowAnchor = this.#isHeld ? 'none' : '';
    if (scroller && this.#isHeld) this.atEnd = isNearEnd(scroller);
    if (!scroller || this.#isHeld || !this.atEnd || this.messages.length === 0) return;
    scroller.scrollTop = scroller.scrollHeight;
    // Its event comes later, and may come together with the next one.
    this.#lastTop = scroller.scrollTop;
  }

  /** The button vanishes at the end: focus goes where reading goes on. */
  #jump(): void {
    this.scrollToEnd();
    this.scroller?.focus();
  }
}

function isNearEnd({ scrollTop, scrollHeight, clientHeight }: Element): boolean {
  return scrollHeight - scrollTop - clientHeight <= END_MARGIN;
}

declare global {
  interface HTMLElementTagNameMap {
    'forgelight-message-list': MessageList;
  }
}
