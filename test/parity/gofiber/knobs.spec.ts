/** The knobs of the Go module: the table of them in docs/migration.md, and what the code makes of their names. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  MODULE_DEFAULTS,
  OptionError,
  SERVER_DEFAULTS,
  resolveServerOptions,
  type ServerDefaults,
  type ServerOptions,
} from '../../../src/socketio/index.js';

/** As in Go, with its defaults. */
const KNOBS: Readonly<Record<string, string>> = {
  PingInterval: '25 s',
  PingTimeout: '20 s',
  HandshakeTimeout: '10 s',
  MaxPayload: '1,000,000',
  MaxAuthPayload: '8,192',
  MaxBatchPackets: '256',
  MaxEventNameLength: '256',
  OutboundAckTimeout: '30 s',
  SendQueueSize: '100',
  DropFramesOnOverflow: 'false',
  RetrySendTimeout: '20 ms',
  MaxSendRetry: '5',
  ReadTimeout: '10 ms',
  PongTimeout: '20 s',
  EnablePolling: 'false',
  PollingMaxBufferSize: '1,000,000',
  MaxPollWait: '30 s',
  PollQueueMaxFrames: '1,024',
  Logger: 'nil',
};

/** Those that are no option by their name: without effect in Go, or by another option altogether. */
const NO_OPTION = ['ReadTimeout', 'PongTimeout', 'EnablePolling', 'Logger'];

const rows = readTable();

describe('the table of knobs in the manual', () => {
  it('has every knob of Go once, with its default there', () => {
    expect(rows.map(({ knob, inGo }) => [knob, inGo])).toEqual(Object.entries(KNOBS));
  });

  it.each(rows.filter(({ here }) => here !== '–'))('says the default of $knob here: $here', ({ options, here }) => {
    const [ofModule, ofServer = ofModule] = here.split(' / ');
    if (options[0] === 'onError') return expect(ofModule).toBe("Nest's logger");
    expect(valueOf(options[0], MODULE_DEFAULTS)).toEqual(parseDefault(ofModule, MODULE_DEFAULTS));
    expect(valueOf(options[0], SERVER_DEFAULTS)).toEqual(parseDefault(ofServer, SERVER_DEFAULTS));
  });

  it('says why where a default differs, and only there', () => {
    for (const { knob, inGo, here, why } of rows) {
      const [ofModule, ofServer] = here.split(' / ');
      const same = ofServer === undefined && durationless(inGo) === durationless(ofModule);
      const hasNone = why === '' && (here === '–' || ofModule.startsWith('as '));
      expect([knob, why !== '']).toEqual([knob, !same && !hasNone]);
    }
  });
});

describe('the name of a knob, in camelCase', () => {
  it.each(Object.keys(KNOBS).filter((knob) => !NO_OPTION.includes(knob)))('%s is an option', (knob) => {
    const name = knob[0].toLowerCase() + knob.slice(1);
    const { options } = rows.find((row) => row.knob === knob)!;
    expect(options).toContain(name);
    const value = name === 'dropFramesOnOverflow' ? true : 7;
    for (const defaults of [MODULE_DEFAULTS, SERVER_DEFAULTS]) {
      const resolved = flat({ [name]: value }, defaults);
      const product = { retrySendTimeout: 7 * 5, maxSendRetry: 20 * 7 }[name];
      if (product === undefined) expect(resolved[options[0]]).toBe(value);
      else expect(resolved.sendTimeout).toBe(product);
    }
  });

  it.each(NO_OPTION)('%s is none, and the module says so [limitation: dead knobs]', (knob) => {
    const name = knob[0].toLowerCase() + knob.slice(1);
    expect(() => flat({ [name]: 1 }, MODULE_DEFAULTS)).toThrow(`Invalid option "${name}"`);
  });

  it.each(rows.filter(({ options }) => options.length > 1 && options[0] !== 'onError'))(
    '$knob stands beside the name of Socket.IO where both say the same, and is an error where they do not',
    ({ options: [name, alias] }) => {
      expect(flat({ [name]: 70, [alias]: 70 }, MODULE_DEFAULTS)[name]).toBe(70);
      expect(() => flat({ [name]: 70, [alias]: 71 }, MODULE_DEFAULTS)).toThrow(OptionError);
      expect(() => flat({ [name]: 70, [alias]: 71 }, MODULE_DEFAULTS)).toThrow(
        `Invalid option "${alias}": got 71, expected the same value as "${name}" (70)`,
      );
    },
  );

  it.each(rows.filter(({ knob }) => !NO_OPTION.includes(knob) && knob !== 'DropFramesOnOverflow'))(
    '$knob takes 0 where 0 has a meaning, and never less [B5, R4]',
    ({ options }) => {
      const takesZero = ['ackTimeout', 'sendQueueSize', 'pollQueueMaxFrames', 'maxAuthPayload'];
      for (const name of options) {
        if (takesZero.includes(options[0])) expect(() => flat({ [name]: 0 }, MODULE_DEFAULTS)).not.toThrow();
        else expect(() => flat({ [name]: 0 }, MODULE_DEFAULTS)).toThrow(OptionError);
        expect(() => flat({ [name]: -1 }, MODULE_DEFAULTS)).toThrow(OptionError);
      }
    },
  );
});

interface Row {
  readonly knob: string;
  readonly options: readonly string[];
  readonly inGo: string;
  readonly here: string;
  readonly why: string;
}

function readTable(): Row[] {
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/migration.md'), 'utf8');
  const [, section] = page.split('### The knobs of the Go module\n');
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2, 2 + Object.keys(KNOBS).length).map((line) => {
    const [knob, options, inGo, here, , why] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    return { knob: codesIn(knob)[0], options: codesIn(options), inGo, here, why };
  });
}

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

function flat(options: Record<string, unknown>, defaults: ServerDefaults): Record<string, unknown> {
  const { engine, ...resolved } = resolveServerOptions(options as ServerOptions, defaults);
  return { ...engine, ...resolved };
}

function valueOf(option: string, defaults: ServerDefaults): unknown {
  return flat({}, defaults)[option];
}

/** `off` is 0; `as …` is the value of another option; a list or a boolean stands as in code. */
function parseDefault(text: string, defaults: ServerDefaults): unknown {
  if (text === 'off') return 0;
  if (text.startsWith('as ')) return valueOf(codesIn(text)[0], defaults);
  if (text.startsWith('`')) return JSON.parse(codesIn(text)[0].replaceAll("'", '"')) as unknown;
  return Number(text.replaceAll(',', ''));
}

/** One form for a number, a duration and a boolean. */
function durationless(text: string): string {
  const seconds = /^(\d+) s$/.exec(text);
  return seconds === null ? text.replaceAll(/[,`]/g, '') : `${seconds[1]}000`;
}
