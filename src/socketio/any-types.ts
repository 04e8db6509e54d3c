import type { Namespace } from './namespace.js';
import type { Server } from './server.js';
import type { Socket } from './socket.js';

/*
 * A socket, namespace or server of whatever events and data. Those of given types and those of the default types fit both ways,
 * so that nothing else has to assert what the compiler cannot see: code that handles all of them alike widens to these.
 */

// oxlint-disable-next-line typescript/no-explicit-any -- only `any` fits in both directions
export type AnySocket = Socket<any, any, any, any>;
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export type AnyNamespace = Namespace<any, any, any, any>;
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export type AnyServer = Server<any, any, any, any>;
