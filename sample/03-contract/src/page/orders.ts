import { request, RequestError, type ClientOf } from 'nestjs-socketio/client';
import { io } from 'socket.io-client';
// A type: nothing of the contract, nor of its schemas, is loaded by the page.
import type { orders, Ticket } from '../orders.contract.js';

type OrdersSocket = ClientOf<typeof orders>;

const signIn = find<HTMLFormElement>('#sign-in');
const orderForm = find<HTMLFormElement>('#order');
const room = find('#room');
const board = find<HTMLOListElement>('#board');
const log = find<HTMLPreElement>('#refusal');
let socket: OrdersSocket | null = null;

signIn.addEventListener('submit', (event) => {
  event.preventDefault();
  enter(String(new FormData(signIn).get('guest')));
});

function enter(guest: string): void {
  socket?.disconnect();
  const entering: OrdersSocket = io('/orders', { auth: { guest }, forceNew: true });
  socket = entering;
  entering.on('connect', async () => {
    signIn.hidden = true;
    room.hidden = false;
    find('#guest').textContent = guest.trim();
    board.replaceChildren();
    for (const ticket of await request(entering, 'list')) show(ticket);
  });
  entering.on('connect_error', (error) => {
    const { data } = error as { data?: { details?: { message: string }[] } };
    find('#sign-in-error').textContent = data?.details?.[0]?.message ?? error.message;
    entering.disconnect();
  });
  entering.on('ordered', show);
  entering.on('served', show);
}

orderForm.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = new FormData(orderForm);
  const note = String(form.get('note'));
  clearErrors();
  await answered(async () => {
    const ticket = await request(socket!, 'order', {
      // What the form holds is text; whether it fits is for the contract to say.
      drink: form.get('drink') as Ticket['order']['drink'],
      size: form.get('size') as Ticket['order']['size'],
      amount: Number(form.get('amount')),
      ...(note === '' ? null : { note }),
    });
    find('#said').textContent = `Order ${ticket.number} is on its way.`;
  });
});

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-send]')) {
  button.addEventListener('click', async () => {
    // Past the compiler, as a broken client would.
    const send = socket!.emitWithAck as (event: string, ...args: unknown[]) => Promise<unknown>;
    const reply = await send.call(socket, 'order', ...(JSON.parse(button.dataset.send!) as unknown[]));
    log.textContent = JSON.stringify(reply, null, 2);
  });
}

/** Runs a request; what its error says about a field is shown at the field. */
async function answered(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const details = (error.details ?? []) as { path: (string | number)[]; message: string }[];
    find('#said').textContent = error.message;
    for (const { path, message } of details) {
      const place = document.querySelector(`[data-error="${String(path[1])}"]`);
      if (place !== null) place.textContent = message;
    }
  }
}

function clearErrors(): void {
  find('#said').textContent = '';
  for (const place of document.querySelectorAll('[data-error]')) place.textContent = '';
}

function show(ticket: Ticket): void {
  const { number, order, guest, servedBy } = ticket;
  const item = document.createElement('li');
  item.id = `ticket-${number}`;
  item.className = servedBy === null ? 'open' : 'served';
  const what = document.createElement('p');
  what.className = 'what';
  what.textContent = `${order.amount} × ${order.size} of ${order.drink}`;
  const who = document.createElement('p');
  who.textContent = `No. ${number} for ${guest}${order.note === undefined ? '' : ` – ${order.note}`}`;
  item.append(what, who);
  if (servedBy === null) item.append(serveButton(number));
  else item.append(Object.assign(document.createElement('p'), { textContent: `brought by ${servedBy}` }));
  const present = document.getElementById(item.id);
  if (present === null) board.prepend(item);
  else present.replaceWith(item);
}

function serveButton(number: number): HTMLButtonElement {
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Bring it' });
  button.addEventListener('click', () =>
    answered(async () => {
      const { guest } = await request(socket!, 'serve', number);
      find('#said').textContent = `${guest} has been served.`;
    }),
  );
  return button;
}

function find<E extends HTMLElement>(selector: string): E {
  return document.querySelector<E>(selector)!;
}
