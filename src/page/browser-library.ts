import type { Clock } from '../base/clock';
import { Library } from './library';

/** The library of the page that this code runs in. */
export function browserLibrary(clock: Clock, reportError: (error: unknown) => void): Library {
  return new Library({
    kept: {
      openModelStore: async () => (await import('./library-tools')).openModelStore(),
      models: async (entries) => (await import('./library-tools')).storedModels(entries),
      save: async (fileName, sizeBytes, open) => {
        const { saveFile, saveHost } = await import('./library-tools');
        return await saveFile(fileName, sizeBytes, open, saveHost());
      },
      clock,
      reportError,
    },
    fit: {
      rated: async () => (await import('./library-tools')).ratedCatalogue(),
      checkFit: async (model, options) => (await import('./library-tools')).checkFit(model, options),
      reportError,
    },
    hub: {
      list: async (reference, options) => (await import('./library-tools')).ratedHubModels(reference, options),
      reportError,
    },
    files: {
      load: async () => (await import('./library-tools')).loadRecent(),
      save: async (recent) => (await import('./library-tools')).saveRecent(recent),
      reportError,
    },
  });
}
