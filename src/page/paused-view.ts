import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { formatBytes } from '../base/units';
import type { Library } from './library';
import { entryId } from './kept-models';
import { TEXT } from './messages';
import type { ModelState } from './page-state';

type NoneState = Extract<ModelState, { kind: 'none' }>;

export interface PausedView {
  /** How far the download is; what the store says of it, once it does, is what counts. */
  readonly notice: string | null;
  /** Why the last discarding failed. */
  readonly problem: string | null;
  readonly canContinue: boolean;
  readonly canDiscard: boolean;
}

/** What is said and offered of a load that was stopped. */
export function pausedView({ choice, stopped, paused }: NoneState, library: Library | null): PausedView {
  const text = TEXT.model;
  const simple = { problem: null, canContinue: false, canDiscard: false };
  if (!stopped) return { notice: null, ...simple };
  if (paused === null) return { notice: text.stopped, ...simple };
  const kept = library?.kept;
  const isSettled = kept?.shelf.kind === 'open' && kept.shelf.settled;
  const downloads = kept?.downloadsOf(choice) ?? [];
  const keptBytes = kept?.bytesOf(choice) ?? 0;
  const hasNothing = kept?.shelf.kind === 'failed' || (isSettled && keptBytes === 0);
  if (hasNothing) return { notice: text.nothingKept, ...simple };
  if (isSettled && downloads.length === 0) return { notice: text.stopped, ...simple };
  const hereBytes = isSettled ? keptBytes : paused.loaded;
  const amount =
    paused.total > 0 ? TEXT.progress.bytes(formatBytes(hereBytes), formatBytes(paused.total)) : formatBytes(hereBytes);
  const ids = downloads.map(entryId);
  return {
    notice: text.paused(amount),
    problem: ids.flatMap((id) => kept?.problemOf(id) ?? [])[0] ?? null,
    canContinue: true,
    canDiscard: downloads.length > 0 && ids.every((id) => kept?.workOn(id) === null),
  };
}

export function renderNotice({ notice, problem }: PausedView): TemplateResult {
  return html`
    ${notice === null ? nothing : html`<p class="notice" data-testid="load-notice">${notice}</p>`}
    ${problem === null ? nothing : html`<p class="notice problem">${problem}</p>`}
  `;
}
