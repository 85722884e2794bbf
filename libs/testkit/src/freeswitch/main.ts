import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CarrierInput } from './carrier.js';
import { startControl } from './control.http.js';
import { startStandIn } from './stand-in.net.js';

/**
 * The stand-in as a process of its own, so that it can be killed: `--conf DIRECTORY [--esl-port N] [--control-port N]
 * [--carriers FILE.json]`.
 */
const { values } = parseArgs({
  options: {
    conf: { type: 'string' },
    'esl-port': { type: 'string' },
    'control-port': { type: 'string' },
    carriers: { type: 'string' },
  },
});
if (values.conf === undefined) throw new Error('--conf names the FreeSWITCH configuration directory');

const carriers =
  values.carriers === undefined ? [] : (JSON.parse(readFileSync(values.carriers, 'utf8')) as CarrierInput[]);
const port = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const standIn = await startStandIn({ confDir: values.conf, eslPort: port(values['esl-port']), carriers, sip: true });
const control =
  values['control-port'] === undefined ? undefined : await startControl(standIn, Number(values['control-port']));
console.log(`FreeSWITCH stand-in: event socket ${standIn.esl.host}:${standIn.esl.port}, this is no real FreeSWITCH`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    control?.close();
    void standIn.stop().then(() => process.exit(0));
  });
}
