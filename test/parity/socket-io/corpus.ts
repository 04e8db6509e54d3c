/** Messages as clients might send them: valid, odd and broken, and what mutation makes of them. */

/** The frames of one try, in the order in which they are sent; bytes are attachments. */
export type Try = readonly (string | Buffer)[];

const BYTES = Buffer.from([1, 2, 3]);
const PLACEHOLDER = '{"_placeholder":true,"num":0}';

/** The client is in `/` and `/other`, and owes the ack 0 in `/`. */
const SEEDS: readonly Try[] = [
  // Events.
  ['2["a"]'],
  ['2["a",1,null,true,"x",{"b":[]}]'],
  ['2/other,["a",1]'],
  ['2/,["a"]'],
  ['21["a"]'],
  ['2/other,12["a",1]'],
  ['2[1,2]'],
  ['2[-1.5]'],
  ['2[""]'],
  ['2["\\u0061\\n",1]'],
  ['2["__proto__",{"__proto__":1}]'],
  ['2 ["a"]'],
  ['2["a"] '],
  ['2[ "a" ]'],
  ['2'],
  ['27'],
  ['2/other'],
  ['2/other,'],
  ['2[]'],
  ['2{}'],
  ['2["a"'],
  ['2["a"]]'],
  ['2[null]'],
  ['2[{"a":1}]'],
  ['2"a"'],
  ['2["connect"]'],
  ['2["disconnecting",1]'],
  ['2["newListener"]'],
  ['2007["a"]'],
  ['29007199254740991["a"]'],
  ['29007199254740992["a"]'],
  ['21e3["a"]'],
  ['2-1["a"]'],
  ['2/none,["a"]'],
  [`2["${'n'.repeat(256)}"]`],
  [`2["${'n'.repeat(257)}"]`],
  [`2["a"${',1'.repeat(256)}]`],
  [`2["a"${',1'.repeat(257)}]`],
  [`2["a",${'['.repeat(255)}${']'.repeat(255)}]`],
  [`2["a",${'['.repeat(256)}${']'.repeat(256)}]`],
  [`2/${'n'.repeat(300)},["a"]`],
  // Acks.
  ['30["yes"]'],
  ['30[]'],
  ['30'],
  ['3'],
  ['3["no id"]'],
  ['399["unknown"]'],
  ['3/other,0["elsewhere"]'],
  ['30{}'],
  ['30"x"'],
  [`30[1${',1'.repeat(256)}]`],
  // Binary.
  [`51-["a",${PLACEHOLDER}]`, BYTES],
  [`51-/other,7["a",${PLACEHOLDER}]`, BYTES],
  [`52-["a",${PLACEHOLDER},{"deep":[{"_placeholder":true,"num":1}]}]`, BYTES, BYTES],
  [`61-0[${PLACEHOLDER}]`, BYTES],
  ['51-["a"]', BYTES],
  [`51-["a",${PLACEHOLDER},${PLACEHOLDER}]`, BYTES],
  ['51-["a",{"_placeholder":true,"num":1}]', BYTES],
  ['51-["a",{"_placeholder":true,"num":-1}]', BYTES],
  ['51-["a",{"_placeholder":true,"num":"0"}]', BYTES],
  ['51-["a",{"_placeholder":true}]', BYTES],
  ['51-["a",{"_placeholder":false,"num":0}]', BYTES],
  [`2["a",${PLACEHOLDER}]`],
  [`51-["a",${PLACEHOLDER}]`, '2["b"]'],
  [`51-["a",${PLACEHOLDER}]`],
  [BYTES],
  ['50-["a"]'],
  ['5-["a"]'],
  ['5["a"]'],
  ['5 1-["a"]', BYTES],
  ['501-["a"]', BYTES],
  ['50x1-["a"]', BYTES],
  ['51.5-["a"]', BYTES],
  ['51-[null]', BYTES],
  ['51-', BYTES],
  ['51-7', BYTES],
  ['61-', BYTES],
  ['61-0', BYTES],
  [`5${10}-["a"]`, ...Array.from({ length: 10 }, () => BYTES)],
  [`5${11}-["a"]`, ...Array.from({ length: 11 }, () => BYTES)],
  [`5${65}-["a"]`],
  ['51-["connect"]', BYTES],
  [`51-["${'n'.repeat(257)}"]`, BYTES],
  [`51-/none,["a",${PLACEHOLDER}]`, BYTES],
  // CONNECT and DISCONNECT.
  ['0'],
  ['0/other,'],
  ['0/third'],
  ['0/third,'],
  ['0/third,{"token":"t"}'],
  ['0/third,7'],
  ['0/third,7{"token":"t"}'],
  ['0/third,[]'],
  ['0/third,null'],
  ['0/third,"t"'],
  ['0/third,{'],
  [`0/third,{"a":"${'x'.repeat(8_200)}"}`],
  [`0/third,{"a":${'['.repeat(300)}${']'.repeat(300)}}`],
  ['0/none,'],
  [`0/${'n'.repeat(300)},`],
  ['0/\u0001,'],
  ['0/third?query=1,'],
  ['1'],
  ['1/other,'],
  ['1/other'],
  ['1/third,'],
  ['17'],
  ['1{}'],
  ['1/other,{}'],
  ['1/other,', '2/other,["late"]'],
  ['1', '2["late"]'],
  ['1/other,', '0/other,', '2/other,["again"]'],
  ['0/third,', '0/third,'],
  // Types.
  ['4{"message":"x"}'],
  ['4"x"'],
  ['4'],
  ['7'],
  ['9["a"]'],
  ['x'],
  [''],
  [' '],
  ['-2["a"]'],
];

/** What mutation writes into messages. */
const WORDS = [
  ...[
    '0',
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '9',
    '10',
    ' ',
    ',',
    '-',
    '/',
    '"',
    '[',
    ']',
    '{',
    '}',
    '\\',
    ':',
    '.',
    'e',
  ],
  ...[
    '["a"]',
    '"a"',
    ',1',
    '/other,',
    '/other',
    '/third,',
    '51-',
    '[]',
    '{}',
    'null',
    '"num":0',
    PLACEHOLDER,
    '\u00e9',
    '\u0000',
  ],
];

/** The seeds, and `mutants` of each; the same for the same numbers. */
export function corpus(mutants: number): Try[] {
  const random = generator(20_261_130);
  const mutated = SEEDS.flatMap((seed) => Array.from({ length: mutants }, () => mutate(seed, random)));
  return [...SEEDS, ...mutated];
}

/** One to three changes of the text frames. */
function mutate(seed: Try, random: (below: number) => number): Try {
  const frames = [...seed];
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(frames.length);
    const frame = frames[at];
    if (typeof frame === 'string' && frame.length < 400) frames[at] = change(frame, random);
    else if (random(8) === 0) frames.splice(at, 1);
  }
  return frames.length === 0 ? seed : frames;
}

function change(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1);
  const word = WORDS[random(WORDS.length)];
  const removed = random(3);
  return text.slice(0, at) + (random(3) === 0 ? '' : word) + text.slice(at + removed);
}

/** Numbers below a bound: a linear congruential generator, so that every run has the same corpus. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
