/** Gets the text and binary frames that a frame reader understands by itself. */
export interface FrameListener {
  /** False once the connection closes: whatever still arrives is left to `ws`, which waits for the close frame. */
  readonly isOpen: boolean;
  /** A chunk is about to be read. */
  beforeInput(): void;
  /** Writes what was collected, so that what `ws` answers to a frame, or to the end of the stream, comes behind it. */
  writeNow(): void;
  /** A text frame: its first byte, which is the packet's type, and the rest; or `NO_TYPE` and all of it. */
  receiveText(typeByte: number, text: string): void;
  receiveBinary(bytes: Buffer): void;
}

/** Stands for the type of a text that is empty or does not start with an ASCII character: no byte of UTF-8 is 0xff. */
export const NO_TYPE = 0xff;

/** Hands on a text that is UTF-8. */
export function receiveUtf8(listener: Pick<FrameListener, 'receiveText'>, bytes: Buffer): void {
  if (bytes.length > 0 && bytes[0] < 0x80) listener.receiveText(bytes[0], bytes.toString('utf8', 1));
  else listener.receiveText(NO_TYPE, bytes.toString());
}
