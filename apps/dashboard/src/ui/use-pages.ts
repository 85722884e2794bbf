import { useInfiniteQuery } from '@tanstack/react-query';
import type { Page } from '../api/client.http.js';

/** A list that is read page by page. `key` begins with the path, by which changes find it. */
export function usePages<Item, More = unknown>(
  key: readonly unknown[],
  read: (cursor: string | undefined) => Promise<Page<Item> & More>,
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  return {
    query,
    items: query.data?.pages.flatMap(({ items }) => items) ?? [],
    total: query.data?.pages[0]?.total ?? 0,
    limited: query.data?.pages[0]?.limited ?? false,
    isLoadingMore: isFetchingNextPage,
    loadMore: hasNextPage ? () => void (isFetchingNextPage || fetchNextPage()) : undefined,
  };
}
