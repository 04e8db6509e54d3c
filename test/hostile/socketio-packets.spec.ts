import type { Frame } from '../support/engine-client.js';
import { TRANSPORTS } from '../support/peer.js';
import { withBystander } from './support/with-bystander.js';

/** Of a client in the main namespace. */
const REFUSED: [string, Frame[], string][] = [
  ['CVE-2023-32695: an event whose name is an object with toString', ['42[{"toString":"foo"}]'], 'INVALID_EVENT'],
  ['an event whose name is null', ['42[null,"echo"]'], 'INVALID_EVENT'],
  ['an event whose name is a list', ['42[["echo"]]'], 'INVALID_EVENT'],
  ['an event without a name', ['42[]'], 'INVALID_EVENT'],
  ['an event that is an object', ['42{"0":"echo","length":1}'], 'INVALID_PACKET'],
  ['an event that is no JSON', ['42["echo"'], 'INVALID_PACKET'],
  ['the reserved name connect', ['42["connect"]'], 'INVALID_EVENT'],
  ['the reserved name connect_error', ['42["connect_error"]'], 'INVALID_EVENT'],
  ['the reserved name disconnect', ['42["disconnect","transport close"]'], 'INVALID_EVENT'],
  ['the reserved name disconnecting', ['42["disconnecting"]'], 'INVALID_EVENT'],
  ['the reserved name newListener', ['42["newListener"]'], 'INVALID_EVENT'],
  ['the reserved name removeListener', ['42["removeListener"]'], 'INVALID_EVENT'],
  ['a type that does not exist', ['47["echo"]'], 'INVALID_PACKET'],
  ['a type that is no digit', ['4x["echo"]'], 'INVALID_PACKET'],
  ['a message without a packet', ['4'], 'INVALID_PACKET'],
  ['a CONNECT_ERROR', ['44{"message":"no"}'], 'INVALID_PACKET'],
  ['an event of a namespace that was not joined', ['42/other,["echo"]'], 'NOT_CONNECTED'],
  ['an ack of a namespace that was not joined', ['43/other,0[]'], 'NOT_CONNECTED'],
  ['a DISCONNECT from a namespace that was not joined', ['41/other,'], 'NOT_CONNECTED'],
  ['an event of the namespace __proto__', ['42/__proto__,["echo"]'], 'NOT_CONNECTED'],
  ['a namespace with a line break', ['40/a\nb,'], 'INVALID_NAMESPACE'],
  ['a namespace of 257 bytes', [`40/${'n'.repeat(256)},`], 'INVALID_NAMESPACE'],
  ['an ack id past 2^53', ['429007199254740992["echo"]'], 'INVALID_ACK_ID'],
  ['an ack id of 400 digits', [`42${'9'.repeat(400)}["echo"]`], 'INVALID_ACK_ID'],
  ['a negative ack id', ['42-1["echo"]'], 'INVALID_PACKET'],
  ['an ack id with a fraction', ['421.5["echo"]'], 'INVALID_PACKET'],
  ['an ack id with an exponent', ['421e3["echo"]'], 'INVALID_PACKET'],
  ['a hexadecimal ack id', ['420x1["echo"]'], 'INVALID_PACKET'],
  ['an ack id in Arabic digits', ['42٣["echo"]'], 'INVALID_PACKET'],
  ['an ack that is an object', ['430{"0":1}'], 'INVALID_PACKET'],
  ['CVE-2020-36049: a packet of 100,000 dashes and digits', [`45${'1-'.repeat(50_000)}["echo"]`], 'INVALID_PACKET'],
  ['CVE-2020-36049: a packet of 100,000 digits', [`42${'1'.repeat(100_000)}`], 'INVALID_ACK_ID'],
  ['CVE-2020-36049: a namespace of 100,000 slashes', [`42${'/'.repeat(100_000)}`], 'INVALID_NAMESPACE'],
  ['257 arguments', [`42["echo"${',0'.repeat(257)}]`], 'TOO_MANY_ARGUMENTS'],
  ['a name of 257 bytes', [`42["${'n'.repeat(257)}"]`], 'EVENT_NAME_TOO_LONG'],
];

const TAKEN: [string, Frame[]][] = [
  ['CVE-2023-32695: an event whose name is a number', ['42[1]', '42[-0.5,"a"]', '42[1e400]']],
  ['CVE-2023-32695: an event whose name is a number, and that asks for an ack', ['421[0]']],
  ['CVE-2024-38355: an event of the name error', ['42["error",{"message":"no"}]']],
  ['CVE-2024-38355: an event of the name error that asks for an ack', ['421["error"]']],
  ['an event of the name __proto__', ['42["__proto__",1]']],
  ['an event of the name constructor', ['42["constructor"]']],
  ['an event of the name hasOwnProperty', ['42["hasOwnProperty"]']],
  ['an event of the name toString', ['42["toString"]']],
  ['an empty name', ['42[""]']],
  ['an ack that nobody asked for', ['430["gift"]', '439007199254740991[]']],
  ['a thousand events that nobody handles', Array<string>(1_000).fill('42["nothing"]')],
];

describe.each(TRANSPORTS)('hostile Socket.IO packets, over %s', (transport) => {
  it.each(REFUSED)('%s ends the session', (_what, packets, code) =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);

      await scene.endWith(peer, packets, code);
    }),
  );

  it.each(TAKEN)('%s is data', (_what, packets) =>
    withBystander(async (scene) => {
      const peer = await scene.joined(transport);

      await peer.send(...packets, '42["echo","end"]');

      let packet: Frame;
      do packet = await peer.next();
      while (packet !== '42["echo","end"]');
    }),
  );

  it.each<[string, Frame[], string]>([
    ['an event before CONNECT', ['42["echo"]'], 'NOT_CONNECTED'],
    ['an ack before CONNECT', ['430[]'], 'NOT_CONNECTED'],
    ['a DISCONNECT before CONNECT', ['41'], 'NOT_CONNECTED'],
    ['a CONNECT to a namespace with a control character', ['40/\x7f,'], 'INVALID_NAMESPACE'],
  ])('%s ends the session', (_what, packets, code) =>
    withBystander(async (scene) => {
      const peer = await scene.peer(transport);

      await scene.endWith(peer, packets, code);
    }),
  );

  it.each<[string, Frame[], string]>([
    ['auth that is a list', ['40["token"]'], 'Invalid auth payload'],
    ['auth that is a text', ['40"token"'], 'Invalid auth payload'],
    ['auth that is null', ['40null'], 'Invalid auth payload'],
    ['auth that is no JSON', ['40{"token":'], 'Invalid auth payload'],
    ['auth of more than 8 KiB', [`40{"token":"${'x'.repeat(8_192)}"}`], 'Invalid auth payload'],
    ['auth of 300 levels', [`40{"a":${'['.repeat(300)}${']'.repeat(300)}}`], 'Invalid auth payload'],
    ['the namespace __proto__', ['40/__proto__,'], 'Invalid namespace'],
    ['the namespace constructor', ['40/constructor,{"token":1}'], 'Invalid namespace'],
  ])('%s is refused, and a CONNECT after it is not', (_what, packets, message) =>
    withBystander(async (scene) => {
      const peer = await scene.peer(transport);

      await peer.send(...packets);
      expect(await peer.next()).toContain(`"message":"${message}"`);
      await peer.send('40');
      expect(await peer.next()).toMatch(/^40\{"sid":/);
    }),
  );
});
