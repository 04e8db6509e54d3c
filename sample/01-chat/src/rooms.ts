import { Injectable } from '@nestjs/common';
import type { Message, Person } from './chat.contract.js';

const MAX_MESSAGES = 50;
const MAX_IMAGE_BYTES = 5_000_000;

/** One conversation: who is in it, and the latest messages. */
export class Room {
  readonly #people = new Map<string, { person: Person; connections: number }>();
  readonly #messages: Message[] = [];

  get people(): readonly Person[] {
    return Array.from(this.#people.values(), ({ person }) => person);
  }

  get history(): readonly Message[] {
    return this.#messages;
  }

  /** Somebody who was cut off, or has two pages open, is the same person. */
  enter(id: string, name: string): Person {
    const known = this.#people.get(id);
    if (known === undefined) {
      const person: Person = { id, name: this.#freeName(name, id), state: 'here', seen: null };
      this.#people.set(id, { person, connections: 1 });
      return person;
    }
    known.connections++;
    known.person.state = 'here';
    return known.person;
  }

  person(id: string): Person | undefined {
    return this.#people.get(id)?.person;
  }

  rename(person: Person, name: string): void {
    person.name = this.#freeName(name, person.id);
  }

  /** Returns the person whose last connection this was. */
  disconnect(id: string): Person | undefined {
    const known = this.#people.get(id);
    if (known === undefined || --known.connections > 0) return undefined;
    known.person.state = 'offline';
    return known.person;
  }

  remove(id: string): void {
    this.#people.delete(id);
  }

  /** The message as it is kept: a client that did not get the receipt sends it again. */
  find(id: string): Message | undefined {
    return this.#messages.find((message) => message.id === id);
  }

  add(message: Message): void {
    this.#messages.push(message);
    let bytes = this.#messages.reduce((sum, { image }) => sum + (image?.data.byteLength ?? 0), 0);
    while (this.#messages.length > MAX_MESSAGES || bytes > MAX_IMAGE_BYTES) {
      bytes -= this.#messages.shift()!.image?.data.byteLength ?? 0;
    }
  }

  #freeName(wanted: string, id: string): string {
    const taken = new Set(this.people.filter((each) => each.id !== id).map(({ name }) => name.toLowerCase()));
    let name = wanted;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted} ${number}`;
    return name;
  }
}

/** All rooms, in the memory of this process: what several servers share belongs into a store. */
@Injectable()
export class Rooms {
  readonly #rooms = new Map<string, Room>();

  open(name: string): Room {
    let room = this.#rooms.get(name);
    if (room === undefined) this.#rooms.set(name, (room = new Room()));
    return room;
  }

  /** An empty room is forgotten, with what was said in it. */
  closeIfEmpty(name: string): void {
    if (this.#rooms.get(name)?.people.length === 0) this.#rooms.delete(name);
  }
}
