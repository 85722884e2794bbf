import { timestamp } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

/** No letters that look like digits. */
export const CODE_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
export const CODE_LENGTH = 10;

export const recipientState = z.object({
  address: z.string().describe('The address.'),
  state: z
    .enum(['confirmed', 'code-sent', 'code-waiting', 'unsubscribed'])
    .describe(
      '`confirmed`: messages go there. Before that, nothing but a code: sent, or waiting for its turn. ' +
        '`unsubscribed`: nothing goes there, until the recipient itself subscribes again.',
    ),
  code_sent_at: timestamp.nullable().describe('When the last code was sent; null: none was.'),
  unsubscribed_at: timestamp.nullable().describe('When the recipient unsubscribed; null: it did not.'),
});
export type RecipientState = z.infer<typeof recipientState>;

const recipient = z.email().max(254).describe('A recipient of the channel.');
export const recipientBody = z.strictObject({ recipient }).meta({ id: 'NotificationRecipient' });
export type RecipientBody = z.output<typeof recipientBody>;
export const confirmationBody = z
  .strictObject({ recipient, code: z.string().min(1).max(40).describe('The code of the e-mail.') })
  .meta({ id: 'NotificationRecipientConfirmation' });
export type ConfirmationBody = z.output<typeof confirmationBody>;

/** As people type it. */
export const readCode = (text: string): string => text.toUpperCase().replace(/[^A-Z\d]/g, '');

/**
 * The only e-mail that an unconfirmed address gets. Somebody else chose the organisation's name: it must not carry an
 * address or a link to the recipient.
 */
export function codeMail({ organization_name, code }: { organization_name: string; code: string }): {
  subject: string;
  text: string;
} {
  const name = organization_name
    .replace(/[^\p{L}\p{N} &'-]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 60);
  return {
    subject: '[TrunkMesh] Confirm this address',
    text: [
      `The organisation "${name}" wants to send notifications about its telephone trunks to this address.`,
      '',
      'If you want them, give this code to its admin:',
      '',
      `    ${code.slice(0, 5)}-${code.slice(5)}`,
      '',
      'It is valid for 24 hours. If you do not want them, do nothing: without the code no notification is sent here.',
      '',
    ].join('\n'),
  };
}
