import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { children, named, parameters, parseXml, type Element } from './xml.js';

export interface Configuration {
  root: Element;
  /** Those that `X-PRE-PROCESS` has set: global ones of FreeSWITCH. */
  variables: ReadonlyMap<string, string>;
}

export type Loaded = { configuration: Configuration } | { error: string };

/** Reads `freeswitch.xml` and all that it includes, as FreeSWITCH does: completely every time, all or nothing. */
export function loadConfiguration(confDir: string): Loaded {
  const variables = new Map<string, string>([
    ['local_ip_v4', '127.0.0.1'],
    ['conf_dir', confDir],
    ['base_dir', dirname(confDir)],
  ]);
  const parsed = parseXml(preprocess(join(confDir, 'freeswitch.xml'), confDir, variables).join('\n'));
  return 'error' in parsed ? parsed : { configuration: { root: parsed.root, variables } };
}

/**
 * A directive counts up to the end of its line; text before it on the line is dropped silently, as is a
 * wrapper that is alone on its line.
 */
function preprocess(file: string, confDir: string, variables: Map<string, string>): string[] {
  const lines: string[] = [];
  for (const raw of readFileSync(file, 'utf8').split('\n')) {
    const line = raw.replace(/\$\$\{([^}]+)\}/g, (_whole, name: string) => variables.get(name) ?? '');
    const directive = /<X-PRE-PROCESS\s+cmd="([^"]+)"\s+data="([^"]*)"/.exec(line);
    if (directive !== null)
      lines.push(...obey({ command: directive[1]!, data: directive[2]!, file, confDir, variables }));
    else if (!/^\s*<\/?include>\s*$/.test(line) && !/^\s*<\?xml/.test(line)) lines.push(line);
  }
  return lines;
}

interface Directive {
  command: string;
  data: string;
  file: string;
  confDir: string;
  variables: Map<string, string>;
}

function obey({ command, data, file, confDir, variables }: Directive): string[] {
  if (command === 'set') {
    const equals = data.indexOf('=');
    if (equals > 0) variables.set(data.slice(0, equals), data.slice(equals + 1));
    return [];
  }
  if (command !== 'include') return [];
  const pattern = isAbsolute(data) ? data : join(dirname(file), data);
  return glob(pattern).flatMap((path) => included(path, confDir, variables));
}

/** A file that is gone again between the folder's listing and its own opening is passed over (switch_xml.c). */
function included(path: string, confDir: string, variables: Map<string, string>): string[] {
  try {
    return preprocess(path, confDir, variables);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * One level of `*` in the last part, which is all that configurations use; in the order of names, as glob(3) gives
 * them.
 */
function glob(pattern: string): string[] {
  if (!pattern.includes('*')) return existsSync(pattern) ? [pattern] : [];
  const folder = dirname(pattern);
  const match = new RegExp(
    `^${basename(pattern)
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => match.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name));
}

export const section = (configuration: Configuration, name: string): Element | undefined =>
  named(configuration.root, 'section', name);

export const settingsOf = (configuration: Configuration, file: string): Record<string, string> =>
  parameters(children(named(section(configuration, 'configuration'), 'configuration', file), 'settings')[0]);

export function profileOf(configuration: Configuration): {
  name: string;
  settings: Record<string, string>;
  gateways: Element[];
} {
  const sofia = named(section(configuration, 'configuration'), 'configuration', 'sofia.conf');
  const profile = children(children(sofia, 'profiles')[0], 'profile')[0];
  return {
    name: profile?.attributes['name'] ?? 'external',
    settings: parameters(children(profile, 'settings')[0]),
    gateways: children(children(profile, 'gateways')[0], 'gateway'),
  };
}

/** Where copies of SIP messages go (HEPv3 over UDP); undefined: nowhere. */
export function captureSettings(
  configuration: Configuration,
): { host: string; port: number; captureId: number } | undefined {
  const sofia = named(section(configuration, 'configuration'), 'configuration', 'sofia.conf');
  const server = parameters(children(sofia, 'global_settings')[0])['capture-server'] ?? '';
  const [, host, port, more = ''] = /^udp:([\d.]+):(\d+);hep=3(.*)$/.exec(server) ?? [];
  if (host === undefined || profileOf(configuration).settings['sip-capture'] !== 'yes') return undefined;
  return { host, port: Number(port), captureId: Number(/;capture_id=(\d+)/.exec(more)?.[1] ?? 0) };
}

export interface Action {
  application: string;
  data: string;
}

/** The actions of the first extension of the context whose conditions all match. */
export function dialplanActions(
  configuration: Configuration,
  context: string,
  fields: Readonly<Record<string, string>>,
): Action[] {
  for (const extension of children(named(section(configuration, 'dialplan'), 'context', context), 'extension')) {
    const conditions = children(extension, 'condition');
    const met = conditions.filter((condition) => matches(condition, fields));
    const isOptional = ({ attributes }: Element) => attributes['break'] === 'never';
    if (!conditions.every((condition) => isOptional(condition) || met.includes(condition))) continue;
    return met
      .flatMap((condition) => children(condition, 'action'))
      .map((action) => ({
        application: action.attributes['application'] ?? '',
        data: action.attributes['data'] ?? '',
      }));
  }
  return [];
}

function matches(condition: Element, fields: Readonly<Record<string, string>>): boolean {
  const { field, expression } = condition.attributes;
  // Variables are not looked up here: what depends on one is not met.
  return field === undefined || (!field.includes('${') && new RegExp(expression ?? '').test(fields[field] ?? ''));
}
