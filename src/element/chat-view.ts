import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { unreachable } from '../base/assert';
import { formatBytes } from '../base/units';
import type { ChatPhase, Message } from './chat-types';
import type { EngineStatus } from './engine-keeper';
import { TEXT } from './messages';
import type { ModelFacts } from './model-facts';
import { onPart } from './part-events';

/** All that the element shows. */
export interface ChatView {
  readonly status: EngineStatus;
  readonly phase: ChatPhase;
  readonly messages: readonly Message[];
  readonly announcement: string;
  /** `null`: no model is named. */
  readonly facts: ModelFacts | null;
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
    if (event.key === 'Escape') actions.stop();
  };
  return html`
    <div
      class="frame"
      part="frame"
      @keydown=${escape}
      @prompt-sent=${onPart('prompt-sent', (text) => actions.send(text))}
      @answer-stopped=${onPart('answer-stopped', () => actions.stop())}
      @answer-retried=${onPart('answer-retried', (id) => actions.retry(id))}
      @announced=${onPart('announced', (text) => actions.announce(text))}
    >
      <forgelight-message-list
        part="messages"
        exportparts="question, answer"
        .messages=${messages}
        .retryable=${phase === 'ready' && !view.disabled}
      >
        <div lang="en" slot=${filled ? 'after' : 'before'} class=${filled ? 'engine' : 'engine middle'}>${engine}</div>
      </forgelight-message-list>
      <div lang="en" class="below">
        ${status.kind === 'ready' && status.recovering ? renderNotice(status.progress) : nothing}
        <forgelight-composer
          part="composer"
          exportparts="input, send-button, stop-button"
          .phase=${phase}
          .placeholder=${view.placeholder === '' ? TEXT.composer.placeholder : view.placeholder}
          ?disabled=${view.disabled}
        ></forgelight-composer>
        <slot name="footer"></slot>
      </div>
      <div lang="en" class="visually-hidden" role="status" data-testid="status">${view.announcement}</div>
    </div>
  `;
}

function renderEngine(view: ChatView, actions: ChatActions): TemplateResult | typeof nothing {
  const { status, facts, messages } = view;
  switch (status.kind) {
    case 'none':
      return renderPoster(facts, messages.length > 0, view.disabled, actions);
    case 'loading':
      return html`
        <forgelight-load-progress part="progress" .progress=${status.progress}>
          <button type="button" data-testid="stop-loading" @click=${() => actions.stopLoading()}>
            ${TEXT.progress.cancel}
          </button>
        </forgelight-load-progress>
      `;
    case 'failed':
      return html`
        <forgelight-error part="error" .failure=${status.failure}>
          ${facts === null ? nothing : renderLoad(TEXT.poster.retry, view.disabled, actions)}
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

/** What waits for a click before anything large is fetched. Says only what is known. */
function renderPoster(
  facts: ModelFacts | null,
  short: boolean,
  disabled: boolean,
  actions: ChatActions,
): TemplateResult {
  const intro = html`
    <slot name="poster">
      <h2>${TEXT.poster.title}</h2>
      <p class="soft">${TEXT.poster.text}</p>
    </slot>
  `;
  const sizeBytes = facts?.sizeBytes ?? null;
  return html`
    <div class="poster" part="poster" data-testid="poster">
      ${short ? nothing : intro}
      ${facts === null ? html`<p>${TEXT.poster.noModel}</p>` : html`<p class="model">${facts.name}</p>`}
      ${
        sizeBytes === null
          ? nothing
          : html`<p class="soft" data-testid="size">${TEXT.poster.download(formatBytes(sizeBytes))}</p>`
      }
      ${facts === null ? nothing : renderLoad(TEXT.poster.load, disabled, actions)}
    </div>
  `;
}

function renderLoad(text: string, disabled: boolean, actions: ChatActions): TemplateResult {
  return html`
    <button
      type="button"
      class="primary"
      part="load-button"
      data-testid="load-model"
      ?disabled=${disabled}
      @click=${() => actions.load()}
    >
      ${text}
    </button>
  `;
}

function renderNotice(progress: Extract<EngineStatus, { kind: 'ready' }>['progress']): TemplateResult {
  return html`
    <div class="notice" data-testid="gpu-notice">
      <p>${TEXT.recovering}</p>
      ${
        progress === null
          ? nothing
          : html`<forgelight-load-progress part="progress" .progress=${progress}></forgelight-load-progress>`
      }
    </div>
  `;
}
