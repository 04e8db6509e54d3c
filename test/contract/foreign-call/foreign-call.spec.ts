import { drive, type Border } from './drive.js';
import { enumerateBorders } from './enumerate.js';
import { LOGGER, MODULE, driveModule } from './module.js';
import { ADAPTER, EVENTS, METHODS, OPTIONS } from './rows.js';
import { WAYS, type Way } from './ways.js';

/** They take a listener to forget it, and never call it. */
const NEVER_CALLED = ['Socket.offAny(listener)', 'Socket.offAnyOutgoing(listener)'];
/** What tests ask an adapter, and servers do not. */
const ASKED_BY_TESTS = ['isOffset'];

describe('the table of foreign code', () => {
  const borders = enumerateBorders();

  it('has a row for each option that is a function or a class, and no other', () => {
    expect([...Object.keys(OPTIONS), ...Object.keys(MODULE)].sort()).toEqual(borders.options);
  });

  it('has a row for each event, and no other', () => {
    expect(Object.keys(EVENTS).sort()).toEqual(borders.events);
  });

  it('has a row for each method that takes a function, and no other', () => {
    const named = Object.keys(METHODS).filter((name) => /^[A-Z]\w+\./.test(name));
    expect([...named, ...NEVER_CALLED].sort()).toEqual(borders.methods);
  });

  it('has a row for each method of an adapter, and no other', () => {
    expect([...Object.keys(ADAPTER), ...ASKED_BY_TESTS].sort()).toEqual(borders.adapter);
  });
});

describe.each(Object.entries({ option: OPTIONS, event: EVENTS, method: METHODS, 'adapter method': ADAPTER }))(
  'an %s',
  (_kind, rows: Readonly<Record<string, Border>>) => {
    for (const [name, border] of Object.entries(rows)) {
      it.each(waysOf(border))(`${name} that %s ends nothing and holds up nobody`, (way) => drive(border, way));
    }
  },
);

describe('an application', () => {
  for (const [name, border] of Object.entries({ ...MODULE, 'a logger': LOGGER })) {
    const ways = waysOf(border);
    if (ways.length === 0) continue;
    it.each(ways)(`${name} that %s ends nothing and holds up nobody`, (way) => driveModule(border, way));
  }
});

function waysOf({ without = [] }: { readonly without?: readonly Way[] }): Way[] {
  return WAYS.filter((way) => !without.includes(way));
}
