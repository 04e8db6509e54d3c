/* The page of the chat. `io` comes from /socket.io/socket.io.min.js. All text goes through textContent. */
'use strict';

const ACK_TIMEOUT = 10_000;
/** A notice that someone is typing is repeated, and forgotten if it is not: the notice that they stopped may get lost. */
const TYPING_REPEAT = 1_000;
const TYPING_FORGET = 3_000;
const MAX_LOG_ENTRIES = 500;

const by = (id) => document.getElementById(id);
const nicknameInput = by('nickname');
const textInput = by('text');
const imageInput = by('image');
const log = by('log');

let you = { nickname: '', maxImageBytes: 0 };
/** The room to be in; joined again after each reconnect. */
let room = null;
const members = new Set();
/** Who is typing, with the timer that forgets it. */
const typists = new Map();

const only = new URLSearchParams(location.search).get('transport');
const socket = io({
  autoConnect: false,
  auth: (send) => send({ nickname: nicknameInput.value }),
  transports: only === 'polling' || only === 'websocket' ? [only] : ['polling', 'websocket'],
  reconnectionDelay: 500,
  reconnectionDelayMax: 3_000,
});

/* Connection */

socket.io.on('open', () => {
  showTransport();
  socket.io.engine.on('upgrade', showTransport);
});

socket.on('connect', () => {
  showConnection('connected');
  by('sign-in').hidden = true;
  by('chat').hidden = false;
  by('room-controls').disabled = false;
  if (room === null) by('room').focus();
  else void join(room);
});

socket.on('welcome', (welcome) => {
  you = welcome;
});

socket.on('connect_error', (error) => {
  if (socket.active) showConnection(you.nickname === '' ? 'connecting' : 'reconnecting');
  // Back after a lost connection, of which the server may not know yet: the own nickname seems taken for a while.
  else if (you.nickname !== '' && error.data?.code === 'NICKNAME_TAKEN') retry();
  else signOut(error.message);
});

socket.on('disconnect', (reason) => {
  by('room-controls').disabled = true;
  by('controls').disabled = true;
  if (socket.active) showConnection('reconnecting');
  else signOut(`Disconnected: ${reason}.`);
});

by('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  by('sign-in-error').textContent = '';
  showConnection('connecting');
  socket.disconnect().connect();
});

function retry() {
  showConnection('reconnecting');
  setTimeout(() => socket.connect(), 2_000);
}

function signOut(message) {
  showConnection('offline');
  setRoom(null);
  you = { nickname: '', maxImageBytes: 0 };
  by('chat').hidden = true;
  by('sign-in').hidden = false;
  by('sign-in-error').textContent = message;
  nicknameInput.focus();
}

function showConnection(state) {
  by('connection').dataset.state = state;
  by('state').textContent = state;
  if (state !== 'connected') by('transport').textContent = '';
}

function showTransport() {
  by('transport').textContent = `over ${socket.io.engine.transport.name}`;
}

/* Rooms */

by('join').addEventListener('submit', (event) => {
  event.preventDefault();
  void join(by('room').value);
});

by('leave').addEventListener('click', () => {
  setRoom(null);
  by('room').focus();
  // Without a connection there is nothing to leave, and no room to come back to.
  if (socket.connected) socket.emit('leave');
});

socket.on('joined', (nickname) => {
  members.add(nickname);
  showMembers();
  addNotice(`${nickname} joined`);
});

socket.on('left', (nickname) => {
  members.delete(nickname);
  showMembers();
  setTyping(nickname, false);
  addNotice(`${nickname} left`);
});

async function join(name) {
  by('join-error').textContent = '';
  try {
    const joined = await request('join', name);
    const isBack = room === joined.room;
    if (!isBack) log.replaceChildren();
    addNotice(isBack ? `You are back in ${room}` : `You joined ${joined.room}`);
    setRoom(joined.room, joined.members);
    if (!isBack || document.activeElement === document.body) textInput.focus();
  } catch (error) {
    by('join-error').textContent = error.message;
  }
}

function setRoom(name, present = []) {
  room = name;
  by('room-name').textContent = name ?? 'Join a room to begin';
  by('leave').hidden = name === null;
  by('controls').disabled = name === null;
  members.clear();
  for (const nickname of present) members.add(nickname);
  for (const nickname of typists.keys()) setTyping(nickname, false);
  showMembers();
}

function showMembers() {
  const sorted = [...members].sort((a, b) => a.localeCompare(b));
  by('members').replaceChildren(...sorted.map((name) => element('li', name === you.nickname ? `${name} (you)` : name)));
}

/* Messages */

by('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = textInput.value;
  textInput.value = '';
  tellTyping(false);
  void deliver(addMessage({ from: you.nickname, at: Date.now(), text }), 'message', text);
});

socket.on('message', (message) => {
  setTyping(message.from, false);
  addMessage(message);
});

imageInput.addEventListener('change', async () => {
  const [file] = imageInput.files;
  imageInput.value = '';
  if (file.size > you.maxImageBytes) {
    addNotice(`${file.name} is too large: at most ${you.maxImageBytes} bytes`);
    return;
  }
  const image = { name: file.name, mime: file.type, data: await file.arrayBuffer() };
  void deliver(addImage({ from: you.nickname, at: Date.now(), ...image }), 'image', image);
});

socket.on('image', addImage);

/** Sends something that the log shows already, and marks there what became of it. */
async function deliver(entry, event, payload) {
  markDelivery(entry, 'sending', 'sending…');
  try {
    await request(event, payload);
    markDelivery(entry, 'delivered', '✓ delivered');
  } catch (error) {
    markDelivery(entry, 'failed', `✗ not delivered: ${error.message}`);
  }
}

/** Resolves to the ack; rejects where the server refused, did not answer or went away. */
async function request(event, ...args) {
  const reply = await socket.timeout(ACK_TIMEOUT).emitWithAck(event, ...args);
  if (reply?.status === 'error') throw new Error(reply.message);
  return reply;
}

/* Typing */

let isTyping = false;
let typingTimer = 0;

textInput.addEventListener('input', () => tellTyping(textInput.value !== ''));

/** Tells at the first key, and then again and again as long as keys come. */
function tellTyping(typing) {
  if (typing === isTyping) return;
  isTyping = typing;
  socket.volatile.emit('typing', typing);
  clearTimeout(typingTimer);
  if (typing) typingTimer = setTimeout(() => (isTyping = false), TYPING_REPEAT);
}

socket.on('typing', setTyping);

function setTyping(nickname, typing) {
  clearTimeout(typists.get(nickname));
  typists.delete(nickname);
  if (typing) typists.set(nickname, setTimeout(setTyping, TYPING_FORGET, nickname, false));
  const names = [...typists.keys()].join(', ');
  by('typing').textContent = names === '' ? '' : `${names} ${typists.size === 1 ? 'is' : 'are'} typing…`;
}

/* The log */

/** Whether the end of the log is kept in sight. Whoever scrolls up to read is left there, until they are back. */
let follows = true;
let lastTop = 0;

log.addEventListener('scroll', () => {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 20;
  // Not being at the end is no sign by itself: an image may have grown since the log was scrolled.
  if (isAtEnd || log.scrollTop < lastTop) follows = isAtEnd;
  lastTop = log.scrollTop;
});

function addNotice(text) {
  append('notice', element('span', text));
}

function addMessage({ from, at, text }) {
  return append(from === you.nickname ? 'message own' : 'message', meta(from, at), element('p', text));
}

function addImage({ from, at, name, mime, data }) {
  const image = document.createElement('img');
  image.alt = name;
  image.src = URL.createObjectURL(new Blob([data], { type: mime }));
  const entry = append(from === you.nickname ? 'message own' : 'message', meta(from, at), image);
  image.addEventListener('load', () => {
    URL.revokeObjectURL(image.src);
    followLog();
  });
  image.addEventListener('error', () => {
    URL.revokeObjectURL(image.src);
    image.replaceWith(element('p', `${name} could not be shown`));
    followLog();
  });
  return entry;
}

function meta(from, at) {
  const line = element('div', `${from}, `);
  line.className = 'meta';
  const time = element('time', new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  time.dateTime = new Date(at).toISOString();
  line.append(time, ' ', element('span', ''));
  line.lastChild.className = 'delivery';
  return line;
}

function markDelivery(entry, state, text) {
  entry.dataset.delivery = state;
  entry.querySelector('.delivery').textContent = text;
  followLog();
}

function append(className, ...children) {
  const entry = document.createElement('li');
  entry.className = className;
  entry.append(...children);
  log.append(entry);
  while (log.childElementCount > MAX_LOG_ENTRIES) log.firstElementChild.remove();
  followLog();
  return entry;
}

/** To be called when the log has grown. */
function followLog() {
  if (follows) log.scrollTop = log.scrollHeight;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
