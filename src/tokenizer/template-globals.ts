import { TemplateRefusal, TemplateTooCostly } from './template-errors';

const MAX_RANGE = 16_384;
const MAX_FORMAT_UNITS = 256;

/** What every template may name besides the conversation; as Hugging Face's `apply_chat_template` provides it. */
export function createGlobals(now: () => Date): Readonly<Record<string, unknown>> {
  return {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    range,
    raise_exception(message: unknown): never {
      throw new TemplateRefusal(String(message));
    },
    strftime_now: (format: unknown) => formatTime(now(), String(format)),
  };
}

/** Python's `range`, with a bound. */
function range(first: unknown, second: unknown, third: unknown): number[] {
  const start = second === undefined ? 0 : whole(first);
  const stop = second === undefined ? whole(first) : whole(second);
  const step = third === undefined ? 1 : whole(third);
  if (step === 0) throw new RangeError('range() needs a step that is not zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MAX_RANGE) throw new TemplateTooCostly(`it counts to ${length}`);
  return Array.from({ length }, (_, index) => start + index * step);
}

function whole(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new TypeError('range() needs whole numbers');
  return Number(value);
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const TIME_FIELDS = new Map<string, (time: Date) => string>([
  ['%Y', (time) => String(time.getFullYear())],
  ['%y', (time) => pad(time.getFullYear() % 100)],
  ['%m', (time) => pad(time.getMonth() + 1)],
  ['%B', (time) => MONTHS[time.getMonth()] ?? ''],
  ['%b', (time) => (MONTHS[time.getMonth()] ?? '').slice(0, 3)],
  ['%d', (time) => pad(time.getDate())],
  ['%e', (time) => String(time.getDate()).padStart(2)],
  ['%j', (time) => String(dayOfYear(time)).padStart(3, '0')],
  ['%A', (time) => DAYS[time.getDay()] ?? ''],
  ['%a', (time) => (DAYS[time.getDay()] ?? '').slice(0, 3)],
  ['%H', (time) => pad(time.getHours())],
  ['%I', (time) => pad(time.getHours() % 12 || 12)],
  ['%M', (time) => pad(time.getMinutes())],
  ['%S', (time) => pad(time.getSeconds())],
  ['%p', (time) => (time.getHours() < 12 ? 'AM' : 'PM')],
  ['%%', () => '%'],
]);

/** Python's `strftime` in English, which models were trained with; local time; `%-d` without zeros. An unknown directive stays as it is. */
function formatTime(time: Date, format: string): string {
  if (format.length > MAX_FORMAT_UNITS) throw new TemplateTooCostly('it formats the time at length');
  return format.replace(/%(-?)(.)/g, (directive, bare: string, letter: string) => {
    const text = TIME_FIELDS.get(`%${letter}`)?.(time);
    return (bare === '' ? text : text?.replace(/^[0 ]+(?=.)/, '')) ?? directive;
  });
}

function dayOfYear(time: Date): number {
  const [day, before] = [
    Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()),
    Date.UTC(time.getFullYear(), 0, 0),
  ];
  return (day - before) / 86_400_000;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
