import { ForgelightError } from '../base/errors';

export const DOWNLOAD_AGAIN = 'Download the file again, or choose another one.';
export const CONVERT_AGAIN = 'Convert the model again with a current llama.cpp, or choose another file.';

/** The error for a file that breaks the format. `place` says where (byte, key, tensor), `advice` what to do. */
export function badGguf(reason: string, place: string, advice: string = DOWNLOAD_AGAIN): ForgelightError {
  return new ForgelightError('bad-gguf', `The model file is not a valid GGUF: ${reason} (${place}). ${advice}`);
}

/** A name from a file, fit for a message: quoted, control characters escaped, cut to a sane length. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
