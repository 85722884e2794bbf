import { CALL_TEXT_LENGTH, type CallOptions } from '@trunkmesh/contracts/outbound-call.js';
import type { FieldProblem } from '@trunkmesh/contracts/problem.js';

type Texts = Pick<CallOptions, 'welcome_message' | 'agenda'>;

const NAME = /\{\{\s*([^{}]{1,64}?)\s*\}\}/g;

/**
 * The texts with `{{name}}` replaced from `variables`, in one pass: braces in a value stay as they are. So does a name
 * without a value, because the assistant may know it.
 */
export function fillTexts({ welcome_message, agenda, variables = {} }: CallOptions): {
  texts: Texts;
  problems: FieldProblem[];
} {
  const texts: Texts = {};
  const problems: FieldProblem[] = [];
  for (const [field, text] of Object.entries({ welcome_message, agenda })) {
    if (text === undefined) continue;
    const filled = fill(text, variables);
    texts[field as keyof Texts] = filled;
    if (filled.length > CALL_TEXT_LENGTH)
      problems.push({
        pointer: `/${field}`,
        message: `must have at most ${CALL_TEXT_LENGTH} characters once it is filled from "variables"`,
      });
  }
  return { texts, problems };
}

const fill = (text: string, variables: NonNullable<CallOptions['variables']>): string =>
  text.replace(NAME, (whole, name: string) => (Object.hasOwn(variables, name) ? String(variables[name]) : whole));
