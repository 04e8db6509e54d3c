import { memoryLedger } from '../../src/ledger/index.js';
import { Server } from '../../src/server.js';
import { collectGarbage } from '../support/garbage.js';

it('a ledger keeps nothing of a server that has closed, once another one uses it', async () => {
  const ledger = memoryLedger();
  const closed = await closedServer();
  const next = new Server({ ...ledger });

  await collectGarbage(
    () => closed.deref() === undefined,
    () => 'the closed server',
  );
  expect(ledger.stats()).toHaveLength(1);
  await next.close();

  async function closedServer(): Promise<WeakRef<object>> {
    const io = new Server({ ...ledger });
    await io.close();
    return new WeakRef(io);
  }
});
