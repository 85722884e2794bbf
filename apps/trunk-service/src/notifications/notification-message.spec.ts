import { describe, expect, it } from '@jest/globals';
import type { NotificationMessage } from '@trunkmesh/contracts/notification.js';
import { emailOf, slackOf } from './notification-message.js';

const message = (over: Partial<NotificationMessage['data']> = {}): NotificationMessage => ({
  type: 'registration.lost',
  timestamp: '2026-11-28T10:00:00.000Z',
  data: {
    notification_id: '0190a5b2-7c00-7000-8000-000000000001',
    state: 'firing',
    organization_id: '0190a5b2-7c00-7000-8000-000000000002',
    rule_id: '0190a5b2-7c00-7000-8000-000000000003',
    rule_name: 'Lost',
    trunk_id: null,
    since: '2026-11-28T09:58:00.000Z',
    summary: 'The trunk "A & B" is not registered.',
    suppressed: 0,
    details: {},
    ...over,
  },
});

describe('a notification in words', () => {
  it('is an e-mail whose subject says what happened, on one line', () => {
    const { subject, text } = emailOf(message({ rule_name: 'Lost\r\nBcc: everybody@example.com' }));
    expect(subject).toBe('[TrunkMesh] Registration lost (Lost Bcc: everybody@example.com)');
    expect(text).toContain('The trunk "A & B" is not registered.');
    expect(text).toContain('Since 2026-11-28T09:58:00.000Z.');
    expect(text).not.toContain('left out');
  });

  it('says when it is over', () => {
    const { subject, text } = emailOf(message({ state: 'resolved' }));
    expect(subject).toBe('[TrunkMesh] Resolved: Registration lost (Lost)');
    expect(text).toContain('It began at 2026-11-28T09:58:00.000Z.');
  });

  it('says how many were left out before it', () => {
    expect(emailOf(message({ suppressed: 3 })).text).toContain('3 earlier messages of this rule were left out');
    expect(slackOf(message({ suppressed: 3 })).text).toContain('3 earlier messages');
  });

  it('has no markup of others for Slack', () => {
    expect(slackOf(message({ summary: '<!channel> & <http://example.com|x>' })).text).toBe(
      '*Registration lost*\n&lt;!channel&gt; &amp; &lt;http://example.com|x&gt;',
    );
  });
});
