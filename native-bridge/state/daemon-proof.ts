import { createHmac, randomBytes } from 'node:crypto';

/** What is to be proven with: new each time, so that no proof can be given twice. */
export function newNonce(): string {
  return randomBytes(32).toString('base64url');
}

export function isNonce(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/** What nobody can make of a nonce who does not know the key; it tells nothing of the key. */
export function proofOf(key: string, nonce: string): string {
  return createHmac('sha256', key).update(`forgelight daemon ${nonce}`).digest('hex');
}
