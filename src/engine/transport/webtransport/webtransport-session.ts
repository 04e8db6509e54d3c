/**
 * What is used of a WebTransport session (W3C WebTransport, "WebTransport interface"), so that whichever library speaks
 * HTTP/3 fits.
 */
export interface WebTransportSession {
  /** Resolves when the session is open. */
  readonly ready: PromiseLike<unknown>;
  /** Settles when the session has ended. */
  readonly closed: PromiseLike<unknown>;
  /** The streams that the client opens. */
  readonly incomingBidirectionalStreams: { getReader(): StreamReader<WebTransportStream> };
  /** Ends the session. */
  close(info?: { closeCode?: number; reason?: string }): void;
}

export interface WebTransportStream {
  /** What the client sends. */
  readonly readable: { getReader(): StreamReader<Uint8Array> };
  /** What the client is sent. */
  readonly writable: { getWriter(): StreamWriter };
}

export interface StreamReader<T> {
  /** Resolves to the next bytes, or to the end. */
  read(): Promise<{ done: boolean; value?: T | undefined }>;
  /** Stops reading. */
  cancel(reason?: unknown): Promise<void>;
}

export interface StreamWriter {
  /** Sends bytes; resolves when they were taken. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the stream. */
  close(): Promise<void>;
  /** Ends the stream at once. */
  abort?(reason?: unknown): Promise<void>;
}

/** Ends a session that may have ended already, or never begun. */
export function closeSession(session: WebTransportSession): void {
  try {
    session.close();
  } catch {
    // Only a session that is not ready yet, or has failed, refuses to be closed; it ends by itself.
  }
}

export function ignore(): void {}
