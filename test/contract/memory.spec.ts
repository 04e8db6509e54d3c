import { Adapter } from '../../src/server.js';
import { adapterContract } from './adapter/adapter.contract.js';

describe('the adapter in memory', () => {
  adapterContract(() => Adapter, { servers: 1 });
});
