/** A sheet in a template, as components write it: without anything that is filled in later. */
const SHEET = /\bcss`([^`$\\]*)`/g;

/**
 * The same rules without comments, and without blanks that mean nothing. Colons keep theirs: before a colon in a selector they do.
 * @param {string} sheet
 */
export function shortCss(sheet) {
  return sheet
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(';}', '}')
    .trim();
}

/**
 * Sheets in templates are texts for a bundler, which leaves them as they are: this makes them short.
 * @returns {import('vite').Plugin}
 */
export function shortSheets() {
  return {
    name: 'forgelight-short-sheets',
    enforce: 'pre',
    transform(code, id) {
      if (!/\/src\/(?:element|page)\/[\w-]+\.ts$/.test(id) || !code.includes('css`')) return null;
      const short = code.replaceAll(SHEET, (_, sheet) => `css\`${shortCss(sheet)}\``);
      return { code: short, map: null };
    },
  };
}
