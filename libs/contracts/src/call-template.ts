import { z } from 'zod';

/** What a template of a trunk may name, and what is put there for each call. */
export const TEMPLATE_VARIABLES = {
  call_sid: "the call's `call_sid`",
  from: 'the number that calls, E.164 with its plus',
  to: 'the called number, E.164 with its plus',
  dialled: 'the called number in the spelling of the carrier, by `number_rules`',
  caller_id: 'the number that is shown, in the spelling of `identity.number_format`',
  organization_id: 'the id of the organisation',
  trunk_id: 'the id of the trunk',
  username: 'the user name of the trunk, without a domain',
  gateway: 'the host of the gateway, without its port',
} as const;
export type TemplateVariable = keyof typeof TEMPLATE_VARIABLES;

export const TEMPLATE_VARIABLE_NAMES = Object.keys(TEMPLATE_VARIABLES) as TemplateVariable[];
const KNOWN: ReadonlySet<string> = new Set(TEMPLATE_VARIABLE_NAMES);
const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** Why the text is not a template, or undefined where it is one. Plain text is a template, too. */
export function templateProblem(text: string): string | undefined {
  if (/[\p{Zl}\p{Zp}]/u.test(text)) return 'must not contain line breaks';
  // FreeSWITCH would take it for a variable of its own, and sends no header that holds one.
  if (/\$\\*\{/.test(text)) return 'must not contain "${"';
  const unknown = [...text.matchAll(VARIABLE)].find(([, name]) => !KNOWN.has(name!));
  if (unknown !== undefined)
    return `has the unknown variable "${unknown[0]}"; the variables are ${TEMPLATE_VARIABLE_NAMES.join(', ')}`;
  if (/[{}]/.test(text.replace(VARIABLE, ''))) return 'has a brace that belongs to no "{{variable}}"';
  return undefined;
}

/** The template with its variables filled in; undefined where it is none. */
export function fillTemplate(text: string, values: Readonly<Record<TemplateVariable, string>>): string | undefined {
  if (templateProblem(text) !== undefined) return undefined;
  return text.replace(VARIABLE, (_match, name: TemplateVariable) => values[name]);
}

/** A line of text in which `{{variable}}` is filled in for each call. */
export const template = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters')
    .superRefine((text, context) => {
      const message = templateProblem(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
