/** Gets the text and binary frames that a frame reader understands by itself. */
export interface FrameListener {
  /** False once the connection closes: whatever still arrives is left to `ws`, which waits for the close frame. */
  readonly isOpen: boolean;
  /** A chunk is about to be read. */
  beforeInput(): void;
  /** Writes what was collected, so that what `ws` answers to a frame, or to the end of the stream, comes behind it. */
  writeNow(): void;
  /** A text frame: its first byte, which is the packet's type, and the rest. */
  receiveText(typeByte: number, text: string): void;
  receiveBinary(bytes: Buffer): void;
}
