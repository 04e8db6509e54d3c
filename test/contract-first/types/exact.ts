/** The derived types, exactly. */
import type { NamespaceOf, SocketOf } from 'nestjs-socketio';
import type { ClientOf } from 'nestjs-socketio/client';
import type {
  ArgsOf,
  AuthOf,
  BodyOf,
  ClientEventsOf,
  DataOf,
  ErrorReply,
  NoAck,
  ReplyOf,
  SentArgsOf,
  ServerEventsOf,
} from 'nestjs-socketio/contract';
import type { chat, legacy } from './contracts.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsAny<T> = 0 extends 1 & T ? true : false;
type HasAny<T> = true extends { [K in keyof T]: IsAny<T[K]> | AnyParameter<T[K]> }[keyof T] ? true : false;
type AnyParameter<T> = T extends (...args: infer P) => unknown ? { [I in keyof P]: IsAny<P[I]> }[number] : false;

function holds<_Check extends true>(): void {}

interface Body {
  room: string;
  text: string;
  tags?: string[] | undefined;
}
type In = typeof chat.in;

holds<Equal<ArgsOf<In['sum']>, [number, number]>>();
holds<Equal<ArgsOf<In['search']>, [string, number | undefined]>>();
holds<Equal<SentArgsOf<In['search']>, [string, (number | undefined)?]>>();
holds<Equal<ArgsOf<In['double']>, [number]>>();
holds<Equal<SentArgsOf<In['double']>, [string]>>();
holds<Equal<ArgsOf<In['move']>, [x: number, y: number]>>();
holds<Equal<ArgsOf<In['typing']>, []>>();
holds<Equal<BodyOf<In['sum']>, [number, number]>>();
holds<Equal<BodyOf<In['rename']>, string>>();
holds<Equal<BodyOf<In['typing']>, undefined>>();
holds<Equal<BodyOf<In['avatar']>, ReturnType<typeof Buffer.alloc>>>();
holds<Equal<BodyOf<typeof legacy.in.page>, [url: string, referrer?: string | undefined] | string>>();
holds<Equal<ReplyOf<In['message']>, { id: string; at: number }>>();
holds<Equal<ReplyOf<In['typing']>, NoAck>>();
holds<Equal<ReplyOf<typeof legacy.in.hi>, string>>();
holds<Equal<DataOf<typeof chat>, { user: string }>>();
holds<Equal<AuthOf<typeof chat>, { token: string }>>();
holds<Equal<SocketOf<typeof chat>['data'], { user: string }>>();

type Emitted = ClientEventsOf<typeof chat>;
holds<Equal<Parameters<Emitted['sum']>, [number, number, ack: (reply: number | ErrorReply) => void]>>();
holds<
  Equal<
    Parameters<Emitted['search']>,
    | [string, number | undefined, ack: (reply: string[] | ErrorReply) => void]
    | [string, ack: (reply: string[] | ErrorReply) => void]
  >
>();
holds<Equal<Parameters<Emitted['move']>, [x: number, y: number]>>();
type Heard = ServerEventsOf<typeof chat>;
holds<Equal<Parameters<Heard['message']>[0]['text'], string>>();
holds<Body extends Parameters<Heard['message']>[0] ? true : false>();
holds<Equal<Parameters<Heard['confirm']>, [question: string, ack: (reply: boolean) => void]>>();

holds<Equal<HasAny<Emitted>, false>>();
holds<Equal<HasAny<Heard>, false>>();
holds<Equal<HasAny<ClientEventsOf<typeof legacy>>, false>>();
holds<Equal<HasAny<ServerEventsOf<typeof legacy>>, false>>();
holds<Equal<IsAny<ClientOf<typeof chat>>, false>>();
holds<Equal<IsAny<NamespaceOf<typeof chat>>, false>>();
