// Plays a job while it is being made, piece after piece without gaps, and afterwards as one file.
// Asks the server for finished pieces by their number; keeps only a few of them in memory.

const AHEAD_S = 8;
const q = (css) => element.querySelector(css);
const words = () => WORDS[(document.documentElement.lang || 'en').startsWith('zh') ? 'zh' : 'en'];
const clock = (s) => {
  const whole = Math.max(0, Math.floor(s)), m = Math.floor(whole / 60) % 60, h = Math.floor(whole / 3600);
  const two = (n) => String(n).padStart(2, '0');
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
};
const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };

// The browser's own words for a server that is gone help nobody.
const tell = (trouble) => put(q('.tb-wait'), trouble instanceof TypeError ? words().offline
  : words().no_sound.replace('{reason}', trouble.message));

let shown = {};            // The last view that the server sent
let job = null;            // Job whose pieces are listed
let pieces = [];           // {text, pause, seconds|null, note, node}
let starts = null;         // Where each piece begins in the joined file
let context = null, rate = 24000;
let run = 0;               // Every start of playing has a number: late answers of an old one are dropped
let playing = false, paused = false;
let cursor = 0, offset = 0, nextAt = 0, pumping = false;
let planned = [];          // Scheduled sounds {piece, at, until, offset, node}
let wanted = false;        // Start by itself as soon as the first piece is there
let place = { piece: 0, offset: 0 };
let asking = false, asked = 0, finishing = false;
// The first piece while it is still being made: seconds and samples of it that are heard already
let early = { samples: 0, busy: false };

// The server's view

// Anew only when it changed: what somebody unfolded stays open.
function fold(css, html) {
  const node = q(css);
  if (node.dataset.html === html) return;
  const was = node.querySelector('details')?.open;
  node.dataset.html = html;
  node.innerHTML = html;
  if (was && node.querySelector('details')) node.querySelector('details').open = true;
}

async function take(view) {
  shown = view || {};
  const stage = q('.tb-stage');
  stage.dataset.state = shown.state || 'empty';
  put(q('.tb-stage-said'), shown.said || '');
  put(q('.tb-stage-detail'), shown.detail || '');
  fold('.tb-stage-problem', shown.problem || '');
  fold('.tb-stage-remarks', shown.remarks || '');
  const percent = Math.round(100 * (shown.fraction || 0));
  q('.tb-progress i').style.width = percent + '%';
  q('.tb-progress').setAttribute('aria-valuenow', percent);
  if (shown.job !== job) await change(shown.job);
  else if (job) await refresh();
  else controls();
}

async function ask(path) {
  const answer = await fetch(`/timbre/jobs/${job}/${path}`);
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.problem);
  return found;
}

async function change(id) {
  halt();
  job = id; pieces = []; starts = null; place = { piece: 0, offset: 0 };
  wanted = Boolean(shown.autoplay);
  early = { samples: 0, busy: false };
  q('.tb-take').hidden = true; q('.tb-take').removeAttribute('src');
  q('.tb-controls').hidden = false;
  q('.tb-pieces').replaceChildren();
  if (!job) { controls(); return; }
  const mine = job;
  try {
    const plan = await ask('pieces');
    if (mine !== job) return;
    pieces = plan.pieces.map((piece, index) => ({ ...piece, seconds: null, node: row(piece, index) }));
    q('.tb-pieces').replaceChildren(...pieces.map((piece) => piece.node));
    await refresh();
  } catch (trouble) { tell(trouble); }
}

async function refresh(now) {
  const n = pieces.filter((piece) => piece.seconds !== null).length;
  if (!asking && (now || n < (shown.done || 0))) {
    asking = true;
    const mine = job;
    try {
      const found = await ask('done');
      if (mine === job) for (const [index, seconds, note] of found.done) fill(index, seconds, note);
    } catch { /* it is asked again in a second */ } finally { asking = false; }
  }
  mark();
  if (wanted && pieces.length && pieces[0].seconds !== null) {
    wanted = false;
    if (playing) pump(); else play(0, 0);
  }
  if (shown.state === 'done' && !starts && !playing) await finish();
  controls();
}

function row(piece, index) {
  const node = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button'; button.disabled = true; button.dataset.piece = index;
  button.title = words().piece_play;
  button.lang = piece.language;
  button.textContent = piece.text.trim();
  const state = document.createElement('span');
  state.textContent = '';
  node.append(button, state);
  return node;
}

function fill(index, seconds, note) {
  const piece = pieces[index];
  if (!piece) return;
  piece.seconds = seconds; piece.note = note;
  piece.node.firstChild.disabled = false;
  put(piece.node.lastChild, note ? words().piece_silent : seconds.toFixed(1) + ' s');
  piece.node.lastChild.title = note || '';
  piece.node.dataset.state = 'done';
}

function mark() {
  const running = shown.state === 'running';
  let first = running;
  for (const piece of pieces) {
    if (piece.seconds !== null) continue;
    piece.node.dataset.state = first ? 'making' : 'waiting';
    put(piece.node.lastChild, first ? words().piece_making : running || shown.state === 'waiting' ? words().piece_waiting : '–');
    first = false;
  }
}

async function finish() {
  if (finishing) return;
  finishing = true;
  const mine = job;
  try {
    const found = await ask('take');
    if (mine !== job || playing) return;
    starts = found.starts;
    const audio = q('.tb-take');
    audio.src = `/timbre/jobs/${job}/take.wav`;
    audio.setAttribute('aria-label', words().listen);
    audio.hidden = false;
    q('.tb-controls').hidden = true;
  } catch (trouble) {
    starts = null;
    tell(trouble);
  } finally { finishing = false; }
}

// Playing pieces

const length = (piece) => piece.seconds + piece.pause;
const known = () => { let n = 0; while (n < pieces.length && pieces[n].seconds !== null) n++; return n; };
const before = (index) => pieces.slice(0, index).reduce((sum, piece) => sum + (piece.seconds === null ? 0 : length(piece)), 0);

function open() {
  if (!context) context = new AudioContext({ sampleRate: rate });
  return context.resume();
}

function play(index, from) {
  halt();
  wanted = false;
  playing = true; paused = false;
  cursor = index; offset = from;
  place = { piece: index, offset: from };
  const mine = run;
  open().then(() => { if (mine === run) { nextAt = context.currentTime + 0.05; pump(); } });
  controls();
}

function halt() {
  run++;
  for (const sound of planned) { try { sound.node.stop(); } catch { /* had ended */ } }
  planned = []; playing = false; paused = false; pumping = false;
}

// What is heard of a piece before it is whole follows on; the rest of it is played from there.
async function hearEarly() {
  if (early.busy || paused) return;
  early.busy = true;
  const mine = job;
  try {
    const answer = await fetch(`/timbre/jobs/${job}/early?after=${early.samples}`);
    if (answer.status !== 200) return;
    const n = Number(answer.headers.get('X-Samples'));
    const bytes = await answer.arrayBuffer();
    await open();
    const sound = await context.decodeAudioData(bytes);
    if (mine !== job || !wanted) return;
    if (!playing) { halt(); playing = true; cursor = 0; offset = 0; nextAt = context.currentTime + 0.05; }
    early.samples += n;
    schedule(sound, 0);
    offset += sound.duration;
    controls();
  } catch { /* the whole piece comes soon */ } finally { early.busy = false; }
}

function schedule(sound, from) {
  const node = context.createBufferSource();
  node.buffer = sound;
  node.connect(context.destination);
  const at = Math.max(nextAt, context.currentTime + 0.03);
  node.start(at, from);
  planned.push({ piece: cursor, at, until: at + sound.duration - from, offset: offset, node });
  nextAt = at + sound.duration - from;
}

async function pump() {
  if (pumping || !playing || paused) return;
  pumping = true;
  const mine = run;
  try {
    while (mine === run && cursor < pieces.length && pieces[cursor].seconds !== null && nextAt - context.currentTime < AHEAD_S) {
      const answer = await fetch(`/timbre/jobs/${job}/pieces/${cursor}`);
      if (!answer.ok) throw new Error((await answer.json()).problem);
      const sound = await context.decodeAudioData(await answer.arrayBuffer());
      if (mine !== run) return;
      offset = Math.min(offset, sound.duration);
      schedule(sound, offset);
      cursor++; offset = 0;
    }
  } catch (trouble) {
    if (mine === run) { halt(); tell(trouble); }
  } finally { if (mine === run) pumping = false; }
}

function tick() {
  // Somebody is listening and the next piece is not here: ask more often than the page does.
  const lacks = pieces.length && (wanted ? pieces[0] : playing ? pieces[cursor] : null);
  if (lacks && lacks.seconds === null && ['running', 'waiting'].includes(shown.state) && Date.now() - asked > 300) {
    asked = Date.now();
    refresh(true);
    if (wanted) hearEarly();
  }
  if (playing && context && context.state === 'running') {
    const now = context.currentTime;
    const current = planned.find((sound) => now < sound.until);
    if (current && now >= current.at) place = { piece: current.piece, offset: current.offset + now - current.at };
    planned = planned.filter((sound) => now < sound.until);
    if (!planned.length && cursor >= pieces.length && !pumping) { halt(); place = { piece: 0, offset: 0 }; refresh(); }
    pump();
    const waits = playing && !planned.length && cursor < pieces.length && pieces[cursor].seconds === null;
    put(q('.tb-wait'), waits ? words().next_piece : '');
    if (waits && ['stopped', 'failed'].includes(shown.state)) { halt(); put(q('.tb-wait'), ''); }
  }
  const audio = q('.tb-take');
  if (starts && !audio.hidden && !audio.paused) {
    let piece = starts.findIndex((start) => start > audio.currentTime);
    place = { piece: (piece < 0 ? starts.length : piece) - 1, offset: 0 };
  }
  light(playing || (starts && !audio.paused));
  if (playing || paused) controls();
}

function light(on) {
  const stage = q('.tb-stage');
  stage.dataset.played = (pieces.length && playing ? before(place.piece) + place.offset : starts ? q('.tb-take').currentTime : 0).toFixed(2);
  const old = q('.tb-pieces li.tb-now'), now = on && pieces[place.piece] ? pieces[place.piece].node : null;
  if (old === now) return;
  if (old) old.classList.remove('tb-now');
  if (!now) return;
  now.classList.add('tb-now');
  const list = q('.tb-pieces');
  if (!list.matches(':hover, :focus-within')) list.scrollTo({ top: now.offsetTop - list.offsetTop - list.clientHeight / 3, behavior: 'smooth' });
}

function controls() {
  const n = known(), all = before(n), at = Math.min(all, before(place.piece) + place.offset);
  const button = q('.tb-play'), label = playing && !paused ? words().pause : words().listen;
  put(button.querySelector('span'), label);
  button.querySelector('path').setAttribute('d', playing && !paused ? 'M3 2h4v12H3zM9 2h4v12H9z' : 'M3 1.5v13L14 8z');
  button.disabled = n === 0 && !playing;
  q('.tb-again').disabled = n === 0;
  q('.tb-again').title = words().from_start;
  q('.tb-again').setAttribute('aria-label', words().from_start);
  const seek = q('.tb-seek');
  seek.disabled = n === 0; seek.max = all;
  seek.setAttribute('aria-label', words().position);
  seek.setAttribute('aria-valuetext', `${clock(at)} / ${clock(all)}`);
  if (document.activeElement !== seek || !seek.matches(':active')) seek.value = at;
  put(q('.tb-time'), `${clock(at)} / ${clock(all)}`);
  q('.tb-pieces').setAttribute('aria-label', words().pieces);
}

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.matches('.tb-play')) {
    if (!playing) play(place.piece, place.offset);
    else if (paused) { paused = false; context.resume(); }
    else { paused = true; context.suspend(); }
    controls();
  } else if (button.matches('.tb-again')) play(0, 0);
  else if (button.dataset.piece !== undefined) {
    const index = Number(button.dataset.piece);
    if (!starts) { play(index, 0); return; }
    const audio = q('.tb-take');
    audio.currentTime = starts[index];
    audio.play();
  }
});

element.addEventListener('change', (event) => {
  if (!event.target.matches('.tb-seek')) return;
  let left = Number(event.target.value), index = 0;
  while (index < known() - 1 && left > length(pieces[index])) left -= length(pieces[index++]);
  if (playing) play(index, left);
  else { place = { piece: index, offset: left }; controls(); }
});

// A browser lets sound begin only after a press: the one on Speak counts, if it is used at once.
document.addEventListener('click', (event) => { if (event.target.closest('#speak')) open(); }, true);

setInterval(tick, 200);
watch('value', () => { take(props.value); });
take(props.value);
