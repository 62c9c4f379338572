// Refreshes the page from the server's own rendering, and sends what its buttons say to the control API.
"use strict";

const AGAIN_AFTER = 1000; // milliseconds
const TICK = 250; // milliseconds
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
let asked = 0, shown = 0, shownAt = performance.now();
async function refresh() {
  const turn = ++asked;
  const key = sessionStorage.getItem(KEY);
  const fresh = (await render("")).getElementById("state");
  if (!fresh || turn < shown) return;
  shown = turn;
  shownAt = performance.now();
  const locked = fresh.dataset.locked === "yes";
  if (locked && key && key === sessionStorage.getItem(KEY)) {
    say("That key is wrong.");
    sessionStorage.removeItem(KEY);
  }
  gate.hidden = !locked;
  morph(state, fresh);
  search();
}

// Shows the exchanges that hold every word of the search; what is typed is kept over the refreshing.
function search() {
  const field = document.getElementById("search");
  if (!field) return;
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...document.querySelectorAll(".journal > li")];
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  const found = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  const told = document.getElementById("found");
  if (told.textContent !== found) told.textContent = found;
}

function showParameters(chooser) {
  const field = document.getElementById("fault-parameters");
  field.value = chooser.selectedOptions[0].dataset.parameters ?? "";
  field.hidden = !field.value;
}

// Changes `old` into `fresh` and leaves alone what is the same, so that focus, choices and scrolling stay.
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(document.importNode(fresh, true));
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !kept(old, name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !kept(old, name)) old.setAttribute(name, value);
  morphChildren(old, fresh);
}

// What a person has opened or chosen, and the server does not know of.
function kept(element, name) {
  return (name === "open" && element.nodeName === "DETAILS") || (name === "hidden" && element.id === "fault-parameters");
}

function morphChildren(old, fresh) {
  const wantedIds = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
  for (const child of [...old.children]) if (child.id && !wantedIds.has(child.id)) child.remove();
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

function bodyOf(button) {
  const { body, account } = button.dataset;
  if (account === undefined) return body;
  const chosen = document.getElementById(account).value;
  return JSON.stringify(chosen ? { account: chosen } : {});
}

// In a dialog nothing outside of it is read out, so what is said there stands in the button.
function tell(button, text) {
  if (!button.closest("dialog")) return say(text);
  button.textContent = text;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-call]");
  if (button && (!button.dataset.sure || confirm(button.dataset.sure))) call(button, bodyOf(button));
  const copy = event.target.closest("button[data-copy]");
  if (copy) navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent).then(
    () => tell(copy, "Copied."), () => tell(copy, "The browser does not let it be copied; select the text."));
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
    const { fault, operation, times, parameters } = Object.fromEntries(new FormData(form));
    const [what, name] = fault.split(" ");
    let rule;
    try {
      rule = { ...(parameters ? JSON.parse(parameters) : {}), [what]: name };
    } catch {
      return say("The parameters are not JSON.");
    }
    if (operation) rule.match = { operation };
    if (times) rule.times = Number(times);
    form.dataset.done = `${name} is added`;
    call(form, JSON.stringify(rule));
  }
});

document.addEventListener("input", (event) => {
  if (event.target.id === "search") search();
  if (event.target.id === "fault") showParameters(event.target);
});

// Times go on by themselves; what has come to its end is looked at anew.
function countdown(seconds) {
  const left = Math.ceil(seconds), two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor(left / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const passed = performance.now() - shownAt; // milliseconds
  let hasEnded = false;
  for (const element of state.querySelectorAll("[data-left]")) {
    const left = element.dataset.left - passed / 1000;
    hasEnded ||= left <= 0;
    write(element, countdown(Math.max(left, 0)));
  }
  for (const element of state.querySelectorAll("[data-now]")) {
    write(element, new Date(Date.parse(element.dataset.now) + passed).toISOString().slice(11, 19));
  }
  if (hasEnded && !document.hidden) refresh().catch(() => say("The server does not answer."));
}

// The server says when there is something to look at, for as long as this page is looked at. Where it cannot, its stream
// ends at once, and the page looks each time that it asks for another.
async function watch() {
  if (!gate.hidden) return refresh();
  const ending = new AbortController();
  const leave = () => document.hidden && ending.abort();
  document.addEventListener("visibilitychange", leave);
  try {
    const answer = await fetch(base + "changes", { headers: keyHeader(), cache: "no-store", signal: ending.signal });
    if (!answer.ok) return await refresh();
    const events = answer.body.getReader();
    while (!(await events.read()).done) await refresh();
  } finally {
    document.removeEventListener("visibilitychange", leave);
  }
}

async function follow() {
  try {
    if (!document.hidden) await watch();
  } catch {
    if (!document.hidden) say("The server does not answer.");
  }
  setTimeout(follow, AGAIN_AFTER);
}
if (state) {
  follow();
  setInterval(tick, TICK);
}
