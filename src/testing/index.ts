export {
  closeTestClient,
  closeTestClients,
  connectError,
  createTestClient,
  nextEvent,
  type TestClientOptions,
} from './test-client.js';
export type { NestApplication, SocketIoServer, TestTarget } from './test-target.js';
