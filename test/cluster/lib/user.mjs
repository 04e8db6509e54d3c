/** A user with up to three tabs, each an official client, who remembers when one of them was connected. */
import { io } from 'socket.io-client';

const MAX_TABS = 3;

export class User {
  #tabs = new Set();
  /** Times at which some tab was connected: from, to. */
  #times = [];
  announced = 'offline';
  announcedAt = -Infinity;

  constructor(name, url) {
    this.name = name;
    this.url = url;
  }

  /** The sockets of the tabs that are connected. */
  get ids() {
    return [...this.#tabs].filter(({ connected }) => connected).map(({ id }) => id);
  }

  /** Whether every tab that is open is connected. */
  get isSettled() {
    return [...this.#tabs].every(({ connected }) => connected);
  }

  /** Opens, closes or reloads a tab, or closes all of them. Returns whether it is a reload. */
  act() {
    const [tab] = this.#tabs;
    const dice = Math.random();
    if (tab === undefined || (dice < 0.3 && this.#tabs.size < MAX_TABS)) this.openTab();
    else if (dice < 0.5) this.#closeTab(tab);
    else if (dice < 0.6) for (const each of [...this.#tabs]) this.#closeTab(each);
    else {
      this.#closeTab(tab);
      const delay = 50 + Math.random() * 300;
      const reopened = { connected: false };
      this.#tabs.add(reopened);
      setTimeout(() => {
        if (this.#tabs.delete(reopened)) this.openTab();
      }, delay);
      return true;
    }
    return false;
  }

  openTab() {
    const tab = io(this.url, {
      forceNew: true,
      transports: ['websocket'],
      auth: { user: this.name },
      reconnectionDelay: 30,
      reconnectionDelayMax: 200,
      timeout: 2_000,
    });
    this.#tabs.add(tab);
    let since = null;
    tab.on('connect', () => (since = this.#begin()));
    tab.on('disconnect', () => {
      if (since !== null) since.to = performance.now();
    });
  }

  /** Whether a tab was connected at some time between these. */
  wasThere(from, to) {
    this.#times = this.#times.filter((time) => time.to > performance.now() - 60_000);
    return this.#times.some((time) => time.from < to && time.to > from);
  }

  close() {
    for (const tab of [...this.#tabs]) this.#closeTab(tab);
  }

  #begin() {
    const time = { from: performance.now(), to: Infinity };
    this.#times.push(time);
    return time;
  }

  #closeTab(tab) {
    this.#tabs.delete(tab);
    tab.disconnect?.();
  }
}
