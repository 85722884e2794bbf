import type { EslClient } from '../esl/esl-client.net.js';
import type { EslReply } from '../esl/esl-connection.net.js';
import { log, noLog, word } from '../esl/esl-command.js';
import { judgeReloadAcl, judgeRescan, parseGatewayList, type ReloadResult } from './freeswitch-reply.js';
import type { ListedGateway } from './observed.js';

/**
 * Carries out the comparison's actions in FreeSWITCH. Never rejects; an action that failed shows in the next
 * comparison.
 */
export interface FreeSwitchGateways {
  /** Undefined if it is not available now. */
  list(): Promise<ListedGateway[] | undefined>;
  rescan(): Promise<ReloadResult>;
  reloadAcl(): Promise<ReloadResult>;
  kill(names: readonly string[]): Promise<void>;
  /** Registers (again) now. */
  register(names: readonly string[]): Promise<void>;
  version(): Promise<string | null>;
  profileRunning(): Promise<boolean>;
}

/**
 * FreeSWITCH takes one second for 10,000 gateways and 1.6 s for 20,000 access list entries (FACTS); a busy host takes
 * several times that.
 */
const RELOAD_DEADLINE_MS = 30_000;
const CONCURRENT_COMMANDS = 100;

export function freeSwitchGateways(
  esl: Pick<EslClient, 'send' | 'api'>,
  profile: string,
  logLevel: number,
): FreeSwitchGateways {
  const sofia = word("the profile's name", profile);

  const each = async (command: string, names: readonly string[]): Promise<void> => {
    for (let start = 0; start < names.length; start += CONCURRENT_COMMANDS) {
      const part = names.slice(start, start + CONCURRENT_COMMANDS);
      await Promise.all(
        part.map((name) => esl.api('sofia', `profile ${sofia} ${command} ${word("a gateway's name", name)}`)),
      );
    }
  };

  return {
    async list() {
      const reply = await esl.api('sofia', 'xmlstatus gateway', RELOAD_DEADLINE_MS);
      return reply.outcome === 'reply' ? parseGatewayList(reply.text, profile) : undefined;
    },
    async rescan() {
      // A rescan logs a warning for every existing gateway, up to 5,000 lines, so log lines are turned off meanwhile.
      // FreeSWITCH carries out the three commands in this order.
      const [, reply] = await Promise.all([
        esl.send(noLog()),
        esl.api('sofia', `profile ${sofia} rescan`, RELOAD_DEADLINE_MS),
        esl.send(log(logLevel)),
      ]);
      return judged(reply, judgeRescan);
    },
    async reloadAcl() {
      return judged(await esl.api('reloadacl', '', RELOAD_DEADLINE_MS), judgeReloadAcl);
    },
    kill: (names) => each('killgw', names),
    register: (names) => each('register', names),
    async version() {
      const reply = await esl.api('version');
      return reply.outcome === 'reply' ? (/Version (\S+)/.exec(reply.text)?.[1] ?? null) : null;
    },
    async profileRunning() {
      const reply = await esl.api('sofia', `status profile ${sofia}`);
      return reply.outcome === 'reply' && reply.ok && !reply.text.startsWith('Invalid Profile');
    },
  };
}

function judged(reply: EslReply, judge: (text: string) => ReloadResult): ReloadResult {
  switch (reply.outcome) {
    case 'reply':
      return judge(reply.text);
    case 'timeout':
      return { ok: false, why: `no answer within ${RELOAD_DEADLINE_MS} ms`, unreadable: false };
    case 'disconnected':
      return { ok: false, why: 'the event socket was lost', unreadable: false };
  }
}
