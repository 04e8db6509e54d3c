import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { OptionError, type OptionReader } from '../../socketio/index.js';

/** How a server listens on a port of its own. */
export interface OwnPortOptions {
  /** The address on which a port of its own listens. @default every address of the machine, as with Node's `listen()` */
  host?: string | undefined;
  /** Key and certificate, or what else Node's `https` takes: a port of its own then speaks TLS. @default plain HTTP */
  https?: TlsOptions | undefined;
}

export interface OwnPort {
  readonly host: string | undefined;
  readonly https: TlsOptions | null;
}

export const OWN_PORT_NAMES = ['host', 'https'] as const;

/** @throws OptionError naming the option and what is allowed; what `https` holds is in no message */
export function resolveOwnPort(read: OptionReader): OwnPort {
  const host =
    read.raw('host') === undefined ? undefined : read.string('host', '', /^\S+$/, 'a host name or an address');
  const https = read.raw('https');
  return Object.freeze({ host, https: https === undefined ? null : resolveTls(https, read) });
}

/** @throws OptionError for options of a port that no server has */
export function assertOwnPort({ host, https }: OwnPort, hasPort: boolean): void {
  if (hasPort) return;
  const name = host !== undefined ? 'host' : https !== null ? 'https' : null;
  if (name === null) return;
  const given = name === 'host' ? host : Object.keys(https!);
  throw new OptionError(
    name,
    given,
    'no value, unless there is a port of its own: the HTTP server of the application has an address and a certificate',
  );
}

/** A server for one port; what no engine takes is answered with 404. */
export function createOwnServer({ https }: OwnPort): HttpServer {
  const refuse: RequestListener = (_request, response) => void response.writeHead(404).end();
  return https === null ? createServer(refuse) : (createTlsServer(https, refuse) as unknown as HttpServer);
}

function resolveTls(given: unknown, read: OptionReader): TlsOptions {
  const expected = 'an object with "key" and "cert", or with "pfx" or "SNICallback" as for Node’s https';
  if (typeof given !== 'object' || given === null) throw read.error('https', typeof given, expected);
  const options = given as TlsOptions;
  // Names alone: the values are secrets.
  const names = Object.keys(options);
  const hasCertificate = (options.key !== undefined && options.cert !== undefined) || options.pfx !== undefined;
  if (!hasCertificate && options.SNICallback === undefined) throw read.error('https', names, expected);
  try {
    createSecureContext(options);
  } catch (error) {
    throw read.error('https', names, `a key and a certificate that match (${(error as Error).message})`);
  }
  return options;
}
