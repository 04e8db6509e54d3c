import { binary, defineContract, event, type } from 'nestjs-socketio/contract';
import { z } from 'zod';

export const MAX_IMAGE_BYTES = 1_000_000;

const Id = z.uuid();
const Name = z.string().trim().min(1, 'Please enter a name').max(24, 'A name has at most 24 characters');
const RoomName = z.string().trim().min(1, 'A room has a name').max(40, 'The name of a room has at most 40 characters');
const Text = z.string().trim().min(1, 'The message is empty').max(2_000, 'A message has at most 2,000 characters');
/** No SVG: it is a document that can carry scripts. */
const ImageType = z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp'], 'This is no PNG, JPEG, GIF or WebP');
export type ImageType = z.infer<typeof ImageType>;

export interface Person {
  readonly id: string;
  name: string;
  /** Away: the page is not on the screen. Offline: the connection was lost a moment ago. */
  state: 'here' | 'away' | 'offline';
  /** The newest message that was on this person's screen. */
  seen: string | null;
}

export interface Message {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly from: { readonly id: string; readonly name: string };
  readonly text: string | null;
  readonly image: Image | null;
}

export interface Image {
  readonly name: string;
  readonly type: ImageType;
  /** An ArrayBuffer in a browser, a Buffer in Node. */
  readonly data: ArrayBuffer | Uint8Array;
}

/** The server has the message and has passed it on. */
export interface Receipt {
  readonly at: number;
}

export interface Welcome {
  /** Who you are in this room: a name that somebody has already gets a number. */
  readonly you: Person;
  readonly people: readonly Person[];
  /** The latest messages; none after a recovery, as the client has them. */
  readonly history: readonly Message[];
  readonly node: Node;
}

/** The process that serves this connection. */
export interface Node {
  readonly host: string;
  readonly pid: number;
  readonly version: string;
}

/** What the page and the server tell each other. The page imports its types only. */
export const chat = defineContract('/chat', {
  in: {
    say: event(z.object({ id: Id, text: Text })).ack<Receipt>(),
    show: event(
      z.object({ id: Id, name: z.string().max(100), type: ImageType }),
      binary({ maxBytes: MAX_IMAGE_BYTES }),
    ).ack<Receipt>(),
    rename: event(Name).ack<Person>(),
    typing: event(z.boolean()),
    seen: event(Id),
    away: event(z.boolean()),
    /** For the inspector: how long an answer takes. */
    probe: event().ack<void>(),
    /** For the inspector: sends three notes over the next two seconds, for a client that cuts its connection. */
    rehearse: event().ack<void>(),
  },
  out: {
    welcome: event<[welcome: Welcome]>(),
    /** Somebody came, or is called or doing otherwise. */
    person: event<[person: Person]>(),
    left: event<[id: string]>(),
    message: event<[message: Message]>(),
    typing: event<[id: string, isTyping: boolean]>(),
    seen: event<[id: string, message: string]>(),
    note: event<[text: string]>(),
  },
  data: type<{ id: string; name: string; room: string }>(),
  /** The key stays between a page and the server; others see an id that is made of it. */
  auth: z.object({ key: z.uuid(), name: Name, room: RoomName }),
});
