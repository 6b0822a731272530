// Preloaded with `node --require`: sends requests for the real services to their simulators, and refuses all others.

"use strict";

const http = require("http");
const https = require("https");

const { hosts } = JSON.parse(process.env.SENDPROOF_CLIENT);
const request = http.request;

function redirected(options, callback) {
  const base = hosts[options.hostname || options.host];
  if (!base) throw new Error(`expected a host of ${Object.keys(hosts)}, got ${options.hostname || options.host}`);
  const { hostname, port } = new URL(base);
  const { host, agent, agents, protocol, ...rest } = options;
  return request({ ...rest, hostname, port, protocol: "http:" }, callback);
}

http.request = redirected;
https.request = redirected;
