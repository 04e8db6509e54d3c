export {
  closeTestClient,
  closeTestClients,
  connectError,
  createTestClient,
  nextEvent,
  type TestClientOptions,
  type TestTarget,
} from './testing/index.js';
