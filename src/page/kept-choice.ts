import type { ModelEntry, PartialEntry, StoredModel } from '../client/index';
import type { ModelChoice } from './model-choice';
import { parseAddress } from './model-choice';

/** A part of a model in several files; any part's address stands for all of them. */
const SPLIT = /-\d{5}-of-(\d{5})\.gguf$/i;

type WholeModel = ModelEntry & Partial<Pick<StoredModel, 'files'>>;

/** A whole model of the store. It is loaded by its hash, without its server; of one part of a model the address leads to the others. */
export function choiceOfEntry({ sha256, fileName, sizeBytes, names, files = [] }: WholeModel): ModelChoice {
  const [address] = names;
  if (files.length < 2 && SPLIT.test(fileName) && address !== undefined) return choiceOfAddress(address, fileName);
  return { reference: `sha256:${sha256}`, name: fileName, local: true, sha256, sizeBytes, addresses: names };
}

/** An unfinished download, to be gone on with; `null` where nothing of it can be used. */
export function choiceOfPartial({ address, fileName, sizeBytes, reason }: PartialEntry): ModelChoice | null {
  if (reason !== null || address.startsWith('part:')) return null;
  const choice = choiceOfAddress(address, fileName);
  return sizeBytes === null || SPLIT.test(fileName) ? choice : { ...choice, sizeBytes };
}

function choiceOfAddress(address: string, name: string): ModelChoice {
  const parsed = parseAddress(address);
  return parsed.ok ? { ...parsed.choice, name } : { reference: address, name, local: false };
}

/** Whether the address is that of one of this model's files. The store knows hub references by the addresses that they lead to. */
export function isAddressOf(address: string, { reference }: ModelChoice): boolean {
  if (typeof reference !== 'string' || !URL.canParse(address)) return false;
  const hub = /^hf:([^/]+\/[^/:]+)(?:\/(.+)|:(.+))$/i.exec(reference);
  if (hub === null) return whole(address) === whole(reference);
  const [, repository = '', path, tag = ''] = hub;
  const prefix = `/${repository}/resolve/main/`;
  const { pathname } = new URL(address);
  if (!pathname.startsWith(prefix)) return false;
  const file = decodeURIComponent(pathname.slice(prefix.length));
  return path === undefined ? file.toLowerCase().includes(tag.toLowerCase()) : whole(file) === whole(path);
}

/** The same for all parts of a model. */
function whole(address: string): string {
  return address.replace(SPLIT, '-of-$1.gguf');
}
