/** The element of the page; of this kind, or the page and its script do not fit. */
export function find<E extends Element>(selector: string, kind: new () => E): E {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) throw new TypeError(`The page has no ${kind.name} at ${selector}`);
  return element;
}

export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A color for each person, the same on every screen: the style sheet makes it fit light and dark. */
export function setColor(element: HTMLElement, personId: string): void {
  let hash = 0;
  for (const character of personId) hash = (hash * 31 + character.charCodeAt(0)) % 4_096;
  element.style.setProperty('--hue', String((hash % 12) * 30 + 15));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export function createTime(at: number): HTMLTimeElement {
  const date = new Date(at);
  return create('time', { dateTime: date.toISOString(), title: date.toLocaleString() }, clock.format(date));
}
