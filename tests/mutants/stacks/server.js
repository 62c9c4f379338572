// The small server on the http module of Node; it prints its port. Written from what the documents say alone.
'use strict';
const http = require('http');
const { randomBytes, randomInt } = require('crypto');

const access = new Set();
const refresh = new Set();
const ID = '7b1c4a52-3f0e-4d0c-9a55-2c6d5e1f0a11';
const REGIONS = ['worldwide', 'germany', 'china', 'usgovcommunity', 'usgovdefence'];
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

function code() {
  const userCode = Array.from({ length: 9 }, () => ALPHABET[randomInt(32)]).join('');
  const verificationUrl = 'https://microsoft.com/devicelogin';
  const message = `To sign in, open ${verificationUrl} and enter the code ${userCode} to authenticate.`;
  return [200, { userCode, verificationUrl, expiresIn: 900, message }];
}

function codeFor(body) {
  let value;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return [400, { message: 'The body is no JSON.' }];
  }
  const region = value && !Array.isArray(value) && value.targetRegion;
  const known = typeof region === 'string' && REGIONS.includes(region.toLowerCase());
  return known ? code() : [400, { message: 'The region is not known.' }];
}

function token(body) {
  const form = new URLSearchParams(body.toString('utf8'));
  const grant = form.get('grant_type');
  let good = false;
  if (grant === 'password') {
    good = form.get('username') === 'administrator' && form.get('password') === 'a long enough password';
  } else if (grant === 'refresh_token') {
    good = refresh.delete(form.get('refresh_token'));
  } else {
    return [400, { error: 'unsupported_grant_type' }];
  }
  if (!good) return [400, { error: 'invalid_grant' }];
  const pair = [randomBytes(48).toString('hex'), randomBytes(48).toString('hex')];
  access.add(pair[0]);
  refresh.add(pair[1]);
  return [200, { access_token: pair[0], token_type: 'bearer', expires_in: 3600, refresh_token: pair[1] }];
}

function organization(host) {
  const href = `http://${host}/v4/Organizations/${ID}`;
  return { id: ID, name: 'contoso.onmicrosoft.com', region: 'Worldwide', _links: { self: { href } } };
}

function missing(id) {
  return id.toLowerCase() === ID ? null : [404, { message: 'There is no such organization.' }];
}

const OPERATIONS = [
  ['GET', /^\/v4\/serviceinstance$/i, () => [200, { version: '4.0.0.2812' }]],
  ['GET', /^\/v4\/organizations$/i, (found, body, host) => [200, [organization(host)]]],
  ['GET', /^\/v4\/organizations\/([^/]+)$/i, (found, body, host) => missing(found[1]) || [200, organization(host)]],
  ['POST', /^\/v4\/organizations\/([^/]+)\/devicecode$/i, (found) => missing(found[1]) || code()],
  ['POST', /^\/v4\/devicecode$/i, (found, body) => codeFor(body)],
  ['POST', /^\/v4\/restoresessions\/([^/]+)\/organization\/restoredevicecode$/i, () => [404, { message: 'No session.' }]],
];

function answer(request, body) {
  const path = request.url.split('?')[0];
  if (/^\/v4\/token$/i.test(path)) {
    return request.method === 'POST' ? token(body) : [405, { message: 'POST is wanted.' }];
  }
  const known = OPERATIONS.filter(([, pattern]) => pattern.test(path));
  if (!known.length) return [404, { message: 'There is nothing here.' }];
  const given = /^bearer (.+)$/i.exec(request.headers.authorization || '');
  if (!given || !access.has(given[1])) return [401, { message: 'A token is wanted.' }];
  const operation = known.find(([method]) => method === request.method);
  if (!operation) return [405, { message: 'This method is not served here.' }];
  return operation[2](operation[1].exec(path), body, request.headers.host);
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const [status, value] = answer(request, Buffer.concat(parts));
    response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(value));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
