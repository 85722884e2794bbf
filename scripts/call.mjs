/**
 * `npm run call -- NUMBER`: places a call to a number of the running mesh (`npm start`, `npm run dev`), as the carrier
 * of the number's trunk would. The caller says a tone for some seconds, then hangs up. The last line says what the
 * caller heard.
 *   --from NUMBER       the caller; +15559876543
 *   --source ADDRESS    the IP address that the call comes from; the gateway of the number's trunk
 *   --request-user TEXT the user of the Request-URI where it is not the number, such as a PBX's extension
 *   --header 'N: V'     a header of the INVITE; may be given several times
 *   --seconds N         how long the caller talks; 3
 *   --bridge ID         the bridge that the call arrives at; bridge-1
 * MESH_FILE names another mesh's file in place of .local/mesh.json.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { main, ROOT, SetUpError } from './set-up.mjs';

/** Frames of 20 ms. */
const FRAMES_PER_SECOND = 50;
const USAGE =
  "npm run call -- NUMBER [--from NUMBER] [--source ADDRESS] [--request-user TEXT] [--header 'Name: value'] " +
  '[--seconds N] [--bridge ID]';

await main(async () => {
  const options = readOptions();
  const mesh = readMesh();
  const bridge = mesh.bridges.find(({ id }) => id === options.bridge);
  if (bridge === undefined)
    throw new SetUpError(
      `The mesh has no bridge ${options.bridge}, only ${mesh.bridges.map(({ id }) => id).join(', ')}.`,
    );
  const source = options.source ?? (await gatewayOf(mesh, options.number));
  const { placeLine } = await import(join(ROOT, 'libs/testkit/dist/mesh/lines.net.js'));
  const { tone } = await import(join(ROOT, 'libs/testkit/dist/rtp/tone.js'));
  const { isSilent } = await import(join(ROOT, 'libs/testkit/dist/rtp/passage.js'));
  console.log(
    `${options.from} calls ${options.number} from ${source} on ${bridge.id} (${bridge.freeswitch} FreeSWITCH)`,
  );
  const call = await placeLine(
    { bridge, controlPort: bridge.controlPort ?? undefined },
    { gateway: source },
    { from: options.from, number: options.requestUser ?? options.number, headers: options.headers },
  );
  if (call.status !== 200) {
    await call.close();
    console.log(`refused: SIP ${call.status}`);
    return 1;
  }
  console.log('answered: SIP 200');
  await call.say(tone(440, options.seconds * FRAMES_PER_SECOND));
  await Promise.race([setTimeout(options.seconds * 1000), call.ended]);
  const frames = await call.heard();
  await call.close();
  const heard = frames.filter((frame) => !isSilent(frame)).length / FRAMES_PER_SECOND;
  console.log(`ended: the caller talked for ${options.seconds} s and heard sound for ${heard.toFixed(1)} s`);
  return 0;
});

function readOptions() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        from: { type: 'string', default: '+15559876543' },
        source: { type: 'string' },
        'request-user': { type: 'string' },
        header: { type: 'string', multiple: true, default: [] },
        seconds: { type: 'string', default: '3' },
        bridge: { type: 'string', default: 'bridge-1' },
      },
    });
  } catch (error) {
    throw new SetUpError(`${error.message}\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  const seconds = Number(values.seconds);
  if (positionals.length !== 1 || !(seconds > 0 && seconds <= 60))
    throw new SetUpError(`One number is needed, and 1 to 60 seconds.\n${USAGE}`);
  if (values.source !== undefined && isIP(values.source) === 0)
    throw new SetUpError(`--source takes an IP address, not ${values.source}.`);
  return {
    ...values,
    seconds,
    number: positionals[0],
    requestUser: values['request-user'],
    headers: readHeaders(values.header),
  };
}

/** A name that is given twice is a header with two values. */
function readHeaders(texts) {
  const headers = {};
  for (const text of texts) {
    const [, name, value] = /^([\w-]+): *(.+)$/.exec(text) ?? [];
    if (name === undefined) throw new SetUpError(`--header takes 'Name: value', not ${text}.`);
    (headers[name] ??= []).push(value);
  }
  return headers;
}

function readMesh() {
  const file = process.env.MESH_FILE || join(ROOT, '.local/mesh.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SetUpError(`No mesh is described in ${file} (${error.code ?? error.message}). Run npm start first.`);
  }
}

/** The address of the gateway of the number's trunk: a call from there belongs to the trunk. */
async function gatewayOf(mesh, number) {
  const get = async (path) => {
    const response = await fetch(`${mesh.api}${path}`, {
      headers: { authorization: `Bearer ${mesh.adminKey}` },
      signal: AbortSignal.timeout(10_000),
    }).catch((error) => {
      throw new SetUpError(`The API at ${mesh.api} does not answer (${error.message}). Run npm start first.`);
    });
    if (!response.ok) throw new SetUpError(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  const [found] = await get(`/api/v1/phone-numbers?phone_number=${encodeURIComponent(number)}`);
  if (!found?.sip_trunk_id)
    throw new SetUpError(
      `${number} is not a number with a trunk of this organisation. Name the caller's address: --source`,
    );
  const { gateway } = await get(`/api/v1/sip-trunks/${found.sip_trunk_id}`);
  const host = gateway.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (isIP(host) === 0)
    throw new SetUpError(`The gateway ${gateway} of the number's trunk is a host name. Name its address: --source`);
  return host;
}
