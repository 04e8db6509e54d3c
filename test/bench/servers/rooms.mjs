/** Who is in which room, for servers that have no rooms of their own. */
export class Rooms {
  #members = new Map();

  enter(room, member) {
    let members = this.#members.get(room);
    if (members === undefined) this.#members.set(room, (members = new Set()));
    members.add(member);
  }

  leave(room, member) {
    const members = this.#members.get(room);
    if (members === undefined) return;
    members.delete(member);
    if (members.size === 0) this.#members.delete(room);
  }

  /** @returns {Iterable<any>} */
  members(room) {
    return this.#members.get(room) ?? [];
  }
}
