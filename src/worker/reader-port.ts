/** Where hosts outside of the browser look for it. */
export { ReaderPort } from '../protocol/reader-port';
