import { css } from 'lit';

/** The page's frame: header, conversation, composer. */
export const appStyles = css`
  :host {
    height: 100%;
  }
  .page {
    display: grid;
    grid-template: auto minmax(0, 1fr) / 17.5rem minmax(0, 1fr);
    height: 100%;
  }
  conversation-panel {
    grid-row: 1 / -1;
  }
  .page.folded {
    grid-template-columns: minmax(0, 1fr);
  }
  .folded conversation-panel {
    display: contents;
  }
  context-meter {
    margin: 0 0.7rem 0.35rem;
  }
  header {
    display: flex;
    align-items: center;
    gap: 0.25rem;
    min-width: 0;
    padding: 0.55rem clamp(0.6rem, 2vw, 1.2rem);
  }
  .spacer {
    flex: 1;
  }
  .model {
    flex: 0 1 auto;
    min-width: 0;
    margin-right: auto;
    gap: 0.4rem;
  }
  .model-name,
  .device-name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .model-name {
    color: var(--ink);
    min-width: 4rem;
  }
  .device-name {
    font-weight: 400;
  }
  .icon {
    flex: none;
  }
  main {
    display: grid;
    grid-template: minmax(0, 1fr) auto / minmax(0, 1fr);
    min-height: 0;
  }
  .composer {
    width: 100%;
    max-width: calc(var(--column) + 2 * var(--gutter));
    margin: 0 auto;
    padding: 0.2rem var(--gutter) max(0.7rem, env(safe-area-inset-bottom));
  }
  .notice {
    margin: 0 0 0.6rem;
    padding: 0.6rem 0.75rem;
    border-radius: var(--radius-small);
    background: var(--danger-wash);
    font-size: 0.8125rem;
    white-space: pre-line;
    text-wrap: pretty;
    overflow-wrap: anywhere;
  }
  @media (forced-colors: active) {
    .notice {
      border: 1px solid CanvasText;
    }
  }
  gpu-notice {
    margin-bottom: 0.6rem;
  }
  .welcome {
    width: 100%;
    max-width: 34rem;
    margin: auto;
    padding-bottom: 3vh;
  }
  h2 {
    margin: 0;
    font-size: clamp(1.5rem, 5vw, 2rem);
    font-weight: 650;
    letter-spacing: -0.02em;
    line-height: 1.2;
    text-align: center;
    text-wrap: balance;
  }
  .welcome p {
    margin: 0.6rem 0 1.8rem;
    color: var(--ink-soft);
    text-align: center;
    text-wrap: balance;
  }
  .prompts {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr));
    gap: 0.7rem;
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .prompts button {
    width: 100%;
    height: 100%;
    justify-content: flex-start;
    padding: 0.8rem 1rem;
    border-radius: var(--radius);
    font-weight: 400;
    line-height: 1.45;
    text-align: left;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 0 0.5rem;
    margin-top: 0.8rem;
  }
  .drop {
    position: fixed;
    inset: 0;
    display: grid;
    place-items: center;
    padding: 1rem;
    background: color-mix(in srgb, var(--paper) 88%, transparent);
    pointer-events: none;
  }
  .drop p {
    display: grid;
    place-items: center;
    width: 100%;
    height: 100%;
    margin: 0;
    border: 2px dashed var(--accent);
    border-radius: var(--radius);
    font-size: 1.25rem;
    font-weight: 600;
  }
  @media (max-width: 48rem) {
    .page {
      grid-template-columns: minmax(0, 1fr);
    }
    conversation-panel {
      display: contents;
    }
    header {
      padding-left: 0.35rem;
      padding-right: 0.35rem;
    }
  }
  @media (max-width: 40rem) {
    /* The model’s name needs the room. */
    header:has(.model) .brand {
      position: absolute;
      clip-path: inset(50%);
    }
    .brand {
      margin-right: 0;
    }
    .device-name,
    [data-testid='shortcuts-button'] {
      display: none;
    }
    .model {
      padding: 0.4rem 0.5rem;
    }
  }
`;
