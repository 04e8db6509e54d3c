import { isIP } from 'node:net';
import proxyAddr from 'proxy-addr';
import { askForeign } from '../../common/call-foreign.js';
import { textOf } from '../../common/values.js';
import type { EngineRequest } from './engine-request.js';

/** Whether a proxy may say whom it forwards; `hop` 0 is the peer of the connection. */
export type TrustProxy = (address: string, hop: number) => boolean;

/** Who sent a request, as far as the proxies in front are trusted to say. */
export class ProxyTrust {
  constructor(
    private readonly trust: TrustProxy | null,
    private readonly warn: (message: string) => void,
  ) {}

  /** Whether the peer of the connection is a proxy whose `X-Forwarded-*` headers count. */
  trustsPeerOf(request: EngineRequest): boolean {
    return this.trust !== null && this.#trusts(request.socket.remoteAddress ?? '', 0);
  }

  /** The client's address: the peer of the connection, or whom the last trusted proxy saw. Empty if it is unknown. */
  addressOf(request: EngineRequest): string {
    const peer = request.socket.remoteAddress ?? '';
    if (this.trust === null || request.headers['x-forwarded-for'] === undefined) return peer;
    const hops = proxyAddr.all(request, (address, hop) => this.#trusts(address ?? '', hop));
    // What is no address, such as "unknown", names no client: the proxy that passed it on stands for it.
    return hops.map(withoutPort).findLast((address) => isIP(address) !== 0) ?? peer;
  }

  #trusts(address: string, hop: number): boolean {
    // A promise says no: it would be taken for a yes, and there is no time to wait for it.
    let isTrusted = false;
    askForeign(this.trust!, undefined, [withoutPort(address), hop], (error, answer) => {
      if (error === null) isTrusted = Boolean(answer);
      else this.warn(`trustProxy threw, and ${JSON.stringify(address)} was not trusted: ${textOf(error)}`);
    });
    return isTrusted;
  }
}

/** Trusts proxies by their addresses and subnets; null if one of them is none. */
export function trustIn(addresses: readonly string[]): TrustProxy | null {
  try {
    return proxyAddr.compile(addresses.map((address) => address.trim()));
  } catch {
    return null;
  }
}

/** Some proxies write where the connection came from instead of who it was. */
function withoutPort(address: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}
