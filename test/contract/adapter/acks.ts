import { nextEvent } from '../../support/until.js';
import type { Member } from '../../ecosystem/support/cluster.js';
import type { StartCluster } from './adapter.contract.js';

/** For answers to come. Not longer: adapters keep a timer that long, whether the answers came or not. */
const TIME = 1_000;

export function describeAcks(start: StartCluster): void {
  describe('a broadcast with acks', () => {
    it('collects the answer of every socket of every server', async () => {
      const members = await (await start()).members(3);
      members.forEach(({ client }, i) => client.on('ask', (n: number, ack: (value: number) => void) => ack(n + i)));
      const answers: number[] = await members[0].node.io.timeout(TIME).emitWithAck('ask', 10);
      expect(answers.toSorted()).toEqual([10, 11, 12]);
    });

    it('calls back once, with the answers', async () => {
      const members = await (await start()).members(3);
      for (const { client } of members) client.on('ask', (ack: (value: string) => void) => ack('yes'));
      const calls = await new Promise((resolve) =>
        members[0].node.io.timeout(TIME).emit('ask', (...args: unknown[]) => resolve(args)),
      );
      expect(calls).toEqual([null, ['yes', 'yes', 'yes']]);
    });

    it('collects binary answers', async () => {
      const members = await (await start()).members(3);
      members.forEach(({ client }, i) => client.on('ask', (ack: (value: Buffer) => void) => ack(Buffer.from([i]))));
      const answers: Buffer[] = await members[0].node.io.timeout(TIME).emitWithAck('ask');
      expect(answers.toSorted(Buffer.compare)).toEqual([Buffer.from([0]), Buffer.from([1]), Buffer.from([2])]);
    });

    it('asks the sockets of a room only', async () => {
      const members = await (await start()).members(3);
      members.forEach(({ client }, i) => client.on('ask', (ack: (value: number) => void) => ack(i)));
      await members[2].socket.join('room');
      expect(await members[0].node.io.to('room').timeout(TIME).emitWithAck('ask')).toEqual([2]);
    });

    it('is complete at once where nobody is asked', async () => {
      const members = await (await start()).members(3);
      expect(await members[0].node.io.to('nobody').timeout(TIME).emitWithAck('ask')).toEqual([]);
    });

    it('rejects in time with the answers that came', async () => {
      const members = await (await start()).members(3);
      const answered = members.slice(1).map(({ client }, i) => answerOnce(client, i));
      const asked = members[0].node.io.timeout(300).emitWithAck('ask');
      await Promise.all([expect(asked).rejects.toMatchObject({ message: 'operation has timed out' }), ...answered]);
      const { responses } = (await asked.catch((error: unknown) => error)) as { responses: number[] };
      expect(responses.toSorted()).toEqual([0, 1]);
      // Nobody keeps the question of the server that asked.
      expect(owed(members.filter(({ node }) => node === members[0].node))).toBe(0);
    });

    it('does not wait for a socket of its own server that leaves', async () => {
      const members = await (await start()).members(3);
      const [leaving, ...others] = members.map(({ client }) => client);
      others.forEach((client, i) => client.on('ask', (ack: (value: number) => void) => ack(i)));
      leaving.on('ask', () => void leaving.disconnect());
      const answers: number[] = await members[0].node.io.timeout(TIME).emitWithAck('ask');
      expect(answers.toSorted()).toEqual([0, 1]);
    });

    it('frees what a socket owes, on any server, when it leaves', async () => {
      const members = await (await start()).members(3);
      const asked = members.map(({ client }) => nextEvent(client, 'ask'));
      members[0].node.io.timeout(TIME).emit('ask', () => {});
      await Promise.all(asked);
      expect(owed(members)).toBe(3);
      const gone = members.map(({ socket }) => nextEvent(socket, 'disconnect'));
      for (const { client } of members) client.disconnect();
      await Promise.all(gone);
      expect(owed(members)).toBe(0);
    });
  });
}

async function answerOnce(client: Member['client'], value: number): Promise<void> {
  const [ack] = (await nextEvent(client, 'ask')) as [(value: number) => void];
  ack(value);
}

function owed(members: readonly Member[]): number {
  return members.reduce((sum, { socket }) => sum + socket.acks.size, 0);
}
