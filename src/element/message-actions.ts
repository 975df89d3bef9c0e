import type { SVGTemplateResult, TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Versions } from './chat-types';
import { ICONS } from './icons';
import { TEXT } from './messages';
import { emit } from './part-events';

/** The way through the messages that stand beside one. At its ends a button stays, so that the focus does. */
export function renderVersions(host: HTMLElement, versions: Versions | null): TemplateResult | typeof nothing {
  if (versions === null || versions.count < 2) return nothing;
  const { position, count, previous, next } = versions;
  const step = (to: 'previous' | 'next', name: string, id: number | null): TemplateResult => html`
    <button
      type="button"
      class="quiet small"
      data-testid=${`version-${to}`}
      aria-label=${name}
      aria-disabled=${id === null}
      @click=${() => {
        if (id !== null) emit(host, 'version-chosen', id);
      }}
    >
      ${ICONS[to]}
    </button>
  `;
  return html`
    <div class="versions" role="group" aria-label=${TEXT.chat.version(position, count)}>
      ${step('previous', TEXT.chat.previousVersion, previous)}
      <span aria-hidden="true" data-testid="version">${TEXT.chat.versions(position, count)}</span>
      ${step('next', TEXT.chat.nextVersion, next)}
    </div>
  `;
}

/** A button without words in sight. */
export function renderAction(name: string, testId: string, icon: SVGTemplateResult, act: () => void): TemplateResult {
  return html`
    <button type="button" class="quiet small" data-testid=${testId} aria-label=${name} title=${name} @click=${act}>
      ${icon}
    </button>
  `;
}
