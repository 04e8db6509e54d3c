import { request, RequestError, type ClientOf } from 'nestjs-socketio/client';
import { io } from 'socket.io-client';
// A type: nothing of the contract, nor of its schemas, is loaded by the page.
import type { chat, Message, Person } from '../chat.contract.js';
import { find, setColor } from './dom.js';
import { addressOf, Identity, randomId, randomRoom } from './identity.js';
import { Inspector } from './inspector.js';
import { MessageLog } from './message-log.js';
import { People } from './people.js';
import { toPicture } from './picture.js';

type ChatSocket = ClientOf<typeof chat>;

/** How long a message may wait for its receipt, a reconnect included. In milliseconds. */
const PATIENCE = 15_000;
/** A notice of typing is repeated this often while keys come. In milliseconds. */
const TYPING = 2_000;

const identity = new Identity();
history.replaceState(null, '', addressOf(identity.room));

const transport = new URLSearchParams(location.search).get('transport');
const socket: ChatSocket = io('/chat', {
  autoConnect: false,
  transports: transport === 'polling' || transport === 'websocket' ? [transport] : ['polling', 'websocket'],
  reconnectionDelayMax: 3_000,
  // Asked at every connect, as the name may have changed.
  auth: (send) => send({ key: identity.key, name: identity.name, room: identity.room }),
});

let myId = '';
const people = new People();
const log = new MessageLog(
  () => myId,
  () => people.others,
  {
    onSeen: (message) => socket.emit('seen', message),
    onRetry: (message) => void post(message),
    onUnread: (count) => {
      document.title = count === 0 ? `${identity.room} · Chat` : `(${count}) ${identity.room} · Chat`;
    },
  },
);
const inspector = new Inspector(socket, (name) => {
  find('#transport', HTMLElement).textContent = `over ${name}`;
});

const nameField = find('#name', HTMLInputElement);
const textField = find('#text', HTMLTextAreaElement);
const imageField = find('#image', HTMLInputElement);

find('#room', HTMLElement).textContent = identity.room;
find('#beginning-room', HTMLElement).textContent = identity.room;
document.title = `${identity.room} · Chat`;
nameField.value = identity.name;

// The connection

socket.on('welcome', ({ you, people: present, history: latest, node }) => {
  showMe(you);
  people.replace(you.id, present);
  for (const message of latest) log.add(message);
  log.updateDeliveries();
  inspector.onWelcome(node);
});
socket.on('person', (person) => {
  people.set(person);
  log.updateDeliveries();
});
socket.on('left', (id) => {
  people.remove(id);
  log.updateDeliveries();
});
socket.on('message', (message) => {
  people.setTyping(message.from.id, false);
  log.add(message);
});
socket.on('typing', (id, isTyping) => people.setTyping(id, isTyping));
socket.on('seen', (id, message) => {
  people.setSeen(id, message);
  log.updateDeliveries();
});

socket.on('connect', () => {
  showState('connected');
  if (document.hidden) socket.emit('away', true);
});
socket.on('disconnect', () => showState('reconnecting'));
socket.on('connect_error', (error) => {
  // Refused for good, or only not there.
  showState(socket.active ? 'reconnecting' : 'offline', socket.active ? '' : error.message);
});
document.addEventListener('visibilitychange', () => {
  if (socket.connected) socket.emit('away', document.hidden);
});
addEventListener('pagehide', () => socket.disconnect());
addEventListener('pageshow', (event) => {
  if (event.persisted) socket.connect();
});
socket.connect();

// Messages

find('#composer', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  sendText();
});
textField.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendText();
});
let typingSince = -Infinity;
textField.addEventListener('input', () => {
  fitText();
  const isTyping = textField.value.trim() !== '';
  if (isTyping && performance.now() - typingSince < TYPING) return;
  typingSince = isTyping ? performance.now() : -Infinity;
  if (socket.connected) socket.volatile.emit('typing', isTyping);
});
imageField.addEventListener('change', () => {
  void sendImages(imageField.files);
  imageField.value = '';
});
textField.addEventListener('paste', (event) => {
  if ((event.clipboardData?.files.length ?? 0) === 0) return;
  event.preventDefault();
  void sendImages(event.clipboardData?.files);
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  void sendImages(event.dataTransfer?.files);
});

function sendText(): void {
  const text = textField.value.trim();
  if (text === '') return;
  textField.value = '';
  typingSince = -Infinity;
  fitText();
  textField.focus();
  void post(createMessage({ text }));
}

async function sendImages(files: FileList | null | undefined): Promise<void> {
  for (const file of files ?? []) {
    try {
      const { name, type, data } = await toPicture(file);
      await post(createMessage({ image: { name, type, data: await data.arrayBuffer() } }));
    } catch (error) {
      say(messageOf(error));
    }
  }
}

function createMessage({ text = null, image = null }: Partial<Pick<Message, 'text' | 'image'>>): Message {
  return { id: randomId(), at: Date.now(), from: { id: myId, name: identity.name }, text, image };
}

/** Also for another try: the server keeps a message with the same id once. */
async function post(message: Message): Promise<void> {
  const { id, text, image } = message;
  if (!log.has(id)) log.add(message, 'sending');
  else log.setDelivery(id, 'sending');
  const started = performance.now();
  try {
    const patient = socket.timeout(PATIENCE);
    if (image === null) await request(patient, 'say', { id, text: text ?? '' });
    else await request(patient, 'show', { id, name: image.name, type: image.type }, image.data);
    log.setDelivery(id, 'sent');
    inspector.onRoundTrip(performance.now() - started);
  } catch (error) {
    log.setDelivery(id, 'failed', messageOf(error));
  }
}

function fitText(): void {
  textField.style.height = 'auto';
  textField.style.height = `${Math.min(textField.scrollHeight, 120)}px`;
}

// Who I am

nameField.addEventListener('change', () => void rename());
nameField.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') nameField.value = identity.name;
  if (event.key !== 'Enter' && event.key !== 'Escape') return;
  event.preventDefault();
  textField.focus();
});

async function rename(): Promise<void> {
  const error = find('#name-error', HTMLElement);
  error.textContent = '';
  try {
    showMe(await request(socket.timeout(PATIENCE), 'rename', nameField.value));
    identity.name = nameField.value;
  } catch (cause) {
    error.textContent = messageOf(cause);
    nameField.value = identity.name;
  }
}

function showMe(you: Person): void {
  myId = you.id;
  if (document.activeElement !== nameField) nameField.value = you.name;
  setColor(find('#my-color', HTMLElement), you.id);
  people.set(you);
}

// The room

for (const id of ['#share', '#invite']) find(id, HTMLButtonElement).addEventListener('click', () => void share());
find('#new-room', HTMLButtonElement).addEventListener('click', () => location.assign(addressOf(randomRoom())));

async function share(): Promise<void> {
  const url = addressOf(identity.room);
  const isPhone = matchMedia('(pointer: coarse)').matches;
  try {
    if (isPhone && 'share' in navigator) await navigator.share({ title: `Chat: ${identity.room}`, url });
    else {
      await navigator.clipboard.writeText(url);
      say('The link is copied.');
    }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    // No HTTPS, or not allowed.
    prompt('The link of this room:', url);
  }
}

// The page

const wide = matchMedia('(min-width: 64rem)');
const chatPane = find('#chat', HTMLElement);
const panels = ['people', 'inspector'].map((id) => ({
  panel: find(`#${id}`, HTMLElement),
  button: find(`#${id}-button`, HTMLButtonElement),
  close: find(`[data-close="${id}"]`, HTMLButtonElement),
}));
for (const { panel, button, close } of panels) {
  button.addEventListener('click', () => {
    showPanel(panel, panel.hidden !== false);
    if (!panel.hidden && !wide.matches) close.focus();
  });
  close.addEventListener('click', () => {
    showPanel(panel, false);
    button.focus();
  });
}
document.addEventListener('keydown', (event) => {
  const open = panels.find(({ panel }) => !panel.hidden);
  if (event.key !== 'Escape' || wide.matches || open === undefined) return;
  showPanel(open.panel, false);
  open.button.focus();
});
const onWidth = (): void => {
  for (const { panel } of panels) showPanel(panel, wide.matches);
};
wide.addEventListener('change', onWidth);
onWidth();

/** On a small screen a panel covers the conversation, and there is one at a time. */
function showPanel(panel: HTMLElement, isShown: boolean): void {
  for (const each of panels) {
    if (each.panel === panel) each.panel.hidden = !isShown;
    else if (isShown && !wide.matches) each.panel.hidden = true;
    each.button.ariaExpanded = String(!each.panel.hidden);
  }
  const isCovered = !wide.matches && panels.some((each) => !each.panel.hidden);
  chatPane.inert = isCovered;
  chatPane.style.visibility = isCovered ? 'hidden' : '';
  log.look();
}

// A keyboard takes part of the screen: some browsers say so by the size of the page, some only here.
const viewport = window.visualViewport;
const onViewport = (): void => {
  const height = viewport?.height ?? innerHeight;
  document.documentElement.style.setProperty('--height', `${height}px`);
  document.documentElement.classList.toggle('short', height < 540);
  scrollTo(0, 0);
};
viewport?.addEventListener('resize', onViewport);
addEventListener('resize', onViewport);
onViewport();

function showState(state: 'connected' | 'reconnecting' | 'offline', reason = ''): void {
  const connection = find('#connection', HTMLElement);
  connection.dataset.state = state;
  find('#state', HTMLElement).textContent = state;
  if (state !== 'connected') find('#transport', HTMLElement).textContent = reason;
}

let toasted: ReturnType<typeof setTimeout>;
function say(text: string): void {
  find('#toast', HTMLElement).textContent = text;
  clearTimeout(toasted);
  toasted = setTimeout(() => find('#toast', HTMLElement).replaceChildren(), 4_000);
}

/** Of a request that was refused: what is wrong with its first argument, for people. */
function messageOf(error: unknown): string {
  if (error instanceof RequestError) {
    if (error.code === 'NO_REPLY') return 'no answer from the server.';
    const [issue]: unknown[] = Array.isArray(error.details) ? error.details : [];
    if (typeof issue === 'object' && issue !== null && 'message' in issue) return String(issue.message);
  }
  return error instanceof Error ? error.message : String(error);
}
