export { SocketIoHealthIndicator, type HealthLimits } from './socket-io.health.js';
