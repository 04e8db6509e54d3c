/** A frame as a client sends it (RFC 6455, 5.2). `first` is its first byte: bits and opcode. */
export function clientFrame(first, payload, mask = NO_MASK) {
  const length = payload.length;
  let header;
  if (length < 126) header = Buffer.of(first, 0x80 | length);
  else if (length < 65_536) header = Buffer.of(first, 0xfe, length >> 8, length & 0xff);
  else
    header = Buffer.of(
      first,
      0xff,
      0,
      0,
      0,
      0,
      length >>> 24,
      (length >>> 16) & 0xff,
      (length >>> 8) & 0xff,
      length & 0xff,
    );
  const masked = Buffer.from(payload);
  for (let i = 0; i < masked.length; i++) masked[i] ^= mask[i & 3];
  return Buffer.concat([header, mask, masked]);
}

/**
 * The payloads of the frames that a server sent, text as strings.
 *
 * @throws Error for what is no sequence of whole, final frames without masks
 */
export function serverFrames(bytes) {
  const frames = [];
  for (let at = 0; at < bytes.length;) {
    const opcode = bytes[at] & 0x0f;
    if ((bytes[at] & 0xf0) !== 0x80 || ![1, 2, 8, 9, 10].includes(opcode)) throw new Error(`frame of ${bytes[at]}`);
    let length = bytes[at + 1];
    let start = at + 2;
    if (length > 127) throw new Error('a masked frame of a server');
    if (length === 126) {
      length = bytes.readUInt16BE(start);
      start += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(start));
      start += 8;
    }
    at = start + length;
    if (at > bytes.length) throw new Error('a frame that is cut off');
    if (opcode <= 2) frames.push(opcode === 1 ? bytes.toString('utf8', start, at) : bytes.subarray(start, at));
  }
  return frames;
}

const NO_MASK = Buffer.alloc(4);
