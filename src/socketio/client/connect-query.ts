import type { DecoderLimits } from '../codec/packet-decoder.js';

/**
 * What a client of Socket.IO 2 puts behind the namespace that it asks for: `40/chat?token=abc,` (protocol 4, "CONNECT").
 * It stands for what later clients send as `auth`; null if it is larger than that may be.
 */
export function splitConnectQuery(
  nsp: string,
  limits: DecoderLimits,
): { name: string; auth: Record<string, unknown> | null } {
  const start = nsp.indexOf('?');
  if (start === -1) return { name: nsp, auth: {} };
  const query = nsp.slice(start + 1);
  const fits = Buffer.byteLength(query) <= limits.maxAuthPayload;
  // fromEntries defines own properties, so a parameter called __proto__ is data like any other.
  return { name: nsp.slice(0, start), auth: fits ? Object.fromEntries(new URLSearchParams(query)) : null };
}

/** Bounds of the packets of such a client: a name is held against its own once the query is taken off. */
export function limitsWithQuery(limits: DecoderLimits): DecoderLimits {
  return Object.freeze({ ...limits, maxNamespaceLength: Infinity });
}
