export { collectSocketIo, type CollectionHandle } from './collect-socket-io.js';
