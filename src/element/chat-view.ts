import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { unreachable } from '../base/assert';
import type { ChatPhase, Message } from './chat-types';
import { isComposing } from './composing';
import type { EngineStatus } from './engine-keeper';
import { TEXT } from './messages';
import type { ModelFacts } from './model-facts';
import { numbersOf } from './numbers';
import { onPart } from './part-events';
import type { PosterFitState } from './poster-fit';
import { renderLoad, renderPoster } from './poster-view';

/** All that the element shows. */
export interface ChatView {
  readonly status: EngineStatus;
  readonly phase: ChatPhase;
  readonly messages: readonly Message[];
  readonly announcement: string;
  /** `null`: no model is named. */
  readonly facts: ModelFacts | null;
  readonly fit: PosterFitState;
  /** The language of the numbers; empty: that of the texts. */
  readonly locale: string;
  readonly placeholder: string;
  readonly disabled: boolean;
}

/** What people do. */
export interface ChatActions {
  load(): void;
  stopLoading(): void;
  send(text: string): void;
  stop(): void;
  retry(id: number): void;
  announce(text: string): void;
}

export function renderChat(view: ChatView, actions: ChatActions): TemplateResult {
  const { status, phase, messages } = view;
  const filled = messages.length > 0;
  const engine = renderEngine(view, actions);
  const escape = (event: KeyboardEvent): void => {
    // While an input method composes a word, Escape belongs to it.
    if (event.key === 'Escape' && !isComposing(event)) actions.stop();
  };
  return html`
    <div
      class="frame"
      part="frame"
      @keydown=${escape}
      @prompt-sent=${onPart('prompt-sent', (text) => actions.send(text))}
      @draft-changed=${onPart('draft-changed', () => undefined)}
      @answer-stopped=${onPart('answer-stopped', () => actions.stop())}
      @answer-retried=${onPart('answer-retried', (id) => actions.retry(id))}
      @announced=${onPart('announced', (text) => actions.announce(text))}
    >
      <forgelight-message-list
        part="messages"
        exportparts="question, answer"
        .messages=${messages}
        .retryable=${phase === 'ready' && !view.disabled}
        .locale=${view.locale}
      >
        <div lang=${TEXT.lang} slot=${filled ? 'after' : 'before'} class=${filled ? 'engine' : 'engine middle'}>
          ${engine}
        </div>
      </forgelight-message-list>
      <div lang=${TEXT.lang} class="below">
        ${status.kind === 'ready' && status.recovering ? renderNotice(status.progress, view.locale) : nothing}
        <forgelight-composer
          part="composer"
          exportparts="input, send-button, stop-button"
          .phase=${phase}
          .placeholder=${view.placeholder === '' ? TEXT.composer.placeholder : view.placeholder}
          ?disabled=${view.disabled}
        ></forgelight-composer>
        <slot name="footer"></slot>
      </div>
      <div lang=${TEXT.lang} class="visually-hidden" role="status" data-testid="status">${view.announcement}</div>
    </div>
  `;
}

function renderEngine(view: ChatView, actions: ChatActions): TemplateResult | typeof nothing {
  const { status, facts, messages, fit, disabled, locale } = view;
  switch (status.kind) {
    case 'none':
      return renderPoster({ facts, fit, short: messages.length > 0, disabled, write: numbersOf(locale) }, () =>
        actions.load(),
      );
    case 'loading':
      return html`
        <forgelight-load-progress part="progress" .progress=${status.progress} .locale=${locale}>
          <button type="button" data-testid="stop-loading" @click=${() => actions.stopLoading()}>
            ${TEXT.progress.cancel}
          </button>
        </forgelight-load-progress>
      `;
    case 'failed':
      return html`
        <forgelight-error part="error" .failure=${status.failure}>
          ${facts === null ? nothing : renderLoad(TEXT.poster.retry, disabled, () => actions.load())}
        </forgelight-error>
      `;
    case 'ready':
      return messages.length > 0
        ? nothing
        : html`<div class="empty" data-testid="empty">
            <slot name="empty"><p class="soft">${TEXT.empty}</p></slot>
          </div>`;
    default:
      return unreachable(status);
  }
}

function renderNotice(progress: Extract<EngineStatus, { kind: 'ready' }>['progress'], locale: string): TemplateResult {
  return html`
    <div class="notice" data-testid="gpu-notice">
      <p>${TEXT.recovering}</p>
      ${
        progress === null
          ? nothing
          : html`<forgelight-load-progress
              part="progress"
              .progress=${progress}
              .locale=${locale}
            ></forgelight-load-progress>`
      }
    </div>
  `;
}
