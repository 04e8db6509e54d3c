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

/** What the server tells the page. */
export interface ServerToClientEvents {
  welcome: (you: { nickname: string; maxImageBytes: number }) => void;
  joined: (nickname: string) => void;
  left: (nickname: string) => void;
  typing: (nickname: string, isTyping: boolean) => void;
  message: (message: Receipt & { from: string; text: string }) => void;
  image: (image: Receipt & Image & { from: string }) => void;
}
