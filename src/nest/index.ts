export { Idempotent, type IdempotentOptions } from './decorators/idempotent.decorator.js';
export { OnPresence } from './decorators/on-presence.decorator.js';
export {
  SocketIoEmitterModule,
  type SocketIoEmitterAsyncOptions,
  type SocketIoEmitterOptions,
} from './socket-io-emitter.module.js';
export { SocketIoModule } from './socket-io.module.js';
export type { SocketIoModuleOptions } from './socket-io.options.js';
export { findRuntime } from './runtime-lookup.js';
export { Websocket } from './websocket.service.js';
export type { ServeUntil, ServerState, ShutdownOptions, ShutdownResult } from './dispatch/shutdown.js';
export { isConnect } from './pipeline/execution-context.js';
export type { ConnectGuard } from './dispatch/global-connect-guards.js';
export { fastifyRequestOf } from './platform/fastify-exchange.js';
export { SocketIoAdapter } from './adapter/socket-io.adapter.js';
export type { SocketIoAdapterOptions } from './adapter/socket-io-adapter.options.js';
export { SocketIoException, type SocketIoExceptionOptions } from './errors/socket-io.exception.js';
export { contractsOf } from './discovery/contract-catalog.js';
export type { AsyncApiGuard, AsyncApiRouteOptions, AsyncApiTarget } from './asyncapi-routes.js';
export { BindingError } from './errors/binding.error.js';
export type { ErrorAckMapper, ErrorContext } from './outcome/failure-handler.js';
export { Gateway, type ContractGatewayOptions, type GatewayOptions } from './decorators/gateway.decorator.js';
export { OnEvent, OnMessage } from './decorators/on-event.decorator.js';
export { Ack } from './decorators/ack.decorator.js';
export { RateLimit, type HandlerRateLimit } from './decorators/rate-limit.decorator.js';
export {
  OnClose,
  OnConnect,
  OnDisconnect,
  OnDisconnecting,
  OnError,
  OnHandshake,
  OnPing,
  OnPong,
  OnShutdown,
} from './decorators/lifecycle.decorator.js';
export {
  Arg,
  Args,
  ConnectedSocket,
  DisconnectReason,
  EventName,
  HandshakeAuth,
  MessageBody,
} from './decorators/params.decorator.js';
