import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { assistantSettings, environmentSchema, recordingSettings } from './config.js';

const NEEDED = {
  BRIDGE_ID: 'bridge-1',
  SIP_ADDRESS: '192.0.2.10',
  NATS_URL: 'nats://127.0.0.1:4222',
  ESL_PASSWORD: 'password',
  CONF_DIR: '/conf',
  STATE_DIR: '/state',
  SECRET_KEYS: 'k:key',
};
const problemsOf = (env: object) =>
  environmentSchema.safeParse({ ...NEEDED, ...env }).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('the environment of the agent', () => {
  it('has its defaults, and no assistant without MEDIA_URL', () => {
    expect(assistantSettings(environmentSchema.parse(NEEDED))).toEqual({
      mediaUrl: undefined,
      prewarmUrl: undefined,
      statusUrl: undefined,
      streamSecret: undefined,
      answerDeadlineMs: 6_000,
      maxCallSeconds: 14_400,
      record: false,
      allowPrivateUrls: false,
      audioPorts: { first: 20_100, last: 32_599 },
    });
  });

  it('says where the assistant is', () => {
    const env = {
      ...NEEDED,
      MEDIA_URL: 'wss://assistant.example.com/stream?key=1',
      STATUS_URL: 'https://assistant.example.com/sip-status',
      RECORD_CALLS: 'true',
    };
    expect(assistantSettings(environmentSchema.parse(env))).toMatchObject({
      mediaUrl: env.MEDIA_URL,
      statusUrl: env.STATUS_URL,
      record: true,
    });
  });

  it('keeps recordings beside the state, or in a bucket', () => {
    expect(recordingSettings(environmentSchema.parse(NEEDED))).toEqual({
      folder: '/state/recordings',
      bucket: undefined,
    });
    expect(
      recordingSettings(
        environmentSchema.parse({
          ...NEEDED,
          RECORDINGS_DIR: '/rec',
          S3_BUCKET: 'recordings',
          S3_ACCESS_KEY_ID: 'id',
          S3_SECRET_ACCESS_KEY: 'secret',
        }),
      ),
    ).toEqual({
      folder: '/rec',
      bucket: {
        bucket: 'recordings',
        credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
        endpoint: undefined,
        region: 'us-east-1',
        prefix: '',
        forcePathStyle: false,
      },
    });
  });

  it('can be given with docker compose, every variable of it, and .env.example names what that reads', () => {
    const [compose, example] = ['docker-compose.yml', '.env.example'].map((name) =>
      readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'),
    ) as [string, string];
    const given = new Set(
      [
        ...compose.slice(compose.indexOf('\n  bridge-agent:')).matchAll(/^ {6}([A-Z\d_]+):/gm),
        ...compose.matchAll(/^ {2}([A-Z\d_]+):/gm),
      ].map(([, name]) => name!),
    );
    // The profile's name is in the configuration that prepare.mjs writes.
    expect(Object.keys(environmentSchema.shape).filter((name) => !given.has(name))).toEqual(['SOFIA_PROFILE']);
    const read = new Set([...compose.matchAll(/(?<!\$)\$\{([A-Z\d_]+)/g)].map(([, name]) => name!));
    const named = new Set([...example.matchAll(/^([A-Z\d_]+)=/gm)].map(([, name]) => name!));
    expect([...read].filter((name) => !named.has(name))).toEqual(['TRUNKMESH_VERSION']);
    expect([...named].filter((name) => !read.has(name))).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['https is no stream', { MEDIA_URL: 'https://assistant.example.com' }, ['MEDIA_URL']],
    ['a stream has no fragment', { MEDIA_URL: 'wss://assistant.example.com/#a' }, ['MEDIA_URL']],
    ['a prewarm is no stream', { PREWARM_URL: 'wss://assistant.example.com' }, ['PREWARM_URL']],
    [
      'fetch refuses a password in a URL',
      { PREWARM_URL: 'https://user:password@assistant.example.com' },
      ['PREWARM_URL'],
    ],
    ['an @ elsewhere is none', { PREWARM_URL: 'https://assistant.example.com/@me?a=@' }, []],
    ['a short secret', { STREAM_SECRET: 'short' }, ['STREAM_SECRET']],
    ['a secret that says base64 and is not', { STREAM_SECRET: 'whsec_not base64 at all' }, ['STREAM_SECRET']],
    ['a secret in base64', { STREAM_SECRET: 'whsec_MDEyMzQ1Njc4OWFiY2RlZg==' }, []],
    ['a prefix that would run into the key', { S3_PREFIX: 'calls' }, ['S3_PREFIX']],
    ['a prefix that would lead into another bucket', { S3_PREFIX: '../other/' }, ['S3_PREFIX']],
    ['a prefix with dots in its names', { S3_PREFIX: 'calls/v1.2/..x/' }, []],
    ['a folder that FreeSWITCH would misread', { RECORDINGS_DIR: '/var/lib/my recordings' }, ['RECORDINGS_DIR']],
    ['a folder that leads back', { RECORDINGS_DIR: '/var/lib/../recordings' }, ['RECORDINGS_DIR']],
    ['a server of buckets without a bucket', { S3_ENDPOINT: 'https://s3.example.com' }, ['S3_BUCKET']],
    ['credentials without a bucket', { S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' }, ['S3_BUCKET']],
    ["half of a bucket's credentials", { S3_BUCKET: 'recordings', S3_ACCESS_KEY_ID: 'id' }, ['S3_SECRET_ACCESS_KEY']],
    ['a level that the logger does not have', { LOG_LEVEL: 'verbose' }, ['LOG_LEVEL']],
    ['a range without a pair', { AUDIO_PORT_FIRST: '30001', AUDIO_PORT_LAST: '30002' }, ['AUDIO_PORT_LAST']],
  ])('%s', (_case, env, problems) => {
    expect(problemsOf(env)).toEqual(problems);
  });
});
