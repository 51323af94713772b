// Answers on port 7000 of each address, by TCP and UDP, with its name; on 127.0.0.53 it answers every question for a name.
import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [name, ...addresses] = process.argv.slice(2);
const PORT = 7000;
const ANSWER = Buffer.from('c00c00010001000000010004c633640a', 'hex'); // the name asked for, A, IN, one second: 198.51.100.10

/** @param {string} address */
async function listen(address) {
  const server = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.end(`${name}\n`)));
  await new Promise((resolve) => server.listen({ host: address, port: PORT, ipv6Only: true }, () => resolve(0)));
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ipv6Only: address.includes(':') });
  socket.on('message', (_, from) => socket.send(`${name}\n`, from.port, from.address));
  await new Promise((resolve) => socket.bind(PORT, address, () => resolve(0)));
}

async function answerNames() {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const end = question.indexOf(0, 12) + 5;
    const isA = question.readUInt16BE(end - 4) === 1;
    const head = Buffer.from([question[0] ?? 0, question[1] ?? 0, 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    const parts = [head, question.subarray(12, end), ...(isA ? [ANSWER] : [])];
    socket.send(Buffer.concat(parts), from.port, from.address);
  });
  await new Promise((resolve) => socket.bind(53, '127.0.0.53', () => resolve(0)));
}

await Promise.all(addresses.map(listen));
if (name === 'host') await answerNames();
console.log('listening');
