// What `npm pack` and `npm publish` run first: what is packed is built from what is here, and has the kernels of every GPU. Ends them where that fails.
import { runNode, runScript } from './lib/command.mjs';
import { prepack } from './lib/prepack.mjs';

await runScript((signal) => prepack((script) => runNode([script], { signal })));
