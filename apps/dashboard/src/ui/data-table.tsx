import { useSyncExternalStore, type Key, type ReactNode } from 'react';
import {
  Cell,
  Checkbox,
  Column,
  Row,
  Table,
  TableBody,
  TableHeader,
  TableLayout,
  TableLoadMoreItem,
  Virtualizer,
  type Selection,
} from 'react-aria-components';

export interface DataColumn<Item> {
  id: string;
  title: string;
  cell: (item: Item) => ReactNode;
  /** Share of the width; 1 where not given. */
  share?: number;
  /** Left out where the screen is narrow. */
  wideOnly?: boolean;
}

interface DataTableProps<Item> {
  label: string;
  columns: readonly DataColumn<Item>[];
  items: readonly Item[];
  keyOf: (item: Item) => string;
  empty: ReactNode;
  selected?: Selection;
  onSelect?: (keys: Selection) => void;
  /** Undefined where everything is there. */
  loadMore?: (() => void) | undefined;
  isLoadingMore?: boolean;
}

const NARROW = '(max-width: 640px)';
const ROW_PX = 44;
const HEAD_PX = 38;
const MAX_ROWS = 14;

function useNarrow(): boolean {
  return useSyncExternalStore(
    (notify) => {
      const query = matchMedia(NARROW);
      query.addEventListener('change', notify);
      return () => query.removeEventListener('change', notify);
    },
    () => matchMedia(NARROW).matches,
  );
}

/** A long list: only the rows in view are in the page, and further ones are read while one scrolls. */
export function DataTable<Item>(props: DataTableProps<Item>) {
  const { label, items, keyOf, empty, selected, onSelect, loadMore, isLoadingMore = false } = props;
  const narrow = useNarrow();
  const columns = props.columns.filter(({ wideOnly }) => !(narrow && wideOnly));
  const selects = onSelect !== undefined;
  if (items.length === 0) return <>{empty}</>;
  const height = HEAD_PX + Math.min(items.length, MAX_ROWS) * ROW_PX + 4;
  return (
    <Virtualizer layout={TableLayout} layoutOptions={{ rowHeight: ROW_PX, headingHeight: HEAD_PX }}>
      <Table
        aria-label={label}
        className="table"
        style={{ height }}
        selectionMode={selects ? 'multiple' : 'none'}
        selectedKeys={selected}
        onSelectionChange={onSelect}
      >
        <TableHeader>
          {selects && (
            <Column width={44} minWidth={44}>
              <SelectBox />
            </Column>
          )}
          {columns.map(({ id, title, share = 1 }, index) => (
            <Column key={id} id={id} isRowHeader={index === 0} width={`${share}fr`} minWidth={60}>
              {title}
            </Column>
          ))}
        </TableHeader>
        <TableBody>
          {items.map((item) => (
            <Row key={keyOf(item)} id={keyOf(item) as Key as string}>
              {selects && (
                <Cell>
                  <SelectBox />
                </Cell>
              )}
              {columns.map(({ id, cell }) => (
                <Cell key={id}>{cell(item)}</Cell>
              ))}
            </Row>
          ))}
          {loadMore !== undefined && (
            <TableLoadMoreItem onLoadMore={loadMore} isLoading={isLoadingMore}>
              Loading more…
            </TableLoadMoreItem>
          )}
        </TableBody>
      </Table>
    </Virtualizer>
  );
}

const SelectBox = () => (
  <Checkbox slot="selection" className="check">
    <span className="box" aria-hidden="true" />
  </Checkbox>
);
