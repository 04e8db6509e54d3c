import { closeDetail, type CloseDetail, type CloseReason } from '../transport/close-reason.js';
import { PacketType, describePacket, type ControlType, type EncodedPacket } from '../codec/packet.js';
import type { EngineRequest } from '../http/engine-request.js';
import { Heartbeat, type HeartbeatListener } from './heartbeat.js';
import { callForeign, callListeners } from '../../common/call-foreign.js';
import { HeartbeatV3 } from './heartbeat-v3.js';
import { ReleasedRequest } from './released-request.js';
import { SendQueueGuard, type QueueContext } from './send-queue-guard.js';
import type { EngineSession, SendOptions, SessionContext, SessionListener, SessionState } from './engine-session.js';
import type { SharedPacket } from '../codec/shared-packet.js';
import type { CloseMode, Transport, TransportListener } from '../transport/transport.js';
import { Upgrade, type UpgradeListener } from './upgrade.js';

/**
 * The state machine of one session. The layer above knows it as `EngineSession`, whose docs are not repeated here; the rest
 * is for the transports and for the connection.
 */
export class Session
  extends ReleasedRequest
  implements EngineSession, TransportListener, HeartbeatListener, UpgradeListener, QueueContext
{
  readyState: SessionState = 'open';
  /** Told of messages and of the end; set once by the layer above. */
  receiver: SessionListener | null = null;
  transport: Transport;
  /** Whether the session has moved to another transport since it was opened. */
  upgraded = false;
  readonly #host: SessionContext;
  readonly #heartbeat: Heartbeat | HeartbeatV3;
  #upgrade: Upgrade | null = null;
  /** How the session ends once an upgrade is over that delivers what is queued. */
  #ending: { readonly reason: CloseReason; readonly detail: CloseDetail } | null = null;
  #callbacks: (() => void)[] | null = null;
  /** Null until the peer falls behind for the first time. */
  #backlog: SendQueueGuard | null = null;

  constructor(
    /** Known to this peer alone: who has it can act as the session. */
    readonly id: string,
    host: SessionContext,
    transport: Transport,
    request: EngineRequest | null,
    readonly remoteAddress: string,
    /** The revision of Engine.IO that the peer speaks, for good. */
    readonly protocol: 3 | 4 = 4,
  ) {
    super(request, host.keepsRequests);
    this.#host = host;
    this.transport = transport;
    const { wheel, pingGroups, pingTimeout } = host;
    this.#heartbeat =
      protocol === 4
        ? new Heartbeat(wheel, pingGroups, pingTimeout, this)
        : new HeartbeatV3(wheel, pingGroups.interval + pingTimeout, this);
    transport.handler = this;
  }

  get server(): unknown {
    return this.#host.server;
  }

  get upgrading(): boolean {
    return this.#upgrade !== null;
  }

  /** What was sent and neither the kernel nor a poll has taken, in bytes. */
  get queuedBytes(): number {
    return this.readyState === 'closed' ? 0 : this.transport.queuedBytes;
  }

  get needsDrain(): boolean {
    return this.#backlog !== null && this.#backlog.isHigh && this.readyState === 'open';
  }

  /** Whether `fits` has to be asked before a message is sent. */
  get dropsOverflow(): boolean {
    return this.#host.sendLimits.drops;
  }

  /** Sends the open packet and starts the heartbeat. */
  open(): void {
    this.#sendPacket(`0{"sid":${JSON.stringify(this.id)},${this.#host.openPacketTail(this.transport.name)}`, false);
    this.#heartbeat.start();
  }

  /**
   * Sends a message; `callback` is called once the network has taken it and all before it. Nothing happens on a closed
   * session, nor where the message is dropped.
   */
  send(data: string | Buffer, options?: SendOptions | (() => void), callback?: () => void): this {
    if (typeof options === 'function') return this.send(data, undefined, options);
    if (this.readyState !== 'open') return this;
    if (this.dropsOverflow && !this.fits(messageSize(data), 1)) return this;
    if (callback !== undefined) (this.#callbacks ??= []).push(callback);
    this.sendMessage(data, options?.compress ?? true);
    return this;
  }

  /** Alias of `send`. */
  write(data: string | Buffer, options?: SendOptions | (() => void), callback?: () => void): this {
    return this.send(data, options, callback);
  }

  /**
   * Whether a message of so many bytes, in so many packets, fits into the queue; it is counted as dropped otherwise. For
   * the layer above, which asks once for packets that belong together.
   */
  fits(bytes: number, packets: number): boolean {
    return this.readyState !== 'open' || this.#ensureBacklog().fits(bytes, packets);
  }

  /** `send` without options, for the hot path; and without asking whether there is room. */
  sendMessage(data: string | Buffer, compress: boolean): void {
    if (this.readyState !== 'open') return;
    this.#sendPacket(typeof data === 'string' ? PacketType.MESSAGE + data : data, compress);
  }

  /** Sends a packet that was made once for many sessions. */
  sendShared(shared: SharedPacket, compress: boolean): void {
    if (this.readyState !== 'open') return;
    this.#host.counters.packetsOut++;
    if (this.listenerCount('packetCreate') > 0) {
      const options = { compress, wsPreEncodedFrame: [shared.frame] };
      this.#tell('packetCreate', { ...describePacket(shared.packet), options });
    }
    if (this.transport.sendShared(shared, compress) > this.#host.sendLimits.quietBytes) {
      this.#ensureBacklog().measure(shared.packet);
    }
  }

  /**
   * Ends the session; the `close` event follows once what is queued was delivered, or after the close timeout.
   *
   * @param discard ends at once; only a waiting poll still gets the queue
   */
  close(discard = false): this {
    this.#end(discard ? 'now' : 'drain', 'forced close', closeDetail('SERVER_CLOSED', 'the server closed the session'));
    return this;
  }

  /** Ends the session at once because the server ends. The peer still gets what was sent, and may reconnect. */
  closeWithServer(): void {
    this.#end('shutdown', 'forced close', closeDetail('SERVER_CLOSED', 'the server closed'));
  }

  /** Ends the session because the server goes: what is queued is delivered, then the peer may reconnect elsewhere. */
  closeForShutdown(): void {
    this.#end('drain', 'server shutting down', closeDetail('SERVER_SHUTDOWN', 'the server is shutting down'));
  }

  /** Ends the session because of what the peer sent; for the layer above. */
  closeOnError(reason: CloseReason, detail: CloseDetail): void {
    this.#end('now', reason, detail);
  }

  /** As `fail`, but a polling peer is told on its next poll: it broke the protocol above this one. */
  closeAfterReply(reason: CloseReason, detail: CloseDetail): void {
    this.#end('drain', reason, detail);
  }

  /** Whether `beginUpgrade` may be called: not while one is tried, and never twice. */
  get isUpgradable(): boolean {
    return this.readyState === 'open' && this.transport.name === 'polling' && this.#upgrade === null;
  }

  /** Offers the session another transport, which it takes over once the peer has probed it. */
  beginUpgrade(transport: Transport): void {
    this.#upgrade = new Upgrade(this, transport, this.#host.wheel, this.#host.upgradeTimeout);
    this.#tell('upgrading', transport);
  }

  onMessage(data: string | Buffer): void {
    if (this.readyState !== 'open') return;
    this.#host.counters.packetsIn++;
    if (this.listenerCount('packet') > 0) this.#tell('packet', { type: 'message', data });
    if (this.receiver !== null) this.#handOn(this.receiver, data);
    if (this.listenerCount('data') > 0) this.#tell('data', data);
    if (this.listenerCount('message') > 0) this.#tell('message', data);
  }

  onControl(type: ControlType, data: string): void {
    if (this.readyState !== 'open') return;
    this.#host.counters.packetsIn++;
    if (this.listenerCount('packet') > 0) this.#tell('packet', describePacket(type + data));
    switch (type) {
      case PacketType.PING:
      case PacketType.PONG:
        this.#onHeartbeat(type, data);
        return;
      case PacketType.CLOSE:
        this.#end('now', 'transport close', closeDetail('PEER_CLOSED', 'the client closed the session'));
        return;
      case PacketType.OPEN:
        this.closeOnError('parse error', closeDetail('INVALID_PACKET', 'the client sent an open packet'));
        return;
      case PacketType.UPGRADE:
      case PacketType.NOOP:
        return;
      default:
        return unreachable(type);
    }
  }

  onFlush(): void {
    this.#backlog?.onProgress();
    if (this.listenerCount('flush') > 0) this.#tell('flush');
    if (this.#callbacks !== null) {
      const callbacks = this.#callbacks;
      this.#callbacks = null;
      for (const callback of callbacks) callForeign(callback, undefined, [], this.#host, 'a callback of send');
    }
    this.#emitDrain();
  }

  onProgress(): void {
    if (this.readyState === 'closed') return;
    // The last answer of a transport that was left may be what the present one had to wait for.
    if (this.transport.queuedBytes === 0) this.onFlush();
    else if (this.#backlog !== null && this.#backlog.onProgress()) this.#emitDrain();
  }

  onTransportClose(reason: CloseReason, detail: CloseDetail): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.#heartbeat.stop();
    this.#upgrade?.abort('SESSION_CLOSED', 'the session ended during the upgrade');
    this.#callbacks = null;
    this.#backlog?.release();
    this.#host.onSessionClose(this, detail);
    if (this.receiver !== null)
      callForeign(this.receiver.onClose, this.receiver, [reason, detail], this.#host, 'close');
    this.#tell('close', reason, detail);
  }

  get bytesReceived(): number {
    return this.transport.bytesReceived;
  }

  onPingDue(): void {
    if (this.readyState !== 'open') return;
    this.#sendPacket(PacketType.PING, false);
    this.receiver?.onPing();
    this.#tell('ping');
  }

  onSilence(): void {
    this.closeOnError(
      'ping timeout',
      closeDetail('PING_TIMEOUT', 'the client sent nothing within the time that pingInterval and pingTimeout allow'),
    );
  }

  onOverflow(): void {
    this.closeOnError(
      'send queue overflow',
      closeDetail('SEND_QUEUE_OVERFLOW', 'the client does not keep up: its send queue was over its limit for too long'),
    );
  }

  onDrop(): void {
    this.#host.counters.dropped++;
  }

  onDropReport(dropped: number): void {
    this.receiver?.onDropReport(dropped);
    if (this.listenerCount('overflow') > 0) this.#tell('overflow', dropped);
  }

  onProbe(): void {
    this.transport.endPollsAtOnce(true);
  }

  onUpgrade(transport: Transport): void {
    const previous = this.transport;
    this.#upgrade = null;
    this.upgraded = true;
    const unsent = previous.takeQueue();
    this.#host.onTransportChange(previous, transport);
    this.transport = transport;
    transport.handler = this;
    for (const packet of unsent) transport.send(packet, true);
    const hasDrained = this.#backlog !== null && this.#backlog.onTransportChange();
    if (this.#ending !== null) {
      this.#finishEnding(this.#ending);
      return;
    }
    this.#heartbeat.restart();
    this.#tell('upgrade', transport);
    if (hasDrained) this.#emitDrain();
  }

  onUpgradeAbort(transport: Transport, detail: CloseDetail): void {
    this.#upgrade = null;
    this.#host.onUpgradeFailed(transport, detail);
    this.transport.endPollsAtOnce(false);
    if (this.#ending !== null && this.readyState === 'closing') this.#finishEnding(this.#ending);
  }

  /** What the layer above fails with costs this session, not the transport's reader, and not the process. */
  #handOn(receiver: SessionListener, data: string | Buffer): void {
    try {
      receiver.onMessage(data);
    } catch (error) {
      this.#host.onForeignError(error, 'a message');
      this.closeOnError('transport error', closeDetail('TRANSPORT_ERROR', 'a message could not be handled', error));
    }
  }

  /** In v4 only servers ping (protocol, "Heartbeat"), in v3 only peers (protocol 3, "Timeouts"). */
  #onHeartbeat(type: typeof PacketType.PING | typeof PacketType.PONG, data: string): void {
    if (type !== this.#heartbeat.expects) {
      this.closeOnError(
        'transport error',
        closeDetail('HEARTBEAT_DIRECTION', 'the peer sent the wrong half of a heartbeat'),
      );
      return;
    }
    if (type === PacketType.PING) {
      this.#heartbeat.restart();
      this.#sendPacket(PacketType.PONG + data, false);
    }
    this.receiver?.onPong();
    this.#tell('heartbeat');
  }

  #sendPacket(packet: EncodedPacket, compress: boolean): void {
    this.#host.counters.packetsOut++;
    if (this.listenerCount('packetCreate') > 0) {
      this.#tell('packetCreate', { ...describePacket(packet), options: { compress } });
    }
    if (this.transport.send(packet, compress) > this.#host.sendLimits.quietBytes) {
      this.#ensureBacklog().measure(packet);
    }
  }

  /** Calls listeners, none of which can end this process or keep the session from what it does next. */
  #tell(event: string, ...args: unknown[]): void {
    callListeners(this, event, args, this.#host, event);
  }

  #emitDrain(): void {
    if (this.listenerCount('drain') > 0) this.#tell('drain');
  }

  #ensureBacklog(): SendQueueGuard {
    return (this.#backlog ??= new SendQueueGuard(this, this.#host.sendLimits, this.#host.wheel));
  }

  /** The only way in which the server ends a session: the transport ends and tells `onTransportClose`. */
  #end(mode: CloseMode, reason: CloseReason, detail: CloseDetail): void {
    if (this.readyState === 'closed' || (this.readyState === 'closing' && mode === 'drain')) return;
    this.readyState = 'closing';
    if (mode === 'drain' && this.#upgrade !== null && this.#upgrade.isProbed) {
      // The peer has stopped to poll, or is about to: only over the new transport it gets what is queued.
      this.#ending = { reason, detail };
      return;
    }
    this.#ending = null;
    this.#upgrade?.abort('SESSION_CLOSED', 'the session is closing');
    this.transport.close(mode, reason, detail);
  }

  #finishEnding({ reason, detail }: { readonly reason: CloseReason; readonly detail: CloseDetail }): void {
    this.#ending = null;
    this.transport.close('drain', reason, detail);
  }
}

/** How many bytes a message is in a queue: text has its type in front. */
export function messageSize(data: string | Buffer): number {
  return typeof data === 'string' ? Buffer.byteLength(data) + 1 : data.length;
}

function unreachable(type: never): never {
  throw new Error(`unhandled packet type ${String(type)}`);
}
