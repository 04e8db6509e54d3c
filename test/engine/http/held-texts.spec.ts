import { HeldTexts, defineLookup, isLookedUp } from '../../../src/engine/http/held-texts.js';

const turn = (): Promise<void> => new Promise(setImmediate);

function held<T extends object>(texts: T): { texts: T } {
  const holder = {} as { texts: T };
  new HeldTexts(texts as never).define(holder, 'texts');
  return holder;
}

describe('HeldTexts', () => {
  it('gives what was there, one object in a turn and another one in the next', async () => {
    const given = { a: '1', b: ['2', '3'], __proto__: null };
    const holder = held(given);
    const { texts } = holder;
    expect(texts).toEqual({ a: '1', b: ['2', '3'] });
    expect(holder.texts).toBe(texts);

    await turn();
    expect(holder.texts).toEqual(texts);
    expect(holder.texts).not.toBe(texts);
  });

  it('keeps what was written in a turn', async () => {
    const holder = held<Record<string, string>>({ a: '1' });
    holder.texts.b = '2';
    expect(holder.texts.b).toBe('2');

    await turn();
    delete holder.texts.a;
    await turn();
    expect(holder.texts).toEqual({ b: '2' });
  });

  it('stays as it is from when something else than text was written', async () => {
    const user = { name: 'ann' };
    const holder = held<Record<string, unknown>>({ a: '1' });
    const { texts } = holder;
    texts.user = user;

    await turn();
    expect(holder.texts).toBe(texts);
    expect(holder.texts.user).toBe(user);
  });

  it('is the same for all that have it, until one is given something else', () => {
    const [one, another] = [{}, {}] as { texts: unknown }[];
    const texts = new HeldTexts(['a', 'b']);
    for (const holder of [one, another]) texts.define(holder, 'texts');
    expect(one.texts).toBe(another.texts);

    const own = { own: true };
    one.texts = own;
    expect(one.texts).toBe(own);
    expect(another.texts).toEqual(['a', 'b']);
    expect([isLookedUp(one, 'texts'), isLookedUp(another, 'texts')]).toEqual([false, true]);
  });
});

it('defineLookup makes a property that is enumerated, read anew and may be assigned', () => {
  let value = 1;
  const holder = {} as { value: number };
  defineLookup(holder, 'value', () => value);
  value = 2;
  expect(JSON.stringify(holder)).toBe('{"value":2}');
  holder.value = 3;
  expect(JSON.stringify(holder)).toBe('{"value":3}');
});
