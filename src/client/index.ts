export type { ErrorReply } from '../contract/index.js';
export type { ClientOf } from './client-types.js';
export { request } from './request.js';
export { RequestError } from './request-error.js';
