import { conversationDatabase } from './conversation-database';
import type { AnswerLocks, ConversationPorts, TabChannel } from './conversation-ports';

const CHANNEL = 'forgelight-conversations';
const LOCK = 'forgelight-answer';
const SHOWN = 'forgelight-conversation';
const SETTINGS = 'forgelight-settings';
/** So many integers are exact, and so many ids that two tabs do not draw the same one. */
const IDS = 2 ** 53;

/** Those of the tab that this code runs in. */
export function browserConversations(): ConversationPorts {
  return {
    database: conversationDatabase(),
    channel: tabChannel(),
    locks: answerLocks(),
    remembered: {
      read: () => attempt(() => Number(window.sessionStorage.getItem(SHOWN) ?? Number.NaN)),
      write: (id) => {
        attempt(() =>
          id === null ? window.sessionStorage.removeItem(SHOWN) : window.sessionStorage.setItem(SHOWN, String(id)),
        );
      },
    },
    settings: {
      read: () => attempt(() => window.sessionStorage.getItem(SETTINGS)),
      write: (json) => void attempt(() => window.sessionStorage.setItem(SETTINGS, json)),
    },
    newId: () => Math.floor(Math.random() * IDS),
  };
}

/** Closed while the browser keeps the page for Back, which it may refuse to pages that listen. None where site data is blocked. */
function tabChannel(): TabChannel {
  const listeners = new Set<(message: unknown) => void>();
  let channel: BroadcastChannel | null = null;
  const open = (): BroadcastChannel | null => {
    channel ??= attempt(() =>
      Object.assign(new BroadcastChannel(CHANNEL), {
        onmessage: ({ data }: MessageEvent<unknown>) => {
          for (const listener of listeners) listener(data);
        },
      }),
    );
    return channel;
  };
  window.addEventListener('pageshow', () => open());
  window.addEventListener('pagehide', () => {
    channel?.close();
    channel = null;
  });
  return {
    post: (message) => open()?.postMessage(message),
    listen: (listener) => {
      open();
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/**
 * None are held while the browser keeps the page for Back: its engine is gone then, and a page with locks may not be kept. Nobody seems
 * to write anything where site data is blocked.
 */
function answerLocks(): AnswerLocks {
  let visit = new AbortController();
  window.addEventListener('pagehide', () => {
    visit.abort();
    visit = new AbortController();
  });
  // Missing on pages without a safe origin.
  const locks: LockManager | undefined = navigator.locks;
  const request = async (
    answerId: number,
    options: LockOptions,
    act: (lock: Lock | null) => Promise<void> | void,
  ): Promise<void> => {
    try {
      await locks?.request(`${LOCK}-${answerId}`, options, act);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  };
  return {
    hold: (answerId) => {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      visit.signal.addEventListener('abort', release);
      void request(answerId, {}, () => released);
      return release;
    },
    writerOf: async (answerId) => {
      const { signal } = visit;
      let isHeld = false;
      await request(answerId, { mode: 'shared', ifAvailable: true }, (lock) => void (isHeld = lock === null));
      return isHeld ? { gone: request(answerId, { mode: 'shared', signal }, () => undefined) } : null;
    },
  };
}

/** Where site data is blocked, what is shown is forgotten with the page. */
function attempt<T>(access: () => T): T | null {
  try {
    return access();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
