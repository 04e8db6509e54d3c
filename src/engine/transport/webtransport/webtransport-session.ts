/**
 * What is used of a WebTransport session (W3C WebTransport, "WebTransport interface"), so that whichever library speaks
 * HTTP/3 fits.
 */
export interface WebTransportSession {
  readonly ready: PromiseLike<unknown>;
  readonly closed: PromiseLike<unknown>;
  readonly incomingBidirectionalStreams: { getReader(): StreamReader<WebTransportStream> };
  close(info?: { closeCode?: number; reason?: string }): void;
}

export interface WebTransportStream {
  readonly readable: { getReader(): StreamReader<Uint8Array> };
  readonly writable: { getWriter(): StreamWriter };
}

export interface StreamReader<T> {
  read(): Promise<{ done: boolean; value?: T | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

export interface StreamWriter {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
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
