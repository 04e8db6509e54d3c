/** What the open packet says beside the session's id (protocol, "Handshake"). */
export interface OpenPacketRules {
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly maxHttpBufferSize: number;
}

/** The part of an open packet behind the session's id, made once for all sessions that start on one transport. */
export function openPacketTail(rules: OpenPacketRules, upgrades: readonly string[]): string {
  const { pingInterval, pingTimeout, maxHttpBufferSize: maxPayload } = rules;
  return JSON.stringify({ upgrades, pingInterval, pingTimeout, maxPayload }).slice(1);
}

export function openPacket(sid: string, tail: string): string {
  return `0{"sid":${JSON.stringify(sid)},${tail}`;
}
