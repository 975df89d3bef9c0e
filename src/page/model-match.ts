import type { CatalogueEntry } from '../client/index';

type Described = Partial<CatalogueEntry> & Pick<CatalogueEntry, 'name'>;

/** Whether all words that are wanted are in what a model is called and described by. Nothing wanted: every model. */
export function matchesModel(model: Described, wanted: string): boolean {
  const { name, model: reference = '', description = '', licence = '', quantisation = '' } = model;
  const text = [name, reference, description, licence, quantisation].join(' ').toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
