import { trustedScriptUrl } from '../client/trusted-url';
import { AppUpdates } from './app-updates';

/** The updates of the page that this code runs in; `null` where the browser has no service workers (http, some private windows). */
export function browserUpdates(): AppUpdates | null {
  if (!('serviceWorker' in navigator)) return null;
  const container = navigator.serviceWorker;
  return new AppUpdates({
    container,
    register: async () => {
      try {
        await container.register(trustedScriptUrl(new URL('service-worker.js', document.baseURI).href));
        return (await container.getRegistration()) ?? null;
      } catch {
        // Not built, not served, or site data is blocked: the page then works as pages do, with a connection.
        return null;
      }
    },
    onShown: (listener) =>
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') listener();
      }),
    reload: () => window.location.reload(),
  });
}
