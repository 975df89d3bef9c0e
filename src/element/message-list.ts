import type { PropertyValues, TemplateResult } from 'lit';
import { css, html, LitElement, noChange, nothing } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { isRunning, type Message, type Versions } from './chat-types';
import { ICONS } from './icons';
import { TEXT } from './messages';
import { nextFrame } from './next-frame';
import { baseStyles, controlStyles } from './styles';

/** So near to the end, in CSS pixels, counts as being there. */
const END_MARGIN = 48;
/** A long conversation that is there at once comes in several frames, from its end: so many messages, or UTF-16 units, in each. */
const SLICE = { messages: 4, units: 2048 };
/** What was shown before goes in slices, too: to take out takes time as well, though less. */
const LEFT_SLICE = { messages: 32, units: 65_536 };

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
      /* Out of sight a message is neither laid out nor painted; it stays as high as it was. What can be done with a question stands in the gap. */
      li {
        min-width: 0;
        content-visibility: auto;
        contain-intrinsic-size: auto 12rem;
        overflow-clip-margin: 1.6rem;
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
  /** Of the conversation that was shown before: what is still there, unseen. */
  #left: readonly Message[] = [];
  /** Conversations take turns at two places. */
  #isSecond = false;
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
    if (isOther) {
      this.#left = before;
      this.#isSecond = !this.#isSecond;
    }
    if (isOther || this.#above > messages.length) this.#above = messages.length;
    this.#above = sliceBelow(messages, this.#above, SLICE);
    this.#left = this.#left.slice(0, sliceBelow(this.#left, this.#left.length, LEFT_SLICE));
    if (this.#above > 0 || this.#left.length > 0) void nextFrame().then(() => this.requestUpdate());
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
          ${filled ? html`<h2 class="visually-hidden">${TEXT.chat.title}</h2>` : nothing} ${this.#renderPlaces()}
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

  #renderPlaces(): readonly unknown[] {
    const shown = this.messages.map((message, index) => (index < this.#above ? nothing : this.#renderMessage(message)));
    const left = this.#left.map(() => noChange);
    const places = [this.#renderPlace(shown, false), this.#renderPlace(left, true)];
    return this.#isSecond ? places.toReversed() : places;
  }

  #renderPlace(items: readonly unknown[], isLeft: boolean): unknown {
    if (items.length === 0) return nothing;
    return html`
      <ol
        data-testid=${isLeft ? nothing : 'messages'}
        ?hidden=${isLeft}
        @version-chosen=${() => (this.#isStepping = this.#isHeld = true)}
      >
        ${items}
      </ol>
    `;
  }

  /** One view for each message's place: where another version is chosen, the focus stays on the button that chose it. */
  #renderMessage(message: Message): TemplateResult {
    return html`<li>
      <forgelight-message
        exportparts="question, answer"
        .message=${message}
        .retryable=${this.retryable}
        .editable=${this.editable}
        .versions=${this.versions.get(message.id) ?? null}
        .draft=${this.drafts.get(message.id) ?? null}
        .locale=${this.locale}
      ></forgelight-message>
    </li>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    for (const element of this.renderRoot.querySelectorAll('.scroller, .column')) this.#growth.observe(element);
    const before = changed.get('messages');
    if (before === undefined) return;
    const last = this.messages.at(-1);
    const isNewAnswer = last !== undefined && isRunning(last) && last.id !== before.at(-1)?.id;
    const isNews = this.messages[0]?.id !== before[0]?.id || isNewAnswer;
    if (isNews && !this.#isStepping) {
      this.scrollToEnd();
      // Once laid out it may be as high as what was observed last, so that nothing tells of it; what moved with that was no person.
      void nextFrame().then(() => this.#follow());
    }
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
    // Whoever has scrolled up meanwhile is not taken back, though the event of that has not come yet.
    this.#scrolled();
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

/** The message that a slice begins with, which ends before the message `end`. */
function sliceBelow(messages: readonly Message[], end: number, most: typeof SLICE): number {
  let begin = end;
  let { messages: count, units } = most;
  while (begin > 0 && count > 0 && units > 0) {
    begin -= 1;
    count -= 1;
    units -= messages[begin]?.text.length ?? 0;
  }
  return begin;
}

function isNearEnd({ scrollTop, scrollHeight, clientHeight }: Element): boolean {
  return scrollHeight - scrollTop - clientHeight <= END_MARGIN;
}

declare global {
  interface HTMLElementTagNameMap {
    'forgelight-message-list': MessageList;
  }
}
