import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { BOOTSTRAP_KEY, startFixture, type Fixture } from '../trunk-service.fixture.js';

let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
let other: typeof org;
beforeAll(async () => {
  mesh = await startFixture();
  [org, other] = [await mesh.organization(), await mesh.organization()];
}, 60_000);
afterAll(() => mesh?.stop());

interface Reader {
  status: number;
  text(): string;
  lastId(): string | undefined;
  ended: Promise<void>;
  close(): void;
}

async function read(key: string, headers: Record<string, string> = {}): Promise<Reader> {
  const gone = new AbortController();
  const response = await fetch(`${mesh.service.url}/api/v1/stream`, {
    headers: { Authorization: `Bearer ${key}`, Accept: 'text/event-stream', ...headers },
    signal: gone.signal,
  });
  let text = '';
  const ended = (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
  })().catch(() => undefined);
  return {
    status: response.status,
    text: () => text,
    lastId: () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1],
    ended,
    close: () => gone.abort(),
  };
}
const until = (reader: Reader, text: string) =>
  eventually(async () => reader.text().includes(text), { message: `the stream to say ${text}` });
const addTrunk = async (key: string, name: string): Promise<string> =>
  (await mesh.api('/api/v1/sip-trunks', { key, body: { name, gateway: 'sip.example.com', register: false } })).body.id;

describe('the stream of changes', () => {
  it('says what changed to its own organisation and to nobody else', async () => {
    const [own, foreign] = [await read(org.member), await read(other.admin)];
    await until(own, 'event: hello');
    await until(foreign, 'event: hello');
    const id = await addTrunk(org.admin, 'Office');
    await until(own, `"entity":"${id}"`);
    const theirs = await addTrunk(other.admin, 'Theirs');
    await until(foreign, theirs);
    expect(foreign.text()).not.toContain(id);
    expect(own.text()).not.toContain(theirs);
    for (const reader of [own, foreign]) reader.close();
  });

  it("refuses another organisation's id, and needs a key", async () => {
    const refused = await read(other.admin, { 'X-Organization-Id': org.id });
    expect(refused.status).toBe(403);
    expect((await read('tm_wrong')).status).toBe(401);
    const operator = await read(BOOTSTRAP_KEY, { 'X-Organization-Id': org.id });
    await until(operator, 'event: hello');
    const id = await addTrunk(org.admin, 'Seen by the operator');
    await until(operator, id);
    operator.close();
  });

  it('resumes after the last id, and says where it cannot', async () => {
    const first = await read(org.admin);
    await until(first, 'event: hello');
    const lastId = first.lastId()!;
    first.close();
    const id = await addTrunk(org.admin, 'While nobody looked');
    const resumed = await read(org.admin, { 'Last-Event-ID': lastId });
    await until(resumed, id);
    expect(resumed.text()).not.toContain('resync');
    const lost = await read(org.admin, { 'Last-Event-ID': '00ff-7' });
    await until(lost, 'event: resync');
    const asked = await mesh.api('/api/v1/stream', { key: org.admin, headers: { 'Last-Event-ID': lastId } });
    expect(asked.body).toMatchObject({ is_complete: true, changes: [{ kind: 'trunk', entity: id }] });
    for (const reader of [resumed, lost]) reader.close();
  });

  it('ends when its key is revoked', async () => {
    const made = await mesh.api('/api/v1/api-keys', { key: org.admin, body: { name: 'short-lived', role: 'member' } });
    const reader = await read(made.body.key);
    await until(reader, 'event: hello');
    await mesh.api(`/api/v1/api-keys/${made.body.id}`, { method: 'DELETE', key: org.admin });
    await reader.ended;
    expect(reader.text()).toContain('event: end');
  });
});
