import { describe, expect, it } from 'vitest';
import { LAST_BITS, PosingAdapter, type Posed } from '../../test/support/posing-adapter';
import { RecordingDevice } from '../../test/support/recording-device';
import type { Dispatch } from '../device/plan';
import { EPILOGUE_CODES, matvecParams } from '../kernels/linear';
import { BATCH_WIDTHS } from '../kernels/matvec';
import { Q4_1 } from '../quant/q4_1';
import { SelfTest } from './self-test';

const LANES = ['rows', 'lanes'] as const;
const CHUNKS = [64, 256, 512] as const;

/** The shapes of matvec that an adapter passes with. */
async function passing(posed: Posed): Promise<readonly string[]> {
  const test = new SelfTest(new PosingAdapter(posed).device, Q4_1);
  const { matvecs } = await test.right({ matvecs: LANES });
  test.free();
  return matvecs;
}

/** The widths of matmul that an adapter passes with. */
async function passingChunks(posed: Posed): Promise<readonly number[]> {
  const test = new SelfTest(new PosingAdapter(posed).device, Q4_1);
  const { chunks } = await test.right({ chunks: CHUNKS });
  test.free();
  return chunks;
}

/** Of `lanes`, what another kernel would compute. */
function lanesWith(change: (dispatch: Dispatch) => Partial<Dispatch>): Posed {
  return {
    instead: (dispatch) => (dispatch.shader === 'matvec_lanes' ? { ...dispatch, ...change(dispatch) } : dispatch),
  };
}

const unitsOf = ({ params }: Dispatch): number => matvecParams.decode(params).units;

describe('the self-test', () => {
  it('lets pass what is right', async () => {
    expect(await passing({})).toEqual(['rows', 'lanes']);
    expect(await passing(lanesWith(() => ({})))).toEqual(['rows', 'lanes']);
  });

  it.each([
    ['few', (units: number) => units <= 64],
    ['more than threads', (units: number) => units > 64],
  ])('holds rows whose units are %s against the CPU', async (_how, isWrong) => {
    const factor: Posed['factor'] = (dispatch) =>
      dispatch.shader === 'matvec_lanes' && isWrong(unitsOf(dispatch)) ? 1.01 : 1;
    expect(await passing({ factor })).toEqual(['rows']);
  });

  it('sees a norm that leaves its epsilon out', async () => {
    const params = ({ params: given }: Dispatch) => matvecParams.encode({ ...matvecParams.decode(given), epsilon: 0 });
    expect(await passing(lanesWith((dispatch) => ({ params: params(dispatch) })))).toEqual(['rows']);
  });

  it('sees what is added to what was there, in place of stored', async () => {
    const change = lanesWith(({ constants }) => ({ constants: { ...constants, EPILOGUE: EPILOGUE_CODES.add } }));
    expect(await passing(change)).toEqual(['rows']);
  });

  it.each([64, 256, 512])('leaves out a tile of %i tokens that is wrong, whatever its place', async (width) => {
    const isOf = ({ constants }: Dispatch): boolean => constants['TOKENS'] === width;
    const others = CHUNKS.filter((other) => other !== width);
    expect(await passingChunks({ factor: (dispatch) => (isOf(dispatch) ? 1.01 : 1) })).toEqual(others);
    expect(await passingChunks({ factor: (dispatch) => (isOf(dispatch) ? NaN : 1) })).toEqual(others);
    expect(await passingChunks({ fails: isOf })).toEqual(others);
  });

  it('leaves out tiles with other last bits than the narrowest that is right', async () => {
    const wider: Posed['factor'] = ({ constants }) => (constants['TOKENS'] === 256 ? LAST_BITS : 1);
    expect(await passingChunks({ factor: wider })).toEqual([64, 512]);
    const narrowest: Posed['factor'] = ({ constants }) => (constants['TOKENS'] === 64 ? LAST_BITS : 1);
    expect(await passingChunks({ factor: narrowest })).toEqual([64]);
  });

  it('passes no tile where all are wrong, nor where all fail', async () => {
    expect(await passingChunks({ factor: () => 1.01 })).toEqual([]);
    expect(await passingChunks({ fails: ({ kernel }) => kernel === 'matmul' })).toEqual([]);
  });

  it('runs more tokens than the widest tile has, over rows up to the next multiple of sixteen', async () => {
    const device = new RecordingDevice();
    await new SelfTest(device, Q4_1).right({ chunks: CHUNKS });
    const rows = device.submits.flatMap(({ steps }) => steps.map((step) => step.rows));
    expect(rows).toEqual([513, 513, 513]);
    const x = [...device.buffers].find(({ label }) => label === 'selftest.x');
    expect(x?.sizeBytes).toBe(528 * 768 * 4);
  });

  it('holds batches against rows alone of which the last, in any width, lacks a row', async () => {
    const device = new RecordingDevice();
    await new SelfTest(device, Q4_1).equalWidths('rows', BATCH_WIDTHS);
    const rows = new Set(device.submits.flatMap(({ steps }) => steps.map((step) => step.rows)));
    expect(rows.size).toBe(1);
    for (const count of rows) expect(BATCH_WIDTHS.filter((width) => count % width === 0)).toEqual([1]);
  });
});
