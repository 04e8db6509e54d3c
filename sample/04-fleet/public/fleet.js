const name = new URLSearchParams(location.search).get('name') ?? `guest ${Math.floor(Math.random() * 1000)}`;
const transports = new URLSearchParams(location.search).get('transport')?.split(',') ?? ['polling', 'websocket'];
const socket = io({
  auth: { name },
  transports,
  retries: 20,
  ackTimeout: 2_000,
  reconnectionDelay: 200,
  reconnectionDelayMax: 1_000,
});

const counts = { received: 0, lost: 0, doubled: 0, late: 0, reconnects: 0 };
/** By stream, the last number, and those that were passed over. */
const streams = new Map();
let servedBy = null;
let nodes = [];
let hasConnected = false;

socket.on('connect', () => {
  // Without its session the page begins to count anew.
  if (!socket.recovered) streams.clear();
  if (hasConnected) counts.reconnects++;
  hasConnected = true;
  showCounts();
});

socket.on('disconnect', () => showConnection('reconnecting', 'Connecting to another node …'));

socket.on('welcome', (node) => {
  servedBy = node;
  showConnection(
    'connected',
    `${name} is served by node ${node}${socket.recovered ? ', where the session went on' : ''}`,
  );
  showNodes();
});

socket.on('number', (stream, number) => {
  counts.received++;
  const seen = streams.get(stream);
  if (seen === undefined) streams.set(stream, { last: number, missing: new Set() });
  else if (number > seen.last) {
    for (let missed = seen.last + 1; missed < number; missed++) seen.missing.add(missed);
    seen.last = number;
  } else if (seen.missing.delete(number)) counts.late++;
  else counts.doubled++;
  counts.lost = [...streams.values()].reduce((sum, { missing }) => sum + missing.size, 0);
  showCounts();
});

socket.on('online', (people) => {
  const list = people.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  show(
    'online',
    list,
    ({ name: who, tabs }) => `${who}${tabs > 1 ? ` (${tabs} tabs)` : ''}${tabs === 0 ? ' (away)' : ''}`,
  );
});

socket.on('said', (who, text, node) => {
  const item = document.createElement('li');
  item.textContent = `${who}, by node ${node}: ${text}`;
  document.getElementById('said').append(item);
});

document.getElementById('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = document.getElementById('text');
  socket.emit('say', { id: crypto.randomUUID(), text: input.value }, () => {});
  input.value = '';
});

function showConnection(state, text) {
  const connection = document.getElementById('connection');
  connection.dataset.state = state;
  connection.textContent = text;
}

function showCounts() {
  for (const [key, count] of Object.entries(counts)) document.getElementById(key).textContent = count;
}

function show(id, items, textOf) {
  document.getElementById(id).replaceChildren(
    ...items.map((each) => {
      const item = document.createElement('li');
      item.textContent = textOf(each);
      return item;
    }),
  );
}

function showNodes() {
  const list = document.getElementById('nodes');
  for (const { name: node, state } of nodes) {
    const item = document.getElementById(`node-${node}`) ?? list.appendChild(createNode(node));
    item.dataset.state = state;
    item.classList.toggle('serves', node === servedBy && socket.connected);
    item.querySelector('.state').textContent = state;
    for (const button of item.querySelectorAll('button')) {
      button.disabled = (button.dataset.action === 'start') !== (state === 'down');
    }
  }
}

function createNode(node) {
  const item = document.createElement('li');
  item.id = `node-${node}`;
  const title = document.createElement('p');
  title.append(`Node ${node}: `, Object.assign(document.createElement('span'), { className: 'state' }));
  item.append(title);
  for (const [action, text] of [
    ['kill', 'kill -9'],
    ['drain', 'drain'],
    ['start', 'start'],
  ]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.action = action;
    button.textContent = text;
    button.setAttribute('aria-label', `${text} node ${node}`);
    button.addEventListener('click', () => void order(`/fleet/${node}/${action}`));
    item.append(button);
  }
  return item;
}

async function order(path) {
  await fetch(path, { method: 'POST', headers: { 'x-fleet': '1' } });
  await look();
}

async function look() {
  nodes = await fetch('/fleet').then((answer) => answer.json());
  showNodes();
}

setInterval(() => look().catch(() => {}), 500);
void look();
