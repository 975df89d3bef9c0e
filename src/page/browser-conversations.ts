import { conversationDatabase } from './conversation-database';
import type { ConversationPorts, TabChannel } from './conversation-ports';

const CHANNEL = 'forgelight-conversations';
const SHOWN = 'forgelight-conversation';
const SETTINGS = 'forgelight-settings';
/** So many integers are exact, and so many ids that two tabs do not draw the same one. */
const IDS = 2 ** 53;

/** Those of the tab that this code runs in. */
export function browserConversations(): ConversationPorts {
  return {
    database: conversationDatabase(),
    channel: tabChannel(),
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

/** Where site data is blocked, what is shown is forgotten with the page. */
function attempt<T>(access: () => T): T | null {
  try {
    return access();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
