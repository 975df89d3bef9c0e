import { parseShareLink, type ParsedLink } from './share-link';

/** Reads what the page's address asks for, and takes it out of there: going back, or loading the page anew, does not ask again. */
export function takeShareLink(): ParsedLink {
  const { hash, pathname, search } = window.location;
  const asked = parseShareLink(hash);
  if (asked.kind !== 'none') window.history.replaceState(null, '', pathname + search);
  return asked;
}
