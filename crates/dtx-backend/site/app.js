// Shows a draft and its tournament live, and lets a captain pick.

const find = (selector, within = document) => within.querySelector(selector);
const make = (tag, text = "", name = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
};

let drafts = [];
let chosen = null;
let welcome = {};
let state = null;

function say(message = "") {
  find("#message").textContent = message;
}

async function api(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

/// A WebSocket that comes back by itself, ever more slowly, until it is closed.
class Live {
  constructor(path, receive, status = () => {}) {
    Object.assign(this, { path, receive, status, pause: 250, isClosed: false });
    this.open();
  }
  open() {
    const origin = location.origin.replace(/^http/, "ws");
    this.socket = new WebSocket(origin + this.path);
    this.socket.onopen = () => { this.pause = 250; this.status(true); };
    this.socket.onmessage = event => this.receive(JSON.parse(event.data));
    this.socket.onclose = () => {
      if (this.isClosed) return;
      this.status(false);
      setTimeout(() => { if (!this.isClosed) this.open(); }, this.pause);
      this.pause = Math.min(2 * this.pause, 8000);
    };
  }
  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
  close() {
    this.isClosed = true;
    this.socket.close(1000);
  }
}

let draftSocket = null;
let tournamentSocket = null;

function watch(draft) {
  draftSocket?.close();
  tournamentSocket?.close();
  chosen = draft;
  location.hash = draft.id;
  state = null;
  draftSocket = new Live(`/ws/draft/${draft.id}/`, message => {
    if (message.type === "welcome") welcome = message;
    if (message.type === "error") say(message.message);
    if (message.type === "draft") { state = message; say(); showDraft(); }
  }, isOpen => {
    const status = find("#connection");
    status.textContent = isOpen ? "live" : "connecting again…";
    status.classList.toggle("live", isOpen);
  });
  tournamentSocket = new Live(`/ws/tournament/${draft.tournament_id}/`, showTournament);
}

function showDraft() {
  const { turn, phase, teams, picks } = state;
  const isMine = turn && turn.captain_id === welcome.user_id;
  const picking = turn && teams.find(team => team.id === turn.team_id);
  const heading = {
    waiting: "The draft has not begun",
    running: isMine ? "Your pick" : `${picking?.name} to pick`,
    finished: "The draft is finished",
  }[phase];
  find("#draft .turn h2").textContent = heading;
  find("#draft .turn button").hidden = phase !== "waiting" || welcome.team_id === null;
  document.querySelectorAll("#draft .team").forEach((element, index) => {
    const team = teams[index];
    find("h3", element).textContent = team.name;
    element.classList.toggle("picks", turn?.team_id === team.id);
    find("ol", element).replaceChildren(...picks
      .filter(pick => pick.team_id === team.id)
      .map(pick => {
        const item = make("li", pick.hero);
        if (pick.is_automatic) item.append(" ", make("small", "by the clock"));
        return item;
      }));
  });
  find("#draft .heroes").replaceChildren(...(welcome.heroes ?? state.heroes).map(hero => {
    const button = make("button", hero);
    button.type = "button";
    button.disabled = !isMine || !state.heroes.includes(hero);
    button.onclick = () => draftSocket.send({ type: "pick", hero });
    return button;
  }));
  showClock();
}

function showClock() {
  const end = state?.turn && Date.parse(state.turn.ends_at);
  const left = end ? Math.max(0, Math.ceil((end - Date.now()) / 1000)) : null;
  find("#draft .clock").textContent = left === null ? "" : `0:${String(left).padStart(2, "0")}`;
}

function showTournament({ name, standings, rounds }) {
  find("#tournament h2").textContent = name;
  find("#tournament tbody").replaceChildren(...standings.map(line => {
    const row = make("tr");
    const cells = [line.position, line.team, line.played, line.won, line.drawn, line.lost, line.points];
    row.append(...cells.map(cell => make("td", cell)));
    return row;
  }));
  find("#tournament .rounds").replaceChildren(...rounds.flatMap(({ round, games }) => [
    make("h3", `Round ${round}`),
    ...games.map(game => {
      const line = make("div", "", "game");
      const teams = make("span");
      const side = (id, team) => make("span", team, game.winner_id === id ? "won" : "");
      teams.append(side(game.first_team_id, game.first_team), " – ", side(game.second_team_id, game.second_team));
      const result = game.first_score === null ? game.state : `${game.first_score} : ${game.second_score}`;
      line.append(teams, make("span", result));
      return line;
    }),
  ]));
}

function showUser(user) {
  find("#login").hidden = user !== null;
  find("#login").style.display = user ? "none" : "";
  find("#user").hidden = user === null;
  find("#user b").textContent = user?.username ?? "";
}

find("#login").onsubmit = async event => {
  event.preventDefault();
  try {
    const form = new FormData(event.target);
    showUser(await api("/api/login/", Object.fromEntries(form)));
    event.target.reset();
    say();
    // Who somebody is, a socket learns at its start.
    watch(chosen);
  } catch (error) {
    say(error.message);
  }
};

find("#user button").onclick = async () => {
  await api("/api/logout/", {});
  showUser(null);
  watch(chosen);
};

find("#draft .turn button").onclick = () => draftSocket.send({ type: "start" });
find("#drafts").onchange = event => watch(drafts.find(draft => draft.id === Number(event.target.value)));
setInterval(showClock, 250);

try {
  const [listed, teams] = await Promise.all([
    api("/api/drafts/?page_size=100"),
    api("/api/teams/?page_size=100"),
  ]);
  drafts = listed.results;
  const name = id => teams.results.find(team => team.id === id)?.name ?? `team ${id}`;
  find("#drafts").replaceChildren(...drafts.map(draft => {
    const option = make("option", `${draft.id}: ${name(draft.first_team_id)} – ${name(draft.second_team_id)}`);
    option.value = draft.id;
    return option;
  }));
  showUser(await api("/api/users/me/").catch(() => null));
  const wanted = drafts.find(draft => draft.id === Number(location.hash.slice(1)));
  if (drafts.length > 0) {
    const first = wanted ?? drafts[0];
    find("#drafts").value = first.id;
    watch(first);
  } else {
    say("There is no draft yet.");
  }
} catch (error) {
  say(error.message);
}
