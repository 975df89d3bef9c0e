import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE } from './error-catalogue';
import { ERROR_CAUSES } from './error-causes';
import { ERROR_CODES, errorFromData, errorToData, ForgelightError } from './errors';
import { requestId } from './ids';
import { requestGone } from './request-gone';

describe('the catalogue', () => {
  it('has every code once, in their order, and no other', () => {
    expect(Object.keys(ERROR_CATALOGUE)).toEqual([...ERROR_CODES]);
    expect(Object.keys(ERROR_CAUSES)).toEqual([...ERROR_CODES]);
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
  });

  it.each(ERROR_CODES)('says of %s what happened, why, and what to do', (code) => {
    const { title, advice } = ERROR_CATALOGUE[code];
    const { cause, httpStatus } = ERROR_CAUSES[code];
    expect(title).toMatch(/^[A-Z].{5,60}[^.]$/);
    expect(cause).toMatch(/^[A-Z`].{10,}\.$/);
    expect(advice).toMatch(/^[A-Z].{10,}\.$/);
    expect(`${title}${cause}${advice}`).not.toMatch(/[|\n]/); // a row of a table
    expect(httpStatus).toBeGreaterThanOrEqual(400);
    expect(httpStatus).toBeLessThan(600);
  });
});

/** Ways on which errors leave a worker or a process. */
const WAYS: readonly (readonly [string, <T>(data: T) => T | Promise<T>])[] = [
  ['a structured clone', (data) => structuredClone(data)],
  ['JSON', (data) => JSON.parse(JSON.stringify(data)) as typeof data],
  ['a message port', throughPort],
];

function throughPort<T>(data: T): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port2.onmessage = ({ data: received }: MessageEvent<T>) => {
      port1.close();
      resolve(received);
    };
    port1.postMessage(data);
  });
}

describe.each(WAYS)('an error through %s', (_, pass) => {
  it.each(ERROR_CODES)('is the same afterwards: %s', async (code) => {
    const whole = new ForgelightError(code, `what happened: "${code}"`, { param: 'messages[2].content', requestId: 7 });
    const bare = new ForgelightError(code, 'only this');
    for (const error of [whole, bare]) {
      const received = errorFromData(await pass(errorToData(error, 'closed')));
      expect(received).toBeInstanceOf(ForgelightError);
      expect(received).toEqual(error);
      expect(Object.entries(received)).toEqual(Object.entries(error));
    }
  });
});

describe('errorToData', () => {
  it('leaves out what an error does not have, and its cause, which may be anything', () => {
    const cause = { notCloneable: () => undefined };
    expect(errorToData(new ForgelightError('network', 'no', { cause }), 'closed')).toStrictEqual({
      code: 'network',
      message: 'no',
    });
  });

  it('keeps the text of whatever else is thrown', () => {
    expect(errorToData(new TypeError('boom'), 'closed')).toEqual({ code: 'closed', message: 'boom' });
    expect(errorToData('boom', 'device-lost')).toEqual({ code: 'device-lost', message: 'boom' });
  });
});

describe('requestGone', () => {
  it('says the agreed words', () => {
    expect(errorToData(requestGone(requestId(7)), 'closed')).toEqual({
      code: 'request-gone',
      message: 'Request 7 state disappeared during forward pass (may have been cancelled)',
      requestId: 7,
    });
  });
});
