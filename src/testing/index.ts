export {
  closeTestClient,
  closeTestClients,
  connectError,
  createTestClient,
  nextEvent,
  type ContractClientOptions,
  type TestClientOptions,
} from './test-client.js';
export type { NestApplication, SocketIoServer, TestTarget } from './test-target.js';
