/** What browsers call a key that an input method has used (https://www.w3.org/TR/uievents/#determine-keydown-keyup-keyCode). */
const USED_KEY = 229;

/**
 * While an input method composes a word, keys belong to it. Safari ends the word before it tells of the key that did so, which then is no
 * `isComposing` any more: without its code, the Enter that takes a word would send the message.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === USED_KEY;
}
