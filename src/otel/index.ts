export {
  SocketIoInstrumentation,
  type SocketIoInstrumentationConfig,
  type SpanSwitches,
} from './socket-io-instrumentation.js';
