import { postgresLedger } from '../../src/ledger/index.js';
import { prefixOf } from '../../src/ledger/store/postgres-schema.js';
import { PostgresStore } from '../../src/ledger/store/postgres-store.js';
import { adapterContract } from '../contract/adapter/adapter.contract.js';
import { PostgresServer } from '../ecosystem/support/postgres.js';
import { uniqueName } from '../ecosystem/support/redis.js';
import { describeWith } from '../support/requirements.js';
import { recoveryContract } from './contract/recovery.contract.js';
import { storeContract } from './contract/store.contract.js';

describeWith('postgres', 'PostgreSQL', (program) => {
  const postgres = new PostgresServer(program);

  describe('PostgresStore', () => {
    storeContract(async (name) => new PostgresStore(await postgres.connect(), name));
  });

  describe('postgresLedger', () => {
    adapterContract(async (name) => postgresLedger(await postgres.connect(), { name }).adapter, { servers: 3 });

    let name = '';
    beforeEach(() => void (name = uniqueName()));
    recoveryContract(async () => postgresLedger(await postgres.connect(), { name }));
  });
});

describe('prefixOf', () => {
  it('keeps plain names, and makes others plain and different', () => {
    expect(prefixOf('chat')).toBe('ledger_chat');
    const names = ['socket.io', 'socket_io', 'socket-io', 'Socket_io', `${'x'.repeat(60)}1`, `${'x'.repeat(60)}2`];
    const prefixes = names.map(prefixOf);
    expect(new Set(prefixes).size).toBe(names.length);
    for (const prefix of prefixes) expect(prefix).toMatch(/^[a-z0-9_]{1,40}$/);
  });
});
