import { defineContract, event, type } from 'nestjs-socketio/contract';

/** Every answer to something that was sent to a room. */
export interface Receipt {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
}

export interface Image {
  name: string;
  mime: string;
  data: Buffer;
}

/** What the page and the server tell each other. Types only: pipes check what arrives, with messages for people. */
export const chat = defineContract('/', {
  in: {
    join: event<[room: string]>().ack<{ room: string; members: string[] }>(),
    leave: event().ack<void>(),
    message: event<[text: string]>().ack<Receipt>(),
    image: event<[image: Image]>().ack<Receipt>(),
    typing: event<[isTyping: boolean]>(),
  },
  out: {
    welcome: event<[you: { nickname: string; maxImageBytes: number }]>(),
    joined: event<[nickname: string]>(),
    left: event<[nickname: string]>(),
    typing: event<[nickname: string, isTyping: boolean]>(),
    message: event<[message: Receipt & { from: string; text: string }]>(),
    image: event<[image: Receipt & Image & { from: string }]>(),
  },
  data: type<{ nickname: string; room?: string }>(),
});
