// Perfetto's trace_processor in plain Node: requests come on standard input, responses go to standard output,
// each with its length in four bytes before it. What they mean is the business of whoever asks.
//
//     node engine.cjs DIRECTORY      which has engine_bundle.js and the wasm files
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const directory = process.argv[2];

// Standard output is for responses.
console.log = console.info = console.warn = () => {};

// The bundle is made for a web worker. This much of one it asks for.
const asset = (url) => fs.readFileSync(path.join(directory, path.basename(String(url))));
class Request {
  open(_method, url) {
    this.url = url;
  }
  send() {
    const bytes = asset(this.url);
    this.status = 200;
    this.response = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
}
Object.assign(globalThis, {
  self: globalThis,
  WorkerGlobalScope: class {},
  importScripts: () => {},
  location: { href: 'http://localhost/engine_bundle.js' },
  XMLHttpRequest: Request,
});
// Where there is a `process`, the bundle takes itself for a program of Node's.
vm.runInThisContext(`(function (process) {${asset('engine_bundle.js')}\n})`)(undefined);

const respond = (bytes) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  fs.writeSync(1, Buffer.concat([length, Buffer.from(bytes)]));
};
const port = { onmessage: null, postMessage: respond };

let pending = Buffer.alloc(0);
const take = (bytes) => {
  pending = Buffer.concat([pending, bytes]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32LE(0)) {
    const end = 4 + pending.readUInt32LE(0);
    port.onmessage({ data: new Uint8Array(pending.subarray(4, end)) });
    pending = pending.subarray(end);
  }
};

self.onmessage({ data: port });
// The engine is ready when it has taken the port.
const wait = setInterval(() => {
  if (!port.onmessage) return;
  clearInterval(wait);
  process.stdin.on('data', take).on('end', () => process.exit(0));
}, 20);
