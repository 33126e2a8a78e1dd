// Checks the signature of an audit log's checkpoint and the inclusion of entries with @sigstore/verify, the verifier of
// the npm client. The formats are those of c2sp.org: signed-note, tlog-checkpoint, tlog-proof, tlog-tiles.
//
//   node verify.mjs --vkey KEY [--proof FILE]... DIRECTORY
//   node verify.mjs --vkey KEY --proof FILE --entry FILE
//
// The first form takes the entries of the proofs from the bundles in DIRECTORY, the second from a file. It does not
// read hash tiles: the Go program does. One line of JSON; exit status 0 if all holds, 1 if not, 2 if asked wrongly.

import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

// Paths inside the package, which has no public entry for them: its version is pinned in package.json.
const require = createRequire(import.meta.url);
const { verifyCheckpoint } = require('@sigstore/verify/dist/tlog/checkpoint.js');
const { verifyMerkleInclusion } = require('@sigstore/verify/dist/tlog/merkle.js');

const WIDTH = 256n;
const MAX_NOTE = 1 << 20;
const MAX_BUNDLE = 256 * (2 + 65535);
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex'); // RFC 8410: what stands before the key's 32 bytes

function need(truth, why) {
  if (!truth) throw new Error(why);
}

function read(path, limit) {
  need(statSync(path).size <= limit, `${path} is longer than ${limit} bytes`);
  return readFileSync(path);
}

/** base 64 that is written as it would be written again; Buffer.from alone skips what it does not know. */
function base64(text) {
  const data = Buffer.from(text, 'base64');
  need(data.toString('base64') === text, 'this is not canonical base 64');
  return data;
}

function number(text) {
  need(/^(0|[1-9][0-9]{0,17})$/.test(text), 'this is not a decimal number without leading zeros');
  return BigInt(text);
}

/** Returns the key as @sigstore/verify wants a log; Ed25519 (type 0x01) only. */
function readKey(vkey) {
  const [name, id, ...rest] = vkey.split('+');
  const material = base64(rest.join('+'));
  need(material.length === 33 && material[0] === 1, 'the verifier key is not Ed25519, type 0x01');
  const logID = createHash('sha256').update(`${name}\n`).update(material).digest();
  need(logID.subarray(0, 4).toString('hex') === id, "the verifier key's id is not that of its name and key");
  const der = Buffer.concat([ED25519_SPKI, material.subarray(1)]);
  return { logID, baseURL: name, publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** Checks the signature; signature lines of other keys are skipped. Returns the checkpoint. */
function openCheckpoint(envelope, logs) {
  const checkpoint = verifyCheckpoint({ inclusionProof: { checkpoint: { envelope } } }, logs);
  const lines = envelope.slice(0, envelope.indexOf('\n\n')).split('\n');
  need(lines.length === 3, 'a checkpoint has the three lines origin, size and root');
  number(lines[1]);
  need(base64(lines[2]).length === 32, 'the root has not 32 bytes');
  need(logs.some((log) => log.baseURL === checkpoint.origin), 'the checkpoint is of another log');
  return checkpoint;
}

/** Reads a tlog-proof file and checks its checkpoint. */
function readProof(path, logs) {
  const text = read(path, MAX_NOTE).toString('utf8');
  const split = text.indexOf('\n\n');
  need(split > 0, 'the proof has no checkpoint');
  const lines = text.slice(0, split).split('\n');
  need(lines.shift() === 'c2sp.org/tlog-proof@v1', 'this is no tlog-proof');
  if (lines[0]?.startsWith('extra ')) base64(lines.shift().slice('extra '.length));
  need(lines[0]?.startsWith('index '), 'the proof has no index');
  const logIndex = number(lines.shift().slice('index '.length)).toString();
  const hashes = lines.map(base64);
  need(hashes.every((hash) => hash.length === 32), 'a hash has 32 bytes');
  const envelope = text.slice(split + 2);
  return { logIndex, hashes, checkpoint: { envelope }, head: openCheckpoint(envelope, logs) };
}

/** The C2SP path of a bundle: three digits an element, all but the last with an x before them. */
function bundlePath(index, width) {
  const digits = index.toString().padStart(Math.ceil(index.toString().length / 3) * 3, '0').match(/.{3}/g);
  const last = digits.pop();
  const suffix = width === WIDTH ? [last] : [`${last}.p`, width.toString()];
  return join('tile', 'entries', ...digits.map((three) => `x${three}`), ...suffix);
}

function readBundle(directory, index, width) {
  try {
    return read(join(directory, bundlePath(index, width)), MAX_BUNDLE);
  } catch (error) {
    if (error.code !== 'ENOENT' || width === WIDTH) throw error;
    return read(join(directory, bundlePath(index, WIDTH)), MAX_BUNDLE); // the full one begins with the partial one
  }
}

function readEntry(directory, index, size) {
  const bundle = index / WIDTH;
  const width = size - bundle * WIDTH < WIDTH ? size - bundle * WIDTH : WIDTH;
  const data = readBundle(directory, bundle, width);
  let at = 0;
  for (let left = index % WIDTH; left > 0n; left -= 1n) at += 2 + data.readUInt16BE(at);
  const end = at + 2 + data.readUInt16BE(at);
  need(end <= data.length, 'the bundle ends early');
  return data.subarray(at + 2, end);
}

function answer({ vkey, proof, entry }, [directory]) {
  const logs = vkey.map(readKey);
  let head = directory && openCheckpoint(read(join(directory, 'checkpoint'), MAX_NOTE).toString('utf8'), logs);
  for (const path of proof) {
    const inclusionProof = readProof(path, logs);
    const index = BigInt(inclusionProof.logIndex);
    need(index < inclusionProof.head.logSize, 'the index lies outside the tree');
    if (directory) need(inclusionProof.head.logSize <= head.logSize, 'the proof is later than this log');
    const canonicalizedBody = entry ? read(entry, 65535) : readEntry(directory, index, head.logSize);
    verifyMerkleInclusion({ canonicalizedBody, inclusionProof }, inclusionProof.head);
    head ??= inclusionProof.head;
  }
  const root = Buffer.from(head.logHash).toString('hex');
  return { ok: true, origin: head.origin, size: Number(head.logSize), root, proofs: proof.length };
}

function ask() {
  const options = {
    vkey: { type: 'string', multiple: true, default: [] },
    proof: { type: 'string', multiple: true, default: [] },
    entry: { type: 'string' },
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const alone = positionals.length === 0 && values.entry !== undefined && values.proof.length === 1;
  const whole = positionals.length === 1 && values.entry === undefined;
  need(values.vkey.length > 0 && (alone || whole), 'usage: verify.mjs --vkey KEY [--proof FILE]... DIRECTORY');
  return [values, positionals];
}

let asked;
try {
  asked = ask();
} catch (error) {
  console.error(error.message);
  process.exit(2);
}
try {
  console.log(JSON.stringify(answer(...asked)));
} catch (error) {
  console.log(JSON.stringify({ ok: false, why: error.message }));
  process.exitCode = 1;
}
