import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

/** A name server on the loopback that answers what the test says, in the few record types that gateways need. */
export interface NameServer {
  address: string;
  /** By `TYPE name`. Null: refuses to answer for it (SERVFAIL). What is not in it does not exist. */
  records: Map<string, { ttl: number; values: string[] } | null>;
  asked: string[];
  stop(): Promise<void>;
}

const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const;

export async function startNameServer(): Promise<NameServer> {
  const records: NameServer['records'] = new Map();
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = readQuestion(query);
    const key = `${Object.entries(TYPES).find(([, code]) => code === type)?.[0] ?? type} ${name}`;
    asked.push(key);
    const record = records.get(key);
    const exists = [...records.keys()].some((other) => other.endsWith(` ${name}`));
    const rcode = record === null ? 2 : record === undefined && !exists ? 3 : 0;
    const answers = (record?.values ?? []).map((value) => answer(type, record!.ttl, value));
    const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80 | rcode, 0, 1, 0, answers.length, 0, 0, 0, 0]);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...answers]), port, address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    records,
    asked,
    stop: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answer(type: number, ttl: number, value: string): Buffer {
  const data = type === TYPES.SRV ? serviceOf(value) : addressOf(value);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** `priority weight port name`, or the name alone. */
function serviceOf(value: string): Buffer {
  const [name = '', port = '5060', weight = '1', priority = '1'] = value.split(' ').reverse();
  const numbers = Buffer.alloc(6);
  [priority, weight, port].forEach((number, at) => {
    numbers.writeUInt16BE(Number(number), at * 2);
  });
  return Buffer.concat([numbers, nameOf(name)]);
}

const nameOf = (name: string) =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);

function addressOf(value: string): Buffer {
  if (!value.includes(':')) return Buffer.from(value.split('.').map(Number));
  const [left = '', right = ''] = value.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [head, tail] = [groups(left), groups(right)];
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}
