import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { xmlProblem } from './broken-xml.js';
import type { ReloadResult } from './freeswitch-reply.js';
import type { GatewayFiles } from './gateway-files.fs.js';
import type { DesiredGateway } from './reconcile.js';

export interface RepairOptions {
  files: GatewayFiles;
  desired: ReadonlyMap<string, DesiredGateway>;
  again(): Promise<ReloadResult>;
  why: string;
  logger: Logger;
}

/**
 * One broken file anywhere keeps FreeSWITCH from loading any trunk's change. Its line number counts in the whole of all
 * files and names none. So our files are rewritten if they differ from what we wrote; a foreign file that is not XML is
 * set aside; then each other foreign file in turn, and it is put back if that did not help. A broken file outside the
 * gateways' folder is the operator's: the result contains FreeSWITCH's message.
 */
export async function repairReload(options: RepairOptions): Promise<ReloadResult> {
  const { files, desired, logger } = options;
  await files.refresh();
  const damaged = [...desired.values()].filter(
    (gateway) => files.known().has(gateway.trunkId) && files.known().get(gateway.trunkId) !== gateway.xml,
  );
  await files.write(damaged.map(({ trunkId, xml }) => ({ file: trunkId, xml })));

  const foreign = [...files.known()].filter(([file]) => !desired.has(file));
  const unreadable = foreign.flatMap(([file, text]) => {
    const problem = xmlProblem(text);
    return problem === undefined ? [] : [{ file, problem }];
  });
  for (const { file, problem } of unreadable) {
    await files.quarantine(file);
    logger.error(
      { file: `${file}.xml`, problem },
      'a broken file kept FreeSWITCH from loading its configuration: renamed it to .xml.broken',
    );
  }
  if (damaged.length + unreadable.length > 0) {
    const result = await options.again();
    if (result.ok) return result;
  }
  return tryWithoutEach(
    options,
    foreign.map(([file]) => file).filter((file) => !unreadable.some((other) => other.file === file)),
  );
}

async function tryWithoutEach(
  { files, again, why, logger }: RepairOptions,
  suspects: readonly string[],
): Promise<ReloadResult> {
  let last: ReloadResult = { ok: false, why, unreadable: true };
  for (const file of suspects) {
    await files.quarantine(file);
    last = await again();
    if (last.ok) {
      logger.error(
        { file: `${file}.xml`, problem: why },
        'a broken file kept FreeSWITCH from loading its configuration: renamed it to .xml.broken',
      );
      return last;
    }
    await files.restore(file);
  }
  return last;
}
