import type { Message, Person } from '../chat.contract.js';
import { create, createTime, find, setColor } from './dom.js';

/** Messages of one person are a group as long as there is less than this between them. In milliseconds. */
const PAUSE = 3 * 60_000;
const MAX_ENTRIES = 400;
/** How far from its end the log still counts as read to the end. In pixels. */
const NEAR = 48;

/** What the sender of a message knows about it. `sent`: the server has passed it on. */
export type Delivery = 'sending' | 'sent' | 'failed';

interface Entry {
  message: Message;
  readonly item: HTMLElement;
  readonly status: HTMLElement | null;
  delivery: Delivery;
}

export interface LogListener {
  /** The newest message of others is on the screen, in front of somebody. */
  onSeen(message: string): void;
  onRetry(message: Message): void;
  onUnread(count: number): void;
}

/** The conversation: groups of messages, what has become of one's own, and what has not been read. */
export class MessageLog {
  readonly #log = find('#log', HTMLDivElement);
  readonly #jump = find('#jump', HTMLButtonElement);
  readonly #beginning = find('#beginning', HTMLDivElement);
  readonly #entries = new Map<string, Entry>();
  readonly #divider = create('p', { className: 'divider' }, 'New');
  #newest: Entry | null = null;
  #list: HTMLElement | null = null;
  #unread = 0;
  #seen: string | null = null;
  #readsOn = true;
  #size = '';

  constructor(
    private readonly me: () => string,
    private readonly others: () => readonly Person[],
    private readonly listener: LogListener,
  ) {
    this.#log.addEventListener('scroll', () => {
      // A log of another size was moved by the browser, and not by its reader.
      if (this.#measure() === this.#size) this.#readsOn = this.#distance() < NEAR;
      this.look();
    });
    // A keyboard that comes up makes the log smaller: its end stays in view.
    new ResizeObserver(() => {
      this.#size = this.#measure();
      this.#follow();
    }).observe(this.#log);
    this.#jump.addEventListener('click', () => {
      this.toEnd();
      this.#log.focus();
    });
    for (const name of ['visibilitychange', 'focus', 'blur']) addEventListener(name, () => this.look());
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  add(message: Message, delivery: Delivery = 'sent'): void {
    if (this.#entries.has(message.id)) return;
    this.#beginning.hidden = true;
    const isOwn = message.from.id === this.me();
    if (!isOwn && !this.#isWatched()) this.#countUnread();
    const entry = this.#append(message, isOwn, delivery);
    this.#entries.set(message.id, entry);
    this.#newest = entry;
    this.#dropOldest();
    this.updateDeliveries();
    if (isOwn) this.toEnd();
    else this.#follow();
    this.look();
  }

  setDelivery(id: string, delivery: Delivery, reason = ''): void {
    const entry = this.#entries.get(id);
    if (entry?.status == null) return;
    entry.delivery = delivery;
    entry.item.dataset.delivery = delivery;
    if (delivery === 'failed') {
      const retry = create('button', { type: 'button', className: 'link' }, 'Try again');
      retry.addEventListener('click', () => this.listener.onRetry(entry.message));
      entry.status.replaceChildren(`Not sent: ${reason} `, retry);
    }
    this.updateDeliveries();
    this.#follow();
  }

  /** Says of each message of one's own who has seen it: everyone whose newest seen message is not an earlier one. */
  updateDeliveries(): void {
    const others = this.others();
    const order = [...this.#entries.keys()];
    const seenUntil = new Map(others.map(({ id, seen }) => [id, seen === null ? -1 : order.indexOf(seen)]));
    let latest: Entry | null = null;
    for (const [index, id] of order.entries()) {
      const entry = this.#entries.get(id);
      if (entry?.status == null) continue;
      delete entry.item.dataset.latest;
      if (entry.delivery === 'failed') continue;
      latest = entry;
      const readers = others.filter((each) => seenUntil.get(each.id)! >= index).map(({ name }) => name);
      const text = entry.delivery === 'sending' ? 'Sending…' : readers.length === 0 ? 'Sent' : seenBy(readers, others);
      if (entry.status.textContent !== text) entry.status.textContent = text;
    }
    if (latest !== null) latest.item.dataset.latest = '';
  }

  /** Tells what has been seen, if somebody is looking. */
  look(): void {
    if (!this.#isWatched()) return;
    if (this.#unread > 0) {
      this.#unread = 0;
      this.#showUnread();
    }
    const newest = [...this.#entries.values()].findLast(({ status }) => status === null);
    if (newest === undefined || newest.message.id === this.#seen) return;
    this.#seen = newest.message.id;
    this.listener.onSeen(this.#seen);
  }

  toEnd(): void {
    this.#readsOn = true;
    this.#follow();
    this.look();
  }

  #append(message: Message, isOwn: boolean, delivery: Delivery): Entry {
    if (this.#list === null || !this.#continues(message)) this.#list = this.#startGroup(message, isOwn);
    const item = create('div', { className: 'message' });
    if (message.text !== null) item.append(create('p', {}, message.text));
    if (message.image !== null) item.append(this.#createImage(message.image));
    const status = isOwn ? create('span', { className: 'status' }) : null;
    if (status !== null) {
      item.append(status);
      item.dataset.delivery = delivery;
    }
    this.#list.append(item);
    return { message, item, status, delivery };
  }

  #continues({ from, at }: Message): boolean {
    const last = this.#newest?.message;
    if (last === undefined || this.#divider.parentElement?.lastElementChild === this.#divider) return false;
    return last.from.id === from.id && last.from.name === from.name && at - last.at < PAUSE;
  }

  #startGroup({ from, at }: Message, isOwn: boolean): HTMLElement {
    const avatar = create('span', { className: 'avatar', ariaHidden: 'true' }, from.name.charAt(0).toUpperCase());
    const author = create('b', {}, isOwn ? 'You' : from.name);
    const list = create('div', { className: 'messages' }, create('p', { className: 'author' }, author, createTime(at)));
    const group = create('div', { className: isOwn ? 'group own' : 'group' }, avatar, list);
    setColor(group, from.id);
    this.#log.append(group);
    return list;
  }

  #createImage({ name, type, data }: NonNullable<Message['image']>): HTMLElement {
    const address = URL.createObjectURL(new Blob([new Uint8Array(data)], { type }));
    const image = create('img', { src: address, alt: name });
    image.addEventListener('load', () => this.#follow());
    return create('a', { href: address, target: '_blank', rel: 'noopener' }, image);
  }

  #countUnread(): void {
    if (this.#unread === 0) this.#log.append(this.#divider);
    this.#unread++;
    this.#showUnread();
  }

  #showUnread(): void {
    this.#jump.hidden = this.#unread === 0;
    this.#jump.textContent = `${this.#unread} new ${this.#unread === 1 ? 'message' : 'messages'} ↓`;
    this.listener.onUnread(this.#unread);
  }

  #dropOldest(): void {
    for (const [id, { item }] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES) return;
      const image = item.querySelector('img');
      if (image !== null) URL.revokeObjectURL(image.src);
      const list = item.parentElement;
      item.remove();
      if (list?.querySelector('.message') === null) list.parentElement?.remove();
      this.#entries.delete(id);
    }
  }

  /** Whether somebody sees what is added now. */
  #isWatched(): boolean {
    const isOnScreen = this.#log.checkVisibility({ visibilityProperty: true });
    return this.#readsOn && isOnScreen && document.visibilityState === 'visible' && document.hasFocus();
  }

  #follow(): void {
    if (this.#readsOn) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #measure(): string {
    return `${this.#log.clientWidth} × ${this.#log.clientHeight}`;
  }

  #distance(): number {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight;
  }
}

function seenBy(readers: readonly string[], others: readonly Person[]): string {
  if (readers.length === others.length && readers.length > 1) return 'Seen by all';
  return readers.length > 2 ? `Seen by ${readers.length}` : `Seen by ${readers.join(' and ')}`;
}
