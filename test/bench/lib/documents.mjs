import { Random } from './random.mjs';

/**
 * So many bytes of documents, until the first one comes again: a sender that compresses refers to what it has sent, but
 * not as far back as this.
 */
const CYCLE = 64 * 1024;
const AT_LEAST = 16;
const FIRST_NAMES = ['Ada', 'Blaise', 'Carla', 'Dmitri', 'Emmy', 'Farid', 'Grace', 'Hedy', 'Ines', 'Jorge'];
const LAST_NAMES = ['Abel', 'Becker', 'Castro', 'Dufour', 'Eriksen', 'Fischer', 'Greco', 'Hansen', 'Ito', 'Jansen'];
const STATES = ['open', 'paid', 'packed', 'shipped', 'returned'];
const WORDS =
  'please leave the parcel with neighbours or at the back door and ring twice before noon if you can '.split(' ');
const FIRST_MINUTE = Date.UTC(2026, 0);

/**
 * Documents as applications send them: names and keys that come again and again, numbers and ids that do not, so that
 * they compress as such do. As JSON each is of exactly so many bytes. Server and load make the same ones.
 *
 * @param {number} bytes at least 200
 * @returns {object[]}
 */
export function documentsOf(bytes) {
  const random = new Random(bytes);
  const count = Math.max(AT_LEAST, Math.ceil(CYCLE / bytes));
  return Array.from({ length: count }, () => documentOf(bytes, random));
}

function documentOf(bytes, random) {
  const document = { orders: [orderOf(random)], note: '' };
  let missing = bytes - JSON.stringify(document).length;
  for (;;) {
    const order = orderOf(random);
    const length = JSON.stringify(order).length + ','.length;
    if (length > missing) break;
    document.orders.push(order);
    missing -= length;
  }
  document.note = textOf(missing, random);
  return document;
}

function orderOf(random) {
  const minute = FIRST_MINUTE + random.below(500_000) * 60_000;
  return {
    id: random.below(2 ** 31).toString(36),
    customer: `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`,
    state: random.pick(STATES),
    total: random.below(50_000) / 100,
    items: random.below(9) + 1,
    updatedAt: new Date(minute).toISOString(),
  };
}

function textOf(length, random) {
  let text = '';
  while (text.length < length) text += `${random.pick(WORDS)} `;
  return text.slice(0, length);
}
