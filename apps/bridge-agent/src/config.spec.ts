import { describe, expect, it } from '@jest/globals';
import { assistantSettings, environmentSchema } from './config.js';

const NEEDED = { BRIDGE_ID: 'bridge-1', SIP_ADDRESS: '192.0.2.10', NATS_URL: 'nats://127.0.0.1:4222', ESL_PASSWORD: 'password', CONF_DIR: '/conf', STATE_DIR: '/state', SECRET_KEYS: 'k:key' };
const problemsOf = (env: object) => environmentSchema.safeParse({ ...NEEDED, ...env }).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('the environment of the agent', () => {
  it('without MEDIA_URL has no assistant', () => {
    expect(assistantSettings(environmentSchema.parse({ ...NEEDED, PREWARM_URL: 'https://assistant.example.com/sip-prewarm' }))).toBeUndefined();
  });

  it('with MEDIA_URL alone has one', () => {
    expect(assistantSettings(environmentSchema.parse({ ...NEEDED, MEDIA_URL: 'wss://assistant.example.com/stream?key=1' }))).toEqual({
      mediaUrl: 'wss://assistant.example.com/stream?key=1', prewarmUrl: undefined, streamSecret: undefined, answerDeadlineMs: 6_000, maxCallSeconds: 14_400, audioPorts: { first: 20_100, last: 32_599 },
    });
  });

  it.each<[string, object, string[]]>([
    ['https is no stream', { MEDIA_URL: 'https://assistant.example.com' }, ['MEDIA_URL']],
    ['a stream has no fragment', { MEDIA_URL: 'wss://assistant.example.com/#a' }, ['MEDIA_URL']],
    ['a prewarm is no stream', { PREWARM_URL: 'wss://assistant.example.com' }, ['PREWARM_URL']],
    ['fetch refuses a password in a URL', { PREWARM_URL: 'https://user:password@assistant.example.com' }, ['PREWARM_URL']],
    ['an @ elsewhere is none', { PREWARM_URL: 'https://assistant.example.com/@me?a=@' }, []],
    ['a short secret', { STREAM_SECRET: 'short' }, ['STREAM_SECRET']],
    ['a secret that says base64 and is not', { STREAM_SECRET: 'whsec_not base64 at all' }, ['STREAM_SECRET']],
    ['a secret in base64', { STREAM_SECRET: 'whsec_MDEyMzQ1Njc4OWFiY2RlZg==' }, []],
    ['a range without a pair', { AUDIO_PORT_FIRST: '30001', AUDIO_PORT_LAST: '30002' }, ['AUDIO_PORT_LAST']],
  ])('%s', (_case, env, problems) => { expect(problemsOf(env)).toEqual(problems); });
});
