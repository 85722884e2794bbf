import { describe, expect, it } from '@jest/globals';
import type { CallSettings } from '@trunkmesh/contracts/call-settings.js';
import type { AssistantSettings } from './assistant-settings.js';
import { callTreatment } from './call-treatment.js';

const mesh: AssistantSettings = {
  mediaUrl: 'wss://mesh.example.com/media',
  prewarmUrl: 'https://mesh.example.com/prewarm',
  statusUrl: undefined,
  streamSecret: "the operator's secret",
  answerDeadlineMs: 6_000,
  maxCallSeconds: 14_400,
  record: false,
  allowPrivateUrls: false,
  audioPorts: { first: 20_100, last: 32_599 },
};
const treat = (organization: CallSettings, number?: CallSettings, with_: Partial<AssistantSettings> = {}) =>
  callTreatment(
    { organization: { id: 'org', settings: organization }, number: number && { id: 'num', settings: number } },
    { ...mesh, ...with_ },
  );

describe('how a call is treated', () => {
  it('as the operator set it where nobody else did', () => {
    expect(treat({})).toEqual({
      media: { url: mesh.mediaUrl, secret: { plain: mesh.streamSecret }, allowPrivate: true },
      prewarm: { url: mesh.prewarmUrl, secret: { plain: mesh.streamSecret }, allowPrivate: true },
      status: undefined,
      answerDeadlineMs: 6_000,
      maxCallSeconds: 14_400,
      record: false,
    });
  });

  it('as the organisation set it, and as the number did before that, member by member', () => {
    const treatment = treat(
      {
        media_url: 'wss://org.example.com',
        status_url: 'https://org.example.com/status',
        answer_deadline_ms: 3_000,
        record: true,
        max_call_seconds: 60,
      },
      { media_url: 'wss://num.example.com', record: false, max_call_seconds: 30 },
    );
    expect(treatment).toMatchObject({
      media: { url: 'wss://num.example.com' },
      status: { url: 'https://org.example.com/status' },
      answerDeadlineMs: 3_000,
      maxCallSeconds: 30,
      record: false,
    });
  });

  it.each<[string, CallSettings, CallSettings | undefined, object | undefined]>([
    [
      "the organisation's secret",
      { media_url: 'wss://org.example.com', signing_secret: 'v1.o' },
      undefined,
      { sealed: 'v1.o', boundTo: 'org' },
    ],
    [
      "the number's secret before it",
      { media_url: 'wss://org.example.com', signing_secret: 'v1.o' },
      { signing_secret: 'v1.n' },
      { sealed: 'v1.n', boundTo: 'num' },
    ],
    [
      "the organisation's secret for a number's URL",
      { signing_secret: 'v1.o' },
      { media_url: 'wss://num.example.com' },
      { sealed: 'v1.o', boundTo: 'org' },
    ],
    ["none, never the operator's", { media_url: 'wss://org.example.com' }, undefined, undefined],
  ])("a customer's URL is signed with %s", (_what, organization, number, secret) => {
    expect(treat(organization, number).media?.secret).toEqual(secret);
  });

  it("the operator's URL is signed with the operator's secret, whatever the customer has", () => {
    expect(treat({ signing_secret: 'v1.o' }).media?.secret).toEqual({ plain: mesh.streamSecret });
  });

  it("a customer's URL leads into a private network only where the operator allows it", () => {
    const url = { media_url: 'wss://org.example.com' };
    expect([
      treat(url).media?.allowPrivate,
      treat(url, undefined, { allowPrivateUrls: true }).media?.allowPrivate,
    ]).toEqual([false, true]);
  });
});
