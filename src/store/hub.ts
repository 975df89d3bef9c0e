import { ForgelightError } from '../base/errors';

const SCHEME = 'hf:';
const HUB = 'https://huggingface.co';
/** The hub's own rule for owners and repositories. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$/;

export function isHubReference(reference: string): boolean {
  return reference.startsWith(SCHEME);
}

/**
 * `hf:owner/repo/folder/file.gguf` → the file's address on the Hugging Face hub, revision `main`. Throws `invalid-request`
 * saying what is wrong with it.
 */
export function hubUrl(reference: string): URL {
  const [owner = '', repository = '', ...path] = reference.slice(SCHEME.length).split('/');
  if (NAME.test(owner) && path.length === 0 && /^[^:]+:[^:]+$/.test(repository)) {
    throw badReference(reference, 'choosing a file by its quantisation is not supported yet; name the file');
  }
  if (!NAME.test(owner)) throw badReference(reference, `"${owner}" is not the name of an owner`);
  if (!NAME.test(repository) || repository.includes('..')) {
    throw badReference(reference, `"${repository}" is not the name of a repository`);
  }
  if (path.some((part) => part === '' || part === '.' || part === '..')) {
    throw badReference(reference, 'the path of the file has an empty or relative part');
  }
  if (path.at(-1)?.toLowerCase().endsWith('.gguf') !== true) throw badReference(reference, 'it names no .gguf file');
  const file = path.map(encodeURIComponent).join('/');
  return new URL(`${HUB}/${owner}/${repository}/resolve/main/${file}`);
}

function badReference(reference: string, reason: string): ForgelightError {
  const message = `The model "${reference}" cannot be used: ${reason}. Write it as hf:owner/repo/file.gguf.`;
  return new ForgelightError('invalid-request', message, { param: 'model' });
}
