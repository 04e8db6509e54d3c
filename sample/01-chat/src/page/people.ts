import type { Person } from '../chat.contract.js';
import { create, find, setColor } from './dom.js';

const STATES = { here: 'here', away: 'away', offline: 'connection lost' } as const;
/** A notice of typing lasts this long, unless it is repeated. In milliseconds. */
const TYPING = 4_000;

/** Who is in the room, and who of them types. */
export class People {
  readonly #people = new Map<string, Person>();
  readonly #typing = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #members = find('#members', HTMLUListElement);
  readonly #notice = find('#typing', HTMLParagraphElement);
  readonly #count = find('#people-count', HTMLElement);
  #me: string | null = null;

  get others(): readonly Person[] {
    return [...this.#people.values()].filter(({ id }) => id !== this.#me);
  }

  replace(me: string, people: readonly Person[]): void {
    this.#me = me;
    this.#people.clear();
    for (const person of people) this.#people.set(person.id, person);
    this.#show();
  }

  set(person: Person): void {
    this.#people.set(person.id, person);
    this.#show();
  }

  remove(id: string): void {
    this.#people.delete(id);
    this.setTyping(id, false);
    this.#show();
  }

  setSeen(id: string, message: string): void {
    const person = this.#people.get(id);
    if (person !== undefined) person.seen = message;
  }

  setTyping(id: string, isTyping: boolean): void {
    clearTimeout(this.#typing.get(id));
    if (isTyping)
      this.#typing.set(
        id,
        setTimeout(() => this.setTyping(id, false), TYPING),
      );
    else this.#typing.delete(id);
    const names = [...this.#typing.keys()].map((each) => this.#people.get(each)?.name ?? 'Somebody');
    this.#notice.textContent =
      names.length === 0
        ? ''
        : names.length > 2
          ? `${names.length} people are typing…`
          : `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing…`;
  }

  #show(): void {
    const present = [...this.#people.values()].filter(({ state }) => state !== 'offline').length;
    this.#count.textContent = String(present);
    this.#members.replaceChildren(...Array.from(this.#people.values(), (person) => this.#createMember(person)));
  }

  #createMember({ id, name, state }: Person): HTMLLIElement {
    const avatar = create('span', { className: 'avatar', ariaHidden: 'true' }, name.charAt(0).toUpperCase());
    setColor(avatar, id);
    const status = create('small', {}, id === this.#me ? `you · ${STATES[state]}` : STATES[state]);
    const member = create('li', {}, avatar, create('span', {}, name, status));
    member.dataset.state = state;
    return member;
  }
}
