/** What clients may send, held against the official server; what stays different is in docs/limits.md, with its reason. */
import { isDeepStrictEqual } from 'node:util';
import { Server as OfficialServer } from 'socket.io';
import { Server } from '../../../src/socketio/index.js';
import { tableColumn } from '../../house/manual.js';
import { corpus, type Try } from './corpus.js';
import { reactionOf, type Reaction } from './reaction.js';

const MUTANTS = 12;

it('the servers differ in what the manual says, and in nothing else', async () => {
  const examples = new Map<string, Try>();
  const [ours, theirs] = [new Server({ onError: () => {} }), new OfficialServer()];
  for (const tried of corpus(MUTANTS)) {
    const [here, there] = [await reactionOf(ours, tried), await reactionOf(theirs, tried)];
    if (isSame(here, there)) continue;
    const name = nameOf(here, there);
    if (!examples.has(name)) examples.set(name, tried);
  }

  const [whats, costs, others] = [1, 2, 3].map((column) =>
    tableColumn('docs/limits.md', '## Where Socket.IO', column).map((cell) => cell.replaceAll('`', '').trim()),
  );
  const documented = whats.map((what, row) => `${what}: ${costs[row]} here, ${others[row]} there`);
  const undocumented = [...examples].filter(([name]) => !documented.includes(name));
  expect(undocumented).toEqual([]);
  expect(documented.filter((name) => !examples.has(name))).toEqual([]);
}, 120_000);

/** What is still written before the end of a session says nothing. */
function isSame(here: Reaction, there: Reaction): boolean {
  if (here.cost === 'the session' && there.cost === 'the session') return true;
  return isDeepStrictEqual([here.heard, here.written, here.cost], [there.heard, there.written, there.cost]);
}

/** A difference, as the table says it. */
function nameOf(here: Reaction, there: Reaction): string {
  const what = here.code ?? whatIsWritten(here);
  // A packet that waits for attachments which the try does not have is taken as well.
  const own = what === 'attachments' ? 'nothing' : here.cost;
  return `${what}: ${own} here, ${there.cost === 'the session' ? there.cost : 'nothing'} there`;
}

function whatIsWritten({ written }: Reaction): string {
  if (written.some((frame) => String(frame).includes('Invalid auth payload'))) return 'Invalid auth payload';
  return written.some((frame) => String(frame).startsWith('0')) ? 'second CONNECT' : 'attachments';
}
