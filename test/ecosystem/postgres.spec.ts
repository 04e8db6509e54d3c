import { createAdapter } from '@socket.io/postgres-adapter';
import { describeWith } from '../support/requirements.js';
import { adapterContract } from '../contract/adapter/adapter.contract.js';
import { PostgresServer } from './support/postgres.js';

describeWith('postgres', '@socket.io/postgres-adapter', (program) => {
  const postgres = new PostgresServer(program);

  adapterContract(
    // Servers find each other by their heartbeats: the first one of a server may precede the others' subscription.
    async (channelPrefix) => createAdapter(await postgres.connect(), { channelPrefix, heartbeatInterval: 100 }),
    { servers: 3 },
  );
});
