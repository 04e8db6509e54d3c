import { nextEvent } from '../../support/until.js';
import { eventually } from '../../ecosystem/support/eventually.js';
import type { StartCluster } from './adapter.contract.js';

export function describeServerSideEvents(start: StartCluster): void {
  describe('serverSideEmit', () => {
    it('is heard by the other servers, not by its own', async () => {
      const { nodes } = await start();
      const own: unknown[] = [];
      nodes[0].io.on('hello', (...args: unknown[]) => own.push(args));
      const others = nodes.slice(1).map(({ io }) => nextEvent(io, 'hello'));
      nodes[0].io.serverSideEmit('hello', 'world', 1, { two: 2 });
      expect(await Promise.all(others)).toEqual(others.map(() => ['world', 1, { two: 2 }]));
      expect(own).toEqual([]);
    });

    it('stays in its namespace', async () => {
      const cluster = await start();
      const chats = await cluster.open('/chat');
      const outside: unknown[] = [];
      cluster.nodes[1].io.on('hello', () => outside.push('/'));
      const inside = nextEvent(chats[1], 'hello');
      chats[0].serverSideEmit('hello');
      await inside;
      expect(outside).toEqual([]);
    });

    it('collects the answers of the other servers', async () => {
      const { nodes } = await start();
      nodes.forEach(({ io }, i) => io.on('sum', (a: number, b: number, ack: (n: number) => void) => ack(a + b + i)));
      const answers: number[] = await nodes[0].io.serverSideEmitWithAck('sum', 10, 20);
      expect(answers.toSorted()).toEqual([31, 32]);
    });

    it('asks nobody once the other servers are gone', async () => {
      const { nodes } = await start();
      for (const { io } of nodes) io.on('anybody', (ack: (answer: string) => void) => ack('me'));
      expect(await nodes[0].io.serverSideEmitWithAck('anybody')).toEqual(['me', 'me']);
      for (const node of nodes.slice(1)) await node.close();
      const { adapter } = nodes[0].io.of('/');
      await eventually(async () => (await adapter.serverCount()) === 1, 'the server knows that it is alone');
      expect(await nodes[0].io.serverSideEmitWithAck('anybody')).toEqual([]);
    });
  });
}
