const ADJECTIVES = [
  'Brisk',
  'Calm',
  'Clever',
  'Cosy',
  'Eager',
  'Gentle',
  'Jolly',
  'Keen',
  'Lucky',
  'Merry',
  'Quiet',
  'Sunny',
];
const ANIMALS = ['Badger', 'Beaver', 'Crane', 'Finch', 'Fox', 'Hare', 'Heron', 'Lynx', 'Otter', 'Owl', 'Robin', 'Seal'];

const NAME = 'chat.name';
const KEY = 'chat.key';

/** Who this page is: it keeps its key when it is reloaded; the name is kept for the next visit, too. */
export class Identity {
  /** Of this page: two pages of one browser are two people, who can talk to each other. */
  readonly key = recall(sessionStorage, KEY) ?? keep(sessionStorage, KEY, randomId());
  readonly room = new URLSearchParams(location.search).get('room')?.trim().slice(0, 40) || 'lobby';
  #name = recall(localStorage, NAME) ?? keep(localStorage, NAME, `${pick(ADJECTIVES)} ${pick(ANIMALS)}`);

  get name(): string {
    return this.#name;
  }

  set name(name: string) {
    this.#name = keep(localStorage, NAME, name);
  }
}

/** Makes the address one that leads into the room. */
export function addressOf(room: string): string {
  const address = new URL(location.href);
  address.searchParams.set('room', room);
  return address.href;
}

export function randomRoom(): string {
  return `${pick(ADJECTIVES)}-${pick(ANIMALS)}-${Math.floor(Math.random() * 900) + 100}`.toLowerCase();
}

/** As `crypto.randomUUID()`, which pages without HTTPS do not have. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)];
}

/** Browsers that block storage throw. */
function recall(storage: Storage, name: string): string | null {
  try {
    return storage.getItem(name);
  } catch {
    return null;
  }
}

function keep(storage: Storage, name: string, value: string): string {
  try {
    storage.setItem(name, value);
  } catch {
    // Then it lasts as long as the page.
  }
  return value;
}
