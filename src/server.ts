import {
  AckError,
  BroadcastOperator,
  EngineServer,
  MemoryAdapter,
  Namespace,
  OptionError,
  OverflowError,
  PresenceTarget,
  RemoteSocket,
  Server,
  Socket,
  UserTarget,
  type ServerOptions,
} from './socketio/index.js';

const Adapter = MemoryAdapter;

/** As `require('socket.io')` is: `require('nestjs-socketio/server')(httpServer, options)`. */
function createServer(server?: ConstructorParameters<typeof Server>[0], options?: ServerOptions): Server {
  return new Server(server, options);
}

const callable = Object.assign(createServer, {
  AckError,
  Adapter,
  BroadcastOperator,
  EngineServer,
  Namespace,
  OptionError,
  OverflowError,
  PresenceTarget,
  RemoteSocket,
  Server,
  Socket,
  UserTarget,
});

// What `require` gets, also from the ESM build: Node takes the export of this name.
export { callable as 'module.exports' };
export {
  AckError,
  Adapter,
  BroadcastOperator,
  EngineServer,
  Namespace,
  OptionError,
  OverflowError,
  PresenceTarget,
  RemoteSocket,
  Server,
  Socket,
  UserTarget,
};
export type {
  AdapterConstructor,
  AnyAdapter,
  BroadcastOptions,
  Client,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  DefaultEventsMap,
  Everyone,
  TimedEveryone,
  DisconnectDetails,
  DisconnectReason,
  EngineRequest,
  EngineSession,
  EngineStats,
  Event,
  ExtendedError,
  Handshake,
  IdentifyOptions,
  NamespaceMatcher,
  NamespaceOf,
  PartialNamespace,
  PartialOperator,
  PartialResponses,
  PartialSockets,
  PresenceChange,
  PresenceOptions,
  PresentKey,
  RateLimitAction,
  RateLimitOptions,
  RateOptions,
  ServerOptions,
  ServerStats,
  SocketOf,
  SocketTypes,
  TransportName,
} from './socketio/index.js';
