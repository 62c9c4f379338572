// Get a device code with Node's fetch: waits when the server throttles, renews the token when it has expired.
//
//     VEEAM_URL=https://localhost:4443 NODE_EXTRA_CA_CERTS=~/.config/veeam-mock/ca.pem node device_code.mjs

import { setTimeout as sleep } from "node:timers/promises";

const { VEEAM_URL: url, VEEAM_USERNAME: username = "administrator", VEEAM_PASSWORD: password = "veeam" } = process.env;
const ATTEMPTS = 5;
let tokens;

/** Send a request, again after `Retry-After` seconds as long as the server throttles. */
async function send(path, options) {
  let answer;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    answer = await fetch(url + path, { ...options, signal: AbortSignal.timeout(30_000) });
    if (answer.status !== 429) return answer;
    await sleep(1000 * Number(answer.headers.get("Retry-After") ?? 1));
  }
  return answer;
}

async function tokenBy(form) {
  const answer = await send("/v4/Token", { method: "POST", body: new URLSearchParams(form) });
  return answer.ok ? answer.json() : undefined;
}

/** Log in at first; later renew the token, and log in again when the refresh token is no longer known either. */
async function renew() {
  tokens = tokens && (await tokenBy({ grant_type: "refresh_token", refresh_token: tokens.refresh_token }));
  tokens ??= await tokenBy({ grant_type: "password", username, password });
  if (!tokens) throw new Error("the login was refused");
}

async function call(method, path, body) {
  if (!tokens) await renew();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const headers = { Authorization: `Bearer ${tokens.access_token}`, "Content-Type": "application/json" };
    const answer = await send(path, { method, headers, body: body && JSON.stringify(body) });
    if (answer.ok) return answer.json();
    if (answer.status !== 401) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    await renew();
  }
  throw new Error(`${method} ${path}: refused ${ATTEMPTS} times with a new token each time`);
}

const organizations = await call("GET", "/v4/Organizations");
const code = await call("POST", "/v4/DeviceCode", { targetRegion: "worldwide" });
console.log(JSON.stringify({ organizations: organizations.map((entry) => entry.name), ...code }, null, 2));
