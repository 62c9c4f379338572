// Refreshes the page from the server's own rendering, and sends what its buttons say to the control API.
"use strict";

const EVERY = 1000; // milliseconds
const SAID_FOR = 8000; // milliseconds
const KEY = "veeam-mock-admin-key";
const base = document.body.dataset.base;
const [state, gate, said, view] = ["state", "gate", "said", "view"].map((id) => document.getElementById(id));

function keyHeader() {
  const key = sessionStorage.getItem(KEY);
  return key ? { "X-Admin-Key": key } : {};
}

let silence;
function say(text) {
  said.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => (said.textContent = ""), SAID_FOR);
}

async function render(path) {
  const answer = await fetch(base + path, { headers: keyHeader(), cache: "no-store" });
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Answers may come in another order than they were asked for: an older one than the one shown is dropped, and says nothing
// of a key that was entered since.
let asked = 0, shown = 0;
async function refresh() {
  const turn = ++asked;
  const key = sessionStorage.getItem(KEY);
  const fresh = (await render("")).getElementById("state");
  if (!fresh || turn < shown) return;
  shown = turn;
  const locked = fresh.dataset.locked === "yes";
  if (locked && key && key === sessionStorage.getItem(KEY)) {
    say("That key is wrong.");
    sessionStorage.removeItem(KEY);
  }
  gate.hidden = !locked;
  morph(state, fresh);
}

// Changes `old` into `fresh` and leaves alone what is the same, so that focus, choices and scrolling stay.
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(document.importNode(fresh, true));
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const kept = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
  for (const child of [...old.children]) if (child.id && !kept.has(child.id)) child.remove();
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const same = wanted.id ? [...old.children].find((child) => child.id === wanted.id) : at && !at.id ? at : null;
    if (!same) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (same !== at) old.insertBefore(same, at);
    at = same.nextSibling;
    morph(same, wanted);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

async function call(element, body) {
  const { call: method, path, done } = element.dataset;
  const headers = body === undefined ? keyHeader() : { ...keyHeader(), "Content-Type": "application/json" };
  try {
    const answer = await fetch(base + path, { method, headers, body });
    say(answer.ok ? `${done}.` : (await answer.json()).message);
    await refresh();
  } catch {
    say("The server does not answer.");
  }
  if (!element.isConnected) said.focus();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-call]");
  if (button) call(button, button.dataset.body);
  const link = event.target.closest("a[data-view]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const exchange = (await render(link.href.slice(new URL(base, location).href.length))).getElementById("exchange");
  if (!exchange) return say("That exchange has been forgotten.");
  document.getElementById("view-content").replaceChildren(document.importNode(exchange, true));
  view.showModal();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form === gate) {
    event.preventDefault();
    sessionStorage.setItem(KEY, document.getElementById("key").value);
    say("");
    refresh().catch(() => say("The server does not answer."));
  } else if (form.dataset.call) {
    event.preventDefault();
    const { preset, times } = Object.fromEntries(new FormData(form));
    form.dataset.done = `${preset} is added`;
    call(form, JSON.stringify(times ? { preset, times: Number(times) } : { preset }));
  }
});

async function poll() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    say("The server does not answer.");
  }
  setTimeout(poll, EVERY);
}
poll();
