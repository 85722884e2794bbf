import { Page } from '../../ui/page.js';
import { Choice } from '../../ui/field.js';
import { useView } from '../../ui/use-view.js';
import { InboundTest } from './inbound-test.js';
import { OutboundTest } from './outbound-test.js';

const DIRECTIONS = [
  ['', 'A call to one of your numbers'],
  ['outbound', 'A call that you place'],
] as const;

/** What would become of a call, step by step. Nothing is changed and nobody is called. */
export default function RouteTester() {
  const [view, setView] = useView();
  const direction = view('direction');
  return (
    <Page title="Route tester">
      <p>
        See what would become of a call, and why. Nothing is changed and nobody is called. The address of this page
        holds what you enter, so you can share it; it never holds a password.
      </p>
      <div className="filters">
        <Choice label="Test" value={direction} onChange={(to) => setView({ direction: to })} options={DIRECTIONS} />
      </div>
      {direction === 'outbound' ? <OutboundTest /> : <InboundTest />}
    </Page>
  );
}
