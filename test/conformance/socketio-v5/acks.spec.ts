import { openPolling, poll, push, type WireSocket } from '../../support/engine-client.js';
import { frames, joinCustom, joinMain } from '../../support/socketio-client.js';
import { startSocketIoServer, unlikeOfficial } from '../../support/conformance-server.js';

describe('Socket.IO v5: acknowledgements by the server', () => {
  it.each([
    ['42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'],
    ['420["message-with-ack","zero"]', '430["zero"]'],
    ['429007199254740991["message-with-ack","large"]', '439007199254740991["large"]'],
    ['4212["message-with-ack"]', '4312[]'],
    ['42/,12["message-with-ack","named"]', '4312["named"]'],
  ])('answers %s with %s [K1, K3]', async (event, ack) => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(event);

    expect(await wire.next()).toBe(ack);
  });

  it('answers in the namespace that asked [N5]', async () => {
    const { url, io } = await startSocketIoServer();
    io.of('/custom').on('connection', (socket) => socket.on('hey', (ack) => ack('custom')));
    io.on('connection', (socket) => socket.on('hey', (ack) => ack('main')));
    const wire = await joinMain(url);
    await joinCustom(wire);

    wire.send('42/custom,13["hey"]');
    wire.send('4213["hey"]');

    expect(await frames(wire, 2)).toEqual(['43/custom,13["custom"]', '4313["main"]']);
  });

  it('answers over long-polling', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    await push(session, '40');
    await poll(session);

    await push(session, '421["message-with-ack","one"]\x1e422["message-with-ack","two"]');

    expect((await poll(session)).body).toBe('431["one"]\x1e432["two"]');
  });

  it('answers in the order in which the application answers', async () => {
    const { url, io } = await startSocketIoServer();
    const waiting: ((answer: string) => void)[] = [];
    io.on('connection', (socket) =>
      socket.on('wait', (ack) => {
        if (waiting.push(ack) === 2) waiting.reverse().forEach((answer, i) => answer(`answer ${i}`));
      }),
    );
    const wire = await joinMain(url);

    wire.send('421["wait"]');
    wire.send('422["wait"]');

    expect(await frames(wire, 2)).toEqual(['432["answer 0"]', '431["answer 1"]']);
  });

  it('answers once, however often the application does [K5]', async () => {
    const { url, io } = await startSocketIoServer();
    io.on('connection', (socket) => socket.on('twice', (ack) => (ack('first'), ack('second'))));
    const wire = await joinMain(url);

    wire.send('421["twice"]');
    wire.send('422["message-with-ack","next"]');

    expect(await frames(wire, 2)).toEqual(['431["first"]', '432["next"]']);
  });

  it('sends no answer where none was asked for', async () => {
    const { url, io } = await startSocketIoServer();
    io.on('connection', (socket) => socket.on('count', (...args) => socket.emit('counted', args.length)));
    const wire = await joinMain(url);

    wire.send('42["count",1,2]');
    wire.send('427["count",1,2]');

    expect(await frames(wire, 2)).toEqual(['42["counted",2]', '42["counted",3]']);
  });

  it.each(['abc', '-1', '1.5', '1e3', '0x10'])('closes upon the id "%s"', async (id) => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(`42${id}["message-with-ack","x"]`);

    await wire.closed;
    expect(wire.unread).toEqual([]);
  });

  unlikeOfficial('it reads any run of digits and spaces as a number').each([
    ['is no safe integer', '9007199254740992'],
    ['has 400 digits', '1'.repeat(400)],
    ['begins with a space', ' 1'],
  ])('closes upon an id that %s', async (_flaw, id) => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(`42${id}["message-with-ack","x"]`);

    await wire.closed;
    expect(wire.unread).toEqual([]);
  });
});

describe('Socket.IO v5: acknowledgements by the client', () => {
  /** On "ask", the server asks back with an acknowledgement and reports what it got. */
  async function startAskingServer() {
    const server = await startSocketIoServer();
    server.io.on('connection', (socket) =>
      socket.on('ask', () => {
        socket.emit('question', 'to be?', (...answers: unknown[]) => socket.emit('answered', ...answers));
      }),
    );
    return server;
  }

  async function idOfQuestion(wire: WireSocket): Promise<string> {
    wire.send('42["ask"]');
    const [, id] = /^42(\d+)\["question","to be\?"\]$/.exec((await wire.next()) as string) ?? [];
    return id!;
  }

  it('asks with an id and takes the answer that carries it [I16]', async () => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);
    const id = await idOfQuestion(wire);

    wire.send(`43${id}["not to be",2]`);

    expect(await wire.next()).toBe('42["answered","not to be",2]');
  });

  it('takes an empty answer', async () => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);
    const id = await idOfQuestion(wire);

    wire.send(`43${id}[]`);

    expect(await wire.next()).toBe('42["answered"]');
  });

  it('takes a binary answer', async () => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);
    const id = await idOfQuestion(wire);

    wire.send(`461-${id}["bar",{"_placeholder":true,"num":0}]`);
    wire.send(Uint8Array.of(1, 2, 3, 4));

    expect(await frames(wire, 2)).toEqual([
      '451-["answered","bar",{"_placeholder":true,"num":0}]',
      Buffer.from([1, 2, 3, 4]),
    ]);
  });

  it('takes answers in any order', async () => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);
    const first = await idOfQuestion(wire);
    const second = await idOfQuestion(wire);

    wire.send(`43${second}["second"]`);
    wire.send(`43${first}["first"]`);

    expect(second).not.toBe(first);
    expect(await frames(wire, 2)).toEqual(['42["answered","second"]', '42["answered","first"]']);
  });

  it('takes one answer for each question and no notice of more', async () => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);
    const id = await idOfQuestion(wire);

    wire.send(`43${id}["first"]`);
    wire.send(`43${id}["second"]`);
    wire.send('42["message","still here"]');

    expect(await frames(wire, 2)).toEqual(['42["answered","first"]', '42["message-back","still here"]']);
  });

  it('takes no notice of an answer to nothing [Q10]', async () => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);

    wire.send('4312345["unasked"]');
    wire.send('42["message","still here"]');

    expect(await wire.next()).toBe('42["message-back","still here"]');
  });

  it('takes no answer from another namespace [N9]', async () => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);
    await joinCustom(wire);
    const id = await idOfQuestion(wire);

    wire.send(`43/custom,${id}["from elsewhere"]`);
    wire.send(`43${id}["from here"]`);

    expect(await wire.next()).toBe('42["answered","from here"]');
  });

  it.each(['{}', '"text"', '[1', 'null'])('closes upon the answer %s, which is no array [Q10]', async (payload) => {
    const { url } = await startAskingServer();
    const wire = await joinMain(url);
    const id = await idOfQuestion(wire);

    wire.send(`43${id}${payload}`);

    await wire.closed;
    expect(wire.unread).toEqual([]);
  });
});
