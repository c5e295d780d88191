// The page: a WebSocket for what people say, an event stream for who is here.
const messages = document.querySelector("#messages");
const presence = document.querySelector("#presence");
const form = document.querySelector("#say");
const text = document.querySelector("#text");

const join = document.querySelector("#join");
const nameField = document.querySelector("#name");

let socket;
let name = sessionStorage.getItem("name");

function connect() {
  socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
  socket.onopen = () => {
    messages.replaceChildren();
    socket.send(JSON.stringify({ name }));
  };
  socket.onmessage = ({ data }) => {
    const { from, text } = JSON.parse(data);
    show(from, text);
  };
  // A deploy closes the connection; a moment later the new release answers.
  socket.onclose = () => setTimeout(connect, 1000);
}

function show(from, text) {
  const line = document.createElement("li");
  const who = document.createElement("b");
  who.textContent = from;
  line.append(who, " ", text);
  messages.append(line);
  line.scrollIntoView();
}

form.onsubmit = (event) => {
  event.preventDefault();
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ text: text.value }));
  text.value = "";
};

const events = new EventSource("/events");
events.addEventListener("presence", ({ data }) => {
  const { here } = JSON.parse(data);
  presence.textContent = here === 1 ? "You are alone here." : `${here} people are here.`;
});
events.onerror = () => (presence.textContent = "connecting");

join.onsubmit = (event) => {
  event.preventDefault();
  name = nameField.value.trim() || "Somebody";
  sessionStorage.setItem("name", name);
  enter();
};

function enter() {
  join.hidden = true;
  form.hidden = false;
  text.focus();
  connect();
}

if (name !== null) enter();
