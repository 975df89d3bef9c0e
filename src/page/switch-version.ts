/** What a page tells a service worker that waits: take over now. */
export const SWITCH_VERSION = 'forgelight:switch-version';
