/** What this file needs of the Trusted Types API, which TypeScript's library does not describe. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

declare global {
  var trustedTypes: TrustedTypes | undefined;
}

let policy: ReturnType<TrustedTypes['createPolicy']> | null = null;

/**
 * A script URL as pages with `require-trusted-types-for 'script'` demand it, through the policy named `forgelight`; elsewhere the URL
 * itself. Only for the engine's own worker and the chat page's service worker. Throws `TypeError` where the page's policy does not allow
 * that name.
 */
export function trustedScriptUrl(url: string): string {
  if (globalThis.trustedTypes === undefined) return url;
  policy ??= globalThis.trustedTypes.createPolicy('forgelight', { createScriptURL: (given) => given });
  return policy.createScriptURL(url) as string; // constructors take it in place of a string
}
