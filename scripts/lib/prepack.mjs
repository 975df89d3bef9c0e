// What is done before the package is packed.

/** In this order. The second leaves nothing out: it fails where a kernel of any GPU is missing, or is another than was published before. */
const SCRIPTS = ['scripts/build.mjs', 'scripts/hip.mjs'];

/** @param {(script: string) => Promise<{ code: number }>} run @returns {Promise<number>} the exit code */
export async function prepack(run) {
  for (const script of SCRIPTS) {
    const { code } = await run(script);
    if (code === 0) continue;
    console.error(`\nNothing is packed: "node ${script}" failed. It says above why.`);
    return code;
  }
  return 0;
}
