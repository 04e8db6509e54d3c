/** Holds the published typings: what each entry exports, that a project compiles with them, and that a hover shows a doc. */
import { jest } from '@jest/globals';
import type ts from 'typescript';
import {
  complaintsOf,
  createProgram,
  emitTypings,
  exportsOf,
  keyOf,
  print,
  reachable,
  undocumentedMembers,
} from './published.js';

jest.setTimeout(120_000);

const USERS = {
  'users/server.ts': `
    import { createServer } from 'node:http';
    import { Server, type AdapterConstructor, type Client, type EngineSession, type Socket, type SocketOf } from 'nestjs-socketio/server';

    interface ClientEvents { say: (text: string, ack: (length: number) => void) => void }
    interface ServerEvents { said: (text: string) => void; ask: (question: string, ack: (answer: string) => void) => void }
    interface User { name: string }
    type ChatSocket = SocketOf<{ listen: ClientEvents; emit: ServerEvents; data: User }>;

    const io = new Server<ClientEvents, ServerEvents, Record<string, never>, User>(createServer(), {
      pingInterval: 10_000,
      onError: (error, socket) => console.error(error, socket?.id.length, socket?.handshake.address),
      generateSocketId: (socket) => socket.handshake.address + Date.now(),
      connectionStateRecovery: {},
    });
    io.on('connection', (socket) => {
      const chat: ChatSocket = socket;
      chat.data.name = 'Ada';
      const session: EngineSession = socket.conn;
      const client: Client = socket.client;
      session.on('close', (reason, { code }) => console.log(reason.length, code.length)).once('drain', () => {});
      session.on('packet', ({ type, data }) => console.log(type.length, data?.length));
      console.log(session.transport.name === 'polling', session.queuedBytes, client.conn.id, client.request.url);
      socket.on('say', (text, ack) => ack(text.length));
      socket.emit('said', 'hello');
      // @ts-expect-error an event that the server does not send
      socket.emit('sayd', 'hello');
      // @ts-expect-error what only the engine calls
      session.onControl('2', '');
      // @ts-expect-error what only the server calls
      client.closeConnection({ code: 'X', message: '' });
    });
    export const answers: Promise<string[]> = io.timeout(100).emitWithAck('ask', 'who?');
    export async function names(): Promise<string[]> {
      return (await io.in('room').fetchSockets()).map(({ data }) => data.name);
    }
    export function adapter(): AdapterConstructor { return io.adapter(); }
    export function any(socket: Socket): string { return socket.id; }`,
  'users/nest.ts': `
    import { Module } from '@nestjs/common';
    import { Ack, ConnectedSocket, Gateway, OnEvent, SocketIoModule, Websocket, type Socket, type SocketIoModuleOptions } from 'nestjs-socketio';

    @Gateway('/chat')
    export class ChatGateway {
      constructor(private readonly websocket: Websocket) {}
      @OnEvent('say') say(@ConnectedSocket() socket: Socket) { socket.to('room').emit('said', 1); }
      @Ack('sum') sum(): number { return this.websocket.stats().sockets.now; }
    }
    const port = process.env.PORT === undefined ? undefined : Number(process.env.PORT);
    const options: SocketIoModuleOptions = { port, cors: { origin: undefined }, pingInterval: undefined };
    @Module({ imports: [SocketIoModule.forRoot(options)], providers: [ChatGateway] })
    export class AppModule {}`,
  'users/others.ts': `
    import { createTestClient } from 'nestjs-socketio/testing';
    import { z } from 'zod';
    import { defineContract, event } from 'nestjs-socketio/contract';
    import { request, type ClientOf } from 'nestjs-socketio/client';
    import { asyncApiDocument } from 'nestjs-socketio/asyncapi';
    import { memoryLedger } from 'nestjs-socketio/ledger';
    import { OPERATION_NAMES, type PointPayloads } from 'nestjs-socketio/diagnostics';

    export const chat = defineContract('/chat', { in: { sum: event(z.number()).ack(z.number()) }, out: {} });
    export const sum = (client: ClientOf<typeof chat>): Promise<number> => request(client, 'sum', 1);
    export const document = asyncApiDocument([chat], { info: { title: 'Chat', version: '1.0.0', description: undefined } });
    export type Closed = PointPayloads['nestjs-socketio.session.close']['session']['id'];
    export const all = [createTestClient, memoryLedger, OPERATION_NAMES];`,
};

describe('the published typings', () => {
  const typings = emitTypings();

  describe.each([
    ['with', true],
    ['without', false],
  ])('%s exactOptionalPropertyTypes', (_word, exactOptionalPropertyTypes) => {
    it('compile, and a project that uses every entry does', () => {
      expect(complaintsOf(createProgram(typings, USERS, { exactOptionalPropertyTypes }))).toEqual([]);
    });
  });

  const program: ts.Program = createProgram(typings, {});

  it('have a doc at every member, of its own or of the interface that it implements', () => {
    expect(undocumentedMembers(program)).toEqual([]);
  });

  describe('are pinned', () => {
    it.each([...exportsOf(program)])('in what %s exports', (_entry, exported) => {
      expect(exported.map(({ name, file }) => `${name}: ${file}`)).toMatchSnapshot();
    });

    it('in all declarations that these lead to', () => {
      const declarations = reachable(program).map((declared) => `// ${keyOf(declared)}\n${print(declared)}`);
      expect(declarations.join('\n\n')).toMatchSnapshot();
    });
  });
});
